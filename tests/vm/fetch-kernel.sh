#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: fetches one of Debian's stock kernels and makes of it, in .build/vm/kernel-VERSION/:
#   vmlinuz      as packaged
#   modules.img  an ext4 image of the modules named in modules.list and their dependencies
#   initrd.img   a small initramfs (busybox, disk modules, initramfs-init) that switches to the root image
#   release      what `uname -r` will say
# Called by run.sh and `make vm-image`. Usage: fetch-kernel.sh 6.1|6.12
set -eu

here=$(cd "$(dirname "$0")" && pwd)
vm=${VM_DIR:-${BUILD:-$here/../../.build}/vm}
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

version=${1:-}
case $version in
6.1) suite=bookworm ;;
6.12) suite=trixie ;;
*)
        echo "fetch-kernel: unknown kernel '$version' (known: 6.1, 6.12)" >&2
        exit 2
        ;;
esac

mkdir -p "$vm"
vm=$(cd "$vm" && pwd)
out=$vm/kernel-$version
stamp=$(cat "$here/fetch-kernel.sh" "$here/modules.list" "$here/initramfs-init" | sha256sum | cut -c1-16)

exec 9>"$vm/kernel-$version.lock"
flock 9
[ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ] && exit 0
echo "vm: fetching Debian's kernel $version" >&2

work=$vm/kernel-$version.work
rm -rf "$work"
mkdir -p "$work/tree" "$work/ramfs"

fetch() {
        apt_private_setup "$work/apt" "$suite"
        package=$(apt_private "$work/apt" apt-cache depends linux-image-amd64 |
                sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
        case $package in
        linux-image-"$version".*) ;;
        *)
                echo "fetch-kernel: $suite has no kernel $version but '$package'" >&2
                exit 1
                ;;
        esac
        (cd "$work" && apt_private "$work/apt" apt-get -qq download "$package" busybox-static)
        dpkg-deb --fsys-tarfile "$work/$package"_*.deb |
                tar -x -C "$work/tree" --exclude='./usr/share' --exclude='./boot/System.map*'
        dpkg-deb --fsys-tarfile "$work"/busybox-static_*.deb | tar -x -C "$work/ramfs" --wildcards '*/busybox'
        [ -x "$work/ramfs/bin/busybox" ] || mv "$work/ramfs/usr/bin" "$work/ramfs/bin"
        # Newer packages keep everything below /usr.
        [ -d "$work/tree/lib/modules" ] || mv "$work/tree/usr/lib" "$work/tree/lib"
        release=$(basename "$work"/tree/lib/modules/*)
        find "$work/tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
        depmod -b "$work/tree" "$release"
}

# Prints the files (relative to the modules folder) that the named modules need, in loading order.
closure() {
        awk -v wanted="$*" '
                function key(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
                { path = $1; sub(/:$/, "", path); file[key(path)] = path
                  for (i = NF; i >= 2; i--) deps[path] = deps[path] " " $i }
                function emit(path,   parts, n, i) {
                        if (path in done) return
                        done[path] = 1
                        n = split(deps[path], parts, " ")
                        for (i = 1; i <= n; i++) emit(parts[i])
                        print path
                }
                END { n = split(wanted, names, /[ \n]+/); for (i = 1; i <= n; i++) if (names[i] in file) emit(file[names[i]]) }
        ' "$work/tree/lib/modules/$release/modules.dep"
}

pack_modules() {
        mod=$work/tree/lib/modules/$release
        dst=$work/modules/lib/modules/$release
        mkdir -p "$dst"
        closure "$(grep -v '^#' "$here/modules.list" | tr '\n' ' ')" >"$work/kept"
        (cd "$mod" && cpio --quiet -pdm "$dst" <"$work/kept")
        cp "$mod"/modules.builtin "$mod"/modules.builtin.modinfo "$mod"/modules.order "$dst/"
        depmod -b "$work/modules" "$release" 2>/dev/null
        size=$(du -sm "$dst" | cut -f1)
        mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$dst" "$work/modules.img" "$((size + size / 8 + 8))M" >/dev/null
}

pack_initrd() {
        mkdir -p "$work/ramfs/modules" "$work/ramfs/proc" "$work/ramfs/sys" "$work/ramfs/dev" "$work/ramfs/root"
        ln -s busybox "$work/ramfs/bin/sh"
        for file in $(closure virtio_pci virtio_blk crc32c_generic crc32c_intel ext4); do
                cp "$work/tree/lib/modules/$release/$file" "$work/ramfs/modules/"
                basename "$file" >>"$work/ramfs/modules/order"
        done
        install -m 755 "$here/initramfs-init" "$work/ramfs/init"
        (cd "$work/ramfs" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$work/initrd.img"
}

fetch
pack_modules
pack_initrd
rm -rf "$out"
mkdir -p "$out"
cp "$work"/tree/boot/vmlinuz-* "$out/vmlinuz"
mv "$work/modules.img" "$work/initrd.img" "$out/"
echo "$release" >"$out/release"
echo "$stamp" >"$out/stamp"
rm -rf "$work"
echo "vm: kernel $release is ready" >&2
