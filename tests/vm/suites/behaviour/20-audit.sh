#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the same list in audit mode. Nothing may fail, nothing may wait, and the journal must tell the same story.
. /work/integration/lib.sh
. /work/integration/refusals.bash

test_case "daemon-starts audit" start_mode audit
MODE=audit
refusals
allowances
