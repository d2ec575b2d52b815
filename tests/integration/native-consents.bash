#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: `native.sh consents`: the running daemon is killed on entering each system call that its main thread makes
# for an import and for a withdrawal, and anywhere during a thousand of them. Afterwards the store is looked at without
# it: every record whole, the chain whole, and each change either there or not; whatever was told to be done is there.
# shellcheck disable=SC2154 # $build, $T, $daemon are of native.sh, which reads this
STORE=/var/lib/aiguard/consent
ctl() { "$build/aiguardctl" "$@"; }
id_of() { printf '%08x-0000-4000-8000-000000000000' "$1"; }

# Records 0 to COUNT-1, of as many persons, signed: $T/records/N.dsse
make_records() { # COUNT
        local i
        mkdir -p "$T/records" /etc/aiguard/trust.d
        (cd "$T" && ctl consent keygen site --workloads=clinic --capabilities='*' --until=2095-01-01 >/dev/null)
        install -m 0644 "$T/site.key" /etc/aiguard/trust.d/site.key
        printf 'aiguard: 1\nworkloads:\n  clinic: { jurisdiction: kz, context: other, match: { unit: clinic.service } }\n' \
                >/etc/aiguard/policy.d/30-clinic.yaml
        python3 - "$T/records" "$1" <<'PY'
import json, sys
for i in range(int(sys.argv[2])):
    json.dump({
        "conforms_to": "https://w3id.org/dpv/schema/dpv-27560#record", "record_id": f"{i:08x}-0000-4000-8000-000000000000",
        "jurisdiction": "KZ", "language": "kk",
        "operator": {"name": "Clinic", "bin": "123456789012", "address": "Astana", "contact": "dpo@clinic.kz"},
        "principal": {"id": f"sha256:{i:064x}", "full_name_ref": "vault://1"}, "notice": {"uri": "https://clinic.kz/n"},
        "purposes": ["emotion_recognition"], "data": ["FacialExpression"], "lawful_basis": "ExplicitlyExpressedConsent",
        "third_parties": {"allowed": False}, "cross_border": {"allowed": False}, "publication": False,
        "storage": {"locations": ["KZ"], "retention": "P30D"},
        "valid": {"from": "2026-02-01T00:00:00Z", "until": "2096-08-01T00:00:00Z"},
        "events": [{"state": "ConsentGiven", "time": "2026-02-01T00:00:00Z", "by": "principal"}],
        "withdrawal": {"uri": "https://clinic.kz/w"},
        "binding": {"system_id": "clinic", "context": "other", "model_capabilities": ["emotion.face"],
                    "devices": ["camera:video0"], "subject_scope": "single"}}, open(f"{sys.argv[1]}/{i}.json", "w"))
PY
        for ((i = 0; i < $1; i++)); do
                ctl consent sign "$T/records/$i.json" --key="$T/site.pem" --out="$T/records/$i.dsse" || return 1
        done
}

# One change, and SIGKILL on entering the Nth system call of the main thread from now on. The change's exit.
killed_at() { # N ARGUMENT...
        local n=$1 tracer code
        shift
        : >"$T/tracer"
        "$build/tests/kill-at" "$daemon" "$n" >"$T/tracer" 2>&1 &
        tracer=$!
        until grep -q ready "$T/tracer"; do
                kill -0 "$tracer" 2>/dev/null || return 44
                sleep 0.01
        done
        timeout 20 "$build/aiguardctl" "$@" >"$T/said" 2>&1
        code=$?
        kill -KILL "$daemon" 2>/dev/null
        wait "$tracer" "$watchdog" 2>/dev/null
        daemon='' watchdog=''
        # Without a daemon it would have gone on by itself, which is not what is asked here.
        ! grep -q 'does not run here' "$T/said" || code=33
        return $code
}

# The state of record N without the daemon: ConsentGiven, ConsentWithdrawn, none. Whatever is stored must be whole.
state_of() { # N
        ctl consent history 2>&1 | grep -q -e 'The chain is whole' -e 'Nothing has happened' || { echo broken; return; }
        ctl consent list --json >"$T/list" || { echo unreadable; return; }
        jq -r --arg id "$(id_of "$1")" 'if any(.[]; .ended == null and (.holds | not)) then "void"
                else (map(select(.id == $id)) | if length == 1 then .[0].state else "none" end) end' "$T/list"
}

