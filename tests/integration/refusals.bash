# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: every refusal of the list, written once and run twice: with MODE=enforce the open fails with EPERM and
# the journal says so; with MODE=audit the open succeeds and the journal says what would have been. Sourced by
# those suites after they have started the daemon in that mode.

need_corpus() { [ -n "$CORPUS" ] || { echo "no corpus on this machine"; return 77; }; }

# The corpus file itself, then a copy under a name that says nothing.
ort_labelled() {
        need_corpus
        # The runtime itself rejects this one's shapes: in audit mode it opens, and ends with 3.
        OPENED=3 refused "$CORPUS/positive/derived-mini-xception/best.onnx" model \
                ort load "$CORPUS/positive/derived-mini-xception/best.onnx"
}
ort_real_expression() {
        refused /opt/ai/node_modules/faceplugin-face-recognition-js/model/fr_expression.onnx model \
                ort load /opt/ai/node_modules/faceplugin-face-recognition-js/model/fr_expression.onnx
}
renamed_copy() {
        local copy
        need_corpus
        copy=$(fresh "$MODE-x.bin" "$CORPUS/positive/derived-mini-xception/best.onnx")
        OPENED=3 refused "$copy" model ort load "$copy"
}
own_labelled() {
        local copy
        copy=$(fresh "$MODE-weather.dat" "$MODELS/bad-00.onnx")
        refused "$copy" model ort run "$copy"
}
hf_sibling() {
        need_corpus
        rm -rf "/work/fresh/$MODE-hf"
        mkdir -p /work/fresh
        cp -r "$CORPUS/positive/derived-mini-xception-hf" "/work/fresh/$MODE-hf"
        refused "/work/fresh/$MODE-hf/model.safetensors" model ai open "/work/fresh/$MODE-hf/model.safetensors"
}
safetensors_labels() {
        local copy
        need_corpus
        copy=$(fresh "$MODE-w.bin" "$CORPUS/positive/derived-mini-xception/weights_only.safetensors")
        refused "$copy" model ai open "$copy"
}
# Known already: the second open meets the stored classification, not the hold.
second_open() {
        local copy
        copy=$(fresh "$MODE-again.onnx" "$MODELS/bad-01.onnx")
        refused "$copy" model ai open "$copy"
        refused "$copy" model ai open "$copy"
        [ "$(value wall_ms)" -lt 200 ] || { echo "a known file was held: $out"; return 1; }
}
hard_link() {
        local copy
        copy=$(fresh "$MODE-link.onnx" "$MODELS/bad-02.onnx")
        ln -f "$copy" "/work/fresh/$MODE-linked.txt"
        refused "/work/fresh/$MODE-linked.txt" model ai open "/work/fresh/$MODE-linked.txt"
}
on_tmpfs() {
        cp "$MODELS/bad-03.onnx" "/dev/shm/$MODE.onnx"
        refused "/dev/shm/$MODE.onnx" model ai open "/dev/shm/$MODE.onnx"
}

camera_ort() { refused "$CAMERA" sensor ort device "$CAMERA"; }
camera_after_model() {
        local model
        model=$(fresh "$MODE-harmless.onnx" "$MODELS/good-00.onnx")
        refused "$CAMERA" sensor ort session "$model" "$CAMERA"
}
camera_mode() {
        camera_node "/root/webcam-mode-$1"
        refused "webcam-mode-$1" sensor ai open-mode "$1" "/root/webcam-mode-$1"
}
# One that no entry names but by its port, IPv4, IPv6 and the one as the other.
network_camera() {
        WHEN=v4 refused 127.0.0.1:554 network ai connect 127.0.0.1 554
        WHEN=v6 refused '[::1]:8554' network ai connect ::1 8554
        WHEN=mapped refused 127.0.0.2:322 network ai connect ::ffff:127.0.0.2 322
}
network_for_others() {
        allowed "$PROBE" connect 127.0.0.1 554
        allowed ai connect 127.0.0.1 5540
}
camera_second_node() {
        camera_node /root/webcam
        refused webcam sensor ai open /root/webcam
}

by_thread() {
        local copy
        copy=$(fresh "$MODE-thread.onnx" "$MODELS/bad-04.onnx")
        refused "$copy" model ai threads "$copy"
}
by_mapping() {
        local copy
        copy=$(fresh "$MODE-map.onnx" "$MODELS/bad-05.onnx")
        refused "$copy" model "$PROBE" --map "$RUNTIME" open "$copy"
}
# The probe is gone before anybody has looked at what it had mapped. What that was decides all the same, not the haste.
fresh_runtime() {
        local copy
        mkdir -p "/work/fresh/$MODE"
        fresh "$MODE/libonnxruntime.so.1" "$RUNTIME" >/dev/null
        copy=$(fresh "$MODE-hasty.onnx" "$MODELS/bad-09.onnx")
        refused "$copy" model "$PROBE" --ai "/work/fresh/$MODE/libonnxruntime.so.1" open "$copy"
}
# The same for a sensor, where nobody can be asked to wait in any case.
fresh_runtime_camera() {
        local node=/root/webcam-fresh-$MODE
        mkdir -p "/work/fresh/$MODE-camera"
        camera_node "$node"
        fresh "$MODE-camera/libonnxruntime.so.1" "$RUNTIME" >/dev/null
        refused "$node" sensor "$PROBE" --ai "/work/fresh/$MODE-camera/libonnxruntime.so.1" open "$node"
}
fresh_program() {
        local copy
        copy=$(fresh "$MODE-hasty.onnx" "$MODELS/bad-09.onnx")
        fresh "$MODE-probe" "$PROBE" >/dev/null
        allowed "/work/fresh/$MODE-probe" open "$copy" "$CAMERA"
}
by_child() {
        local copy
        copy=$(fresh "$MODE-child.onnx" "$MODELS/bad-06.onnx")
        refused "$copy" model ai exec "$PROBE" open "$copy"
}
by_child_camera() { refused "$CAMERA" sensor ai exec "$PROBE" open "$CAMERA"; }
by_grandchild() {
        local copy
        copy=$(fresh "$MODE-grandchild.onnx" "$MODELS/bad-07.onnx")
        mark
        run ai exec sh -c "\"$PROBE\" open '$copy'; exit \$?"
        [ "$rc" = "$([ "$MODE" = enforce ] && echo 1 || echo 0)" ] || { echo "$out"; return 1; }
        pid=any said "$copy" model
}

