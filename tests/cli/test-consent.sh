#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# aiguardctl consent without a daemon: keys, signatures of this and of another tool, the store, and each kind of bad input.
. "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$out" "$err" "$work"' EXIT
mkdir -p "$work/trust"
ctl() { # EXIT NAME ARGUMENT...: quiet on success
        call "$@"
}
good() { # NAME ARGUMENT...
        name=$1
        call 0 "$@" && echo "ok - cli: consent: $name"
}
refused() { # CODE ARGUMENT...
        code=$1
        shift
        call 1 "consent: $code" consent "$@" || return
        if grep -qF "($code" "$err"; then echo "ok - cli: consent: $code"; else
                cat "$err"
                fail "consent: $code" "not its reason"
        fi
}

python3 - "$work" <<'PY'
import json, sys
w = sys.argv[1]
d = "0123456789abcdef" * 4
record = {
    "conforms_to": "https://w3id.org/dpv/schema/dpv-27560#record", "record_id": "a6f58318-72e6-4a2b-bfd7-f36d795e30cd",
    "jurisdiction": "KZ", "language": "kk",
    "operator": {"name": "Clinic", "bin": "123456789012", "address": "Astana", "contact": "dpo@clinic.kz"},
    "principal": {"id": "sha256:" + d, "full_name_ref": "vault://1"}, "notice": {"uri": "https://clinic.kz/n"},
    "purposes": ["emotion_recognition"], "data": ["FacialExpression"], "lawful_basis": "ExplicitlyExpressedConsent",
    "third_parties": {"allowed": False}, "cross_border": {"allowed": False}, "publication": False,
    "storage": {"locations": ["KZ"], "retention": "P30D"},
    "valid": {"from": "2026-02-01T00:00:00Z", "until": "2096-08-01T00:00:00Z"},
    "events": [{"state": "ConsentGiven", "time": "2026-02-01T00:00:00Z", "by": "principal"}],
    "withdrawal": {"uri": "https://clinic.kz/w"},
    "binding": {"system_id": "clinic", "context": "other", "model_capabilities": ["emotion.face"],
                "devices": ["camera:video0"], "subject_scope": "single"}}
def put(name, **changes):
    r = json.loads(json.dumps(record))
    for k, v in changes.items():
        o, *rest = k.split("__")
        if rest: r[o][rest[0]] = v
        else: r[o] = v
    json.dump(r, open(f"{w}/{name}.json", "w"), indent=2, ensure_ascii=False)
put("good")
put("nobin", operator__bin=None)
put("public", binding__subject_scope="public")
put("endless", valid__until="EndlessDuration")
put("reversed", valid__until="2025-01-01T00:00:00Z")
put("late", record_id="b6f58318-72e6-4a2b-bfd7-f36d795e30cd", valid__until="2026-03-01T00:00:00Z")
put("other", record_id="c6f58318-72e6-4a2b-bfd7-f36d795e30cd", binding__system_id="prison")
attestation = {
    "record_id": "f6f58318-72e6-4a2b-bfd7-f36d795e30cd", "jurisdiction": "KZ", "owner": {"name": "Clinic"},
    "issued": "2026-02-01T00:00:00Z", "valid": record["valid"], "binding": {"system_id": "clinic", "context": "other"},
    "items": [{"law": f"KZ-AI-17-3-{n}", "present": False, "statement": "There is none."} for n in (1, 2, 3, 7)]}
json.dump(attestation, open(f"{w}/attestation.json", "w"))
attestation["items"][2]["present"] = True
json.dump(attestation, open(f"{w}/admits.json", "w"))
open(f"{w}/deep.json", "w").write('{"a":' + "[" * 100 + "]" * 100 + "}")
open(f"{w}/twice.json", "w").write('{"a":1,"a":2}')
open(f"{w}/latin.json", "wb").write(b'{"a":"\xff"}')
open(f"{w}/big.json", "w").write(" " * (1 << 20) + "{}")
open(f"{w}/cut.json", "w").write(open(f"{w}/good.json").read()[:200])
PY

good keygen consent keygen "$work/site" --workloads='clin*' --capabilities='emotion.* camera' --until=2095-01-01
[ "$(stat -c %a "$work/site.pem")" = 600 ] && echo "ok - cli: consent: the secret is its owner's" || fail "consent: secret" "mode"
says 1 "consent: keygen overwrites nothing" "File exists" consent keygen "$work/site" --workloads=a --capabilities=a --until=2095-01-01
says 2 "consent: keygen without scope" "--workloads=" consent keygen "$work/x"
cp "$work/site.key" "$work/trust/"
t=--trust=$work/trust
s=--store=$work/store

