# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the ways back, for when something legitimate is refused or nothing works any more: declarations of a model,
# a workload, a sensor; the emergency, which the kernel itself ends; taking everything out.
# The tests themselves, sourced by tests/vm/suites/behaviour/60-recovery.sh, which lists them, and by the mutants.

UNTIL='--for 1d'
declared_id() { aiguardctl "$1" list --json | jq -r '.[-1].id // .id' | tail -n 1; }

# A model that is only suspect: root's word is enough.
RECOVERY_POLICY='aiguard: 1
mode: enforce
workloads:
  recovery-high: { match: { unit: "r-high-*.service" }, risk: high, jurisdiction: kz }
  recovery-state: { match: { unit: "r-state-*.service" }, state_equivalent: true, jurisdiction: kz }
  recovery-reader: { match: { unit: "r-reader-*.service" }, jurisdiction: kz }'

open_as() { run as_unit "r-$1.service" "$PROBE" --ai "$RUNTIME" open "$2"; }

model_declared() {
        local f
        [ -n "$CORPUS" ] || { echo "no corpus on this machine"; return 77; }
        f=$(fresh declared.onnx "$CORPUS/negative/hard-7class-skin/garbage_48x48_7_nolabels.onnx")
        aiguardctl scan --json "$f" | jq -e '.status == "suspect"' >/dev/null || { echo "this one is not suspect"; return 77; }
        open_as high-a "$f"
        ends 1 "before the declaration"
        # shellcheck disable=SC2086
        aiguardctl model declare "$f" --as none --reason "sorts skin images" $UNTIL
        aiguardctl model list | grep -q "sorts skin images"
        open_as high-b "$f"
        ends 0 "declared"
        # The word is about these bytes: other bytes under the same name are not meant.
        cat "$MODELS/bad-06.onnx" >"$f"
        open_as high-c "$f"
        ends 1 "rewritten after the declaration"
}
model_identified_stays() {
        local f
        f=$(fresh declared-bad.onnx "$MODELS/bad-07.onnx")
        # shellcheck disable=SC2086
        aiguardctl model declare "$f" --as none --reason "it is harmless, really" $UNTIL || true
        run ai open "$f"
        ends 1 "identified, and declared by root alone"
}
workload_not_ai() {
        open_as reader-a "$CAMERA"
        ends 1 "before the declaration"
        # shellcheck disable=SC2086
        aiguardctl workload declare recovery-reader --not-ai --reason "reads tickets" $UNTIL
        aiguardctl workload list | grep -q "reads tickets"
        open_as reader-b "$CAMERA"
        ends 0 "declared"
        aiguardctl workload revoke "$(aiguardctl workload list --json | jq -r '.. | .id? // empty' | head -n 1)"
        open_as reader-c "$CAMERA"
        ends 1 "revoked"
}
state_equivalent_needs_more() {
        # shellcheck disable=SC2086
        fails aiguardctl workload declare recovery-state --not-ai --reason "no" $UNTIL
        open_as state-a "$CAMERA"
        ends 1 "a state-equivalent workload"
}
sensor_no_persons() {
        # shellcheck disable=SC2086
        aiguardctl sensor declare "$CAMERA" --persons none --reason "over the conveyor" $UNTIL
        aiguardctl sensor list | grep -q "over the conveyor"
        run ai open "$CAMERA"
        ends 0 "declared to see no persons"
        aiguardctl sensor revoke "$(aiguardctl sensor list --json | jq -r '.. | .id? // empty' | head -n 1)"
        run ai open "$CAMERA"
        ends 1 "revoked"
}
expires() {
        aiguardctl sensor declare "$CAMERA" --persons none --reason "for a moment" --for 4s
        run ai open "$CAMERA"
        ends 0 "declared"
        sleep 6
        run ai open "$CAMERA"
        ends 1 "after its end"
}
not_root() {
        fails runuser -u tester -- aiguardctl sensor declare "$CAMERA" --persons none --reason "mine" --for 1d
        fails runuser -u tester -- aiguardctl emergency --workload undeclared-ai --for 1m --reason "mine"
        run ai open "$CAMERA"
        ends 1 "nobody but root"
}

emergency() {
        mark
        aiguardctl emergency --workload undeclared-ai --for 5s --reason "the test needs it"
        run ai open "$CAMERA"
        ends 0 "during the emergency"
        wait_entries 1 "$ID_SENSOR_AUDITED" '.AIGUARD_REASONS | test("emergency")'
        wait_entries 1 "$ID_EMERGENCY_BEGUN" '.PRIORITY == "1"'
        sleep 5
        run ai open "$CAMERA"
        ends 1 "after its end"
}
emergency_is_one_workloads() {
        aiguardctl emergency --workload recovery-high --for 1m --reason "only that one"
        run ai open "$CAMERA"
        ends 1 "another workload"
        open_as high-emergency "$CAMERA"
        ends 0 "that workload"
        aiguardctl emergency --workload recovery-high --off
        open_as high-over "$CAMERA"
        ends 1 "ended early"
}
# The glass can be broken with nobody at home, and it mends itself.
emergency_daemon_dead() {
        systemctl stop aiguardd
        run ai open "$CAMERA"
        ends 1 "daemon dead" || { systemctl start aiguardd; return 1; }
        aiguardctl emergency --workload undeclared-ai --for 5s --reason "nobody at home"
        run ai open "$CAMERA"
        local during=$rc
        sleep 5
        run ai open "$CAMERA"
        systemctl start aiguardd
        [ "$during" = 0 ] || { echo "had no effect"; return 1; }
        ends 1 "after its end, with the daemon still dead"
}
stays_when_daemon_dies() {
        local f
        f=$(fresh stays.onnx "$MODELS/bad-08.onnx")
        run ai open "$f"
        systemctl kill --signal=KILL --kill-whom=main aiguardd
        run ai open "$f"
        ends 1 "a known model, daemon dead"
        run ai open "$CAMERA"
        ends 1 "the camera, daemon dead"
        wait_status '.mode == "enforce"'
}
