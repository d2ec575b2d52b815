# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the ways back, for when something legitimate is refused or nothing works any more: declarations of a model,
# a workload, a sensor; the emergency, which the kernel itself ends; taking everything out.
# The tests themselves, sourced by tests/vm/suites/behaviour/60-recovery.sh, which lists them, and by the mutants.

UNTIL='--for 1d'

# A model that is only suspect: root's word is enough.
RECOVERY_POLICY='aiguard: 1
mode: enforce
workloads:
  recovery-high: { match: { unit: "r-high-*.service" }, risk: high, jurisdiction: kz }
  recovery-state: { match: { unit: "r-state-*.service" }, state_equivalent: true, jurisdiction: kz }
  recovery-reader: { match: { unit: "r-reader-*.service" }, jurisdiction: kz }'

# camera NAME: a node of its own for the camera; prints its path.
camera() {
        camera_node "/root/$1-$MODE"
        echo "/root/$1-$MODE"
}
# Of models, `list` alone is the inventory.
newest() {
        local -a which=()
        [ "$1" != model ] || which=(--declared)
        aiguardctl "$1" list "${which[@]}" --json | jq -r ".. | .id? // empty" | head -n 1
}
# ended SECONDS PATH COMMAND...: the camera is refused again, ten seconds from now at the latest. In audit mode it always
# opens and only the entry can tell: so the seconds are waited for.
ended() {
        local seconds=$1 path=$2
        shift 2
        if [ "$MODE" = audit ]; then
                sleep "$seconds"
        else
                for _ in $(seq 20); do
                        run "$@"
                        [ "$rc" = 0 ] || break
                        sleep 0.5
                done
        fi
        SAID='(.AIGUARD_REASONS // "") | test("emergency") | not' refused "$path" sensor "$@"
}

# What the entry says while the emergency lasts. In audit mode there is nothing that it had to lift.
lifted() { [ "$MODE" = audit ] || echo '.AIGUARD_REASONS // "" | test("emergency")'; }

model_declared() {
        local f
        [ -n "$CORPUS" ] || { echo "no corpus on this machine"; return 77; }
        f=$(fresh "declared-$MODE.onnx" "$CORPUS/negative/hard-7class-skin/garbage_48x48_7_nolabels.onnx")
        aiguardctl scan --json "$f" | jq -e '.status == "suspect"' >/dev/null || { echo "this one is not suspect"; return 77; }
        WHEN="before the declaration" refused_unit r-high-a "$f" model open "$f"
        # shellcheck disable=SC2086
        aiguardctl model declare "$f" --as none --reason "sorts skin images" $UNTIL
        aiguardctl model list --declared | grep -q "sorts skin images"
        aiguardctl model list --json | jq -e --arg f "$f" 'map(select(.path == $f)) | .[0] |
                .status == "suspect" and .format == "onnx" and .last_used != null and (.workloads | length) > 0' >/dev/null ||
                { echo "the inventory does not know the model"; aiguardctl model list | head -20; return 1; }
        aiguardctl model list | grep -F -- "$f" | grep -q suspect
        WHEN="declared" allowed_unit r-high-b open "$f"
        # The word is about these bytes: other bytes under the same name are not meant.
        cat "$MODELS/bad-06.onnx" >"$f"
        WHEN="rewritten after the declaration" refused_unit r-high-c "$f" model open "$f"
        aiguardctl model revoke "$(newest model)"
}
model_identified_stays() {
        local f
        f=$(fresh "declared-bad-$MODE.onnx" "$MODELS/bad-07.onnx")
        # shellcheck disable=SC2086
        aiguardctl model declare "$f" --as none --reason "it is harmless, really" $UNTIL || true
        WHEN="identified, and declared by root alone" refused "$f" model ai open "$f"
        aiguardctl model revoke "$(newest model)" || true
}
workload_not_ai() {
        local node
        node=$(camera reader)
        WHEN="before the declaration" refused_unit r-reader-a "$node" sensor open "$node"
        # shellcheck disable=SC2086
        aiguardctl workload declare recovery-reader --not-ai --reason "reads tickets" $UNTIL
        aiguardctl workload list | grep -q "reads tickets"
        WHEN="declared" allowed_unit r-reader-b open "$node"
        aiguardctl workload revoke "$(newest workload)"
        WHEN="revoked" refused_unit r-reader-c "$node" sensor open "$node"
}
state_equivalent_needs_more() {
        local node
        node=$(camera state)
        # shellcheck disable=SC2086
        fails aiguardctl workload declare recovery-state --not-ai --reason "no" $UNTIL
        refused_unit r-state-a "$node" sensor open "$node"
}
sensor_no_persons() {
        local node
        node=$(camera conveyor)
        # shellcheck disable=SC2086
        aiguardctl sensor declare "$CAMERA" --persons none --reason "over the conveyor" $UNTIL
        aiguardctl sensor list | grep -q "over the conveyor"
        WHEN="declared to see no persons" allowed ai open "$node"
        aiguardctl sensor revoke "$(newest sensor)"
        WHEN="revoked" refused "$node" sensor ai open "$node"
}
expires() {
        local node
        node=$(camera expires)
        aiguardctl sensor declare "$CAMERA" --persons none --reason "for a moment" --for 4s
        run ai open "$node"
        ends 0 "declared"
        WHEN="after its end" ended 5 "$node" ai open "$node"
}
not_root() {
        local node
        node=$(camera not-root)
        fails runuser -u tester -- aiguardctl sensor declare "$CAMERA" --persons none --reason "mine" --for 1d
        fails runuser -u tester -- aiguardctl emergency --workload undeclared-ai --for 1m --reason "mine"
        WHEN="nobody but root" refused "$node" sensor ai open "$node"
}

emergency() {
        local node
        node=$(camera emergency)
        mark
        aiguardctl emergency --workload undeclared-ai --for 5s --reason "the test needs it"
        run ai open "$node"
        ends 0 "during the emergency"
        wait_entries 1 "$ID_SENSOR_AUDITED" "$(lifted)"
        wait_entries 1 "$ID_EMERGENCY_BEGUN" '.PRIORITY == "1"'
        WHEN="after its end" ended 4 "$node" ai open "$node"
}
emergency_is_one_workloads() {
        local node
        node=$(camera one)
        aiguardctl emergency --workload recovery-high --for 1m --reason "only that one"
        trap 'aiguardctl emergency --workload recovery-high --off >/dev/null 2>&1 || true' EXIT
        WHEN="another workload" SAID='(.AIGUARD_REASONS // "") | test("emergency") | not' refused "$node" sensor ai open "$node"
        mark
        run as_unit r-high-emergency.service "$PROBE" --ai "$RUNTIME" open "$node"
        ends 0 "that workload"
        wait_entries 1 "$ID_SENSOR_AUDITED" "$(lifted)"
        aiguardctl emergency --workload recovery-high --off
        WHEN="ended early" SAID='(.AIGUARD_REASONS // "") | test("emergency") | not' \
                refused_unit r-high-over "$node" sensor open "$node"
}
# The glass can be broken with nobody at home, and it mends itself. These two enforced only: in audit mode nothing is
# refused, and with the daemon dead nobody writes an entry.
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
