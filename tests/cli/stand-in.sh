# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Sourced behind lib.sh: answers FOLDER makes bus-stand-in answer in place of the daemon, from the files there.
: "${STAND_IN:=.build/asan/bus-stand-in}"

folder=$(mktemp -d)
AIGUARD_BUS_SOCKET=$folder/bus
export AIGUARD_BUS_SOCKET
pid=
finish() {
        [ -z "$pid" ] || kill "$pid" 2>/dev/null
        # shellcheck disable=SC2154 # out and err are of lib.sh
        rm -rf "$folder" "$out" "$err"
}
trap finish EXIT

answers() {
        [ -z "$pid" ] || kill "$pid" 2>/dev/null
        rm -f "$AIGUARD_BUS_SOCKET"
        "$STAND_IN" "$AIGUARD_BUS_SOCKET" "$1" >"$folder/ready" &
        pid=$!
        for _ in $(seq 100); do
                [ ! -s "$folder/ready" ] || return 0
                sleep 0.1
        done
        fail "a daemon's stand-in" "it does not listen"
        exit 1
}
