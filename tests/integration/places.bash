# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the same refusals where a file is not simply on the host's disk: in a container, on loopback NFS, behind
# FUSE. What is remote or behind FUSE is never read in the way of an open: the table of defaults says what it gets.
# The tests themselves, sourced by tests/vm/suites/behaviour/50-places.sh, which lists them, and by the mutants.

rootfs() {
        local f
        rm -rf /work/rootfs
        mkdir -p /work/rootfs/models /work/rootfs/tmp /work/rootfs/dev /work/rootfs/proc /work/rootfs/sys /work/rootfs/etc
        cp "$PROBE" "$RUNTIME" /work/rootfs/
        cp "$MODELS/bad-01.onnx" /work/rootfs/models/bad.onnx
        cp "$MODELS/good-01.onnx" /work/rootfs/models/good.onnx
        for f in $(ldd "$PROBE" | grep -o '/[^ ]*'); do
                mkdir -p "/work/rootfs$(dirname "$f")"
                cp -L "$f" "/work/rootfs$f"
        done
}
# Whose process it is that opens in there, only the entry can tell.
in_any_process() { ANY_PROCESS=yes "$@"; }
container() {
        podman run --rm --network=none --cgroup-manager=cgroupfs "$@"
}
in_container() { # podman's own arguments
        in_any_process refused any model container "$@" /probe --ai /libonnxruntime.so.1 open /models/bad.onnx
        run container "$@" /probe --ai /libonnxruntime.so.1 open /models/good.onnx
        [ "$rc" = 0 ] || { echo "a harmless one was refused: $out"; return 1; }
}
container_plain() {
        rootfs
        in_container --rootfs /work/rootfs
        jq -e 'select(.AIGUARD_CONTAINER != null and .AIGUARD_CONTAINER != "" or (.AIGUARD_CGROUP // "" | test("libpod")))' \
                "$T/entries" >/dev/null || { echo "the entry does not name the container"; return 1; }
}
container_overlay() {
        rootfs
        in_container --rootfs /work/rootfs:O
}
container_volume() {
        rootfs
        mkdir -p /work/volume
        cp "$MODELS/bad-02.onnx" /work/volume/x.bin
        in_any_process refused any model container -v /work/volume:/data --rootfs /work/rootfs /probe --ai /libonnxruntime.so.1 open /data/x.bin
}
container_camera() {
        rootfs
        in_any_process refused any sensor container --device "$CAMERA" --rootfs /work/rootfs /probe --ai /libonnxruntime.so.1 open "$CAMERA"
}
container_non_ai() {
        rootfs
        allowed container --device "$CAMERA" --rootfs /work/rootfs /probe open /models/bad.onnx "$CAMERA"
}

PLACES_POLICY='aiguard: 1
mode: enforce
workloads:
  places-high: { match: { unit: "t-high-*.service" }, risk: high, jurisdiction: kz }'

# remote NAME FILE: an undeclared workload opens and is logged, a high one is refused; neither waits.
remote() {
        mark
        run ai --timeout 20 open "$2"
        ends 0 "undeclared" || return 1
        wait_entries 1 "$ID_MODEL_AUDITED" 'true' || return 1
        WHEN=high UNREAD=yes refused_unit "t-high-$1" "$2" model --timeout 20 open "$2"
}
nfs() {
        systemctl start rpcbind nfs-server || { echo "no NFS server in this kernel"; return 77; }
        mkdir -p /srv/share /mnt/nfs
        cp "$MODELS/bad-03.onnx" /srv/share/x.onnx
        cp "$MODELS/bad-03.onnx" /srv/share/y.onnx
        exportfs -o rw,no_root_squash,insecure,fsid=7 127.0.0.1:/srv/share
        mountpoint -q /mnt/nfs || timeout 60 mount -t nfs4 127.0.0.1:/srv/share /mnt/nfs
        remote nfs /mnt/nfs/x.onnx
}
# The server's own side of the same file is a local file like any other.
nfs_server_side() {
        mountpoint -q /mnt/nfs || { echo "no NFS mount"; return 77; }
        refused /srv/share/y.onnx model ai open /srv/share/y.onnx
        run ai --timeout 20 open /mnt/nfs/y.onnx
        [ "$rc" -le 1 ] || { echo "$out"; return 1; }
}
fuse() {
        mkdir -p /mnt/fuse /work/below
        cp "$MODELS/bad-04.onnx" /work/below/x.onnx
        cp "$MODELS/bad-04.onnx" /work/below/y.onnx
        mountpoint -q /mnt/fuse || bindfs /work/below /mnt/fuse
        remote fuse /mnt/fuse/x.onnx
}
# A FUSE server that is stopped holds up whoever opens its files; it must not hold up the daemon.
fuse_hung() {
        local server failed=0
        mountpoint -q /mnt/fuse || { echo "no FUSE mount"; return 77; }
        server=$(pgrep -n bindfs)
        kill -STOP "$server"
        "$PROBE" --ai "$RUNTIME" --timeout 60 open /mnt/fuse/y.onnx >/dev/null 2>&1 &
        sleep 1
        refused "$(fresh beside-fuse.onnx "$MODELS/bad-05.onnx")" model ai --timeout 20 open /work/fresh/beside-fuse.onnx || failed=1
        timeout 5 aiguardctl status >/dev/null || failed=1
        kill -CONT "$server"
        wait || true
        return $failed
}
