#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: never runs.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"
pass "ran although it could not"
