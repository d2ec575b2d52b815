#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the table of defaults, cell by cell, as the kernel and the gate apply it: four workloads that differ only
# in risk meet each case of the table. The policy says nothing but who they are.
. /work/integration/lib.sh
. /work/integration/defaults.bash

for MODE in audit enforce; do
        test_case "daemon-starts defaults $MODE" start_mode "$MODE"
        test_case "policy-defaults $MODE" policy defaults <<<"$DEFAULTS_POLICY"
        behaviour "default-identified $MODE" row identified "$MODELS/bad-02.onnx" deny deny deny deny
        behaviour "default-suspect $MODE" suspects
        behaviour "default-capable $MODE" capables
        behaviour "default-model-nobody-declared $MODE" row undeclared "$MODELS/good-02.onnx" report report audit deny
        behaviour "default-sensor $MODE" sensor_row
        behaviour "default-unparsable cut $MODE" row cut "$MODELS/broken-cut.onnx" audit audit deny deny
        behaviour "default-unparsable lies-about-sizes $MODE" row lies "$MODELS/broken-lies.onnx" audit audit deny deny
        behaviour "default-unparsable nested $MODE" row nested "$MODELS/broken-nested.onnx" audit audit deny deny
done
behaviour "default-unknown-at-the-deadline" deadline_row
behaviour "default-daemon-down" daemon_down_row 0 0 1 1
policy >/dev/null 2>&1
exit 0
