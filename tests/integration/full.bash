# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: what is bounded, filled for real: the ring of events with the daemon stopped, the queue for journald with
# journald stopped or gone, the share of holds of one workload. The verdict is what it always is; what cannot be told is
# counted; nobody else suffers. The tests themselves, sourced by tests/vm/suites/behaviour/80-full.sh, which lists them.

JOURNALD=systemd-journald@aiguard.service
JOURNALD_SOCKET=systemd-journald@aiguard.socket

# flood COUNT COMMAND... in three steps: a process that is known already, then the opens, then what came of them.
flood_start() { # count, path
        rm -f "$T/go"
        "$PROBE" --ai "$RUNTIME" --timeout 120 flood "$T/go" "$1" "$2" >"$T/out" 2>&1 &
        flood=$!
        for _ in $(seq 100); do
                ! grep -q '^up' "$T/out" || return 0
                sleep 0.1
        done
        echo "the flood never came up: $(cat "$T/out")"
        return 1
}
# With the daemon stopped a new process is unknown, and may be refused what it opens: none is started before it goes on.
flood_through() { # PID to be stopped meanwhile
        rc=0
        kill -STOP "$1"
        : >"$T/go"
        wait "$flood" || rc=$?
        kill -CONT "$1"
}
flood_end() { # every one of them refused, or, in audit mode, every one opened
        out=$(cat "$T/out")
        say "$MODE: $(tail -n 1 "$T/out")"
        ends "$([ "$MODE" = enforce ] && echo 1 || echo 0)" "not all alike"
}

# What was owed before and after differs by what was opened since, and each of these was told, summed up or lost.
accounted() { # opens, status before, status after
        jq -n -e --argjson n "$1" --argjson b "$2" --argjson a "$3" --arg mode "$MODE" '
                def d(f): ($a.counters | f) - ($b.counters | f);
                d(if $mode == "enforce" then .denied else .audited end) == $n and d(.seen) == d(.decided)
                and d(.decided) == d(.emitted) + d(.suppressed) + d(.lost)' >/dev/null && return 0
        echo "$1 opens: before $(jq -c .counters <<<"$2") after $(jq -c .counters <<<"$3")"
        return 1
}

# A megabyte of events that nobody takes.
ring_full() {
        local before after main node=/root/webcam-ring-$MODE
        camera_node "$node"
        flood_start 4000 "$node"
        settle
        before=$(status)
        main=$(systemctl show -P MainPID aiguardd)
        flood_through "$main"
        flood_end
        PATIENCE=60 settle
        after=$(status)
        accounted 4000 "$before" "$after"
        jq -n -e --argjson b "$before" --argjson a "$after" '$a.counters.lost > $b.counters.lost' >/dev/null ||
                { echo "the ring was never full: $(jq -c .counters <<<"$after")"; return 1; }
        say "$MODE, ring full: $(jq -n --argjson b "$before" --argjson a "$after" '$a.counters.lost - $b.counters.lost') of 4000 lost"
}

# journald is gone and cannot start: what it would have been told waits for it. (Its sockets themselves are never stopped
# with the daemon running: systemd stops whoever logs through them first.)
journald_away() { # a node of the camera
        systemctl mask --runtime --quiet $JOURNALD
        systemctl stop $JOURNALD
        # The next datagram makes systemd try, fail, and close the socket; what lies in there is gone, and no sender
        # can tell. So this one is not among those that are waited for.
        run ai --timeout 20 open "$1"
        for _ in $(seq 50); do
                [ "$(systemctl is-active $JOURNALD_SOCKET)" = active ] || return 0
                sleep 0.1
        done
        echo "the socket of journald is still there"
        return 1
}
journald_back() {
        systemctl unmask --runtime --quiet $JOURNALD
        systemctl reset-failed $JOURNALD $JOURNALD_SOCKET 2>/dev/null || true
        systemctl start $JOURNALD_SOCKET $JOURNALD
}
# Six that are refused, each of which is an entry of its own: a backend that knows a sensor by its number alone sums the
# nodes of one camera up.
gone_objects() {
        local i
        mkdir -p /work/fresh
        for i in first 1 2 3 4 5; do
                if [ "$BACKEND" = fanotify ]; then
                        fresh "gone-$MODE-$i" "$MODELS/bad-39.onnx" >/dev/null
                else
                        camera_node "/work/fresh/gone-$MODE-$i"
                fi
        done
}
journald_gone() {
        local i before after ends=0
        [ "$MODE" = audit ] || ends=1
        gone_objects
        settle
        mark
        before=$(status)
        trap journald_back EXIT
        journald_away "/work/fresh/gone-$MODE-first"
        for i in 1 2 3 4 5; do
                run ai --timeout 20 open "/work/fresh/gone-$MODE-$i"
                ends $ends "without journald"
                [ "$(value wall_ms)" -lt 1000 ] || { echo "it had to wait for journald: $out"; return 1; }
        done
        run ai --timeout 20 open "$(fresh "gone-$MODE.onnx" "$MODELS/good-34.onnx")"
        ends 0 "a harmless model, without journald"
        [ "$(systemctl is-active $JOURNALD)" != active ] || { echo "journald was there all the time"; return 1; }
        timeout 5 aiguardctl status >/dev/null || { echo "no status without journald"; return 1; }
        journald_back
        wait_entries 5 "$([ "$MODE" = enforce ] && echo "$REFUSED" || echo "$AUDITED")" \
                '.AIGUARD_WOULD == "deny" and (.AIGUARD_DEVICE // .AIGUARD_MODEL_PATH // "" | test("/gone-[a-z]+-[1-5]$"))'
        settle
        after=$(status)
        accounted 6 "$before" "$after"
}

