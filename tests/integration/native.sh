#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the fanotify backend on the machine that builds, whose kernel may refuse LSM programs and which need not run
# systemd: refusals told by their errno, robustness, and with `bench` what it costs. As root. Nothing is installed: the
# daemon runs in a mount namespace of its own and watches one file system in a file, unless ALL=yes. A watchdog ends it
# with SIGKILL, so that a fault cannot keep the machine.
#   native.sh [bench|consents|demo|models]  ends like the suites do: "N passed, N failed, N skipped"; 77: not here
set -u
here=$(cd "$(dirname "$0")" && pwd) top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/.build}
[ "$(id -u)" = 0 ] || { echo "native: run it as root" >&2; exit 2; }
cannot() { echo "skip - native # $1"; exit 77; }
if [ "${NATIVE_INSIDE:-}" != yes ]; then
        unshare --mount --propagation private true 2>/dev/null || cannot "a mount namespace of its own cannot be had here"
        # PROC_PID_INIT_INO of the kernel: as `aiguardctl doctor` asks.
        [ "$(stat -Lc %i /proc/self/ns/pid)" = 4026531836 ] || cannot "the daemon must be in the host's PID namespace"
        NATIVE_INSIDE=yes exec unshare --mount --propagation private "$0" "$@"
fi
what=${1:-behaviour} limit=${LIMIT:-600}
T=$(mktemp -d /tmp/aiguard-native.XXXXXX) M=$T/fs
passed=0 failed=0 skipped=0 watchdog='' daemon=''

pass() { echo "ok - $1"; passed=$((passed + 1)); }
fail() { echo "not ok - $1 # $2"; failed=$((failed + 1)); }
skip() { echo "skip - $1 # $2"; skipped=$((skipped + 1)); }
note() { echo "# $*"; }
check() { # NAME COMMAND...: the last line it prints is the reason
        local name=$1 reason
        shift
        if reason=$("$@" 2>&1); then pass "$name"; else fail "$name" "$(tail -n 1 <<<"$reason")"; fi
}

# ------------------------------------------------------------------- the daemon

mount_scratch() {
        truncate -s 768M "$T/image" && mkfs.ext4 -q "$T/image" && mkdir "$M" && mount -o loop "$T/image" "$M"
        cp "$build/tests/probe" "$build/tests/bench" "$build/tests/libonnxruntime.so.1" "$M/"
        cp -r "$build/tests/models" "$M/models"
        mknod "$M/camera" c 81 0
}
private_tree() { # the daemon's configuration and state, seen by us alone
        local folder
        for folder in /etc/aiguard /usr/lib/aiguard /run/aiguard /var/lib/aiguard; do
                [ -d "$folder" ] || { mkdir -p "$folder" && echo "$folder" >>"$T/made"; }
                mount -t tmpfs -o mode=755 tmpfs "$folder"
        done
        mkdir -p /etc/aiguard/aiguard.conf.d /etc/aiguard/policy.d /usr/lib/aiguard/policy.d /var/lib/aiguard/consent
        cp -r "$top/policies/modelcaps" "$top/policies/runtimes.yaml" "$build/aiguardd" "$build/aiguard-scanner" /usr/lib/aiguard/
        cp "$top/policies/baseline.yaml" /usr/lib/aiguard/policy.d/10-baseline.yaml
        cp "$top/policies/kz.yaml" /etc/aiguard/policy.d/20-kz.yaml
        mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
        mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
}
status() { "$build/aiguardctl" status --json 2>/dev/null; }
start_daemon() { # mode
        { printf '[Host]\nMode=%s\n[Daemon]\nBackend=fanotify\n' "$1"
          [ "${ALL:-}" = yes ] || printf 'Filesystems=%s\n' "$M"; } >/etc/aiguard/aiguard.conf.d/90-native.conf
        timeout -s KILL "$limit" /usr/lib/aiguard/aiguardd >>"$T/daemon.log" 2>&1 &
        watchdog=$!
        for _ in $(seq 600); do
                [ "$(status | jq -r .mode)" = "$1" ] && { daemon=$(pgrep -P $watchdog aiguardd); return 0; }
                kill -0 $watchdog 2>/dev/null || break
                sleep 0.2
        done
        tail -n 3 "$T/daemon.log"
        return 1
}
stop_daemon() {
        [ -z "$daemon" ] || kill "$daemon" 2>/dev/null
        [ -z "$watchdog" ] || wait "$watchdog" 2>/dev/null
        daemon='' watchdog=''
}
# shellcheck disable=SC2317 # the trap calls it
finish() {
        [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
        "$build/aiguardd" --unpin 2>/dev/null
        umount "$M" 2>/dev/null
        for folder in /etc/aiguard /usr/lib/aiguard /run/aiguard /var/lib/aiguard; do umount "$folder" 2>/dev/null; done
        [ ! -e "$T/made" ] || xargs rmdir 2>/dev/null <"$T/made"
        rm -rf "$T"
}
trap finish EXIT

# -------------------------------------------------------------------- refusals

P=$M/probe RUNTIME=$M/libonnxruntime.so.1
ai() { "$P" --ai "$RUNTIME" "$@"; }
gives() { # ERRNO COMMAND...
        local want=$1 out
        shift
        out=$("$@" 2>&1)
        case $out in *"open=$want "*) return 0 ;; esac
        echo "wanted $want: $out"
        return 1
}
fresh() { cp "$M/models/bad-0$1.onnx" "$M/$2" && sync -f "$M/$2" && echo "$M/$2"; }

