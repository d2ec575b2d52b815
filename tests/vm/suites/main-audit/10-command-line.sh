#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: a machine booted with aiguard.mode=audit refuses nothing, whatever its configuration says.
. /work/integration/lib.sh

wins() {
        conf enforce
        systemctl restart aiguardd
        wait_status '.mode == "audit"'
        status | jq -e '.mode_reason | test("command line")' >/dev/null || { status | jq -c .mode_reason; return 1; }
}
refuses_nothing() {
        MODE=audit
        refused "$CAMERA" sensor ai open "$CAMERA"
        refused "$(fresh cmdline.onnx "$MODELS/bad-00.onnx")" model ai open /work/fresh/cmdline.onnx
}
test_case "command-line-wins-over-the-configuration" wins
test_case "command-line-audit-refuses-nothing" refuses_nothing
