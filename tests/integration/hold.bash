# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the first open of an unknown model is held: not refused, not let through, and without using the CPU.
# First with a scanner that takes three seconds, so that there is time for every attack on the hold.
# Audit mode holds nobody: what is about the hold itself (signals, SIGKILL, the early swap, the death of scanner and
# daemon, who passes meanwhile, the quota) has no twin there. What ends in a refusal has: it opens at once, and the
# entry comes from behind the open. The tests are listed in tests/vm/suites/behaviour/30-hold.sh.

waited() { # at least MS, using less than 50 ms of CPU
        [ "$(value wall_ms)" -ge "$1" ] || { echo "did not wait: $out"; return 1; }
        [ "$(value cpu_ms)" -lt 50 ] || { echo "used the CPU while it waited: $out"; return 1; }
}

at_once_or() { # MS: that long in enforce mode; in audit mode not at all, and the entry says how long it would have been
        [ "$MODE" = audit ] || { waited "$1"; return; }
        [ "$(value wall_ms)" -lt 500 ] || { echo "audit mode made it wait: $out"; return 1; }
        jq -e 'select(.AIGUARD_WOULD_HELD_US != null)' "$T/entries" >/dev/null ||
                { echo "the entry does not say how long it would have been held"; return 1; }
}

held_refused() {
        local f
        f=$(fresh hold-bad.onnx "$MODELS/bad-10.onnx")
        # What root alone can write may be known by its turn, since the fanotify backend scans what others open often.
        chown nobody "$f"
        refused "$f" model ai open "$f"
        at_once_or 2500
}
held_allowed() {
        local f
        f=$(fresh hold-good.onnx "$MODELS/good-10.onnx")
        allowed ai open "$f"
        waited 2500
}
by_runtime() {
        local f
        f=$(fresh hold-ort.onnx "$MODELS/bad-11.onnx")
        refused "$f" model ort load "$f"
}
handled_signal() { # file, exit code
        run ai signal-handled "$1" 100
        ends "$2"
        [ "$(value signals)" -ge 1 ] || { echo "the handler never ran: $out"; return 1; }
}
handled_signal_bad() { handled_signal "$(fresh hold-sig-bad.onnx "$MODELS/bad-12.onnx")" 1; }
handled_signal_good() { handled_signal "$(fresh hold-sig-good.onnx "$MODELS/good-12.onnx")" 0; }
killed() {
        run ai signal-kill "$(fresh hold-kill.onnx "$MODELS/bad-13.onnx")" 700
        ends 0
        [ "$(value reap_ms)" -lt 1000 ] || { echo "took long to die: $out"; return 1; }
}
# The next opener is not answered with what was meant for the dead one.
after_killed() {
        local f
        f=$(fresh hold-kill-2.onnx "$MODELS/bad-14.onnx")
        run ai signal-kill "$f" 300
        ends 0
        refused "$f" model ai open "$f"
}
swapped() {
        local bad good
        bad=$(fresh hold-swap.onnx "$MODELS/bad-15.onnx")
        good=$(fresh hold-swap-other.onnx "$MODELS/good-15.onnx")
        # The verb's child is who opens. In audit mode it is long through, and classified all the same.
        ANY_PROCESS=yes refused "$bad" model ai swap "$bad" "$good" 500
        [ "$MODE" = audit ] || [ "$(value during)" = yes ] || { echo "swapped too late: $out"; return 1; }
        allowed ai open "$bad"
}
# In the first microseconds, before the daemon has found the file: over and over, none may get through.
swapped_early() {
        local i bad good n=0
        for i in $(seq 12); do
                bad=$(fresh "swap-$i.onnx" "$MODELS/bad-16.onnx")
                good=$(fresh "swap-$i-other.onnx" "$MODELS/good-16.onnx")
                run ai swap "$bad" "$good" 0
                [ "$(value got)" != first ] || n=$((n + 1))
        done
        [ "$n" = 0 ] || { echo "$n of 12 got through"; return 1; }
}
fifo_in_its_place() {
        local f
        f=$(fresh a.onnx "$MODELS/bad-17.onnx")
        refused "$f (deleted)" model ai --timeout 20 deleted-fifo "$f"
        rm -f "$f (deleted)"
        f=$(fresh hold-after-fifo.onnx "$MODELS/bad-18.onnx")
        refused "$f" model ai open "$f"
}
shared_mapping() {
        cp "$MODELS/good-19.onnx" /dev/shm/shared.onnx
        TIMES=some refused /dev/shm/shared.onnx model ai shared-write /dev/shm/shared.onnx "$MODELS/bad-19.onnx"
}
shared_mapping_disk() {
        local f
        f=$(fresh shared.onnx "$MODELS/good-20.onnx")
        TIMES=some refused "$f" model ai shared-write "$f" "$MODELS/bad-20.onnx"
}
rewritten() {
        local f
        f=$(fresh rewrite.onnx "$MODELS/good-21.onnx")
        TIMES=some refused "$f" model ai rewrite "$f" "$MODELS/bad-21.onnx"
}
by_older_thread() {
        local f
        f=$(fresh hold-thread.onnx "$MODELS/bad-22.onnx")
        refused "$f" model ai threads "$f"
        at_once_or 2500
}
others_pass() {
        local f start
        f=$(fresh hold-others.onnx "$MODELS/bad-23.onnx")
        "$PROBE" --ai "$RUNTIME" open "$f" >"$T/held" 2>&1 &
        local held=$!
        sleep 0.7
        run "$PROBE" open "$f"
        ends 0
        [ "$(value wall_ms)" -lt 1000 ] || { echo "no AI, and had to wait: $out"; return 1; }
        rc=0
        wait "$held" || rc=$?
        out=$(cat "$T/held")
        ends 1
}
daemon_answers_meanwhile() {
        "$PROBE" --ai "$RUNTIME" open "$(fresh hold-busy.onnx "$MODELS/bad-24.onnx")" >/dev/null 2>&1 &
        sleep 0.5
        timeout 2 aiguardctl status >/dev/null
        wait || true
}
# Whatever becomes of the scanner costs its file the classification, and nothing else.
scanner_killed() {
        local f main children='' scanner
        f=$(fresh hold-scanner.onnx "$MODELS/bad-25.onnx")
        mark
        "$PROBE" --ai "$RUNTIME" open "$f" >"$T/out" 2>&1 &
        pid=$!
        main=$(systemctl show -P MainPID aiguardd)
        for _ in $(seq 50); do
                # Of several scanners one may have nothing to do; pgrep ends with 1 for it.
                children=$(for scanner in $(pgrep -P "$main" -f scanner); do pgrep -P "$scanner" || :; done)
                [ -z "$children" ] || break
                sleep 0.1
        done
        [ -n "$children" ] || { echo "no scanner at work"; return 1; }
        # shellcheck disable=SC2086
        kill -KILL $children
        rc=0
        wait $pid || rc=$?
        out=$(cat "$T/out")
        # Unparsable: an undeclared workload is audited for that, it is not refused.
        ends 0
        wait_entries 1 "$ID_MODEL_AUDITED" ".OBJECT_PID == \"$pid\""
        [ "$(systemctl show -P MainPID aiguardd)" = "$main" ]
}

