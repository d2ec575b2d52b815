#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Scans a corpus of model files and compares with its manifest.tsv (path, sha256, format, truth, ...).
#
#   run.sh AIGUARDCTL CORPUS
#
# What must hold, for the formats that have a reader: nothing negative is identified; what is positive is identified
# as what it is, or at least a suspect where the file itself says nothing (the table shows which).
set -u

ctl=$1
corpus=$2
out=${TMPDIR:-/tmp}/aiguard-corpus.$$
trap 'rm -rf "$out"' EXIT
mkdir -p "$out"

if [ ! -f "$corpus/manifest.tsv" ]; then
        echo "skip - corpus # no corpus: set CORPUS to a directory with a manifest.tsv"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
fi

"$ctl" scan --json --modelcaps=policies/modelcaps "$corpus" >"$out/scan.json"
rc=$?
if [ $rc -gt 1 ]; then
        echo "not ok - corpus # the scan failed with $rc"
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
fi

# The same files without their names and without what lies beside them: evidence of the content only.
"$ctl" scan --json --content-only --modelcaps=policies/modelcaps "$corpus" >"$out/content.json"

python3 - "$corpus" "$out/scan.json" "$out/content.json" <<'EOF'
import csv, json, os, sys

corpus, scan, content = sys.argv[1:]
FORMATS = ("onnx", "onnx-ml", "safetensors", "hf-config")
NAMES = {"emotion-face": "emotion.face", "emotion-voice": "emotion.voice", "emotion-text": "emotion.text",
         "emotion-other": "emotion.physiological"}
KEYS = ["path", "format", "status", "model_capabilities", "bytes_read", "micros"]

def load(name):
    return {os.path.relpath(r["path"], corpus): r for r in map(json.loads, open(name, encoding="utf-8"))}

results, by_content = load(scan), load(content)
passed = failed = skipped = 0

def report(good, name, why=""):
    global passed, failed
    passed += good
    failed += not good
    print(("ok - " if good else "not ok - ") + name + ("" if good else " # " + why))

print("%-58s %-12s %-14s %-12s %-12s %s" % ("file", "format", "truth", "status", "content", "strongest evidence"))
rows = [r for r in csv.DictReader(open(os.path.join(corpus, "manifest.tsv"), encoding="utf-8"), delimiter="\t")]
for row in rows:
    if row["format"] in FORMATS and row["path"] in results:
        r = results[row["path"]]
        cap = r["model_capabilities"][0] if r["model_capabilities"] else None
        evidence = cap["name"] + ": " + cap["evidence"][0]["kind"] + " [" + cap["evidence"][0]["where"] + "]" if cap else ""
        print("%-58s %-12s %-14s %-12s %-12s %s" % (row["path"][-58:], row["format"], row["truth"], r["status"],
                                                   by_content[row["path"]]["status"], evidence))
for row in rows:
    name, r = row["path"], results.get(row["path"])
    if row["format"] not in FORMATS:
        skipped += 1
        continue
    if not r:
        report(False, "corpus " + name, "not scanned")
        continue
    found = {c["name"]: c["status"] for c in r["model_capabilities"]}
    if list(r) != KEYS:
        report(False, "corpus " + name, "keys " + " ".join(r))
    elif row["truth"] == "negative":
        report(r["status"] != "identified" and by_content[name]["status"] != "identified" and
               r["status"] not in ("unparsable", "not-a-model"), "corpus " + name, r["status"])
    else:
        report(found.get(NAMES[row["truth"]]) == "identified", "corpus " + name, r["status"] + " " + str(found))
    if r["format"] == "onnx" and os.path.getsize(os.path.join(corpus, name)) > 10 << 20:
        report(r["bytes_read"] < 96 * 1024, "corpus seeks " + name, "%d bytes read" % r["bytes_read"])
# Files of formats without a reader must not be taken for identified ones, either.
others = [r["path"] for row in rows for r in [results.get(row["path"])]
          if r and row["format"] not in FORMATS and row["truth"] == "negative" and r["status"] == "identified"]
report(not others, "corpus other formats", " ".join(others))
if skipped:
    print("skip - corpus formats without a reader # %d files" % skipped)
print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
sys.exit(failed > 0)
EOF
