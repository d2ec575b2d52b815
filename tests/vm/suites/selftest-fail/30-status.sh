#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: reports a pass and then ends with an error.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"
pass "before the error"
exit 5
