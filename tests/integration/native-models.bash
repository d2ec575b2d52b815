# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: who is an AI workload besides those that map a runtime, and what the daemon keeps of models over a restart.
# Sourced by native.sh, whose functions it uses, with the daemon enforcing.

after() { # DENIED|OPENS FIRST SECOND: an interpreter opens the first, if it can, then the second
        local want=$1
        shift
        PYTHONHOME=$(python3 -c 'import sys; print(sys.base_prefix)') timeout 20 "$M/python3" -c 'import sys, errno
try:
    open(sys.argv[1], "rb").read(64)
except OSError as e:
    print("first:", e)
try:
    open(sys.argv[2], "rb").read(64)
except OSError as e:
    sys.exit(13 if e.errno == errno.EPERM else 0)' "$@" >"$T/python" 2>&1
        case $?-$want in
        0-opens | 13-denied) return 0 ;;
        *) echo "wanted $want: $(tail -n 1 "$T/python")"; return 1 ;;
        esac
}
tfjs_model() { # no native code at all: a document and numbers
        mkdir -p "$M/tfjs"
        head -c 3584 /dev/urandom >"$M/tfjs/group1-shard1of1.bin"
        cat >"$M/tfjs/model.json" <<'END'
{"format":"layers-model","generatedBy":"keras v2.11","modelTopology":{"model_config":{"class_name":"Sequential",
"config":{"name":"net","layers":[{"class_name":"Dense","config":{"name":"dense","units":7}}]}}},
"userDefinedMetadata":{"labels":["angry","disgust","fear","happy","sad","surprise","neutral"]},
"weightsManifest":[{"paths":["group1-shard1of1.bin"],"weights":[{"name":"dense/kernel","shape":[128,7],"dtype":"float32"}]}]}
END
        sync -f "$M"
}
inventory_knows() { # PATH STATUS
        "$build/aiguardctl" model list --json >"$T/models" 2>&1
        jq -e --arg p "$1" --arg s "$2" 'any(.[]; .path == $p and .status == $s)' "$T/models" >/dev/null ||
                { echo "not in the inventory: $(head -c 300 "$T/models")"; return 1; }
        "$build/aiguardctl" model list >"$T/table" && grep -F -- "$1" "$T/table" | grep -q "$2" ||
                { echo "not in the table: $(head -n 3 "$T/table")"; return 1; }
}
who_is_ai() {
        tfjs_model
        check "interpreter-alone-opens-the-camera" after opens /dev/null "$M/camera"
        check "interpreter-after-a-harmless-model" after denied "$M/models/good-02.onnx" "$M/camera"
        check "weights-of-tensorflow-js-in-a-plain-interpreter" after denied /dev/null "$M/tfjs/group1-shard1of1.bin"
        check "the-same-weights-by-who-is-no-AI" gives ok "$P" open "$M/tfjs/group1-shard1of1.bin"
        check "model-list" inventory_knows "$M/tfjs/group1-shard1of1.bin" identified
}

# A restart asks no scanner about what has not changed, and forgets no model.
restart() {
        sleep 2.5
        # So old that what is found in them is kept.
        ai open "$M/models/bad-02.onnx" >/dev/null
        ai open "$M/models/good-03.onnx" >/dev/null
        stop_daemon
        start_daemon enforce
}
nothing_scanned_anew() {
        local saved
        [ -s /var/lib/aiguard/scan-cache ] || { echo "no cache was written"; return 1; }
        gives EPERM ai open "$M/models/bad-02.onnx" || return 1
        saved=$(status | jq .gate.scans_saved)
        [ "$saved" -gt 0 ] || { echo "scanned anew: $(status | jq -c .gate)"; return 1; }
}
changed_and_scanned_anew() { # what was known of it is void, also when its length stays
        cp "$M/models/good-03.onnx" "$M/changing.onnx" && sync -f "$M/changing.onnx" && sleep 2.5
        gives ok ai open "$M/changing.onnx" || return 1
        cat "$M/models/bad-03.onnx" >"$M/changing.onnx"
        gives EPERM ai open "$M/changing.onnx"
}

models() {
        # The interpreter has to lie where it is seen.
        [ -e "$M/python3" ] || cp "$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')" "$M/python3"
        who_is_ai
        restart
        check "restart-scans-nothing-anew" nothing_scanned_anew
        check "restart-keeps-the-model-list" inventory_knows "$M/tfjs/group1-shard1of1.bin" identified
        check "changed-file-after-a-restart" changed_and_scanned_anew
}