refusals() {
        local bad=$M/models/bad-01.onnx
        check "labelled-model" gives EPERM ai open "$bad"
        check "labelled-model again" gives EPERM ai open "$bad"
        check "labelled-model by who is no AI" gives ok "$P" open "$bad"
        check "renamed" gives EPERM ai open "$(fresh 2 x.bin)"
        ln -f "$(fresh 3 l.onnx)" "$M/l.txt"
        check "hard-link" gives EPERM ai open "$M/l.txt"
        check "runtime-mapped-not-run" gives EPERM "$P" --map "$RUNTIME" open "$(fresh 4 m.onnx)"
        check "trait-survives-exec" gives EPERM ai exec "$P" open "$(fresh 5 e.onnx)"
        check "trait-passes-to-children" gives EPERM ai exec sh -c "'$P' open '$(fresh 6 c.onnx)'; true"
        check "trait-by-one-thread" gives EPERM ai threads "$(fresh 7 t.onnx)"
        head -c 200000 /dev/urandom >"$M/clean.bin"
        check "clean-file" gives ok ai open "$M/clean.bin"
        check "known-harmless-model-rewritten" rewritten "$M/models/good-02.onnx"
        check "known-clean-file-rewritten" rewritten "$M/clean.bin"
        cp "$RUNTIME" "$M/copied.so"
        check "who copies a runtime is no AI" gives ok "$P" open "$bad"
        check "mknod-ed camera" gives EPERM ai open "$M/camera"
        check "mknod-ed camera by who is no AI" gives ENXIO "$P" open "$M/camera"
        evidence_of_a_workload
        check "network camera, IPv4" gives EPERM ai connect 127.0.0.1 8554
        check "network camera, IPv6" gives EPERM ai connect ::1 8554
        check "network camera, IPv4 as IPv6" gives EPERM ai connect ::ffff:127.0.0.1 8554
        check "network camera by who is no AI" gives ok "$P" connect 127.0.0.1 8554
        check "another port" gives ok ai connect 127.0.0.1 5540
        if [ -d "$build/vm/ai/node_modules/onnxruntime-node" ] && command -v node >/dev/null; then
                # The runtime has to lie where it is seen, with only one file system watched.
                cp -r "$build/vm/ai/node_modules" "$M/"
                check "real ONNX Runtime, labelled model" gives EPERM env NODE_PATH="$M/node_modules" node "$here/ort.js" load "$bad"
                check "real ONNX Runtime, harmless model" gives ok env NODE_PATH="$M/node_modules" node "$here/ort.js" load "$M/models/good-00.onnx"
        else
                skip "real ONNX Runtime" "node or onnxruntime-node is not here: make vm-image fetches it"
        fi
}

