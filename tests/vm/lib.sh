# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: what a suite's scripts use to report. Sourced in the guest: `. "$VM_LIB"`.
#   test_case NAME COMMAND [ARG...]  runs COMMAND, usually a function, in a subshell under `set -eu`: passed when it
#                                    ends with 0, skipped with 77, failed otherwise; what it printed last is the reason
#   pass NAME / fail NAME REASON / skip NAME REASON   one result line each, for a script that does its own judging
#   note TEXT                        a line for the reader, which counts for nothing
# In the environment: OUT (a folder that is brought back), SUITE, SUITE_DIR, KERNEL, CORPUS (empty when there is
# none), NODE_PATH. The working folder is /work, writable, on ext4.

_vm_line() {
        printf '%s\n' "$(printf '%s' "$*" | LC_ALL=C tr '\n\t' '  ' | LC_ALL=C tr -d '\000-\037\177' | cut -c1-400)" \
                >>"$VM_RESULTS"
}

_vm_report() {
        echo . >>/run/vm-reported
        _vm_line "$@"
        printf '%s\n' "$*"
}

pass() { _vm_report "ok - $KERNEL/$SUITE/$1"; }
fail() { _vm_report "not ok - $KERNEL/$SUITE/$1 # ${2:-no reason given}"; }
skip() { _vm_report "skip - $KERNEL/$SUITE/$1 # ${2:-no reason given}"; }
note() { _vm_line "# $*"; }

test_case() {
        local name=$1 rc log errexit
        shift
        log=$(mktemp)
        case $- in *e*) errexit=yes ;; *) errexit=no ;; esac
        set +e
        (
                set -eu
                "$@"
        ) >"$log" 2>&1
        rc=$?
        echo "--- $name"
        cat "$log"
        case $rc in
        0) pass "$name" ;;
        77) skip "$name" "$(tail -n 1 "$log")" ;;
        *) fail "$name" "$(tail -n 1 "$log") (exit $rc)" ;;
        esac
        rm -f "$log"
        [ "$errexit" = no ] || set -e
}
