#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: `make bench-store`: what a store of many grants costs the daemon's start, with the marks. The first start
# verifies every signature, and does that in the background; each later one remembers. RECORDS= for other numbers.
set -euo pipefail
: "${BUILD:=.build}" "${RECORDS:=100000}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

value() { sed -n "s/.*\\b$1=\\([0-9]*\\).*/\\1/p" <<<"$2"; }
mark() { # name, value, mark, unit
        if [ "$2" -le "$3" ]; then
                echo "ok - bench: $1: $2 $4, mark $3"
        else
                echo "not ok - bench: $1 # $2 $4 is over the mark of $3"
                status=1
        fi
}

"$BUILD/bench/store" make "$RECORDS" "$dir/store"
first=$("$BUILD/bench/store" start "$dir/store")
later=$("$BUILD/bench/store" start "$dir/store")
printf '%-12s %12s %12s %12s %14s %12s\n' start ledger verified folded kept "peak of all"
for run in "first $first" "later $later"; do
        printf '%-12s %9s ms %9s ms %9s ms %11s KB %9s KB\n' "${run%% *}" "$(value ledger "$run")" "$(value load "$run")" \
                "$(value fold "$run")" "$(value kb "$run")" "$(value peak_kb "$run")"
done
mark "$RECORDS grants: before anything else, the ledger" "$(value ledger "$first")" 2000 ms
mark "$RECORDS grants: a later start, until all are in force" \
        $(($(value ledger "$later") + $(value load "$later") + $(value fold "$later"))) 2000 ms
mark "$RECORDS grants: memory of a process that holds them" "$(value peak_kb "$first")" 32768 KB
exit "$status"
