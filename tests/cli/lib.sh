# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# For tests of aiguardctl: call it, compare what it says. Run from the top of the tree.
# UPDATE=1 writes the golden files anew; read the difference before you keep it.
cd "$(dirname "$0")/../.." || exit 1
: "${AIGUARDCTL:=.build/aiguardctl}"
rc=0
out=$(mktemp)
err=$(mktemp)
trap 'rm -f "$out" "$err"' EXIT

fail() { # name, reason
        echo "not ok - cli: $1 # $2"
        rc=1
}

# call EXIT NAME ARGUMENT...: runs aiguardctl; output is in $out and $err afterwards. False: already reported.
call() {
        wanted=$1
        name=$2
        shift 2
        "$AIGUARDCTL" "$@" >"$out" 2>"$err"
        got=$?
        [ "$got" -eq "$wanted" ] && return 0
        cat "$err"
        fail "$name" "exit $got, not $wanted"
        return 1
}

# golden EXIT NAME ARGUMENT...: standard output and then standard error are as in tests/cli/NAME.golden.
golden() {
        call "$@" || return
        name=$2
        file=tests/cli/$name.golden
        cat "$out" "$err" >"$out.all"
        [ -n "${UPDATE:-}" ] && cp "$out.all" "$file"
        if diff -u "$file" "$out.all"; then
                echo "ok - cli: $name"
        else
                fail "$name" "not as in $file"
        fi
        rm -f "$out.all"
}

# says EXIT NAME TEXT ARGUMENT...: TEXT is on standard error.
says() {
        text=$3
        wanted_exit=$1
        label=$2
        shift 3
        call "$wanted_exit" "$label" "$@" || return
        if grep -qF -- "$text" "$err"; then
                echo "ok - cli: $label"
        else
                cat "$err"
                fail "$label" "does not say: $text"
        fi
}
