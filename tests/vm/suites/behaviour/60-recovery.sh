#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the ways back, for when something legitimate is refused or nothing works any more: declarations of a model,
# a workload, a sensor; the emergency, which the kernel itself ends; taking everything out.
. /work/integration/lib.sh
. /work/integration/recovery.bash

test_case "daemon-starts recovery" start_mode enforce
MODE=enforce
test_case "policy-recovery" policy recovery <<<"$RECOVERY_POLICY"
behaviour "model-declare suspect" model_declared
behaviour "model-declare identified-stays-refused" model_identified_stays
behaviour "workload-declare-not-ai" workload_not_ai
behaviour "workload-declare state-equivalent-needs-more" state_equivalent_needs_more
behaviour "sensor-declare-persons-none" sensor_no_persons
behaviour "declaration-expires" expires
behaviour "only-root-declares" not_root
behaviour "emergency-and-its-end" emergency
behaviour "emergency-of-one-workload" emergency_is_one_workloads
behaviour "emergency-with-the-daemon-dead" emergency_daemon_dead
behaviour "what-is-known-stays-when-the-daemon-dies" stays_when_daemon_dies
policy >/dev/null 2>&1
exit 0