# Ten sleep in the gate when the daemon dies. Nobody may get a forbidden model, nobody may hang.
daemon_dies() {
        local i pids=() through=0 hung=0 refused=0 good=0
        for i in $(seq 30 39); do
                if [ $((i % 2)) = 0 ]; then fresh "die-bad-$i.onnx" "$MODELS/bad-$i.onnx"
                else fresh "die-good-$i.onnx" "$MODELS/good-$i.onnx"; fi >"$T/die-$i"
        done
        for i in $(seq 30 39); do
                "$PROBE" --ai "$RUNTIME" --timeout 30 open "$(cat "$T/die-$i")" >/dev/null 2>&1 &
                pids+=($!)
        done
        sleep 1.5
        systemctl kill --signal=KILL --kill-whom=main aiguardd
        for i in $(seq 30 39); do
                rc=0
                wait "${pids[$((i - 30))]}" || rc=$?
                case $rc-$((i % 2)) in
                0-0) through=$((through + 1)) ;;
                0-1) good=$((good + 1)) ;;
                1-*) refused=$((refused + 1)) ;;
                *) hung=$((hung + 1)) ;;
                esac
        done
        say "of ten openers asleep when the daemon died: $refused got EPERM, $good harmless ones opened"
        [ "$through" = 0 ] || { echo "$through forbidden models got through"; return 1; }
        [ "$hung" = 0 ] || { echo "$hung hung"; return 1; }
        wait_status '.mode == "enforce"'
        wait_status '.gate.denied_previous >= 1'
        refused "$(fresh after-death.onnx "$MODELS/bad-26.onnx")" model ai open /work/fresh/after-death.onnx
}
daemon_restarts() {
        local i pids=() bad=0
        for i in $(seq 30 39); do fresh "stop-bad-$i.onnx" "$MODELS/bad-$i.onnx" >/dev/null; done
        for i in $(seq 30 39); do
                "$PROBE" --ai "$RUNTIME" --timeout 30 open "/work/fresh/stop-bad-$i.onnx" >/dev/null 2>&1 &
                pids+=($!)
        done
        sleep 1
        systemctl restart aiguardd
        for i in "${pids[@]}"; do
                rc=0
                wait "$i" || rc=$?
                [ "$rc" = 1 ] || bad=$((bad + 1))
        done
        [ "$bad" = 0 ] || { echo "$bad of ten were not refused"; return 1; }
}

