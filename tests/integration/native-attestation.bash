# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: attestations on the machine that builds: the program itself is the workload of high risk. Sourced by native.sh,
# whose daemon runs.

# attest SECONDS ITEM...: leaves its id in $attestation.
attest() {
        local now
        now=$(date +%s)
        attestation=$(cat /proc/sys/kernel/random/uuid)
        jq -n --arg id "$attestation" --arg from "$(date -u -d "@$((now - 60))" +%FT%TZ)" \
                --arg until "$(date -u -d "@$((now + $1))" +%FT%TZ)" '{record_id: $id, jurisdiction: "KZ", owner: {name: "Clinic"},
                issued: $from, valid: {from: $from, until: $until}, binding: {system_id: "att-high", context: "other"},
                items: [$ARGS.positional[] | {law: ("KZ-AI-17-3-" + .), present: false, statement: "There is none."}]}' \
                --args "${@:2}" >"$T/attestation.json"
        "$build/aiguardctl" consent sign "$T/attestation.json" --kind=attestation --key="$T/attests.pem" \
                --out="$T/attestation.dsse" && "$build/aiguardctl" consent import "$T/attestation.dsse" >/dev/null
}
missing_is() { # JSON: the workloads that status lists
        [ "$(status | jq -c '[.attestations.missing[].workload]')" = "$1" ] || { status | jq -c .attestations; return 1; }
}
explain_says_what_is_missing() {
        "$P" --ai "$RUNTIME" stay 5 /etc/hostname >/dev/null &
        sleep 1
        "$build/aiguardctl" explain $! >"$T/explain"
        kill $!
        grep -q "missing: rule kz-attestation-missing" "$T/explain" && grep -q "KZ-AI-17-3-7" "$T/explain" || { cat "$T/explain"; return 1; }
}
waits_until_missing() {
        for _ in $(seq 40); do
                missing_is '["att-high"]' >/dev/null && return 0
                sleep 0.25
        done
        missing_is '["att-high"]'
}
attestations() {
        local first good=$M/models/good-0
        mkdir -p /etc/aiguard/trust.d
        (cd "$T" && "$build/aiguardctl" consent keygen attests --workloads='att-*' --capabilities=none --grants=attestation \
                --until=2095-01-01 >/dev/null)
        install -m 644 "$T/attests.key" /etc/aiguard/trust.d/
        cp "$top/policies/kz-attestation.yaml" /etc/aiguard/policy.d/49-attestation.yaml
        printf 'aiguard: 1\nworkloads:\n  att-high: { match: { exe: "%s" }, risk: high, state_equivalent: false, jurisdiction: kz }\n' \
                "$P" >/etc/aiguard/policy.d/50-attestation.yaml
        check "attestation: the policy" "$build/aiguardctl" reload
        check "attestation: refused without" gives EPERM ai open "${good}1.onnx"
        check "attestation: the camera as well" gives EPERM ai open "$M/camera"
        check "attestation: status lists it" missing_is '["att-high"]'
        check "attestation: explain says what is missing" explain_says_what_is_missing
        # Not by check: its id has to be known out here.
        if attest 3600 1 2 3; then pass "attestation: three items"; else fail "attestation: three items" "see above"; fi
        first=$attestation
        check "attestation: refused with three of four" gives EPERM ai open "${good}2.onnx"
        check "attestation: the fourth, for a moment" attest 6 7
        check "attestation: opens with all four" gives ok ai open "${good}3.onnx"
        check "attestation: status lists nobody" missing_is '[]'
        check "attestation: one ends by itself" waits_until_missing
        check "attestation: refused after that" gives EPERM ai open "${good}4.onnx"
        check "attestation: the fourth again" attest 3600 7
        check "attestation: opens again" gives ok ai open "${good}5.onnx"
        check "attestation: withdrawn" "$build/aiguardctl" consent withdraw "$first"
        check "attestation: refused after that as well" gives EPERM ai open "${good}6.onnx"
        rm -f /etc/aiguard/policy.d/*-attestation.yaml /etc/aiguard/trust.d/attests.key
        check "attestation: the policy before" "$build/aiguardctl" reload
}
