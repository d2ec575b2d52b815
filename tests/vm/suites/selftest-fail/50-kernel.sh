#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: leaves a splat in the kernel's log that no test notices.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"
echo 'BUG: planted by the self test' >/dev/kmsg
pass "before the splat is found"