sign() { # NAME
        call 0 "consent: sign $1" consent sign "$work/$1.json" --key="$work/site.pem" --out="$work/$1.dsse"
}
sign good && sign late && sign other
good "verify" consent verify "$work/good.dsse" "$t"
says 2 "consent: sign without a key" "--key" consent sign "$work/good.json"
for bad in nobin:consent_incomplete:operator.bin public:scope_public:binding.subject_scope endless:endless_duration:valid.until \
        reversed:time_reversed:valid.until deep:too_deep twice:duplicate_key latin:not_utf8 big:too_large cut:truncated; do
        refused "${bad#*:}" sign "$work/${bad%%:*}.json" --key="$work/site.pem"
        refused "$(echo "${bad#*:}" | sed -n 's/^\(too_deep\|duplicate_key\|not_utf8\|too_large\|truncated\).*/\1/p;t;s/.*/unsigned/p')" \
                verify "$work/${bad%%:*}.json" "$t"
done
refused expired verify "$work/late.dsse" "$t"
refused key_scope:prison verify "$work/other.dsse" "$t"
refused key_unknown verify "$work/good.dsse" --trust="$work/nowhere"

# an attestation: by a key that may, and of what is not there
refused bad_value:items.present sign "$work/admits.json" --kind=attestation --key="$work/site.pem"
good "sign an attestation" consent sign "$work/attestation.json" --kind=attestation --key="$work/site.pem" --out="$work/attestation.dsse"
refused key_scope:attestation verify "$work/attestation.dsse" "$t"
good "keygen for attestations" consent keygen "$work/owner" --workloads=clinic --capabilities=none --grants=attestation --until=2095-01-01
mkdir "$work/owners" && cp "$work/owner.key" "$work/owners/"
good "sign as the owner" consent sign "$work/attestation.json" --kind=attestation --key="$work/owner.pem" --out="$work/attestation.dsse"
good "verify an attestation" consent verify "$work/attestation.dsse" --trust="$work/owners"

# another implementation: openssl over the encoding that DSSE describes, and an envelope put together by hand
openssl genpkey -algorithm ED25519 -out "$work/o.pem" 2>/dev/null
type=application/vnd.aiguard.consent+json
{ printf 'DSSEv1 %d %s %d ' ${#type} $type "$(stat -c %s "$work/good.json")" && cat "$work/good.json"; } >"$work/pae"
openssl pkeyutl -sign -rawin -inkey "$work/o.pem" -in "$work/pae" -out "$work/sig"
printf '{"payloadType":"%s","payload":"%s","signatures":[{"sig":"%s"}]}' $type "$(base64 -w0 "$work/good.json")" \
        "$(base64 -w0 "$work/sig")" >"$work/openssl.dsse"
refused key_unknown verify "$work/openssl.dsse" "$t"
{ sed '/^PublicKey/d' "$work/site.key" && echo "PublicKey=$(openssl pkey -in "$work/o.pem" -pubout | grep -v -e ----- | tr -d '\n')"; } \
        >"$work/trust/o.key"
good "signed with openssl" consent verify "$work/openssl.dsse" "$t"
# and our secret in openssl's hands
openssl pkey -in "$work/site.pem" -noout 2>/dev/null && echo "ok - cli: consent: openssl reads our key" || fail "consent: openssl reads our key" "it does not"
openssl pkeyutl -sign -rawin -inkey "$work/site.pem" -in "$work/pae" -out "$work/sig"
python3 - "$work" <<'PY' && echo "ok - cli: consent: both tools make the same signature" || fail "consent: same signature" "differs"
import base64, json, sys
w = sys.argv[1]
ours = json.load(open(w + "/good.dsse"))["signatures"][0]["sig"]
sys.exit(base64.b64decode(ours) != open(w + "/sig", "rb").read())
PY

good "import" consent import "$work/good.dsse" "$t" "$s"
refused replayed:a6f58318-72e6-4a2b-bfd7-f36d795e30cd import "$work/good.dsse" "$t" "$s"
refused unsigned import "$work/good.json" "$t" "$s"
refused expired import "$work/late.dsse" "$t" "$s"
call 0 "consent: list" consent list --json "$t" "$s" && python3 - "$out" <<'PY' && echo "ok - cli: consent: list" || fail "consent: list" "see above"
import json, sys
l = json.load(open(sys.argv[1]))
assert len(l) == 1 and l[0]["holds"] and l[0]["state"] == "ConsentGiven" and l[0]["workload"] == "clinic", l
PY
good "show" consent show a6f58318-72e6-4a2b-bfd7-f36d795e30cd "$t" "$s"
grep -q 'full_name_ref' "$out" || fail "consent: show" "the record is not in it"
says 1 "consent: withdraw nobody" "no grant" consent withdraw 06f58318-72e6-4a2b-bfd7-f36d795e30cd "$t" "$s"
says 2 "consent: withdraw by whom" "--by" consent withdraw a6f58318-72e6-4a2b-bfd7-f36d795e30cd --by=me "$t" "$s"
good "withdraw" consent withdraw a6f58318-72e6-4a2b-bfd7-f36d795e30cd "$t" "$s"
says 1 "consent: withdraw twice" "has ended before" consent withdraw a6f58318-72e6-4a2b-bfd7-f36d795e30cd "$t" "$s"
refused replayed:a6f58318-72e6-4a2b-bfd7-f36d795e30cd import "$work/good.dsse" "$t" "$s"
call 0 "consent: list" consent list "$t" "$s" && { grep -q 'ConsentWithdrawn: does not count, withdrawn' "$out" &&
        echo "ok - cli: consent: withdrawn is listed as such" || fail "consent: withdrawn" "$(cat "$out")"; }
call 0 "consent: history" consent history --json "$s" && python3 - "$out" "$work" <<'PY' && echo "ok - cli: consent: history" || fail "consent: history" "see above"
import hashlib, json, sys
h = json.load(open(sys.argv[1]))
assert [e["action"] for e in h["entries"]] == ["import", "end"]
lines = open(sys.argv[2] + "/store/ledger", "rb").read().split(b"\n")[:-1]
prev = "0" * 64
for l in lines:
    assert json.loads(l)["prev"] == prev
    prev = hashlib.sha256(l).hexdigest()
assert h["ledger"] == prev
text = open(sys.argv[2] + "/store/ledger").read()
assert "Clinic" not in text and "vault" not in text and "dpo@" not in text, "a name in the ledger"
PY
sed -i 's/"by_uid":0/"by_uid":7/;s/"by_uid":1000/"by_uid":7/' "$work/store/ledger"
says 1 "consent: a changed ledger" "chain is broken at line 2" consent history "$s"
says 1 "consent: a changed ledger holds nothing" "no grant holds" consent list "$t" "$s"
# a declaration: signed by somebody in trust.d, and by root of this host as it is imported
printf '%s' '{"aiguard":1,"kind":"model","reason":"skin","made":"2026-02-01T00:00:00Z","until":"2096-01-01","by_uid":0,"model":{"path":"/m","sha256":"' \
        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef '","size":7,"as":"none"}}' >"$work/decl.json"
good "keygen for declarations" consent keygen "$work/dpo" --workloads='*' --capabilities='*' --until=2095-01-01 --grants=declaration
call 0 "sign a declaration" consent sign "$work/decl.json" --kind=declaration --key="$work/dpo.pem" --out="$work/decl.dsse"
refused key_unknown verify "$work/decl.dsse" "$t"
cp "$work/dpo.key" "$work/trust/"
s2=--store=$work/store2
good "import of a declaration" consent import "$work/decl.dsse" "$t" "$s2"
refused replayed:model-0123456789abcdef import "$work/decl.dsse" "$t" "$s2"
call 0 "show a declaration" consent show model-0123456789abcdef --json "$t" "$s2" && python3 - "$out" "$work" <<'PY' && echo "ok - cli: consent: two signatures" || fail "consent: two signatures" "see above"
import base64, json, os, sys
o = json.load(open(sys.argv[1]))
assert o["holds"] and o["kind"] == "declaration", o
store = sys.argv[2] + "/store2/"
record = json.load(open(store + "records/" + os.listdir(store + "records")[0]))
assert len(record["signatures"]) == 2 and base64.b64decode(record["payload"]) == open(sys.argv[2] + "/decl.json", "rb").read()
assert os.stat(store + "host.pem").st_mode & 0o777 == 0o600
PY
good "withdraw a declaration" consent withdraw model-0123456789abcdef "$t" "$s2"
echo 'Revoked=yes' >>"$work/trust/site.key"
refused key_revoked verify "$work/good.dsse" "$t"
for verb in consent grant; do
        call 0 "$verb --help" "$verb" --help && grep -q "^aiguardctl $verb" "$out" && echo "ok - cli: $verb --help"
        says 2 "$verb with an unknown option" "aiguardctl $verb" "$verb" --bogus
done
exit "$rc"