# Known, and asked for no more: until somebody writes it.
rewritten() { # what is to be known first
        local f=$M/rewritten.${1##*.} i
        cp "$1" "$f" && sync -f "$f"
        sleep 0.3
        for i in 1 2 3 4; do gives ok ai open "$f" && gives ok "$P" open "$f" || return 1; done
        cat "$M/models/bad-08.onnx" >"$f"
        gives EPERM ai open "$f"
}

# All of this machine's tests are one workload, so the order counts. The interpreter has to lie where it is seen.
python_opens() { # denied|opens SCRIPT MODEL
        local want=$1
        shift
        timeout 20 "$M/python3" "$@" >"$T/python" 2>&1
        case $?-$want in
        0-opens | 13-denied) return 0 ;;
        *) echo "wanted $want: $(tail -n 1 "$T/python")"; return 1 ;;
        esac
}
evidence_of_a_workload() {
        local opens='import sys, errno
try:
    open(sys.argv[1], "rb").read(64)
except PermissionError as e:
    sys.exit(13)
'
        cp "$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')" "$M/python3"
        PYTHONHOME=$(python3 -c 'import sys; print(sys.base_prefix)')
        export PYTHONHOME
        printf '%s' "$opens" >"$M/plain.py"
        printf '%s%s\n' "$opens" 'ANSWERS = ["positive", "neutral", "negative"]' >"$M/three.py"
        printf '%s%s\n' "$opens" 'CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]' >"$M/seven.py"
        sync -f "$M"
        check "suspect-model" gives ok ai open "$M/models/suspect-0.onnx"
        check "suspect-model in a script without labels" python_opens opens "$M/plain.py" "$M/models/suspect-1.onnx"
        check "suspect-model in a script with three words" python_opens opens "$M/three.py" "$M/models/suspect-1.onnx"
        check "suspect-model in a script with seven emotions" python_opens denied "$M/seven.py" "$M/models/suspect-2.onnx"
        check "suspect-model known before, in that workload" gives EPERM ai open "$M/models/suspect-0.onnx"
        check "harmless-model in that workload" gives ok ai open "$M/models/good-01.onnx"
        unset PYTHONHOME
}

# ------------------------------------------------------------------ robustness

