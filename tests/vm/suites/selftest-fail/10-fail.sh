#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: a suite that must turn the run red, for each way a test can fail. Not part of `make check`;
# tests/vm/selftest.sh runs it and expects exactly these failures.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"

in_the_middle() {
        false
        true
}
# shellcheck disable=SC2154
unset_variable() { echo "$this_is_not_set"; }
not_here() { echo "not on this machine" && exit 77; }

test_case "passes" true
test_case "fails in the middle" in_the_middle
test_case "uses an unset variable" unset_variable
test_case "skips" not_here
test_case "is no command" no_such_command
fail "says so itself" "a reason"
