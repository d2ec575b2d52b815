#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the Criterion programs given. A leak aborts the test's process (ASAN_OPTIONS), so it is seen as a crash.
set -u

rc=0
export AIGUARD_SCANNER="${AIGUARD_SCANNER:-$PWD/.build/asan/aiguard-scanner}"
for program in "$@"; do
        # Criterion writes TAP to the file; what a failing test prints stays on the terminal.
        tap=$program.tap
        if ! "$program" --tap="$tap" --jobs 2 --timeout 60 >"$program.log" 2>&1; then
                rc=1
                cat "$program.log"
        fi
        grep -E '^(ok|not ok)' "$tap" | sed -E 's/^ok - (.*[^ ]) +# SKIP /skip - \1 # /'
        grep -qE '^(ok|not ok)' "$tap" || {
                echo "not ok - $(basename "$program") # no result"
                rc=1
        }
done
exit $rc
