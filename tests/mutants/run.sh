#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: `make mutants`. Plants the faults of faults/*.fault one at a time in a copy of the tree and runs the one
# test that each names; a fault whose test stays green has survived, and the run fails. Most are killed by a unit test
# in seconds; those that only a kernel shows are built here and run one after the other in a single virtual machine.
#
# A fault file:   what: one sentence           (then, once for each place)
#                 file: path    old: text that stands there exactly once on one line    new: what is put in its place
#                 test: unit PROGRAM [FILTER]  |  vm FUNCTION [set-up]   (FUNCTION of tests/integration/*.bash)
#                       |  native TEST   (a line of native.sh, as root: the fanotify backend on this machine)
#
#   run.sh [NAME...]   only these        MUTANTS=unit|native|vm|all   KERNEL=6.1|6.12
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=$top/.build/mutants
copy=$out/tree
kinds=${MUTANTS:-all}
survived=0 killed=0 skipped=0
log=$out/log

result() { printf '%s\n' "$*"; }
killed() { result "ok - mutants/$1 # killed by $2" && killed=$((killed + 1)); }
survived() { result "not ok - mutants/$1 # $2" && survived=$((survived + 1)); }

field() { sed -n "s/^$2: *//p" "$1" | head -n 1; }

# The tree as it is, with what was built from it, so that a fault costs one compilation.
make_copy() {
        mkdir -p "$copy" "$log"
        find "$copy" -mindepth 1 -maxdepth 1 ! -name .build -exec rm -rf {} +
        tar -C "$top" --exclude=./.git --exclude=./.build -cf - . | tar -C "$copy" -xf -
        mkdir -p "$copy/.build"
        tar -C "$top/.build" --exclude=./vm --exclude=./mutants --exclude=./demo --exclude=./results --exclude=./fuzz \
                -cf - . | tar -C "$copy/.build" -xf -
}

# plant FAULT / heal FAULT: in the copy.
plant() {
        python3 - "$1" "$copy" <<'END'
import sys
fault, tree = sys.argv[1:]
edits, key = [], None
for line in open(fault):
    name, _, value = line.rstrip("\n").partition(": ")
    if name == "file":
        edits.append([value.strip(), None, None])
    elif name == "old":
        edits[-1][1] = value
    elif name == "new":
        edits[-1][2] = value
for path, old, new in edits:
    full = f"{tree}/{path}"
    text = open(full).read()
    if text.count(old) != 1:
        raise SystemExit(f"{path}: '{old}' stands there {text.count(old)} times")
    open(full, "w").write(text.replace(old, new))
END
}
heal() {
        sed -n 's/^file: *//p' "$1" | sort -u | while read -r file; do
                cp "$top/$file" "$copy/$file"
        done
}

build() { make -C "$copy" --no-print-directory -s "$@"; }

# ------------------------------------------------------------------- unit tests

run_unit() { # program [filter]
        local program=$copy/.build/unit/$1
        (cd "$copy" && AIGUARD_SCANNER=$copy/.build/asan/aiguard-scanner ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 \
                timeout 300 "$program" --jobs 2 --timeout 60 ${2:+--filter "$2"})
}
unit_targets() { echo ".build/unit/$1 .build/asan/aiguard-scanner .build/asan/aiguardctl"; }

declare -A sound=()
unit_fault() { # fault file, name, program, filter
        local key="$3 ${4:-}"
        # Without the fault the test must be green, and must exist: a filter that matches nothing proves nothing.
        if [ -z "${sound[$key]:-}" ]; then
                # shellcheck disable=SC2046
                if build $(unit_targets "$3") >"$log/$3.build" 2>&1 && run_unit "$3" "${4:-}" >"$log/$3.sound" 2>&1 &&
                        sed 's/\x1b\[[0-9;]*m//g' "$log/$3.sound" | grep -q 'Tested: [1-9]'; then
                        sound[$key]=yes
                else
                        sound[$key]=no
                fi
        fi
        [ "${sound[$key]}" = yes ] || { survived "$2" "its test $key is red without the fault"; return; }
        plant "$1" 2>"$log/$2.plant" || { survived "$2" "cannot be planted: $(tail -n 1 "$log/$2.plant")"; heal "$1"; return; }
        # shellcheck disable=SC2046
        if ! build $(unit_targets "$3") >"$log/$2.build" 2>&1; then
                survived "$2" "does not build: $(grep -m 1 error "$log/$2.build")"
        elif run_unit "$3" "${4:-}" >"$log/$2.run" 2>&1; then
                survived "$2" "$key stays green: $(field "$1" what)"
        else
                killed "$2" "$key"
        fi
        heal "$1"
}