refusals() {
        behaviour "ort-labelled-model $MODE" ort_labelled
        behaviour "ort-face-expression-model $MODE" ort_real_expression
        behaviour "renamed-copy-x.bin $MODE" renamed_copy
        behaviour "own-labelled-model $MODE" own_labelled
        behaviour "hf-labels-beside-the-model $MODE" hf_sibling
        behaviour "safetensors-labels-inside $MODE" safetensors_labels
        behaviour "second-open-of-a-known-model $MODE" second_open
        behaviour "hard-link $MODE" hard_link
        behaviour "model-on-tmpfs $MODE" on_tmpfs
        behaviour "camera-by-ort $MODE" camera_ort
        behaviour "camera-after-a-model $MODE" camera_after_model
        local mode
        for mode in 0 1 2 3; do behaviour "camera-access-mode-$mode $MODE" camera_mode $mode; done
        behaviour "camera-second-node $MODE" camera_second_node
        behaviour "network-camera $MODE" network_camera
        behaviour "trait-by-one-thread-open-by-another $MODE" by_thread
        behaviour "runtime-mapped-not-run $MODE" by_mapping
        behaviour "runtime-never-seen-before $MODE" fresh_runtime
        behaviour "runtime-never-seen-before-camera $MODE" fresh_runtime_camera
        behaviour "trait-survives-exec $MODE" by_child
        behaviour "trait-survives-exec-camera $MODE" by_child_camera
        behaviour "trait-passes-to-children $MODE" by_grandchild
}

# ------------------------------------------------------------ what must go on working

face_detector() { allowed ort run /opt/ai/node_modules/faceplugin-face-recognition-js/model/fr_detect.onnx; }
harmless_model() {
        local copy
        copy=$(fresh "$MODE-things.onnx" "$MODELS/good-01.onnx")
        allowed ort run "$copy"
}
thirty_frames() {
        allowed v4l2-ctl -d "$CAMERA" --stream-mmap --stream-count=30 --stream-to=/dev/null
        [ "$(tr -cd '<' <"$T/out" | wc -c)" -ge 30 ] || { echo "not 30 frames: $out"; return 1; }
}
plain_reader() {
        local copy
        copy=$(fresh "$MODE-cat.onnx" "$MODELS/bad-08.onnx")
        allowed cmp "$copy" "$MODELS/bad-08.onnx"
}
# Weak alone loses nothing: it opens in both modes, and the journal says that it would have been refused.
weak_camera() { # LIBRARY NODE
        mark
        run "$PROBE" --map "$1" open "$2"
        [ "$rc" = 0 ] || { echo "$out"; return 1; }
        wait_entries 0 "$REFUSED"
        wait_entries 1 "$ID_SENSOR_AUDITED" ".OBJECT_PID == \"$pid\" and .AIGUARD_STRENGTH == \"weak\""
}
# Nor when nobody has seen the library before, and the camera is open sooner than it is known.
fresh_weak_camera() {
        mkdir -p "/work/fresh/$MODE-weak"
        camera_node "/root/webcam-weak-$MODE"
        weak_camera "$(fresh "$MODE-weak/${WEAK##*/}" "$WEAK")" "/root/webcam-weak-$MODE"
}
seven_skins() {
        need_corpus
        mark
        run ort load "$CORPUS/negative/hard-7class-skin/skin_48x48_7.onnx"
        [ "$rc" != 1 ] || { echo "$out"; return 1; }
        wait_entries 0 "$REFUSED"
}

allowances() {
        behaviour "ort-face-detector-works $MODE" face_detector
        behaviour "ort-harmless-model-works $MODE" harmless_model
        behaviour "camera-for-others-30-frames $MODE" thirty_frames
        behaviour "network-camera-for-others $MODE" network_for_others
        behaviour "model-read-by-others $MODE" plain_reader
        behaviour "program-never-seen-before $MODE" fresh_program
        behaviour "weak-trait-alone-keeps-the-camera $MODE" weak_camera "$WEAK" "$CAMERA"
        behaviour "weak-trait-never-seen-before $MODE" fresh_weak_camera
        behaviour "seven-classes-of-something-else $MODE" seven_skins
}