many_files() {
        mkdir -p "$M/many"
        python3 -c 'import os, sys
for i in range(5000): open(f"{sys.argv[1]}/f{i}", "wb").write(os.urandom(3000))' "$M/many"
}
storm() { # PROCESSES OPENS: prints seconds; fails when one of them failed
        python3 -c 'import os, sys, time
n, total, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
start = time.time()
for k in range(n):
    if os.fork() == 0:
        for i in range(total // n): os.close(os.open(f"{folder}/f{(k * total // n + i) % 5000}", os.O_RDONLY))
        os._exit(0)
bad = sum(os.waitpid(-1, 0)[1] != 0 for _ in range(n))
print(f"{time.time() - start:.2f}")
sys.exit(bad != 0)' "$1" "$2" "$M/many"
}
storm_with_refusals() {
        local i got=0
        storm 200 50000 >"$T/storm" &
        local pid=$!
        for i in 1 2 3 4 5 6 7 8 9; do gives EPERM ai open "$M/models/bad-0$i.onnx" && got=$((got + 1)); done
        wait $pid || { echo "an open failed"; return 1; }
        [ $got = 9 ] || { echo "$got of 9 refused"; return 1; }
        for _ in $(seq 50); do
                [ "$(status | jq .gate.waiting)" = 0 ] && return 0
                sleep 0.1
        done
        echo "the queue is not drained"
        return 1
}
while_stopped() {
        local start
        kill -STOP "$daemon"
        start=$(date +%s%N)
        timeout 30 "$P" open "$M/many/f1" >/dev/null
        timeout 30 bash -c "$(declare -f storm); M='$M' storm 20 2000" >/dev/null
        kill -CONT "$daemon"
        [ $((($(date +%s%N) - start) / 1000000)) -lt 10000 ] || { echo "the host waited"; return 1; }
        sleep 0.5
        gives EPERM ai open "$M/models/bad-01.onnx"
}
killed_under_load() {
        local start
        storm 200 200000 >/dev/null &
        local pid=$!
        sleep 0.3
        kill -KILL "$daemon"
        start=$(date +%s%N)
        # Whoever waited then goes on, and so does a new one.
        timeout 5 "$P" open "$M/many/f2" >/dev/null || { echo "an open did not return"; return 1; }
        echo $((($(date +%s%N) - start) / 1000000)) >"$T/killed"
        [ "$(cat "$T/killed")" -lt 1000 ] || { echo "$(cat "$T/killed") ms"; return 1; }
        wait $pid || { echo "an open failed"; return 1; }
}

# -------------------------------------------------------------------- measures

# shellcheck source=tests/integration/measure.bash
. "$here/measure.bash"
every_cpu=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status) one_cpu=${every_cpu%%[-,]*}
# In a virtual machine to wake a processor that sleeps takes longer than all that is to be measured: all on one.
first_on_one() { # PID of who answers, if anybody does
        [ -z "${1:-}" ] || taskset -apc "$one_cpu" "$1" >/dev/null
        first_opens taskset -c "$one_cpu"
        [ -z "${1:-}" ] || taskset -apc "$every_cpu" "$1" >/dev/null
}
first_opens() { # COMMAND...: nanoseconds for each file, opened for the first time since who answers started
        "$@" python3 -c 'import os, sys, time
names = [f"{sys.argv[1]}/f{i}" for i in range(2000)]
start = time.monotonic_ns()
for n in names: os.close(os.open(n, os.O_RDONLY))
print((time.monotonic_ns() - start) // len(names))' "$M/many"
}
compile_seconds() { # of processor time: the machine may be busy with something else
        rm -rf "$M/tree/.build"
        ( TIMEFORMAT='%U %S'; time make -s -C "$M/tree" -j2 .build/libaiguard.a >/dev/null 2>&1 ) 2>&1 |
                awk '{ printf "%d", ($1 + $2) * 1000 }'
}
daemon_ms() { awk '{ print ($14 + $15) * 10 }' "/proc/$daemon/stat"; }

table() { printf '%-66s %12s %12s %10s\n' "$@"; }
bench() {
        local bare=() with=() first_bare=() first_with=() first_least=() fap=() first_fap=() all_with=() all_fap=() before after
        many_files
        mkdir "$M/tree" && tar -C "$top" --exclude=.build --exclude=.git -cf - . | tar -C "$M/tree" -xf -
        echo 'nothing of interest, and more than a few bytes of it, so that it could be something' >"$M/plain.txt"
        sleep 0.2
        for _ in 1 2 3; do
                bare+=("$("$M/bench" open 2000 "$M/plain.txt" | value min)") first_bare+=("$(first_on_one)")
                coproc least { exec "$build/tests/responder" "$M"; }
                read -r -u "${least[0]}" _
                first_least+=("$(first_on_one "$least_PID")")
                eval "exec ${least[1]}>&-"
                wait
                if fapolicyd_get && fapolicyd_start; then
                        "$M/bench" open 10 "$M/plain.txt" >/dev/null
                        fap+=("$("$M/bench" open 2000 "$M/plain.txt" | value min)")
                        first_fap+=("$(first_on_one "$(pgrep -P "$fapolicyd_pid")")")
                fi
                fapolicyd_stop
                # Once more, for they know the files now.
                if fapolicyd_get && fapolicyd_start; then
                        all_fap+=("$(first_opens)")
                fi
                fapolicyd_stop
                before=$(compile_seconds)
                start_daemon enforce || { fail bench "the daemon does not start"; return; }
                "$M/bench" open 10 "$M/plain.txt" "$RUNTIME" >/dev/null
                with+=("$("$M/bench" open 2000 "$M/plain.txt" | value min)") first_with+=("$(first_on_one "$daemon")")
                after=$(daemon_ms)
                compiles+=($(((($(compile_seconds) + $(daemon_ms) - after) - before) * 1000 / before)))
                stop_daemon
                start_daemon enforce || { fail bench "the daemon does not start"; return; }
                all_with+=("$(first_opens)")
                stop_daemon
        done
        bench_table
}
bench_table() { # of what bench() has measured
        local b w fb fl fw ff c
        b=$(median "${bare[@]}") w=$(median "${with[@]}") c=$(median "${compiles[@]}")
        fb=$(median "${first_bare[@]}") fl=$(median "${first_least[@]}") fw=$(median "${first_with[@]}")
        table "kernel $(uname -r), nanoseconds, medians of 3 pairs" bare measured mark
        table "open and close of a known clean file" "$b" "$w" "1.2 x"
        [ ${#fap[@]} -eq 0 ] || table "the same with fapolicyd, one rule that allows everything" "$b" "$(median "${fap[@]}")" "-"
        table "first open of a file, by who is no AI workload, on one processor" "$fb" "$fw" "fapolicyd"
        table "the same, a minimal responder that always says yes" "$fb" "$fl" "-"
        if [ ${#fap[@]} -eq 0 ]; then
                skip fapolicyd "its package cannot be had here"
        else
                ff=$(median "${first_fap[@]}")
                table "the same, fapolicyd with one rule that allows everything" "$fb" "$ff" "-"
                table "the same, fapolicyd, on all processors" "-" "$(median "${all_fap[@]}")" "-"
                if [ "$fw" -lt "$ff" ]; then pass first-open; else fail first-open "$fw ns beside $ff of fapolicyd"; fi
        fi
        table "the same, aiguard, on all processors" "-" "$(median "${all_with[@]}")" "-"
        table "compiling the library, processor time, the daemon's included" "-" "$(awk -v c="$c" 'BEGIN { printf "%+.1f%%", c / 10 }')" "5%"
        if [ $((w * 10)) -le $((b * 12)) ]; then pass known-clean-file; else fail known-clean-file "$w ns beside $b"; fi
        if [ "$c" -le 50 ]; then pass compiling; else fail compiling "$c thousandths"; fi
}

make -s --no-print-directory -C "$top" all acceptance-build "${build#"$top"/}/tests/responder" "${build#"$top"/}/tests/kill-at" \
        "${build#"$top"/}/bench/store" >&2 || exit 1
if ! mount_scratch || ! private_tree; then
        cannot "the scratch file system cannot be made"
fi
if [ "$what" = bench ]; then
        compiles=()
        # shellcheck source=tests/integration/native-fapolicyd.bash
        . "$here/native-fapolicyd.bash"
        bench
elif [ "$what" = consents ]; then
        # shellcheck source=tests/integration/native-consents.bash
        . "$here/native-consents.bash"
        consents
elif [ "$what" = demo ]; then
        # shellcheck source=tools/dev/demo-native.bash
        . "$top/tools/dev/demo-native.bash"
        native_demo
        stop_daemon
        [ "$failed" = 0 ] && echo && echo "Every act ended as promised."
        exit $((failed > 0))
else
        # Not by check: its pid has to be known out here, and others on this machine may run one as well.
        if start_daemon enforce; then pass "daemon-starts enforce"; else fail "daemon-starts enforce" "see above"; fi
        # shellcheck source=tests/integration/native-models.bash
        . "$here/native-models.bash"
        [ "$what" = models ] || refusals
        models
        # shellcheck source=tests/integration/native-attestation.bash
        . "$here/native-attestation.bash"
        attestations
        # shellcheck source=tests/integration/native-audit.bash
        . "$here/native-audit.bash"
        [ "$what" = models ] || audits
        many_files
        check "200-processes-open-50000-files" storm_with_refusals
        [ ! -s "$T/storm" ] || note "the storm took $(cat "$T/storm") s"
        check "daemon-stopped" while_stopped
        check "daemon-killed-under-load" killed_under_load
        [ ! -s "$T/killed" ] || note "after the kill an open returned in $(cat "$T/killed") ms"
        daemon=''
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