# kill_everywhere WHAT OLD NEW ARGUMENT...: from the baseline in $T/before; the record is number 1.
kill_everywhere() {
        local what=$1 old=$2 new=$3 n done_twice=0 is_old=0 is_new=0 state code
        shift 3
        for ((n = 1; done_twice < 2; n++)); do
                rm -rf "${STORE:?}" && cp -a "$T/before" "$STORE"
                start_daemon enforce >/dev/null || { echo "the daemon does not start"; return 1; }
                killed_at "$n" "$@"
                code=$?
                [ $code != 44 ] || { echo "the daemon cannot be traced: $(cat "$T/tracer")"; return 1; }
                [ $code != 33 ] || continue # killed before anybody had asked it
                state=$(state_of 1)
                case $state in
                "$old") is_old=$((is_old + 1)) ;;
                "$new") is_new=$((is_new + 1)) ;;
                *) echo "call $n leaves $state"; return 1 ;;
                esac
                [ $code != 0 ] || [ "$state" = "$new" ] || { echo "call $n: told to be done, and is not"; return 1; }
                if [ $code = 0 ]; then done_twice=$((done_twice + 1)); else done_twice=0; fi
                jq -e --arg id "$(id_of 0)" 'any(.[]; .id == $id and .holds)' "$T/list" >/dev/null ||
                        { echo "call $n: the other record is lost"; return 1; }
        done
        note "$what: killed at each of $((n - 1)) system calls: $is_old times the old state, $is_new times the new one" >>"$T/notes"
        [ $is_old -gt 0 ] && [ $is_new -gt 0 ]
}

