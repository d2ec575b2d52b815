# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: a workload of high risk and its owner's attestation: refused without, let go on with all of its items, refused
# again when it is withdrawn or over. Listed in tests/vm/suites/behaviour/46-attestation.sh.

WITHOUT='.AIGUARD_RULE == "kz-attestation-missing" and .AIGUARD_LAW == "KZ-AI-17-3"'
attestation_begin() {
        local key=/etc/aiguard/trust.d/attests.key
        mkdir -p "${key%/*}"
        (cd "$T" && rm -f attests.* && aiguardctl consent keygen attests --workloads='att-*' --capabilities=none \
                --grants=attestation --until=2095-01-01 >/dev/null) || return 1
        install -m 644 "$T/attests.key" $key
        ln -sf /usr/share/aiguard/policies/kz-attestation.yaml "$POLICY_DIR/49-test-attestation.yaml"
        cat >"$POLICY_DIR/50-test-attestation.yaml" <<'END'
aiguard: 1
workloads:
  att-high: { match: { unit: "att-high-*.service" }, risk: high, jurisdiction: kz }
  att-medium: { match: { unit: "att-medium-*.service" }, risk: medium, jurisdiction: kz }
END
        aiguardctl reload
}
attestation_end() {
        rm -f /etc/aiguard/trust.d/attests.key "$POLICY_DIR"/*-test-attestation.yaml
        aiguardctl reload
}
# attest SECONDS ITEM...: imports one and leaves its id in $id.
attest() {
        local seconds=$1 now
        shift
        id=$(cat /proc/sys/kernel/random/uuid)
        now=$(date +%s)
        jq -n --arg id "$id" --arg now "$(date -u -d "@$((now - 60))" +%FT%TZ)" --arg until "$(date -u -d "@$((now + seconds))" +%FT%TZ)" \
                '{record_id: $id, jurisdiction: "KZ", owner: {name: "Clinic"}, issued: $now, valid: {from: $now, until: $until},
                binding: {system_id: "att-high", context: "other"},
                items: [$ARGS.positional[] | {law: ("KZ-AI-17-3-" + .), present: false, statement: "There is none."}]}' \
                --args "$@" >"$T/attestation.json"
        aiguardctl consent sign "$T/attestation.json" --kind=attestation --key="$T/attests.pem" --out="$T/attestation.dsse" || return 1
        aiguardctl consent import "$T/attestation.dsse"
}
attestation_refuses() {
        local file
        file=$(fresh "att-$MODE-$1.onnx" "$MODELS/good-0$1.onnx")
        UNREAD=yes SAID=$WITHOUT refused_unit "att-high-$MODE" "$file" model open "$file"
}
attestation_opens() { # WHO NUMBER
        local file
        file=$(fresh "att-$MODE-$1-$2.onnx" "$MODELS/good-0$2.onnx")
        mark
        run as_unit "att-$1-$MODE.service" "$PROBE" --ai "$RUNTIME" open "$file"
        ends 0 "$1" || return 1
        wait_entries 0 "$REFUSED $AUDITED" '.AIGUARD_WOULD == "deny"'
}
missing_is_told() {
        status | jq -e '[.attestations.missing[] | select(.workload == "att-high" and .rule == "kz-attestation-missing")
                | .items | length] == [4]' >/dev/null || { echo "status does not say so"; status | jq -c .attestations; return 1; }
        run aiguardctl status
        grep -q "of att-high: missing, rule kz-attestation-missing" "$T/out"
}
refused_without() {
        attestation_refuses 1 && attestation_opens medium 1 && missing_is_told
}
lifted_by_all_items() {
        attest 3600 1 2 3 && first=$id || return 1
        WHEN="three items" attestation_refuses 2 || return 1
        attest 3600 7 || return 1
        attestation_opens high 3 || return 1
        status | jq -e '.attestations.items == 4 and .attestations.missing == []' >/dev/null || { status | jq -c .attestations; return 1; }
        aiguardctl consent withdraw "$first" || return 1
        WHEN=withdrawn attestation_refuses 4 || return 1
        aiguardctl consent withdraw "$id"
}
ends_by_itself() {
        attest 6 1 2 3 7 || return 1
        attestation_opens high 5 || return 1
        wait_status '[.attestations.missing[].workload] == ["att-high"]' || return 1
        WHEN=over attestation_refuses 6
}
