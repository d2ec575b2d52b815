#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the same refusals where a file is not simply on the host's disk: in a container, on loopback NFS, behind
# FUSE. What is remote or behind FUSE is never read in the way of an open: the table of defaults says what it gets.
. /work/integration/lib.sh
. /work/integration/places.bash

test_case "daemon-starts places" start_mode enforce
for MODE in enforce audit; do
        [ "$MODE" = enforce ] || test_case "daemon-starts places audit" start_mode audit
        behaviour "podman-model $MODE" container_plain
        behaviour "podman-model-on-overlay $MODE" container_overlay
        behaviour "podman-model-in-a-volume $MODE" container_volume
        behaviour "podman-camera $MODE" container_camera
        behaviour "podman-no-ai $MODE" container_non_ai
done
test_case "daemon-starts remote" start_mode enforce
MODE=enforce
test_case "policy-with-a-high-workload" policy places <<<"$PLACES_POLICY"
behaviour "nfs-loopback" nfs
behaviour "nfs-loopback server-side" nfs_server_side
behaviour "fuse" fuse
behaviour "fuse-server-hangs" fuse_hung
umount /mnt/fuse /mnt/nfs 2>/dev/null
policy >/dev/null 2>&1
exit 0
