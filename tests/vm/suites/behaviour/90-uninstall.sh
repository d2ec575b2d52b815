#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the last script: the daemon stopped, everything unpinned, and the machine is as it was.
. /work/integration/lib.sh

stopped_still_enforces() {
        start_mode enforce
        systemctl stop aiguardd
        run ai open "$CAMERA"
        [ "$rc" = 1 ] || { echo "what is pinned does not enforce: $out"; return 1; }
}
unpinned() {
        systemctl stop aiguardd
        /usr/lib/aiguard/aiguardd --unpin
        [ -z "$(ls -A /sys/fs/bpf/aiguard 2>/dev/null)" ] || { ls /sys/fs/bpf/aiguard; return 1; }
        # The kernel lets the last reference of a link go a moment later.
        for _ in 1 2 3 4 5; do
                run ai open "$CAMERA"
                [ "$rc" != 0 ] || break
                sleep 0.5
        done
        [ "$rc" = 0 ] || { echo "still refused: $out"; return 1; }
        sleep 1
        if bpftool prog show | grep 'name ag_'; then echo "programs are still there"; return 1; fi
}
behaviour "stopped-daemon-still-enforces" stopped_still_enforces
behaviour "uninstall-unpins-everything" unpinned
