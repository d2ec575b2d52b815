#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the same refusals where a file is not simply on the host's disk: in a container, on loopback NFS, behind
# FUSE. What is remote or behind FUSE is never read in the way of an open: the table of defaults says what it gets.
. /work/integration/lib.sh
. /work/integration/places.bash

for MODE in enforce audit; do
        test_case "daemon-starts places $MODE" start_mode "$MODE"
        behaviour "podman-model $MODE" container_plain
        behaviour "podman-model-on-overlay $MODE" container_overlay
        behaviour "podman-model-in-a-volume $MODE" container_volume
        behaviour "podman-camera $MODE" container_camera
        behaviour "podman-no-ai $MODE" container_non_ai
        test_case "policy-with-a-high-workload $MODE" policy places <<<"$PLACES_POLICY"
        behaviour "nfs-loopback $MODE" nfs
        behaviour "nfs-loopback server-side $MODE" nfs_server_side
        behaviour "fuse $MODE" fuse
        behaviour "fuse-server-hangs $MODE" fuse_hung
        policy >/dev/null 2>&1
done
umount /mnt/fuse /mnt/nfs 2>/dev/null
exit 0
