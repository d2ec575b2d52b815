#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: one boot, many builds. Each test that kills a fault must first be green with the sound build; then each
# faulty build is put in its place and its test must be red. Run by tests/mutants/run.sh only.
. /work/integration/lib.sh
for part in refusals counters hold defaults dossier places recovery policy full; do . "/work/integration/$part.bash"; done
builds=/work/vm

# The set-ups that a fault may ask for behind its test.
fresh_start() { # build, set-up
        systemctl stop aiguardd 2>/dev/null
        /usr/lib/aiguard/aiguardd --unpin 2>/dev/null
        rm -rf /sys/fs/bpf/aiguard /var/lib/aiguard/consent/ledger /work/fresh "$POLICY_DIR"/*-test-*.yaml
        sync && echo 3 >/proc/sys/vm/drop_caches
        cp -a "$builds/$1/usr/." /usr/
        systemctl daemon-reload
        case $2 in
        slow) start_mode enforce ScannerDelaySec=2 ;;
        audit) start_mode audit ;;
        slow-audit) start_mode audit ScannerDelaySec=2 ;;
        defaults) start_mode enforce && policy defaults <<<"$DEFAULTS_POLICY" ;;
        recovery) start_mode enforce && policy recovery <<<"$RECOVERY_POLICY" ;;
        *) start_mode enforce ;;
        esac
}
attempt() { # test
        local rc=0
        (
                set -eu
                MODE=${mode:-enforce}
                case $1 in
                unparsable_high) row cut "$MODELS/broken-cut.onnx" audit audit deny deny ;;
                *) "$1" ;;
                esac
        ) >"$T/attempt" 2>&1 || rc=$?
        cat "$T/attempt"
        return $rc
}

if ! [ -s "$builds/list" ]; then
        fail list "no faulty builds here: this suite is run by tests/mutants/run.sh"
        exit 0
fi

declare -A sound=()
while read -r name test setup; do
        mode=enforce
        case ${setup:-} in *audit) mode=audit ;; esac
        key="$test ${setup:-}"
        if [ -z "${sound[$key]:-}" ]; then
                echo "=== sound: $key"
                if fresh_start sound "${setup:-}" && attempt "$test"; then sound[$key]=yes; else sound[$key]=no; fi
                [ "${sound[$key]}" = yes ] || fail "sound-$test" "red without any fault: $(tail -n 1 "$T/attempt")"
        fi
        [ "${sound[$key]}" = yes ] || { fail "$name" "its test $test is red without the fault"; continue; }
        echo "=== $name: $key"
        # A build that does not even start is noticed by whoever starts it, not by the test it was made for.
        if ! fresh_start "$name" "${setup:-}"; then
                fail "$name" "this build does not start, so its test says nothing"
        elif attempt "$test"; then
                fail "$name" "$test stays green"
        else
                pass "$name"
                note "$name: killed by $test: $(tail -n 1 "$T/attempt")"
        fi
done <"$builds/list"
