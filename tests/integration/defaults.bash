# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: the table of defaults, cell by cell, as the kernel and the gate apply it: four workloads that differ only
# in risk meet each case of the table. The policy says nothing but who they are.
# In audit mode the same cells: everything opens, and the entry says what the table does. The two rows about a daemon
# that does not answer have no twin: nobody waits, and nobody writes. The tests are listed in
# tests/vm/suites/behaviour/40-defaults.sh.

WHO='undeclared medium high state'
DEFAULTS_POLICY='aiguard: 1
mode: enforce
workloads:
  defaults-medium: { match: { unit: "d-medium-*.service" }, risk: medium, jurisdiction: kz }
  defaults-high: { match: { unit: "d-high-*.service" }, risk: high, jurisdiction: kz }
  defaults-state: { match: { unit: "d-state-*.service" }, risk: medium, state_equivalent: true, jurisdiction: kz }'

opener() { # who, case, command...
        local who=$1 case=$2
        shift 2
        if [ "$who" = undeclared ]; then run "$@"; else run as_unit "d-$who-$case.service" "$@"; fi
}

# The open ends as the action says, and the strongest entry about it is of that action; in audit mode it opens, and the
# entry says that action of what would have been.
judge() { # who, action, path
        local want=0 decision= field=AIGUARD_DECISION
        [ "$2-$MODE" != deny-enforce ] || want=1
        [ "$MODE" = enforce ] || field=AIGUARD_WOULD
        [ "$rc" = "$want" ] || { echo "$1: ended with $rc, the table says $2: $out"; return 1; }
        if [ "$2" = allow ]; then
                wait_entries 0 "$REFUSED $AUDITED"
                return
        fi
        for _ in $(seq 25); do
                collect
                grep -q "$3" "$T/entries" || { sleep 0.2; continue; }
                decision=$(jq -r --arg p "$3" --arg f $field 'select((.AIGUARD_MODEL_PATH // .AIGUARD_DEVICE // "") | endswith($p))
                        | .[$f] // empty' "$T/entries" | sort -u | paste -sd ' ')
                [ "$decision" != "$2" ] || return 0
                sleep 0.2
        done
        echo "$1: the table says $2, the journal '${decision:-nothing}'"
        return 1
}
row() { # case, file to copy, action per workload
        local case=$1 from=$2 who file
        shift 2
        for who in $WHO; do
                file=$(fresh "d-$case-$who.onnx" "$from")
                mark
                opener "$who" "$case" "$PROBE" --ai "$RUNTIME" --timeout 20 open "$file"
                judge "$who" "$1" "$file" || return 1
                shift
        done
}
sensor_row() {
        local who
        for who in $WHO; do
                mark
                opener "$who" sensor "$PROBE" --ai "$RUNTIME" open "$CAMERA"
                judge "$who" deny "$CAMERA" || return 1
        done
}

# The corpus's own word for what is suspect and what is merely capable: the scanner's.
find_status() {
        [ -n "$CORPUS" ] || return 0
        aiguardctl scan --json "$CORPUS" 2>/dev/null | jq -r "select($1) | .path" | grep -E '\.(onnx|safetensors)$' | head -n 1
}
as_it_lies() { # case, path, action per workload: the path may be its evidence, so it keeps its place
        local case=$1 f=$2 who
        shift 2
        for who in $WHO; do
                mark
                opener "$who" "$case" "$PROBE" --ai "$RUNTIME" open "$f"
                judge "$who" "$1" "$f" || return 1
                shift
        done
}
suspects() {
        local f
        f=$(find_status '.status == "suspect"')
        [ -n "$f" ] || { echo "nothing in the corpus is suspect"; return 77; }
        as_it_lies suspect "$f" audit audit deny deny
}
capables() {
        local f
        f=$(find_status '.model_capabilities[]?.status == "capable"')
        [ -n "$f" ] || { echo "nothing in the corpus is only capable"; return 77; }
        # The last one's models must be declared: that line of the table is the stricter one.
        as_it_lies capable "$f" report report audit deny
}

# The deadline: the daemon counts as alive and does not answer.
deadline_row() {
        local who file main failed=0
        for who in $WHO; do
                file=$(fresh "d-unknown-$who.onnx" "$MODELS/good-03.onnx")
                start_waiting "$who" unknown "$file"
                main=$(systemctl show -P MainPID aiguardd)
                kill -STOP "$main"
                : >"$T/go"
                finish_waiting
                kill -CONT "$main"
                sleep 1
                [ "$rc" = 1 ] || { echo "$who: $rc, the table says deny: $out"; failed=1; }
        done
        return $failed
}
daemon_down_row() {
        local who file failed=0
        for who in $WHO; do
                file=$(fresh "d-down-$who.onnx" "$MODELS/good-04.onnx")
                start_waiting "$who" down "$file"
                systemctl stop aiguardd
                : >"$T/go"
                finish_waiting
                systemctl start aiguardd
                wait_status '.mode == "enforce"'
                [ "$rc" = "$1" ] || { echo "$who: ended with $rc instead of $1: $out"; failed=1; }
                shift
        done
        return $failed
}
# A process that is known to the daemon already, has its runtime, and opens when told to.
start_waiting() {
        set -- "$1" "$2" "$PROBE" --ai "$RUNTIME" --timeout 60 await "$T/go" "$3"
        rm -f "$T/go"
        if [ "$1" = undeclared ]; then
                "${@:3}" >"$T/out" 2>&1 &
        else
                as_unit "d-$1-$2.service" "${@:3}" >"$T/out" 2>&1 &
        fi
        waiting=$!
        for _ in $(seq 100); do
                grep -q '^up' "$T/out" && break
                sleep 0.1
        done
        sleep 1
}
finish_waiting() {
        rc=0
        wait "$waiting" || rc=$?
        out=$(cat "$T/out")
}
