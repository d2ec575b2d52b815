#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: what the fanotify backend costs who is no AI workload, in instructions, the daemon's included: each line
# beside the same work in the same boot with nothing attached, with the least that any daemon must do, and with
# fapolicyd, where it could be fetched. The table comes back as bench.txt.
. "$VM_LIB"
. /work/integration/measure.bash

OPENS=2000
FIRST=2000
PAIRS=3
FILES=/var/tmp/first
T=/work build=/work limit=300
# shellcheck source=tests/integration/native-fapolicyd.bash
. /work/integration/native-fapolicyd.bash

make_files() {
        local i
        mkdir -p "$FILES"
        head -c $((FIRST * 3000)) /dev/urandom | split -b 3000 -a 4 - "$FILES/f"
        sync
        for i in "$FILES"/*; do [ -s "$i" ] || return 1; done
}
first() { "$BENCH" first $FIRST "$FILES" | value mean; }
known() { "$BENCH" open 10 /var/tmp/plain.txt >/dev/null && "$BENCH" open $OPENS /var/tmp/plain.txt | value min; }
measure_least() {
        coproc least { /work/tests/responder /; }
        read -r -u "${least[0]}" _
        first_least+=($(($(first) - bare_first)))
        eval "exec ${least[1]}>&-"
        wait
}
measure_fapolicyd() {
        [ -x "$fapolicyd_dir/usr/sbin/fapolicyd" ] || return 0
        if fapolicyd_start; then
                settle
                known_fapolicyd+=($(($(known) - bare_known))) first_fapolicyd+=($(($(first) - bare_first)))
        else
                fail fapolicyd "it is here and does not start: $(tail -n 1 "$T/fapolicyd.log")"
        fi
        fapolicyd_stop
}
line() { printf '%-64s %10s %+12d %10s\n' "$@"; }

install_project fanotify || { fail install "the project cannot be installed"; exit 1; }
make_files || { fail files "they cannot be made"; exit 1; }
echo 'nothing of interest, and more than a few bytes of it, so that it could be something' >/var/tmp/plain.txt
settle
first >/dev/null
for pair in $(seq $PAIRS); do
        bare_known=$(known) bare_first=$(first)
        measure_least
        measure_fapolicyd
        attach || { fail attach "the daemon does not start"; exit 1; }
        settle
        first_over+=($(($(first) - bare_first))) known_over+=($(($(known) - bare_known)))
        note "pair $pair: known $bare_known bare, ${known_over[-1]} over; first $bare_first bare, ${first_over[-1]} over"
        detach || { fail detach "something stays pinned"; exit 1; }
        sleep 2
done

known=$(median "${known_over[@]}") first=$(median "${first_over[@]}")
{
        printf 'kernel %s, backend fanotify, instructions, %s pairs\n' "$(uname -r)" "$PAIRS"
        printf '%-64s %10s %12s %10s\n' what bare measured mark
        line 'open and close of a known clean file' "$bare_known" "$known" "$((bare_known / 5))"
        line 'first open and close of a file, by who is no AI workload' "$bare_first" "$first" fapolicyd
        line 'the same, a minimal responder that always says yes' "$bare_first" "$(median "${first_least[@]}")" -
        if [ ${#first_fapolicyd[@]} -gt 0 ]; then
                line 'the same, fapolicyd with one rule that allows everything' "$bare_first" "$(median "${first_fapolicyd[@]}")" -
                line 'open and close of a file fapolicyd knows' "$bare_known" "$(median "${known_fapolicyd[@]}")" -
        fi
} | tee "$OUT/bench.txt"
while read -r text; do note "$text"; done <"$OUT/bench.txt"
mark "fanotify-known-file-in-instructions" "$known" $((bare_known / 5))
if [ ${#first_fapolicyd[@]} -gt 0 ]; then
        mark "fanotify-first-open-in-instructions" "$first" "$(median "${first_fapolicyd[@]}")"
else
        skip "fanotify-first-open-in-instructions" "fapolicyd is not here to be measured beside it"
fi
