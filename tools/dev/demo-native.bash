# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the show on a machine whose kernel refuses LSM programs, by the fanotify backend: sourced by native.sh, which
# runs the daemon, so that nothing is installed and one file system in a file is watched. A sentence is written from the
# errno that the program saw; the journal's side is shown in the virtual machine.

say() { printf '%s\n' "$*" | fold -s -w "${DEMO_WIDTH:-100}"; }
words() {
        case $1 in
        ok) echo "the open succeeded" ;;
        EPERM) echo "the open failed with EPERM (\"Operation not permitted\")" ;;
        ENXIO) echo "the open failed with ENXIO: the kernel looked for a driver behind the node, and there is none" ;;
        *) echo "the open ended with ${1:-nothing}" ;;
        esac
}
# act WHAT-IS-DONE ERRNO SENTENCE COMMAND...
act() {
        local what=$1 want=$2 sentence=$3 got
        shift 3
        printf '\n'
        say "-> $what"
        "$@" >"$T/act" 2>&1
        got=$(sed -n 's/^open=\([^ ]*\).*/\1/p' "$T/act" | tail -n 1)
        say "   Seen by the program: $(words "$got")."
        if [ "$got" = "$want" ]; then
                echo " [as it should be] $sentence"
                passed=$((passed + 1))
        else
                echo " [NOT as it should be] expected: $(words "$want")."
                sed 's/^/   | /' "$T/act" | head -n 5
                failed=$((failed + 1))
        fi
}

native_demo() {
        local faces=$M/node_modules/faceplugin-face-recognition-js/model
        if ! command -v node >/dev/null || [ ! -d "$build/vm/ai/node_modules/onnxruntime-node" ]; then
                echo "demo: node or onnxruntime-node is missing" >&2
                failed=1
                return
        fi
        cp -r "$build/vm/ai/node_modules" "$M/"
        cp "$M/models/bad-00.onnx" "$M/x.bin"
        NODE_PATH=$M/node_modules
        export NODE_PATH
        start_daemon enforce || { failed=1; return; }
        say "The daemon runs on this machine, backend $(status | jq -r .backend), law kz.yaml, on a file system of its own."
        act "A node process with ONNX Runtime loads a face detector and runs it once." ok "it works." \
                node "$here/ort.js" run "$faces/fr_detect.onnx"
        act "The same runtime loads the face-expression model of the same package." EPERM "refused inside open()." \
                node "$here/ort.js" run "$faces/fr_expression.onnx"
        act "It loads a model with emotion labels that was made just now, under the name x.bin." EPERM "refused inside open()." \
                node "$here/ort.js" run "$M/x.bin"
        act "A process with ONNX Runtime opens a camera node that was made with mknod." EPERM "refused before a driver was asked." \
                node "$here/ort.js" device "$M/camera"
        act "A program that is no AI workload opens the same node." ENXIO "who is no AI workload is not stopped." \
                "$P" open "$M/camera"
        act "And the model." ok "nor from reading the model." "$P" open "$M/x.bin"
}
