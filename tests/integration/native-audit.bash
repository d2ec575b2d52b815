# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the refusals of native.sh once more in audit mode: each open succeeds, and each is counted as one that
# enforcing would have refused; and the daemon that must not start, where the numbers of processes are not the host's.
# Sourced by native.sh, whose daemon and helpers it uses.

# On its own: the ones of before may still be on their way.
audited() { status | jq -r .counters.audited; }
quiet_audited() {
        local now before=-1
        for _ in $(seq 50); do
                now=$(audited)
                [ "$now" != "$before" ] || break
                before=$now
                sleep 0.3
        done
        echo "$now"
}

# in_audit NAME ERRNO COMMAND...: what the open gives, and one more on the count.
in_audit() {
        local name=$1 want=$2
        shift 2
        check "$name audit" once_audited "$want" "$@"
}
once_audited() {
        local before now
        before=$(quiet_audited)
        gives "$@" || return 1
        for _ in $(seq 50); do
                now=$(audited)
                [ "$now" -le "$before" ] || break
                sleep 0.1
        done
        now=$(quiet_audited)
        [ "$now" = $((before + 1)) ] || { echo "$((now - before)) counted instead of 1"; return 1; }
}

audits() {
        local bad=$M/models/bad-01.onnx
        stop_daemon
        if start_daemon audit; then pass "daemon-starts audit"; else fail "daemon-starts audit" "see above"; fi
        in_audit "labelled-model" ok ai open "$bad"
        in_audit "renamed" ok ai open "$(fresh 2 audit.bin)"
        in_audit "runtime-mapped-not-run" ok "$P" --map "$RUNTIME" open "$(fresh 4 audit-m.onnx)"
        in_audit "trait-survives-exec" ok ai exec "$P" open "$(fresh 5 audit-e.onnx)"
        in_audit "trait-by-one-thread" ok ai threads "$(fresh 7 audit-t.onnx)"
        # Nothing is behind it: the driver that is not there says so, not the daemon.
        in_audit "mknod-ed camera" ENXIO ai open "$M/camera"
        in_audit "network camera, IPv4" ok ai connect 127.0.0.1 8554
        in_audit "network camera, IPv6" ok ai connect ::1 8554
        # A library that nobody has seen: who opens the camera within its scan is judged behind it.
        cp "$RUNTIME" "$M/audit-fresh.so.1" && sync -f "$M"
        in_audit "runtime-never-seen-before camera" ENXIO "$P" --ai "$M/audit-fresh.so.1" open "$M/camera"
        check "counters add up" counters_are_sane
        stop_daemon
        check "foreign PID namespace" foreign_namespace
        if start_daemon enforce; then pass "daemon-starts enforce again"; else fail "daemon-starts enforce again" "see above"; fi
}

counters_are_sane() {
        status | jq -e '.counters | .allowed >= 0 and .allowed <= .seen and .audited <= .seen and .suppressed <= .seen
                and .seen == .decided' >/dev/null && return 0
        status | jq -c .counters
        return 1
}
foreign_namespace() {
        local rc=0
        timeout -s KILL 60 unshare --pid --fork --kill-child --mount-proc /usr/lib/aiguard/aiguardd >"$T/foreign" 2>&1 || rc=$?
        [ "$rc" != 0 ] && [ "$rc" != 137 ] || { echo "ended with $rc"; return 1; }
        grep -q 'PID namespace' "$T/foreign" || { echo "it says: $(tail -n 1 "$T/foreign")"; return 1; }
}
