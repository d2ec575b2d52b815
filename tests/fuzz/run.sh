#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs fuzz targets: `run.sh replay TARGET...` each seed once, `run.sh run SECONDS TARGET...` with new inputs.
# What a run finds stays below .build/fuzz/; only what was looked at by a person goes into tests/fuzz/corpus/.
set -u

mode=$1
shift
seconds=0
if [ "$mode" = run ]; then
        seconds=$1
        shift
fi
rc=0
for target in "$@"; do
        name=$(basename "$target" | sed 's/^fuzz_//')
        seeds=tests/fuzz/corpus/$name
        work=$target.work
        log=$target.log
        mkdir -p "$work"
        if [ ! -d "$seeds" ] || [ -z "$(ls "$seeds")" ]; then
                echo "not ok - fuzz-$mode $name # no seeds in $seeds"
                rc=1
                continue
        fi
        if [ "$mode" = replay ]; then
                "$target" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$work/" "$seeds"/* >"$log" 2>&1
        else
                "$target" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -max_total_time="$seconds" \
                        -artifact_prefix="$work/crash-" "$work" "$seeds" >"$log" 2>&1
        fi
        if [ $? -eq 0 ]; then
                echo "ok - fuzz-$mode $name"
        else
                tail -30 "$log"
                echo "not ok - fuzz-$mode $name # see $log and $work"
                rc=1
        fi
done
exit $rc
