#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the ways back, for when something legitimate is refused or nothing works any more: declarations of a model,
# a workload, a sensor; the emergency, which the kernel itself ends; taking everything out.
. /work/integration/lib.sh
. /work/integration/recovery.bash

for MODE in audit enforce; do
        test_case "daemon-starts recovery $MODE" start_mode "$MODE"
        test_case "policy-recovery $MODE" policy recovery <<<"$RECOVERY_POLICY"
        behaviour "model-declare suspect $MODE" model_declared
        behaviour "model-declare identified-stays-refused $MODE" model_identified_stays
        behaviour "workload-declare-not-ai $MODE" workload_not_ai
        behaviour "workload-declare state-equivalent-needs-more $MODE" state_equivalent_needs_more
        behaviour "sensor-declare-persons-none $MODE" sensor_no_persons
        behaviour "declaration-expires $MODE" expires
        behaviour "only-root-declares $MODE" not_root
        behaviour "emergency-and-its-end $MODE" emergency
        behaviour "emergency-of-one-workload $MODE" emergency_is_one_workloads
done
behaviour "emergency-with-the-daemon-dead" emergency_daemon_dead
behaviour "what-is-known-stays-when-the-daemon-dies" stays_when_daemon_dies
policy >/dev/null 2>&1
exit 0
