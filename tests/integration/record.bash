# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A record of somebody's consent, for the suites that need one, and what the clinic is refused without it.
uuid() { cat /proc/sys/kernel/random/uuid; }
utc() { date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ; }

# consent_json ID PERSON SECONDS: to the clinic, for its first camera, from a minute ago; given now.
consent_json() {
        jq -n --arg id "$1" --arg person "$(printf '%s' "$2" | sha256sum | cut -c1-64)" --arg from "$(utc -60)" \
                --arg until "$(utc "$3")" --arg given "$(utc 0)" '{conforms_to: "https://w3id.org/dpv/schema/dpv-27560#record",
                record_id: $id, jurisdiction: "KZ", language: "kk",
                operator: {name: "Clinic", bin: "123456789012", address: "Astana", contact: "dpo@clinic.kz"},
                principal: {id: ("sha256:" + $person), full_name_ref: "vault://1"}, notice: {uri: "https://clinic.kz/n"},
                purposes: ["emotion_recognition"], data: ["FacialExpression"], lawful_basis: "ExplicitlyExpressedConsent",
                third_parties: {allowed: false}, cross_border: {allowed: false}, publication: false,
                storage: {locations: ["KZ"], retention: "P30D"}, valid: {from: $from, until: $until},
                events: [{state: "ConsentGiven", time: $given, by: "principal"}], withdrawal: {uri: "https://clinic.kz/w"},
                binding: {system_id: "clinic", context: "other", model_capabilities: ["emotion.face"],
                        devices: ["camera:video0"], subject_scope: "single"}}'
}

# The end of a policy that says who the clinic is: sensors are closed to it until somebody has consented.
# shellcheck disable=SC2034 # for the suites
CLINIC_RULES="rules:
  - id: kz-17-3-4-sensors
    law: KZ-AI-17-3-4
    sensor: [camera, microphone]
    workloads: { jurisdiction: kz }
    unless: [consent, exception]
    action: deny"