# journald is there and takes nothing: the queue in the daemon runs full. In audit mode repeats are summed up before they
# come to the queue, so there is nothing to lose: enforced only.
journald_stuck() {
        local i before after journald since node=/root/webcam-stuck n=12000 rounds=1
        # Where an open is refused in no time, the ring loses most of them before they come to the queue: what it holds,
        # 1,600, several times.
        [ "$BACKEND" != fanotify ] || n=4000 rounds=8
        camera_node "$node"
        flood_start "$n" "$node"
        settle
        before=$(status) since=$(date +%s)
        journald=$(systemctl show -P MainPID $JOURNALD)
        [ "$journald" -gt 0 ] || { echo "no journald of our own"; return 1; }
        kill -STOP "$journald"
        # shellcheck disable=SC2064
        trap "kill -CONT $journald" EXIT
        for i in $(seq $rounds); do
                [ "$i" = 1 ] || flood_start "$n" "$node"
                : >"$T/go"
                rc=0
                wait "$flood" || rc=$?
                flood_end
                sleep 1
        done
        timeout 5 aiguardctl status >/dev/null || { echo "no status while journald hangs"; return 1; }
        run ai --timeout 20 open "$(fresh stuck.onnx "$MODELS/good-35.onnx")"
        ends 0 "a harmless model, journald stuck"
        kill -CONT "$journald"
        # It comes behind all that the queue holds, eight thousand, of which a loaded machine writes a hundred a second.
        for _ in $(seq 150); do
                [ -z "$(journal MESSAGE_ID="$ID_ENTRIES_LOST" --since="@$since" -o cat)" ] || break
                sleep 1
        done
        [ -n "$(journal MESSAGE_ID="$ID_ENTRIES_LOST" --since="@$since" -o cat)" ] ||
                { echo "no entry says that entries are missing"; return 1; }
        # Eight thousand more are on their way, which takes a minute here. A daemon that dies counts them as lost.
        systemctl kill --signal=KILL --kill-whom=main aiguardd
        wait_status '.mode == "enforce"'
        settle
        after=$(status)
        # Each flood opens once to be known; that of the first came before.
        accounted $((n * rounds + rounds - 1)) "$before" "$after"
}

# The share of holds of one workload is used up: on_unknown decides for that one, at once; another one is held and served
# as ever. A thousand openers in a bridge that lasts microseconds no test machine can bring together: the test takes the
# share itself. Enforced only: audit mode holds nobody.
quota_take() { bpftool map update name ag_quota key 1 0 0 0 value "$@" 0 0; } # of undeclared-ai; little endian
quota_full() {
        local before bad good known
        policy full <<<'aiguard: 1
mode: enforce
workloads:
  full-other: { match: { unit: "f-other-*.service" }, jurisdiction: kz }'
        known=$(fresh quota-known.onnx "$MODELS/good-36.onnx")
        allowed ai open "$known"
        before=$(status)
        quota_take 0 4
        mark
        run ai --timeout 20 open "$(fresh quota-1.onnx "$MODELS/good-37.onnx")"
        quota_ends 1 "no hold is left" || return 1
        [ "$(value wall_ms)" -lt 1000 ] || { quota_ends no "it had to wait"; return 1; }
        wait_entries 1 "$ID_MODEL_REFUSED" '.AIGUARD_RULE == "default-unknown"' || { quota_ends no "not told"; return 1; }
        run ai --timeout 20 open "$known"
        quota_ends 0 "a known one needs no hold" || return 1
        good=$(fresh quota-2.onnx "$MODELS/good-38.onnx") bad=$(fresh quota-3.onnx "$MODELS/bad-38.onnx")
        run as_unit f-other-1.service "$PROBE" --ai "$RUNTIME" --timeout 20 open "$good"
        quota_ends 0 "a harmless model, another workload" || return 1
        mark
        run as_unit f-other-2.service "$PROBE" --ai "$RUNTIME" --timeout 20 open "$bad"
        quota_ends 1 "a forbidden model, another workload" || return 1
        wait_entries 1 "$ID_MODEL_REFUSED" ".AIGUARD_RULE != \"default-unknown\" and .AIGUARD_MODEL_PATH == \"$bad\"" ||
                { quota_ends no "not told"; return 1; }
        quota_take 0 0
        allowed ai --timeout 20 open "$(fresh quota-4.onnx "$MODELS/good-39.onnx")"
        jq -n -e --argjson b "$before" --argjson a "$(status)" '$a.counters.requests_lost == $b.counters.requests_lost + 1' >/dev/null ||
                { echo "not counted: $(counter requests_lost)"; return 1; }
        policy
}
# What was taken is given back whatever happens.
quota_ends() {
        ends "$@" && return 0
        quota_take 0 0
        return 1
}
