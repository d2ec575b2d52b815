#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: what is bounded, filled for real, with the daemon enforcing and auditing. After the others: these leave
# counters behind that say what was lost.
. /work/integration/lib.sh
. /work/integration/counters.bash
. /work/integration/full.bash

for MODE in audit enforce; do
        test_case "daemon-starts full $MODE" start_mode "$MODE"
        behaviour "event-ring-full $MODE" ring_full
        behaviour "journald-gone $MODE" journald_gone
done
behaviour "journald-stuck" journald_stuck
behaviour "hold-quota-full" quota_full
policy >/dev/null 2>&1
exit 0
