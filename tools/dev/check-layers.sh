#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may include whom. Prints each include that breaks a rule; silent when all hold.
#
#   bpf/           nothing of daemon/ or tools/
#   daemon/lib     bpf/abi.h and bpf/decide.h only; no event loop, no skeleton, no daemon/*.h
#   daemon/        lib and itself; the skeleton only in loader*, sd-journal only in journal*, sd-bus only in bus files
#   daemon/scanner lib only
#   tools/         lib and itself; never daemon/*.h
set -u
cd "$(dirname "$0")/../.."

includes() { grep -nHE '^#include "' "$@" 2>/dev/null; }
report() { # reason, on stdin the offending lines
        sed "s|\$| <- $1|"
}
exists() { ls "$@" >/dev/null 2>&1; }

exists bpf/*.[ch] && includes bpf/*.[ch] | grep -E '"(lib/|daemon/|tools/)' | report "bpf includes user space"

lib=$(git ls-files -co --exclude-standard 'daemon/lib/*.[ch]')
# shellcheck disable=SC2086
{
        includes $lib | grep -vE '"(lib/[a-z0-9/_-]+\.h|abi\.h|decide\.h)"' | report "lib includes another layer"
        grep -nHE '^#include <systemd/(sd-event|sd-bus)' $lib | report "lib knows no event loop and no bus"
        grep -nH 'skel\.h' $lib | report "lib knows no skeleton"
}
for f in daemon/*.[ch]; do
        [ -e "$f" ] || continue
        case $f in
        daemon/loader*) ;;
        *) includes "$f" | grep 'skel\.h' | report "only loader includes the skeleton" ;;
        esac
        case $f in
        daemon/journal*) ;;
        *) grep -nHE '^#include <systemd/sd-journal' "$f" | report "only journal includes sd-journal" ;;
        esac
        case $f in
        daemon/manager-bus* | daemon/bus* | daemon/main.c) ;;
        *) grep -nHE '^#include <systemd/sd-bus' "$f" | report "only the bus files include sd-bus" ;;
        esac
done
exists daemon/scanner/*.[ch] && includes daemon/scanner/*.[ch] | grep -vE '"(lib/|scanner/)' | report "the scanner knows only lib"
exists tools/*.[ch] && includes tools/*.[ch] |
        grep -vE '"(lib/|abi\.h|decide\.h|ctl-[a-z-]+\.h|verbs\.h)' | report "tools know only lib and themselves"
exit 0
