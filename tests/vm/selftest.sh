#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: proves that the harness can fail: each selftest suite must end as listed here. Run by `make vm-selftest`.
set -u
here=$(cd "$(dirname "$0")" && pwd)
kernel=${KERNEL:-6.1}
passed=0 failed=0

expect() { # suite, exit status, last line
        local output status
        output=$("$here/run.sh" --suite "$1" --kernel "$kernel" 2>&1)
        status=$?
        if [ "$status" = "$2" ] && [ "$(tail -n 1 <<<"$output")" = "$3" ]; then
                echo "ok - $1 ends with $2 and '$3'"
                passed=$((passed + 1))
        else
                echo "not ok - $1 # expected $2 and '$3', but it was $status and:"
                printf '%s\n' "$output" | sed 's/^/    /'
                failed=$((failed + 1))
        fi
}

expect selftest-fail 1 "4 passed, 8 failed, 1 skipped"
expect selftest-hang 3 "0 passed, 1 failed, 0 skipped"
expect selftest-panic 3 "1 passed, 1 failed, 0 skipped"
expect selftest-empty 1 "0 passed, 0 failed, 0 skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
