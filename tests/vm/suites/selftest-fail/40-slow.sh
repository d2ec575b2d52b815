#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: does not end.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"
pass "before the hang"
sleep 1000
