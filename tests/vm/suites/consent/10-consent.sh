#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: consent as the kernel understands it, with a real camera: what was consented to opens, and ends with a
# withdrawal, an expiry, a member's withdrawal; not one picture after.
. /work/integration/lib.sh
. /work/integration/record.bash

STREAM=$TESTS/stream
ID_IMPORTED=6312fdd9f7254188b4f29cc81ee42bd7
ID_WITHDRAWN=c431948c20d34c9187295d7c37fde82b
ID_EXPIRED=772ae7949d5447c38d15386037cc657b
ID_REFUSED=aafd9e32c5db45fb84af6322ff2173c1
ID_STOPPED=1680ca2c999947b48201abbd0eb57718
now_ns() { python3 -c 'import time; print(time.monotonic_ns())'; }

# record ID PERSON SECONDS [JQ]: a signed record for the clinic's camera; its file is in $signed.
record() {
        consent_json "$1" "$2" "$3" | jq "${4:-.}" >"$T/record.json"
        signed=$T/$1.dsse
        aiguardctl consent sign "$T/record.json" --key="$T/site.pem" --out="$signed"
}
give() { record "$@" && aiguardctl consent import "$signed"; } # ID PERSON SECONDS [JQ]

# watch MODE SECONDS: starts the clinic's service looking at the camera, or $PROGRAM at $DEVICE; waits for pictures.
watch() {
        systemctl stop clinic.service 2>/dev/null || true
        systemctl reset-failed clinic.service 2>/dev/null || true
        : >"$T/frames"
        systemd-run --quiet --collect --unit=clinic.service -p StandardOutput="append:$T/frames" -p KillMode=control-group \
                -p Type=exec -p RemainAfterExit=yes "${PROGRAM:-$STREAM}" --ai "$RUNTIME" "$1" "${DEVICE:-$CAMERA}" "$2"
        for _ in $(seq 60); do
                [ "$(grep -c frame "$T/frames")" -lt 10 ] || return 0
                sleep 0.25
        done
        cat "$T/frames"
        echo "no pictures to begin with"
        return 1
}
# after NS: pictures delivered, or memory changed, after that moment; two seconds are waited for them.
after() {
        sleep 2
        awk -v t="$1" '($1 == "frame" || $1 == "change") && $2 > t { n++ } END { print n + 0 }' "$T/frames"
}
none_after() {
        local n
        n=$(after "$1")
        tail -n 3 "$T/frames"
        grep -q error "$T/frames" || systemctl is-failed --quiet clinic.service || { echo "it never noticed"; return 1; }
        [ "$n" = 0 ] || { echo "$n pictures after the end"; return 1; }
}
camera_is_closed() { run as_unit clinic2.service "$PROBE" --ai "$RUNTIME" open "$CAMERA"; ends 1 "open"; }
daemon_is_up() { # and has verified all there is
        for _ in $(seq 120); do
                [ "$(status 2>/dev/null | jq .consents.complete)" = true ] && return 0
                sleep 0.5
        done
        echo "the daemon does not come back"
        return 1
}
all_withdrawn() { # between tests: nobody consents any more, and the key is closed
        systemctl stop clinic.service 2>/dev/null || true
        daemon_is_up
        aiguardctl consent list --json | jq -r '.[] | select(.ended == null) | .id' | while read -r id; do
                aiguardctl consent withdraw "$id" >/dev/null
        done
        sleep 1.1 # a withdrawal and a new consent in one second: the closed side
}

setup() {
        (cd "$T" && rm -f site.* && aiguardctl consent keygen site --workloads=clinic --capabilities='emotion.* camera microphone' --until=2095-01-01 \
                --grants="consent enrolled-set exception")
        mkdir -p /etc/aiguard/trust.d
        install -m 0644 "$T/site.key" /etc/aiguard/trust.d/site.key
        policy consent <<POLICY
aiguard: 1
mode: enforce
workloads:
  clinic:
    jurisdiction: kz
    match: { unit: "clinic*.service" }
    context: other
$CLINIC_RULES
POLICY
        camera_is_closed
}

