#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: a camera that streams, and an inference runtime that infers.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"
models=/opt/ai/node_modules/faceplugin-face-recognition-js/model

camera_streams() {
        [ "$(cat /sys/class/video4linux/video0/dev)" = "$(stat -c '%Hr:%Lr' /dev/video0)" ]
        v4l2-ctl -d /dev/video0 --set-fmt-video=width=320,height=180,pixelformat=YUYV \
                --stream-mmap --stream-count=3 --stream-to=frames
        [ "$(stat -c %s frames)" = $((3 * 320 * 180 * 2)) ]
}

camera_not_there() {
        modprobe -r vivid
        [ ! -e /dev/video0 ]
        modprobe vivid
        udevadm settle
        [ -c /dev/video0 ]
}

one_inference() {
        node /run/stage/guest/infer.js "$models/fr_eye.onnx" | tee inference
        grep -qxF 'inference: output[1,2]' inference
}

no_model() {
        rc=0
        node /run/stage/guest/infer.js /etc/passwd || rc=$?
        [ "$rc" = 3 ]
}

expression_model_is_there() {
        [ "$(stat -c %s "$models/fr_expression.onnx")" -gt 1000000 ]
}

corpus_is_there() {
        [ -n "$CORPUS" ] || { echo "no corpus on this machine" && exit 77; }
        [ "$(wc -l <"$CORPUS/manifest.tsv")" -gt 10 ]
        ! touch "$CORPUS/x" 2>/dev/null
}

test_case "the camera streams 3 frames" camera_streams
test_case "the camera's driver can be unloaded and loaded" camera_not_there
test_case "ONNX Runtime runs one inference" one_inference
test_case "ONNX Runtime refuses what is no model" no_model
test_case "a face-expression model is there" expression_model_is_there
test_case "the corpus is there, read-only" corpus_is_there