# -------------------------------------------------------------- on this machine

run_native() { (cd "$copy" && BUILD=$copy/.build tests/integration/native.sh) >"$1" 2>&1; }
native_fault() { # fault file, name, test
        if [ ! -e "$log/native.sound" ]; then
                build all acceptance-build >"$log/native.build" 2>&1 && run_native "$log/native.sound"
        fi
        if grep -q '^skip - native' "$log/native.sound"; then
                result "skip - mutants/$2 # $(sed -n 's/^skip - native # //p' "$log/native.sound")" && skipped=$((skipped + 1))
                return
        fi
        grep -qxF "ok - $3" "$log/native.sound" || { survived "$2" "its test $3 is red without the fault"; return; }
        plant "$1" 2>"$log/$2.plant" || { survived "$2" "cannot be planted: $(tail -n 1 "$log/$2.plant")"; heal "$1"; return; }
        if ! build all >"$log/$2.build" 2>&1; then
                survived "$2" "does not build: $(grep -m 1 -i error "$log/$2.build")"
        elif run_native "$log/$2.run" || ! grep -qF "not ok - $3 #" "$log/$2.run"; then
                survived "$2" "$3 stays green: $(field "$1" what)"
        else
                killed "$2" "$3"
        fi
        heal "$1"
}

# --------------------------------------------------------------- in the machine

# What differs between two builds: three programs and the data that they read.
keep_build() { # name
        rm -rf "$out/vm/$1"
        build all && build DESTDIR="$out/vm/$1" install &&
                strip "$out/vm/$1/usr/lib/aiguard/aiguardd" "$out/vm/$1/usr/lib/aiguard/aiguard-scanner" "$out/vm/$1/usr/bin/aiguardctl"
}
vm_fault() { # fault file, name, test
        if ! plant "$1" 2>"$log/$2.plant"; then
                survived "$2" "cannot be planted: $(tail -n 1 "$log/$2.plant")"
        elif ! keep_build "$2" >"$log/$2.build" 2>&1; then
                survived "$2" "does not build: $(grep -m 1 -i error "$log/$2.build")"
                rm -rf "$out/vm/$2"
        else
                echo "$2 $3" >>"$out/vm/list"
        fi
        heal "$1"
}
run_vm() {
        local line name
        [ -s "$out/vm/list" ] || return 0
        keep_build sound >"$log/sound.build" 2>&1 || { survived sound "the tree itself does not build"; return; }
        tests/vm/run.sh --kernel "${KERNEL:-6.1}" --suite mutants --timeout 2400 --stage "$out/vm/sound" --put "$out/vm" >"$log/vm" 2>&1
        # The suite judges; only its lines count, and each fault must have one.
        while read -r name _; do
                line=$(grep -E "^ *[0-9. ]*(ok|not ok) - ([0-9.]+/)?mutants/$name( |\$)" "$log/vm" | head -n 1 | sed 's/^ *[0-9.]* *//')
                case $line in
                'ok - '*) result "$line" && killed=$((killed + 1)) ;;
                'not ok - '*) result "$line" && survived=$((survived + 1)) ;;
                *) survived "$name" "the machine said nothing of it; see $log/vm" ;;
                esac
        done <"$out/vm/list"
        grep -E 'not ok - ([0-9.]+/)?mutants/sound' "$log/vm" | sed 's/^ *[0-9.]* *//' && survived=$((survived + 1))
        return 0
}

# -------------------------------------------------------------------------- all

cd "$top" || exit 1
echo "mutants: building the sound tree"
make --no-print-directory -s all acceptance-build || exit 1
rm -rf "$out/vm" && mkdir -p "$out/vm"
make_copy
rm -f "$log/native.sound"
for fault in "$here"/faults/*.fault; do
        name=$(basename "$fault" .fault)
        [ $# = 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
        read -r kind test rest <<<"$(field "$fault" test)"
        [ "$kinds" = all ] || [ "$kinds" = "$kind" ] || continue
        case $kind in
        unit) unit_fault "$fault" "$name" "$test" "$rest" ;;
        native) native_fault "$fault" "$name" "$test${rest:+ $rest}" ;;
        vm) vm_fault "$fault" "$name" "$test $rest" ;;
        *) survived "$name" "names no test" ;;
        esac
done
run_vm
echo "$((killed + survived)) faults planted: each must turn the test red that it names"
echo "$killed passed, $survived failed, $skipped skipped"
[ "$survived" = 0 ] && [ "$killed" -gt 0 ]