imported() {
        all_withdrawn
        local id
        id=$(uuid)
        mark
        give "$id" anna 3600
        wait_entries 1 "$ID_IMPORTED" ".AIGUARD_CONSENT_ID == \"$id\" and .AIGUARD_CONSENT_STATE == \"ConsentGiven\" and .AIGUARD_CONSENT_REASON == \"ok\""
        run as_unit clinic2.service "$PROBE" --ai "$RUNTIME" open "$CAMERA"
        ends 0 "consented to"
        aiguardctl consent withdraw "$id"
        camera_is_closed
}

withdraw_stream() { # MODE
        all_withdrawn
        local id begun done_at last
        id=$(uuid)
        give "$id" anna 3600
        watch "$1" 60
        mark
        begun=$(now_ns)
        aiguardctl consent withdraw "$id" --json >"$T/withdrawn"
        done_at=$(now_ns)
        none_after "$done_at"
        last=$(awk '$1 == "frame" { t = $2 } END { print t }' "$T/frames")
        note "withdraw $1: in the daemon $(jq -r '"closed in the kernel after \(.closed_us) us, stopped after \(.stopped_us) us"' "$T/withdrawn")"
        note "withdraw $1: returned after $(((done_at - begun) / 1000000)) ms, the last picture came $(((last - begun) / 1000000)) ms after it began"
        wait_entries 1 "$ID_WITHDRAWN" ".AIGUARD_CONSENT_ID == \"$id\" and .AIGUARD_CONSENT_REASON == \"withdrawn\" and (.AIGUARD_LEDGER_HASH | length) == 64"
        wait_entries some "$ID_STOPPED" '.AIGUARD_CONSENT_REASON == "consent_ended"'
        camera_is_closed
}

microphone() { # MODE: what was recorded ends like what was seen
        all_withdrawn
        local id name done_at
        modprobe snd_aloop || { echo "no sound card can be had in this kernel"; return 77; }
        udevadm settle
        name=$(cd /sys/class/sound && ls -d pcmC*c | head -n 1)
        id=$(uuid)
        record "$id" anna 3600 ".binding.devices = [\"microphone:$name\"]"
        aiguardctl consent import "$signed"
        PROGRAM=$TESTS/listen DEVICE=/dev/snd/$name watch "$1" 60
        mark
        aiguardctl consent withdraw "$id"
        done_at=$(now_ns)
        none_after "$done_at"
        wait_entries some "$ID_STOPPED" '.AIGUARD_CONSENT_REASON == "consent_ended" and (.MESSAGE | test("microphone"))'
        run as_unit clinic2.service "$PROBE" --ai "$RUNTIME" open "/dev/snd/$name"
        ends 1 "the microphone"
}

declarations() { # of root alone, and of two; an emergency: one store, one list, one ledger
        local f id
        (cd "$T" && rm -f dpo.* && aiguardctl consent keygen dpo --workloads='*' --capabilities='*' --until=2095-01-01 --grants=declaration)
        install -m 0644 "$T/dpo.key" /etc/aiguard/trust.d/dpo.key
        f=$(fresh declared.onnx "$MODELS/bad-07.onnx")
        run as_unit clinic2.service "$PROBE" --ai "$RUNTIME" open "$f"
        ends 1 "identified"
        fails aiguardctl model declare "$f" --as none --reason "it is harmless, really" --for 1d
        aiguardctl model declare "$f" --as none --reason "an exhibit" --for 1d --out "$T/decl.json"
        aiguardctl consent sign "$T/decl.json" --kind=declaration --key="$T/dpo.pem" --out="$T/decl.dsse"
        aiguardctl consent import "$T/decl.dsse"
        id=$(aiguardctl model list --declared --json | jq -r ".[0].id")
        [ "$(aiguardctl model list --declared --json | jq ".[0].second_signature")" = true ]
        aiguardctl grant list --json | jq -e --arg id "$id" 'any(.[]; .id == $id and .kind == "declaration" and .holds)' >/dev/null
        run as_unit clinic2.service "$PROBE" --ai "$RUNTIME" open "$f"
        ends 0 "declared by two"
        echo 'Revoked=yes' >>/etc/aiguard/trust.d/dpo.key
        aiguardctl reload
        run as_unit clinic2.service "$PROBE" --ai "$RUNTIME" open "$f"
        ends 1 "the second signature was revoked"
        aiguardctl model revoke "$id"
        aiguardctl emergency --workload clinic --for 5m --reason "a fire"
        aiguardctl grant list --json | jq -e 'any(.[]; .about.kind == "emergency" and .holds and .said == "a fire")' >/dev/null
        aiguardctl emergency --workload clinic --off
        [ "$(aiguardctl grant list --json | jq '[.[] | select(.about.kind == "emergency" and .holds)] | length')" = 0 ]
        aiguardctl consent history | grep -q "end .* declaration .* $id .* by user 0"
        aiguardctl consent history | tail -n 2 | grep -q 'The chain is whole'
}

