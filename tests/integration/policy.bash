# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: a policy that changes while everything runs: reload by verb and by signal, a bad one that changes nothing,
# a rule in audit mode under an enforcing host, the sessions of a sensor, `explain`, `violations`, and the sums.
# The tests themselves, sourced by tests/vm/suites/behaviour/70-policy.sh, which lists them, and by the mutants.

generation() { status | jq -r '.policy.generation'; }

RELOAD_POLICY='aiguard: 1
mode: enforce
workloads:
  policy-desk: { match: { unit: "p-desk-*.service" }, jurisdiction: kz }'

reload_changes() {
        local before
        before=$(generation)
        policy one <<<"$RELOAD_POLICY"
        [ "$(generation)" -gt "$before" ] || { echo "the generation did not move"; return 1; }
        run as_unit p-desk-1.service "$PROBE" --ai "$RUNTIME" open "$CAMERA"
        ends 1
        mark
        run as_unit p-desk-2.service "$PROBE" --ai "$RUNTIME" open "$CAMERA"
        wait_entries 1 "$ID_SENSOR_REFUSED" '.AIGUARD_SYSTEM_ID == "policy-desk"'
}
bad_keeps_old() {
        local before hash
        before=$(generation) hash=$(status | jq -r .policy.hash)
        mark
        printf 'aiguard: 1\nmode: enforce\nrules:\n  - id: broken\n    modle_capability: emotion.face\n    action: deny\n' \
                >"$POLICY_DIR/60-test-broken.yaml"
        run aiguardctl reload
        rm -f "$POLICY_DIR/60-test-broken.yaml"
        [ "$rc" != 0 ] || { echo "a bad policy was taken"; return 1; }
        grep -q '60-test-broken.yaml:5:' "$T/out" || { echo "no place: $out"; return 1; }
        grep -q 'model_capability' "$T/out" || { echo "no hint: $out"; return 1; }
        [ "$(generation)" = "$before" ] || { echo "the generation moved"; return 1; }
        [ "$(status | jq -r .policy.hash)" = "$hash" ] || { echo "another policy is in force"; return 1; }
        run ai open "$CAMERA"
        ends 1 "the old policy"
        wait_entries 1 "$ID_POLICY_REJECTED"
}
bad_keeps_old_by_signal() {
        local hash
        hash=$(status | jq -r .policy.hash)
        mark
        echo 'aiguard: 1
aiguard: 1' >"$POLICY_DIR/60-test-broken.yaml"
        systemctl kill --signal=HUP --kill-whom=main aiguardd
        wait_entries 1 "$ID_POLICY_REJECTED"
        rm -f "$POLICY_DIR/60-test-broken.yaml"
        [ "$(status | jq -r .policy.hash)" = "$hash" ]
        status | jq -e '.policy.reload_error // .reload_error | length > 0' >/dev/null || { echo "status does not say so"; return 1; }
}
signal_reloads() {
        local before
        before=$(generation)
        systemctl kill --signal=HUP --kill-whom=main aiguardd
        wait_status '.policy.generation > $b' --argjson b "$before"
}
# One rule is only tried out: it is logged as what it would do, while the others refuse.
rule_in_audit() {
        local f
        f=$(fresh trial.onnx "$MODELS/good-05.onnx")
        policy trial <<'END'
aiguard: 1
mode: audit
workloads:
  policy-trial: { match: { unit: "p-trial-*.service" }, jurisdiction: kz }
defaults:
  undeclared_model: deny
END
        mark
        run as_unit p-trial-1.service "$PROBE" --ai "$RUNTIME" open "$f"
        ends 0 "a rule in audit mode refused"
        wait_entries 1 "$ID_MODEL_AUDITED" '.AIGUARD_WOULD == "deny" and .AIGUARD_DECISION == "audit"'
        run as_unit p-trial-2.service "$PROBE" --ai "$RUNTIME" open "$CAMERA"
        ends 1 "the host enforces"
}
no_gap() { # openers all the time while the policy flips fifteen times: not one gets through
        local i through tried
        : >"$T/gap"
        rm -f "$T/flipped"
        (until [ -e "$T/flipped" ]; do
                if "$PROBE" --ai "$RUNTIME" open "$CAMERA" >/dev/null 2>&1; then echo through; else echo refused; fi
        done >"$T/gap") &
        for i in $(seq 15); do aiguardctl reload >/dev/null; done
        : >"$T/flipped"
        wait
        through=$(grep -c through "$T/gap" || true) tried=$(wc -l <"$T/gap")
        say "$tried opens during fifteen reloads"
        [ "$tried" -ge 15 ] || { echo "only $tried opens in all that time"; return 1; }
        [ "$through" = 0 ] || { echo "$through opens got through during a reload"; return 1; }
}

