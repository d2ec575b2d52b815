#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# False alarms in the wild: what the scanner finds in files that nobody made for it.
#
#   wild.py AIGUARDCTL BUILD
#
# Three trees: every file of the Debian machine that the tests boot (BUILD/vm/root.img, mounted for reading), the graphs of
# Debian's libonnx-testdata, and a tree of npm packages. The last two are fetched to BUILD/wild/ and stay there. Prints a line
# and the alarms of each, each with its reasons, then what must hold. A tree that cannot be had is skipped.
import contextlib, json, os, subprocess, sys

MODELCAPS = "policies/modelcaps"
# What each tree has at least, in files and in models: fewer mean that the measure is broken, not that all is well.
LEAST = {"a Debian machine": (10000, 0), "libonnx-testdata": (1000, 1000), "npm packages": (20000, 0)}
# Icons and words for moods are among them.
PACKAGES = ["next@15", "react@19", "react-dom@19", "webpack@5", "typescript@5", "eslint@9", "jest@29", "core-js@3", "rxjs@7",
            "date-fns@4", "lodash@4", "@babel/preset-env@7", "@mui/material@6", "@mui/icons-material@6", "emojibase-data@16"]
passed = failed = skipped = 0


def check(good, name, value):
    global passed, failed
    passed += good
    failed += not good
    print(f"{'ok' if good else 'not ok'} - wild {name} # {value}", flush=True)


def skip(name, why):
    global skipped
    skipped += 1
    print(f"skip - wild {name} # {why}", flush=True)


def quiet(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


@contextlib.contextmanager
def debian(build):
    image, place = os.path.join(build, "vm", "root.img"), os.path.join(build, "wild", "debian")
    os.makedirs(place, exist_ok=True)
    mounted = os.path.exists(image) and quiet("mount", "-o", "loop,ro,noload", image, place)
    try:
        yield place if mounted else None, "it takes root, a loop device and `make vm-image`"
    finally:
        if mounted:
            subprocess.run(["umount", place], check=False)


@contextlib.contextmanager
def graphs(build):
    place = os.path.join(build, "wild", "graphs")
    if not os.path.isdir(place):
        os.makedirs(place + ".new", exist_ok=True)
        if quiet("apt-get", "download", "libonnx-testdata", cwd=place + ".new"):
            package = [f for f in os.listdir(place + ".new") if f.endswith(".deb")][0]
            if quiet("dpkg-deb", "-x", package, ".", cwd=place + ".new"):
                os.remove(os.path.join(place + ".new", package))
                os.rename(place + ".new", place)
    yield place if os.path.isdir(place) else None, "apt could not fetch libonnx-testdata"


@contextlib.contextmanager
def packages(build):
    place = os.path.join(build, "wild", "packages")
    if not os.path.isdir(place):
        os.makedirs(place + ".new", exist_ok=True)
        if quiet("npm", "install", "--prefix", ".", "--ignore-scripts", "--no-package-lock", "--no-save", "--no-audit",
                 "--no-fund", *PACKAGES, cwd=place + ".new"):
            os.rename(place + ".new", place)
    yield place if os.path.isdir(place) else None, "npm could not fetch the packages"


def emotions(result):
    return [c for c in result["model_capabilities"] if c["name"].startswith("emotion.")]


def scan(ctl, place):
    """Files, models, those identified and those suspect of emotions. One line a file: not all of them at once."""
    counts, alarms = {"files": 0, "models": 0, "identified": 0, "suspect": 0}, []
    with subprocess.Popen([ctl, "scan", "--json", "--modelcaps=" + MODELCAPS, place], stdout=subprocess.PIPE) as run:
        for line in run.stdout:
            result = json.loads(line)
            counts["files"] += 1
            counts["models"] += result["status"] != "not-a-model"
            states = [c["status"] for c in emotions(result)]
            worst = "identified" if "identified" in states else "suspect" if "suspect" in states else None
            if worst:
                counts[worst] += 1
                alarms.append((worst, result))
    if run.returncode > 1:
        sys.exit(f"not ok - wild {place} # the scan failed with {run.returncode}\n0 passed, 1 failed, 0 skipped")
    return counts, alarms


def explain(place, alarms):
    for worst, result in alarms:
        print(f"  {worst:10s} {os.path.relpath(result['path'], place)} ({result['format']})")
        for c in emotions(result):
            print(f"             {c['name']} {c['confidence']}: " + ", ".join(
                f"{e['kind']} [{e['where']}] {e['detail'][:60]}" for e in c["evidence"][:3]))


def main():
    ctl, build = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    total = {"files": 0, "identified": 0, "suspect": 0}
    for name, tree in (("a Debian machine", debian), ("libonnx-testdata", graphs), ("npm packages", packages)):
        with tree(build) as (place, why):
            if not place:
                skip(name, why)
                continue
            counts, alarms = scan(ctl, place)
            print(f"{name}: {counts['files']} files, {counts['models']} of them models; "
                  f"{counts['identified']} identified, {counts['suspect']} suspect")
            explain(place, alarms)
            files, models = LEAST[name]
            check(counts["files"] >= files and counts["models"] >= models,
                  f"{name}: at least {files} files, {models} models", f"{counts['files']}, {counts['models']}")
            for key in total:
                total[key] += counts[key]
    if total["files"]:
        rate = 10000.0 * total["suspect"] / total["files"]
        check(total["identified"] == 0, "identified, 0", f"{total['identified']} of {total['files']}")
        check(rate <= 2, "suspects in 10,000 files, at most 2", f"{rate:.2f}: {total['suspect']} of {total['files']}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0 or passed == 0


sys.exit(main())
