# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: what the suites that prove the whole share: switching the project's mode and policy, looking at what
# it wrote to the journal, and the two-sided test of a refusal. Sourced in the guest by the suites main, behaviour,
# benign and bench; the one place that knows file names, field names and ids of the project.
#   BACKEND=lsm|fanotify    which backend is under test; names in exceptions.BACKEND are skipped, with its reason

# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"
: "${BACKEND:=lsm}"

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TESTS=/work/tests                    # the built side of tests/integration
PROBE=$TESTS/probe
RUNTIME=$TESTS/libonnxruntime.so.1   # looks like an inference runtime, does nothing
WEAK=$(echo /usr/lib/*/libopencv_dnn.so.4*)
WEAK=${WEAK%% *}
MODELS=$TESTS/models
ORT=$HERE/ort.js
CAMERA=/dev/video0
CONF_DIR=/etc/aiguard/aiguard.conf.d
POLICY_DIR=/etc/aiguard/policy.d
T=${TMPDIR:-/tmp}/aiguard-test
mkdir -p "$T"

ID_MODEL_REFUSED=819395510b4b4f0c83dd3588791d7507
ID_MODEL_AUDITED=b3a1813ad1e54a159c3ef3616fecc7db
ID_SENSOR_REFUSED=38e9a86c3f564062b5506065f1c553d4
ID_SENSOR_AUDITED=011c1cf6dbfc4e9c9d7a4f25f75ad84a
ID_SESSION_START=519b528145294498b9bb61e4f3606c1f
ID_SESSION_END=8188367ada24407f9682548c3e0be56c
ID_POLICY_REJECTED=1b470c4e7f584aea8e14ed15fc7897f5
ID_EMERGENCY_BEGUN=0a75b733d1c84dcbae7e8b01f16b5161
ID_ENTRIES_LOST=29811438ccf3446b8a69e07b3db5590d
REFUSED="$ID_MODEL_REFUSED $ID_SENSOR_REFUSED"
AUDITED="$ID_MODEL_AUDITED $ID_SENSOR_AUDITED"

# say TEXT: for the reader of the results; a run of a single script by hand has no results.
say() { note "$1" 2>/dev/null || echo "$1"; }

# ------------------------------------------------------------------- the daemon

# conf MODE [KEY=VALUE...]: the test's own drop-in, replacing the one before; keys are those of [Daemon].
# An emulated machine on a busy host loses its processors for tens of milliseconds, so the bridge gets more time than
# the default unless a test is about that time.
conf() {
        mkdir -p "$CONF_DIR"
        printf '%s\n' '[Host]' "Mode=$1" '[Daemon]' "HoldMaxMs=${HOLD_MAX_MS:-200}" "Backend=$BACKEND" "${@:2}" >"$CONF_DIR/90-test.conf"
}

# start_mode enforce|audit [KEY=VALUE...]: restarts the daemon in that mode.
start_mode() {
        MODE=$1
        shift
        conf "$MODE" "$@"
        systemctl reset-failed aiguardd 2>/dev/null || true
        systemctl restart aiguardd || { journalctl -u aiguardd -n 20 --no-pager; return 1; }
        wait_status '.mode == $mode' --arg mode "$MODE"
}

status() { aiguardctl status --json; }

# wait_status JQ-EXPRESSION [JQ-ARGS]: until the status says so, PATIENCE seconds at most.
wait_status() {
        local expression=$1 end=$((SECONDS + ${PATIENCE:-20})) now
        shift
        while [ $SECONDS -le $end ]; do
                # Of nothing at all, jq says that it is so.
                now=$(status 2>/dev/null) && jq -e "$@" "$expression" <<<"$now" >/dev/null 2>&1 && return 0
                sleep 0.25
        done
        status | jq -c '{mode, counters, gate}' || true
        echo "status never came to: $expression"
        return 1
}

counter() { status | jq -r ".counters.$1"; }

# policy NAME: installs standard input as the test's policy and reloads. No argument: removes it.
policy() {
        mkdir -p "$POLICY_DIR"
        rm -f "$POLICY_DIR"/*-test-*.yaml
        [ $# = 0 ] || cat >"$POLICY_DIR/50-test-$1.yaml"
        aiguardctl reload
}

# ------------------------------------------------------------------ the journal

journal() { journalctl --namespace=aiguard --quiet --no-pager "$@"; }

# mark: entries are counted from here on.
mark() {
        journal --cursor-file="$T/cursor" -o cat >/dev/null 2>&1 || true
        : >"$T/entries"
}

# collect: adds what was written since to $T/entries, one JSON object a line.
collect() {
        journalctl --namespace=aiguard --sync 2>/dev/null || true
        journal --cursor-file="$T/cursor" -o json --all >>"$T/entries" 2>/dev/null || true
}

# entries IDS [JQ-CONDITION]: those of the ids (words) that satisfy the condition.
entries() {
        # jq takes half a second to start in an emulated machine: only when there is something to look at.
        grep -q "${1// /\\|}" "$T/entries" || return 0
        jq -c --arg ids "$1" "select(.MESSAGE_ID as \$i | \$i != null and (\$ids | split(\" \") | index(\$i) != null))
                | select(${2:-true})" "$T/entries"
}

# wait_entries COUNT|some IDS [JQ-CONDITION]: exactly so many, and no more after a moment; `some`: at least one.
wait_entries() {
        local want=$1 n=0 least=$1 seen=-1 moment=0.2
        [ "$want" != some ] || least=1
        # Audit mode classifies behind the open: what must not be said gets the time to be said.
        [ "$want${MODE:-}" != 0audit ] || moment=0.7
        for _ in $(seq 30); do
                collect
                _count "$2" "${3:-true}"
                [ "$n" -lt "$least" ] || break
                sleep 0.2
        done
        [ "$want" != some ] || [ "$n" = 0 ] || return 0
        # A second one, or any at all where there must be none, gets a moment to show up.
        sleep $moment
        collect
        _count "$2" "${3:-true}"
        [ "$n" = "$want" ] && return 0
        echo "entries since the mark:"
        jq -c '{MESSAGE, OBJECT_PID, AIGUARD_RULE, AIGUARD_DECISION}' "$T/entries" || true
        echo "${WHEN:+$WHEN: }$n entries instead of $want"
        return 1
}
_count() { # sets n, when there is more than at the last look
        local size
        size=$(wc -c <"$T/entries")
        [ "$size" != "$seen" ] || return 0
        seen=$size
        n=$(entries "$1" "$2" | wc -l)
}

# --------------------------------------------------------------------- openers

# as_unit NAME COMMAND...: runs it as a service of its own, so that a policy can know it by its unit.
as_unit() {
        local unit=$1
        shift
        systemctl reset-failed "$unit" 2>/dev/null || true
        systemd-run --quiet --wait --pipe --collect --unit="$unit" -p Environment="NODE_PATH=$NODE_PATH" "$@"
}

ai() { "$PROBE" --ai "$RUNTIME" "$@"; }
ort() { node "$ORT" "$@"; }

# run COMMAND...: sets pid, rc and out. The pid is the command's own, so `ai` and `ort` are spelled out here.
run() {
        rc=0
        case $1 in
        ai) shift && set -- "$PROBE" --ai "$RUNTIME" "$@" ;;
        ort) shift && set -- node "$ORT" "$@" ;;
        esac
        "$@" >"$T/out" 2>&1 &
        pid=$!
        wait "$pid" || rc=$?
        out=$(cat "$T/out")
        echo "$* -> $rc: ${out:0:2000}"
}

# ends CODE [WHEN]: what `run` came to.
ends() { [ "$rc" = "$1" ] || { echo "${2:+$2: }ended with $rc instead of $1: $out"; return 1; }; }
fails() { # COMMAND...: it must not succeed; `!` would hide that from set -e
        if "$@"; then echo "succeeded: $*"; return 1; fi
}
value() { printf '%s\n' "$out" | sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" | tail -n 1; }

# camera_node PATH: another name for the camera. In audit mode repeats about one node are summed up after the fourth, so
# each test has its own; for a backend that knows the number only, the daemon begins to count anew.
camera_node() {
        [ "$BACKEND-$MODE" != fanotify-audit ] || start_mode audit
        rm -f "$1"
        mknod "$1" c $((0x$(stat -c %t "$CAMERA"))) $((0x$(stat -c %T "$CAMERA")))
}

# fresh NAME FROM: a file of its own with nobody's history; prints its path.
fresh() {
        mkdir -p /work/fresh
        cp "$2" "/work/fresh/$1"
        sync -f "/work/fresh/$1"
        echo "/work/fresh/$1"
}

# ------------------------------------------------------- a refusal, from two sides

# The fields that an entry about a refusal must have, whatever it is about.
FIELDS='MESSAGE MESSAGE_ID PRIORITY OBJECT_PID AIGUARD_RULE AIGUARD_DECISION AIGUARD_MODE AIGUARD_UID AIGUARD_COMM
        AIGUARD_TRAITS AIGUARD_SYSTEM_ID AIGUARD_EVENT_ID AIGUARD_TIME AIGUARD_POLICY_SHA256 AIGUARD_HOOK'

# said PATH model|sensor|network [CONDITION]: exactly one entry about it (TIMES: how many; some), with all its fields, that says
# what this mode does. PATH any: whatever it is about; pid=any or ANY_PROCESS=yes: whoever did it.
said() {
        local path=$1 kind=$2 more=${3:-true} id about names="$FIELDS" fault
        case $MODE-$kind in
        enforce-model) id=$ID_MODEL_REFUSED ;;
        enforce-sensor | enforce-network) id=$ID_SENSOR_REFUSED ;;
        audit-model) id=$ID_MODEL_AUDITED ;;
        audit-sensor | audit-network) id=$ID_SENSOR_AUDITED ;;
        esac
        about='true'
        # A device program sees the number of a node and no name: the log then has the name in /dev.
        [ "$kind-$BACKEND" != sensor-fanotify ] || [ "$path" = any ] || path=$CAMERA
        [ "$path" = any ] || case $kind in
        model) about=".AIGUARD_MODEL_PATH == \"$path\"" ;;
        sensor | network) about="(.AIGUARD_DEVICE // \"\") | endswith(\"$path\")" ;;
        esac
        [ "$pid" = any ] || [ "${ANY_PROCESS:-no}" = yes ] || about="($about) and .OBJECT_PID == \"$pid\""
        case $kind in
        model) names="$names AIGUARD_MODEL_PATH AIGUARD_MODEL_FORMAT AIGUARD_MODEL_CAPABILITY AIGUARD_MODEL_EVIDENCE" ;;
        sensor) names="$names AIGUARD_DEVICE AIGUARD_DEV_MAJMIN" ;;
        network) names="$names AIGUARD_DEVICE" ;; # an address has no number
        esac
        [ -z "${UNREAD:-}" ] || names=$FIELDS
        # A model's answer may come from either; who answers for a device, the backend fixes.
        case $kind-$BACKEND in
        sensor-lsm) more="($more) and .AIGUARD_HOOK == \"file_open\"" ;;
        network-lsm) more="($more) and .AIGUARD_HOOK == \"socket_connect\"" ;;
        sensor-fanotify) more="($more) and .AIGUARD_HOOK == \"cgroup_device\"" ;;
        network-fanotify) more="($more) and .AIGUARD_HOOK == \"cgroup_connect\"" ;;
        model-fanotify) more="($more) and .AIGUARD_HOOK == \"fanotify\"" ;;
        esac
        wait_entries "${TIMES:-1}" "$REFUSED $AUDITED" "$about" || return 1
        fault=$(entries "$REFUSED $AUDITED" "$about" | jq -r --arg id "$id" --arg mode "$MODE" --arg names "$names" ". as \$e
                | [(\$names | splits(\"[ \\n]+\")) | select(. != \"\" and (\$e[.] // \"\") == \"\")] as \$missing
                | if .MESSAGE_ID != \$id or ($more | not) then \"another entry than promised: \\(.)\"
                elif \$missing != [] then \"missing in the entry: \\(\$missing | join(\" \")); it says: \\(.MESSAGE)\"
                elif .AIGUARD_MODE != \$mode or .AIGUARD_WOULD != \"deny\"
                        or .AIGUARD_DECISION != (if \$mode == \"enforce\" then \"deny\" else \"audit\" end)
                then \"the entry says otherwise: \\(.)\" else empty end")
        [ -z "$fault" ] || { echo "${WHEN:+$WHEN: }$fault"; return 1; }
}

# refused PATH model|sensor|network COMMAND...: the command must end with 1 (EPERM) in enforce mode and with 0 in audit mode,
# and the journal must say so once. WHEN: for the reader, of several in one test; SAID: one more condition on the entry;
# OPENED: how it ends in audit mode; UNREAD=yes: nobody has read this model, so there is nothing to say of its content;
# and what `said` takes.
refused() {
        local path=$1 kind=$2
        shift 2
        mark
        run "$@"
        case $MODE in
        enforce) ends 1 "${WHEN:+$WHEN, }not refused" || return 1 ;;
        audit) ends "${OPENED:-0}" "${WHEN:+$WHEN, }audit mode refused it" || return 1 ;;
        esac
        said "$path" "$kind" "${SAID:-true}"
}
# The same for a unit of its own, whose process only the entry knows: refused_unit NAME PATH KIND VERB-AND-FILE...
refused_unit() {
        local unit=$1 path=$2 kind=$3
        shift 3
        ANY_PROCESS=yes refused "$path" "$kind" as_unit "$unit.service" "$PROBE" --ai "$RUNTIME" "$@"
}

# allowed COMMAND...: ends with 0, and nothing is said of a refusal, real or supposed.
allowed() {
        mark
        run "$@"
        ends 0 "${WHEN:+$WHEN, }refused or failed" || return 1
        wait_entries 0 "$REFUSED $AUDITED"
}
allowed_unit() { # NAME VERB-AND-FILE...
        local unit=$1
        shift
        allowed as_unit "$unit.service" "$PROBE" --ai "$RUNTIME" "$@"
}

# behaviour NAME COMMAND...: a named test of the list that every backend runs.
behaviour() {
        local reason
        reason=$(sed -n "s/^$(printf '%s' "$1" | sed 's/[][\.*^$/]/\\&/g')[[:space:]][[:space:]]*//p" \
                "$HERE/exceptions.$BACKEND" 2>/dev/null | head -n 1)
        # "[before 6.5] reason": on older kernels only.
        case $reason in '[before '*)
                local least=${reason#\[before }
                least=${least%%]*}
                if [ "$(printf '%s\n' "$least" "$(uname -r)" | sort -V | head -n 1)" = "$least" ]; then
                        reason=''
                else
                        reason=${reason#*] }
                fi ;;
        esac
        if [ -n "$reason" ]; then
                skip "$1" "$BACKEND: $reason"
                return
        fi
        test_case "$@"
}