sessions() {
        start_mode audit
        mark
        run ai stay 2 "$CAMERA"
        ends 0
        wait_entries 1 "$ID_SESSION_START" ".OBJECT_PID == \"$pid\""
        wait_entries 1 "$ID_SESSION_END" ".OBJECT_PID == \"$pid\" and (.AIGUARD_SESSION_MS | tonumber) >= 1500"
        [ "$(entries "$ID_SESSION_START $ID_SESSION_END" ".OBJECT_PID == \"$pid\"" | jq -r .AIGUARD_EVENT_ID | sort -u | wc -l)" = 1 ]
        start_mode enforce
}
explains() {
        "$PROBE" --ai "$RUNTIME" stay 20 /etc/hostname >/dev/null &
        sleep 2
        run aiguardctl explain $!
        kill %1 2>/dev/null || true
        grep -q 'runtime' "$T/out" && grep -q 'libonnxruntime' "$T/out" || { echo "no trait with its evidence: $out"; return 1; }
}
violations() {
        run ai open "$CAMERA"
        local p=$pid
        collect
        run aiguardctl violations --since=5m
        ends 0
        grep -q "$p" "$T/out"
        run aiguardctl violations --since=5m --json
        jq -e --arg p "$p" 'select(.OBJECT_PID == $p or .pid == ($p | tonumber) or .pid == $p)' "$T/out" >/dev/null
}
catalog() {
        mark
        run ai open "$CAMERA"
        sleep 0.5
        journal -x -n 3 | grep -qE '^(--|░░) Subject:' || { echo "no text in the catalog"; return 1; }
}
# While it starts, nobody is there to say that it is no workload; with unit matches its new cgroup is nobody's yet.
restart_is_nobodys() {
        local turn n
        policy restart <<<"$POLICY_RESTART"
        mark
        for turn in 1 2 3; do
                echo 3 >/proc/sys/vm/drop_caches
                systemctl restart aiguardd
                wait_status '.mode == "enforce"'
        done
        collect
        n=$(jq -c 'select((.AIGUARD_COMM // "") | startswith("aiguard"))' "$T/entries" | wc -l)
        [ "$n" = 0 ] || { echo "$n entries of the daemon itself: $(jq -r .MESSAGE "$T/entries" | head -n 3)"; return 1; }
        policy
}
POLICY_RESTART='aiguard: 1
mode: enforce
workloads:
  policy-restart: { match: { unit: "p-restart-*.service" }, risk: high, jurisdiction: kz }'

older_workloads() {
        systemctl stop aiguardd
        /usr/lib/aiguard/aiguardd --unpin
        "$PROBE" --ai "$RUNTIME" --timeout 90 stay 60 "$MODELS/good-06.onnx" "$CAMERA" >/dev/null &
        sleep 1
        systemctl start aiguardd
        wait_status '.mode == "enforce"'
        run aiguardctl status
        kill %1 2>/dev/null || true
        grep -qi 'restart' "$T/out" || { echo "status does not list who runs since before: $out"; return 1; }
}
