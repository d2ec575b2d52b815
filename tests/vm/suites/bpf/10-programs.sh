#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: runs the testers of tests/bpf and hands their lines on. A tester that dies
# without a "not ok" of its own is one.
. "$VM_LIB"

hand_on() {
        local line last="" reason
        local -i lines=0
        while IFS= read -r line; do
                last=$line
                reason=${line#* \# }
                case $line in
                "ok - "*) pass "${line#ok - }" ;;
                "not ok - "*) line=${line%% \# *} && fail "${line#not ok - }" "$reason" ;;
                "skip - "*) line=${line%% \# *} && skip "${line#skip - }" "$reason" ;;
                *) note "${line#\# }" && continue ;;
                esac
                lines+=1
        done < <("$@" 2>&1; echo "# exit $?")
        [ "$lines" -gt 0 ] || fail "$1" "printed no result"
        case $last in "# exit 0" | "# exit 1") ;; *) fail "$1" "$last" ;; esac
}

hand_on ./bpf-verify
hand_on ./bpf-decide
hand_on ./bpf-hooks
