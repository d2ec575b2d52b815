#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs one group of tests and keeps its result lines; `run.sh --sum` adds all groups up.
#
#   run.sh DIR NAME COMMAND...   run COMMAND, show its output, keep its result lines in DIR/NAME.res
#   run.sh --sum DIR             print the failed and the skipped, and "N passed, N failed, N skipped" as the last line
#
# A result line is "ok - name", "not ok - name # reason" or "skip - name # reason". A group that exits
# non-zero without a "not ok", or that reports no test at all, counts as one failed test: silence is no success.
set -u

sum() {
        cat "$1"/*.res >"$1/all" 2>/dev/null || :
        grep '^not ok' "$1/all"
        grep '^skip' "$1/all"
        passed=$(grep -c '^ok - ' "$1/all")
        failed=$(grep -c '^not ok' "$1/all")
        skipped=$(grep -c '^skip - ' "$1/all")
        echo "$passed passed, $failed failed, $skipped skipped"
        [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

if [ "$1" = --sum ]; then
        sum "$2"
        exit $?
fi

dir=$1
name=$2
shift 2
mkdir -p "$dir"
out=$dir/$name.out
started=$(date +%s)
echo "== $name"
{
        "$@" 2>&1
        echo "exit $?" >"$dir/$name.rc"
} | tee "$out"
rc=$(sed 's/exit //' "$dir/$name.rc")

# Criterion's TAP says "ok - suite::test ..." and "skip" as a directive behind "#".
sed -nE \
        -e 's/^ok( [0-9]+)? - (.*[^ ]) *# *SKIP *(.*)$/skip - \2 # \3/p;t' \
        -e 's/^(ok|not ok)( [0-9]+)? - (.*)$/\1 - \3/p;t' \
        -e 's/^skip( [0-9]+)? - (.*)$/skip - \2/p' \
        "$out" | sed -E 's/  *\([0-9.]+s\)$//' | tr -d '\r' >"$dir/$name.res"

if [ "$rc" != 0 ] && ! grep -q '^not ok' "$dir/$name.res"; then
        echo "not ok - $name # exited with $rc" >>"$dir/$name.res"
elif ! [ -s "$dir/$name.res" ]; then
        echo "not ok - $name # reported no test" >>"$dir/$name.res"
fi
echo "== $name: $(grep -c '^ok' "$dir/$name.res") ok, $(grep -c '^not ok' "$dir/$name.res") not ok, $(($(date +%s) - started)) s"