two_people() {
        all_withdrawn
        local a b done_at
        a=$(uuid) b=$(uuid)
        give "$a" anna 3600
        give "$b" boris 3600
        watch mmap 60
        aiguardctl consent withdraw "$b"
        done_at=$(now_ns)
        none_after "$done_at"
}

enrolled_set() {
        all_withdrawn
        local a b set done_at
        a=$(uuid) b=$(uuid) set=$(uuid)
        give "$a" anna 3600 '.binding.subject_scope = "enrolled_set"'
        give "$b" boris 3600 '.binding.subject_scope = "enrolled_set"'
        camera_is_closed
        members "$set" 1 "\"$a\", \"$b\""
        watch mmap 60
        aiguardctl consent withdraw "$a"
        done_at=$(now_ns)
        none_after "$done_at"
        camera_is_closed
        sleep 1.1
        members "$set" 2 "\"$b\""
        run as_unit clinic2.service "$PROBE" --ai "$RUNTIME" open "$CAMERA"
        ends 0 "amended"
}
members() { # ID VERSION LIST
        jq "{record_id: \"$1\", jurisdiction: \"KZ\", version: $2, issued: \"$(utc 0)\", members: [$3],
                valid, binding: (.binding | del(.subject_scope))}" "$T/record.json" >"$T/set.json"
        aiguardctl consent sign "$T/set.json" --kind=enrolled-set --key="$T/site.pem" --out="$T/set.dsse"
        aiguardctl consent import "$T/set.dsse"
}

