#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: makes the guest's root image: a Debian tree with the packages of packages.list, customized, in ext4.
# Needs root. Called by build-image.sh, which decides when. Usage: build-root.sh RELEASE IMAGE (IMAGE.work is used)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"
release=$1
image=$2
tree=$image.work

# What a killed build leaves behind has proc and sys mounted inside; nothing below them may be deleted.
clean() {
        awk -v tree="$tree/" 'index($2, tree) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r place; do
                umount -l "$place"
        done
        rm -rf --one-file-system "$tree"
}

clean
trap clean EXIT
trap 'exit 1' INT TERM
packages=$(grep -v '^#' "$here/packages.list" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//')
set -- --quiet --mode=root --variant=minbase --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/help/*' \
        --customize-hook="\"$here/customize-image\" \"\$1\""
# The machine's proxy and date settings, which mmdebstrap would not see by itself: one option a line.
apt_machine_options >"$image.options"
while read -r option; do
        set -- "$@" "--aptopt=${option%;}"
done <"$image.options"
rm -f "$image.options"

mmdebstrap "$@" "$release" "$tree" "deb [signed-by=$APT_KEYRING] $(apt_mirror) $release main"
size=$(du -sm "$tree" | cut -f1)
mke2fs -q -F -t ext4 -L root -m 0 -d "$tree" "$image" "$((size + size / 10 + 1024))M"
