#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the main job in one boot, short enough to run on every kernel each time: a real runtime, a real model, a
# real camera, enforced and audited, and the sums. The whole list is the suite behaviour.
. /work/integration/lib.sh
. /work/integration/refusals.bash
. /work/integration/counters.bash

hooks() {
        [ "$(systemctl is-active aiguardd)" = active ]
        status | jq -e '[.hooks[] | select(.required and (.attached | not))] == []' >/dev/null ||
                { status | jq -c '.hooks[] | select(.attached | not)'; return 1; }
}
doctor() {
        run aiguardctl doctor
        [ "$rc" = 0 ]
}

test_case "daemon-starts enforce" start_mode enforce
MODE=enforce
test_case "required-hooks-attached" hooks
test_case "doctor-finds-this-host-able" doctor
for MODE in enforce audit; do
        [ "$MODE" = enforce ] || test_case "daemon-starts audit" start_mode audit
        behaviour "ort-face-detector-works $MODE" face_detector
        behaviour "ort-labelled-model $MODE" ort_labelled
        behaviour "ort-face-expression-model $MODE" ort_real_expression
        behaviour "renamed-copy-x.bin $MODE" renamed_copy
        behaviour "camera-by-ort $MODE" camera_ort
        behaviour "camera-for-others-30-frames $MODE" thirty_frames
        behaviour "model-read-by-others $MODE" plain_reader
        [ "$MODE" = audit ] || behaviour "one-refusal-counts-once" one_refusal_counts_once
        behaviour "counters-add-up $MODE" counters_add_up
done
