#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: what no file shows, and its owner attests: a workload of high risk without, with, and after its attestation.
. /work/integration/lib.sh
. /work/integration/attestation.bash

for MODE in audit enforce; do
        test_case "daemon-starts attestation $MODE" start_mode "$MODE"
        test_case "policy-attestation $MODE" attestation_begin
        behaviour "high-risk-without-attestation $MODE" refused_without
        behaviour "high-risk-attested-item-by-item $MODE" lifted_by_all_items
        behaviour "attestation-ends-by-itself $MODE" ends_by_itself
        attestation_end >/dev/null 2>&1
done
exit 0
