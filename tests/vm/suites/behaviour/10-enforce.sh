#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the list of refusals, and of what must go on working, with the daemon enforcing.
. /work/integration/lib.sh
. /work/integration/refusals.bash

test_case "daemon-starts enforce" start_mode enforce
MODE=enforce
refusals
allowances