expiry() {
        all_withdrawn
        local id end
        id=$(uuid)
        mark
        give "$id" anna 20
        end=$(python3 -c 'import sys, time, calendar
until = calendar.timegm(time.strptime(sys.argv[1], "%Y-%m-%dT%H:%M:%SZ"))
print(int(time.monotonic_ns() + (until - time.time()) * 1e9))' "$(jq -r .valid.until "$T/record.json")")
        watch mmap 60
        while [ "$(now_ns)" -lt "$end" ]; do sleep 0.2; done
        # the kernel closes it to the nanosecond; one picture may be under way; the daemon stops that
        n=$(awk -v t="$end" '$1 == "frame" && $2 > t { n++ } END { print n + 0 }' "$T/frames")
        [ "$n" -le 1 ] || { echo "$n pictures after the end"; return 1; }
        none_after $((end + 1500000000))
        wait_entries 1 "$ID_EXPIRED" ".AIGUARD_CONSENT_ID == \"$id\""
}

expiry_daemon_dead() {
        all_withdrawn
        local id end
        id=$(uuid)
        give "$id" anna 25
        end=$(python3 -c 'import sys, time, calendar
until = calendar.timegm(time.strptime(sys.argv[1], "%Y-%m-%dT%H:%M:%SZ"))
print(int(time.monotonic_ns() + (until - time.time()) * 1e9))' "$(jq -r .valid.until "$T/record.json")")
        watch mmap 60
        systemctl kill -s STOP aiguardd
        while [ "$(now_ns)" -lt "$end" ]; do sleep 0.2; done
        # Whoever is in the driver at that moment gets one more picture, and the driver fills the buffers that it has:
        # nobody is there to stop it. No buffer is queued after that.
        sleep 4
        systemctl kill -s CONT aiguardd
        n=$(awk -v t="$end" '$1 == "frame" && $2 > t { n++ } END { print n + 0 }' "$T/frames")
        [ "$n" -le 1 ] || { echo "$n pictures with the daemon dead"; return 1; }
        grep -q "error 1 " "$T/frames"
        n=$(awk -v t="$((end + 3000000000))" '$1 == "change" && $2 > t { n++ } END { print n + 0 }' "$T/frames")
        [ "$n" = 0 ] || { echo "memory changed $n times, long after the end"; return 1; }
}

renewal() {
        all_withdrawn
        local id gap
        id=$(uuid)
        give "$id" anna 25
        watch mmap 60
        record "$id" anna 3600 '.events += [{state: "RenewedConsentGiven", time: .events[0].time, by: "principal"}]'
        aiguardctl consent import "$signed"
        sleep 27
        ! grep error "$T/frames"
        gap=$(awk '$1 == "frame" { if (t && $2 - t > g) g = $2 - t; t = $2 } END { print int(g / 1000000) }' "$T/frames")
        note "renewal: the longest time between two pictures was $gap ms"
        [ "$(awk '$1 == "frame"' "$T/frames" | wc -l)" -gt 50 ]
}

restart_keeps() {
        all_withdrawn
        local id
        id=$(uuid)
        give "$id" anna 3600
        watch mmap 60
        systemctl kill -s KILL aiguardd
        sleep 1
        daemon_is_up
        sleep 1
        ! grep error "$T/frames"
        aiguardctl consent withdraw "$id"
        none_after "$(now_ns)"
}

bad_input() {
        all_withdrawn
        local id
        id=$(uuid)
        mark
        record "$id" anna 3600
        jq '.payload = (.payload | @base64d | sub("clinic"; "clinix") | @base64)' "$signed" >"$T/bad.dsse"
        fails aiguardctl consent import "$T/bad.dsse"
        wait_entries 1 "$ID_REFUSED" '.AIGUARD_CONSENT_REASON == "bad_signature"'
        fails record "$id" anna 3600 'del(.operator.bin)'
        record "$id" anna 3600 '.binding.context = "workplace"'
        fails aiguardctl consent import "$signed"
        wait_entries 1 "$ID_REFUSED" '.AIGUARD_CONSENT_REASON == "context_mismatch:workplace"'
        [ "$(aiguardctl consent list --json | jq "[.[] | select(.id == \"$id\")] | length")" = 0 ]
        camera_is_closed
}

group_may_read() {
        useradd -G aiguard -M looker 2>/dev/null || true
        setpriv --reuid=looker --regid=looker --init-groups aiguardctl consent list --json | jq -e 'length > 0' >/dev/null
        fails setpriv --reuid=looker --regid=looker --init-groups aiguardctl consent withdraw "$(uuid)"
        fails setpriv --reuid=nobody --regid=nogroup --clear-groups aiguardctl consent list
}

withdraw_daemon_dead() {
        all_withdrawn
        local id done_at
        id=$(uuid)
        give "$id" anna 3600
        watch mmap 60
        systemctl stop aiguardd
        aiguardctl consent withdraw "$id"
        done_at=$(now_ns)
        sleep 3
        n=$(awk -v t="$done_at" '$1 == "frame" && $2 > t { n++ } END { print n + 0 }' "$T/frames")
        systemctl start aiguardd
        [ "$n" -le 1 ] || { echo "$n pictures after a withdrawal with the daemon dead"; return 1; }
        grep -q "error 1 " "$T/frames"
        camera_is_closed
}

daemon_dead_store() { # the whole store survives, the chain is whole
        aiguardctl consent history | tail -n 2 | grep -q 'The chain is whole'
}

start_mode enforce
test_case "setup" setup
test_case "import-opens-withdraw-closes" imported
for mode in mmap read dmabuf inherit write-only; do test_case "withdraw-0-frames-$mode" withdraw_stream $mode; done
for mode in read mmap; do test_case "withdraw-0-frames-microphone-$mode" microphone $mode; done
test_case "declarations-share-store-and-ledger" declarations
test_case "two-people-one-withdraws" two_people
test_case "enrolled-set" enrolled_set
test_case "expiry" expiry
test_case "expiry-daemon-stopped" expiry_daemon_dead
test_case "renewal-is-seamless" renewal
test_case "restart-keeps-the-stream" restart_keeps
test_case "withdraw-daemon-dead" withdraw_daemon_dead
test_case "bad-input" bad_input
test_case "group-may-read" group_may_read
test_case "ledger" daemon_dead_store
