#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the kernel dies after a test has passed.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"
pass "before the panic"
echo 1 >/proc/sys/kernel/sysrq
echo c >/proc/sysrq-trigger
sleep 10