change_until_dead() { # FIRST: imports and withdraws one after the other; what was told to be done goes to $T/told
        local i
        for ((i = $1; i < 500; i++)); do
                ctl consent import "$T/records/$i.dsse" >"$T/said" 2>&1 && ! grep -q 'does not run here' "$T/said" || return 0
                echo "$i ConsentGiven" >>"$T/told"
                ctl consent withdraw "$(id_of "$i")" >"$T/said" 2>&1 && ! grep -q 'does not run here' "$T/said" || return 0
                echo "$i ConsentWithdrawn" >>"$T/told"
        done
}
all_told_is_there() {
        ctl consent history 2>&1 | grep -q -e 'The chain is whole' -e 'Nothing has happened' || { echo "the chain is broken"; return 1; }
        ctl consent list --json >"$T/list"
        python3 - "$T/told" "$T/list" <<'PY'
import json, sys
told = {}
for line in open(sys.argv[1]):
    i, state = line.split()
    told[f"{int(i):08x}-0000-4000-8000-000000000000"] = state
stored = {r["id"]: r for r in json.load(open(sys.argv[2]))}
for i, state in told.items():
    assert i in stored, f"{i} is lost"
    # the one that was under way may be further than was told
    assert stored[i]["state"] == state or state == "ConsentGiven", f"{i} is {stored[i]['state']}, not {state}"
for r in stored.values():
    assert r["holds"] or r["ended"], f"{r['id']}: {r['reason']}"
PY
}
thousand_changes() {
        local kills=0 next=0 changer
        rm -rf "${STORE:?}"/* && : >"$T/told"
        while [ "$next" -lt 500 ]; do
                start_daemon enforce >/dev/null || { echo "the daemon does not start"; return 1; }
                change_until_dead "$next" &
                changer=$!
                sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
                kill -KILL "$daemon" && kills=$((kills + 1))
                wait "$watchdog" 2>/dev/null
                daemon='' watchdog=''
                wait "$changer" 2>/dev/null
                all_told_is_there || return 1
                next=$(jq length "$T/list")
        done
        note "$(wc -l <"$T/told") changes told to be done, and all there, after $kills kills" >>"$T/notes"
        [ $kills -ge 5 ]
}

# ------------------------------------------------------------------ declarations

two_signatures() {
        local f=$M/models/bad-07.onnx id
        (cd "$T" && ctl consent keygen dpo --workloads='*' --capabilities='*' --until=2095-01-01 --grants=declaration >/dev/null)
        install -D -m 0644 "$T/dpo.key" /etc/aiguard/trust.d/dpo.key
        gives EPERM ai open "$f" || return 1
        if ctl model declare "$f" --as none --reason "harmless, really" --for 1d; then echo "root alone was enough"; return 1; fi
        ctl model declare "$f" --as none --reason "an exhibit" --for 1d --out "$T/decl.json" &&
                ctl consent sign "$T/decl.json" --kind=declaration --key="$T/dpo.pem" --out="$T/decl.dsse" &&
                ctl consent import "$T/decl.dsse" || return 1
        gives ok ai open "$f" || { echo "two have signed, and it is refused"; return 1; }
        id=$(ctl model list --declared --json | jq -r 'map(select(.second_signature)) | .[0].id')
        ctl grant list --json | jq -e --arg id "$id" 'any(.[]; .id == $id and .kind == "declaration" and .holds)' >/dev/null || return 1
        echo 'Revoked=yes' >>/etc/aiguard/trust.d/dpo.key
        ctl reload
        gives EPERM ai open "$f" || { echo "the second signature was revoked, and it is opened"; return 1; }
        ctl model revoke "$id" && ctl consent history | grep -q "end .* declaration .* $id .* by user 0"
}
emergency_in_ledger() {
        local f=$M/models/bad-08.onnx
        gives EPERM ai open "$f" || return 1
        ctl emergency --workload undeclared-ai --for 5m --reason "a fire" >/dev/null && gives ok ai open "$f" || return 1
        ctl grant list --json | jq -e 'any(.[]; .about.kind == "emergency" and .holds and .said == "a fire")' >/dev/null ||
                { echo "it is not listed"; return 1; }
        # ended as any grant can be
        ctl consent withdraw "$(ctl grant list --json | jq -r '.[] | select(.about.kind == "emergency") | .id')" >/dev/null || return 1
        gives EPERM ai open "$f" || { echo "it was ended, and lasts"; return 1; }
        ctl consent history | tail -n 2 | grep -q 'The chain is whole'
}
declared_daemon_dead() {
        kill -KILL "$daemon" && wait "$watchdog" 2>/dev/null
        daemon='' watchdog=''
        sleep 3 # until the process beside it, which shares its socket, has gone as well
        ctl workload declare --exe=/bin/true --not-ai --reason="a test" --for 1d | grep -q 'does not run here' || return 1
        local rc
        start_daemon enforce >/dev/null || return 1
        holds_and_is_revoked
        rc=$?
        stop_daemon # it was started in a subshell, so nobody else can
        return $rc
}
holds_and_is_revoked() {
        ctl workload list --json | jq -e 'any(.[]; .workload.exe and .reason == "a test")' >/dev/null || { echo "not in force"; return 1; }
        ctl workload revoke "$(ctl workload list --json | jq -r '.[0].id')"
        [ "$(ctl workload list --json | jq length)" = 0 ]
}

# ------------------------------------------------------- a hundred thousand of them

now_ms() { date +%s%3N; }
memory_kb() { # of the daemon and all below it, what is shared by halves
        local pid kb total=0
        for pid in "$daemon" $(pgrep -P "$daemon"); do
                kb=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null)
                total=$((total + ${kb:-0}))
        done
        echo "$total"
}
# start_timed WHAT: $took milliseconds of the processor until it enforces and answers, $complete until every record is in
# force; the machine may be busy with something else.
start_timed() {
        local begun
        begun=$(now_ms)
        start_daemon enforce >/dev/null || { echo "the daemon does not start"; return 1; }
        took=$(daemon_ms)
        begun=$(($(now_ms) - begun))
        until [ "$(status | jq .consents.complete)" = true ]; do sleep 0.1; done
        complete=$(daemon_ms)
        kb=$(memory_kb)
        note "$1: enforces after $took ms of the processor ($begun ms by the clock), all in force after $complete ms, $kb KB" >>"$T/notes"
}
many_records() {
        local i took complete kb bare records=${RECORDS:-100000} limit=1800 # a busy machine takes its time to verify
        rm -rf "${STORE:?}"/*
        start_timed "no record" && stop_daemon
        bare=$took
        "$build/bench/store" make "$records" "$STORE" || return 1
        "$build/bench/store" key >/etc/aiguard/trust.d/bench.key
        { printf 'aiguard: 1\nworkloads:\n'
          for i in $(seq 0 19); do printf '  ward-%s: { jurisdiction: kz, context: other, match: { unit: w%s.service } }\n' "$i" "$i"; done
        } >/etc/aiguard/policy.d/40-wards.yaml
        start_timed "$records records, the first time" || return 1
        [ "$(status | jq .consents.holding)" = "$records" ] || { echo "not all hold: $(status | jq -c .consents)"; return 1; }
        [ "$took" -le 2000 ] || { echo "the first start took $took ms, $bare without records"; return 1; }
        [ "$kb" -le 32768 ] || { echo "$kb KB"; return 1; }
        stop_daemon
        start_timed "$records records, a later time" || return 1
        stop_daemon
        [ "$complete" -le 2000 ] || { echo "all in force after $complete ms, $bare without records"; return 1; }
        [ "$kb" -le 32768 ] || { echo "$kb KB"; return 1; }
}

consents() {
        : >"$T/notes"
        make_records 500 || { fail consents "records cannot be made"; return; }
        start_daemon enforce || { fail consents "the daemon does not start"; return; }
        ctl consent import "$T/records/0.dsse" >/dev/null || { fail consents "a consent is not taken"; return; }
        stop_daemon
        cp -a "$STORE" "$T/before"
        check "killed at each system call of an import" kill_everywhere import none ConsentGiven consent import "$T/records/1.dsse"
        rm -rf "${STORE:?}" && cp -a "$T/before" "$STORE"
        start_daemon enforce >/dev/null
        ctl consent import "$T/records/1.dsse" >/dev/null
        stop_daemon
        rm -rf "$T/before" && cp -a "$STORE" "$T/before"
        check "killed at each system call of a withdrawal" kill_everywhere withdrawal ConsentGiven ConsentWithdrawn \
                consent withdraw "$(id_of 1)"
        check "killed anywhere in a thousand changes" thousand_changes
        start_daemon enforce >/dev/null
        check "declared by one and by two" two_signatures
        check "an emergency is a record too" emergency_in_ledger
        check "declared with the daemon dead" declared_daemon_dead
        stop_daemon
        check "${RECORDS:-100000} records: start and memory" many_records
        cat "$T/notes"
}
