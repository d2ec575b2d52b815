#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: a policy that changes while everything runs: reload by verb and by signal, a bad one that changes nothing,
# a rule in audit mode under an enforcing host, the sessions of a sensor, `explain`, `violations`, and the sums.
. /work/integration/lib.sh
. /work/integration/counters.bash
. /work/integration/policy.bash

test_case "daemon-starts policy" start_mode enforce
MODE=enforce
behaviour "reload-changes-the-policy" reload_changes
behaviour "bad-policy-keeps-the-old-one" bad_keeps_old
behaviour "bad-policy-keeps-the-old-one SIGHUP" bad_keeps_old_by_signal
behaviour "SIGHUP-reloads" signal_reloads
behaviour "rule-in-audit-under-an-enforcing-host" rule_in_audit
behaviour "no-gap-while-reloading" no_gap
behaviour "sensor-session-start-and-end" sessions
behaviour "explain-names-traits-and-evidence" explains
behaviour "violations" violations
behaviour "journal-catalog" catalog
behaviour "one-refusal-counts-once" one_refusal_counts_once
behaviour "counters-add-up" counters_add_up
behaviour "restart-is-nobody's-workload" restart_is_nobodys
behaviour "status-lists-older-workloads" older_workloads
policy >/dev/null 2>&1
exit 0
