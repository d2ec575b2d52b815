#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the places a model may lie in: a container, NFS, FUSE, overlayfs, btrfs.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"

container_runs() {
        mkdir -p rootfs/bin
        cp /bin/busybox rootfs/bin/
        ln -sf busybox rootfs/bin/sh
        tar -C rootfs -c . | podman import --quiet - smoke:latest
        podman run --rm --network=none smoke:latest /bin/sh -c 'echo "from an image"' | grep -qx 'from an image'
        podman run --rm --network=none --rootfs "$PWD/rootfs" /bin/sh -c 'echo "from a folder"' | grep -qx 'from a folder'
}

nfs_mounts() {
        echo '/srv/share 127.0.0.1(rw,sync,no_subtree_check,no_root_squash,fsid=1)' >/etc/exports
        systemctl start nfs-server
        mkdir -p nfs
        mount -t nfs -o vers=4.2 127.0.0.1:/srv/share nfs
        echo remote >nfs/file
        [ "$(stat -f -c %T nfs)" = nfs ]
        [ "$(cat /srv/share/file)" = remote ]
        umount nfs
}

fuse_mounts() {
        mkdir -p below fused
        echo fused >below/file
        bindfs below fused
        [ "$(stat -f -c %T fused)" = fuseblk ] || [ "$(stat -f -c %T fused)" = fuse ]
        [ "$(cat fused/file)" = fused ]
        umount fused
}

overlay_mounts() {
        mkdir -p lower upper work merged
        echo lower >lower/file
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged
        echo upper >merged/file
        [ "$(cat lower/file)" = lower ]
        [ "$(cat upper/file)" = upper ]
        umount merged
}

loop_mounts() {
        truncate -s 128M disk.ext4
        mke2fs -q -t ext4 disk.ext4
        mkdir -p disk
        mount -o loop disk.ext4 disk
        echo there >disk/file
        umount disk
}

test_case "podman runs an image and a folder, without network" container_runs
test_case "NFS mounts over the loopback device" nfs_mounts
test_case "FUSE mounts" fuse_mounts
test_case "overlayfs mounts on the root file system" overlay_mounts
test_case "a disk image mounts" loop_mounts