three_hundred() {
        local before would
        rm -rf /work/many
        cp -r "$MODELS/many" /work/many
        sync -f /work/many
        before=$(counter timed_out)
        would=$(counter would_refuse)
        run ai --timeout 120 many /work/many/*.onnx
        if [ "$MODE" = audit ]; then
                [ "$(value refused)" = 0 ] || { echo "audit mode refused some: $out"; return 1; }
                PATIENCE=60 wait_status '.counters.would_refuse >= $n' --argjson n "$((would + 150))" || return 1
                return
        fi
        ends 0
        [ "$(value right)" = 300 ] || { echo "$out"; return 1; }
        [ "$(counter timed_out)" = "$before" ] || { echo "$(($(counter timed_out) - before)) met the deadline"; return 1; }
        say "three hundred first opens at once: $out"
}
dropped_caches() {
        local f
        f=$(fresh drop.onnx "$MODELS/bad-28.onnx")
        refused "$f" model ai open "$f"
        sync
        echo 3 >/proc/sys/vm/drop_caches
        refused "$f" model ai open "$f"
}
# The daemon is gone and the inode was evicted: what was refused stays refused, from the map that is pinned.
dropped_caches_no_daemon() {
        local f
        f=$(fresh drop-dead.onnx "$MODELS/bad-29.onnx")
        refused "$f" model ai open "$f"
        systemctl stop aiguardd
        sync
        echo 3 >/proc/sys/vm/drop_caches
        run ai open "$f"
        systemctl start aiguardd
        # With nobody there to write, audit mode owes no entry; but it opens.
        ends "$([ "$MODE" = enforce ] && echo 1 || echo 0)"
}

overlay() { # DIR: lower files in DIR/lower, mounted on DIR/merged
        rm -rf "$1"
        mkdir -p "$1/lower" "$1/upper" "$1/work" "$1/merged"
        cp "$MODELS/bad-31.onnx" "$1/lower/bad.onnx"
        cp "$MODELS/good-31.onnx" "$1/lower/good.onnx"
        cp "$MODELS/good-32.onnx" "$1/lower/later.onnx"
}
on_overlay() {
        overlay /work/ovl
        mount -t overlay overlay -o lowerdir=/work/ovl/lower,upperdir=/work/ovl/upper,workdir=/work/ovl/work /work/ovl/merged
        trap 'umount -l /work/ovl/merged' EXIT
        refused any model ai open /work/ovl/merged/bad.onnx
        allowed ai open /work/ovl/merged/good.onnx
        # Rewritten below: the overlay's own inode does not change.
        allowed ai open /work/ovl/merged/later.onnx
        dd if="$MODELS/bad-32.onnx" of=/work/ovl/lower/later.onnx conv=notrunc status=none
        refused any model ai open /work/ovl/merged/later.onnx
        # Copied up, then rewritten above.
        allowed ai open /work/ovl/merged/good.onnx
        dd if="$MODELS/bad-33.onnx" of=/work/ovl/merged/good.onnx conv=notrunc status=none
        refused any model ai open /work/ovl/merged/good.onnx
}
on_user_overlay() {
        overlay /work/uovl
        cat >"$T/uovl.sh" <<END
set -e
mount -t overlay overlay -o lowerdir=/work/uovl/lower,upperdir=/work/uovl/upper,workdir=/work/uovl/work /work/uovl/merged
ai() { "$PROBE" --ai "$RUNTIME" open "\$1" || r=\$?; echo "\$1 \${r:-0}"; r=0; }
ai /work/uovl/merged/bad.onnx
ai /work/uovl/merged/later.onnx
dd if=$MODELS/bad-32.onnx of=/work/uovl/lower/later.onnx conv=notrunc status=none
ai /work/uovl/merged/later.onnx
sleep $([ "$MODE" = audit ] && echo 3 || echo 0)
END
        # The mount ends with its last process, and in audit mode nobody waits until the file was found.
        mark
        run unshare --user --map-root-user --mount sh "$T/uovl.sh"
        if [ "$MODE" = audit ]; then
                ! grep -q ' 1$' "$T/out" || { echo "audit mode refused one: $out"; return 1; }
                wait_entries 2 "$ID_MODEL_AUDITED" '.AIGUARD_WOULD == "deny" and (.AIGUARD_MODEL_PATH | test("bad|later"))'
                return
        fi
        grep -q 'bad.onnx 1$' "$T/out"
        grep -q 'later.onnx 0$' "$T/out" || { echo "a harmless one was refused: $out"; return 1; }
        [ "$(tail -n 1 "$T/out")" = "/work/uovl/merged/later.onnx 1" ] || { echo "the rewritten one opened: $out"; return 1; }
}

# What was held and answered leaves nothing open in the daemon: a file system could not be unmounted.
nothing_left_open() {
        local main left
        main=$(systemctl show -P MainPID aiguardd)
        for _ in $(seq 20); do
                left=$(find "/proc/$main/fd" -printf '%l\n' | grep -E '^/(work|dev/shm|mnt|srv)/' || true)
                [ -n "$left" ] || return 0
                sleep 0.5
        done
        echo "the daemon still holds: $left"
        return 1
}
# Each hold gives back what it took of its workload's share.
quota_given_back() {
        local left
        left=$(bpftool -j map dump name ag_quota | jq -c '[.[] | select((.formatted.value // .value) | . != 0 and . != ["0x00","0x00","0x00","0x00"])]')
        [ "$left" = '[]' ] || { echo "nobody is held, and these are taken: $left"; return 1; }
}
