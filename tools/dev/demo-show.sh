#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the show itself. Each act starts a real program, looks at what came of it (the errno that the program saw
# and the entry that journald got) and says that in words; nothing is said that was not seen. An act that ends
# otherwise than promised is counted, and the show then ends with 1.
# Runs as root: in the virtual machine with the project installed, or, with DEMO_ROOT set, on a machine where it is
# not: then the daemon runs as a transient service on the installed tree DEMO_ROOT.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d /var/tmp/aiguard-demo.XXXXXX)
failed=0
unit=aiguardd namespace=aiguard etc=/etc/aiguard law=/usr/share/aiguard/policies/kz.yaml
find_file() { for f in "$here/$1" "$here/../../tests/integration/$1"; do [ ! -e "$f" ] || { echo "$f"; return; }; done; }
ort=$(find_file ort.js)
mkmodel=$(find_file mkmodel.py)
models=$NODE_PATH/faceplugin-face-recognition-js/model
camera=/dev/video0

if [ -t 1 ]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' off=$'\e[0m'; else bold='' green='' red='' dim='' off=''; fi
title() { printf '\n%s== %s%s\n' "$bold" "$*" "$off"; }
say() { printf '%s\n' "$*" | fold -s -w "${DEMO_WIDTH:-100}"; }
detail() { sed "s/^/   $dim| /; s/\$/$off/"; }
good() { printf ' %s[as it should be]%s %s\n' "$green" "$off" "$*"; }
bad() { printf ' %s[NOT as it should be]%s %s\n' "$red" "$off" "$*"; failed=$((failed + 1)); }

# ------------------------------------------------------------------ the daemon

ctl() {
        if [ -n "${DEMO_ROOT:-}" ]; then
                nsenter --mount --target "$(systemctl show -P MainPID $unit)" -- "$DEMO_ROOT/usr/bin/aiguardctl" "$@"
        else
                aiguardctl "$@"
        fi
}

start_daemon() { # mode
        mkdir -p "$etc/aiguard.conf.d" "$etc/policy.d"
        printf '[Host]\nMode=%s\n' "$1" >"$etc/aiguard.conf.d/90-demo.conf"
        # An emulated processor is a hundred times slower than the one that the default deadline is for.
        [ "$(systemd-detect-virt)" != qemu ] || printf '[Daemon]\nHoldMaxMs=200\n' >>"$etc/aiguard.conf.d/90-demo.conf"
        ln -sf "$law" "$etc/policy.d/20-kz.yaml"
        if [ -n "${DEMO_ROOT:-}" ]; then
                systemctl stop $unit 2>/dev/null
                systemd-run --quiet --unit=$unit --service-type=notify -p LogNamespace=$namespace \
                        -p RuntimeDirectory=aiguard -p StateDirectory=aiguard-demo -p FileDescriptorStoreMax=64 \
                        -p LimitMEMLOCK=infinity -p LimitRTPRIO=10 -p LogRateLimitIntervalSec=0 \
                        -p BindReadOnlyPaths="$DEMO_ROOT/usr/lib/aiguard:/usr/lib/aiguard $DEMO_ROOT/usr/share/aiguard:/usr/share/aiguard" \
                        -p BindReadOnlyPaths="$etc:/etc/aiguard" "$DEMO_ROOT/usr/lib/aiguard/aiguardd"
        else
                systemctl restart $unit
        fi || { bad "the daemon does not start"; journalctl --namespace=$namespace -n 20 --no-pager; exit 1; }
}

end() {
        if [ -n "${DEMO_ROOT:-}" ]; then
                systemctl stop $unit 2>/dev/null
                "$DEMO_ROOT/usr/lib/aiguard/aiguardd" --unpin 2>/dev/null
                rmdir /usr/lib/aiguard /usr/share/aiguard /etc/aiguard 2>/dev/null
        fi
        rm -rf "$work"
}
trap end EXIT

if [ -n "${DEMO_ROOT:-}" ]; then
        if systemctl --quiet is-active aiguardd; then
                echo "demo: aiguardd runs on this machine already; the show would get in its way" >&2
                exit 1
        fi
        unit=aiguard-demo namespace=aiguard-demo etc=$DEMO_ROOT/etc/aiguard
fi

# ------------------------------------------------------------------- what was seen

journal() { journalctl --namespace=$namespace --quiet --no-pager "$@"; }
mark() { sleep 0.5; journal -o cat --cursor-file="$work/cursor" >/dev/null; }

# The refusals, real or supposed, of that process since the mark: the last of them as FIELD=value lines, and their number.
look() { # pid
        local i
        for i in 1 2 3 4 5 6 7 8; do
                [ "$i" = 1 ] || sleep 0.3
                journalctl --namespace=$namespace --sync 2>/dev/null
                cp "$work/cursor" "$work/cursor.now"
                # Not filtered by journalctl: with a cursor it skips the first that matches.
                journal -o json --all --cursor-file="$work/cursor.now" | python3 -c '
import json, sys
pid, count, last, n = sys.argv[1], sys.argv[2], {}, 0
for line in sys.stdin:
    entry = json.loads(line)
    if entry.get("OBJECT_PID") == pid and entry.get("AIGUARD_WOULD") in ("deny", "suspend", "kill"):
        if "AIGUARD_SESSION" not in entry:
            last, n = entry, n + 1
open(count, "w").write(str(n))
for name, values in last.items():
    for value in values if isinstance(values, list) else [values]:
        print(f"{name}={value}")
' "$1" "$work/count" >"$work/entry"
                [ "$(cat "$work/count")" = 0 ] || return 0
        done
}
field() { sed -n "s/^$1=//p" "$work/entry" | head -n 1; }
errno_words() {
        case $1 in
        ok) echo "the open succeeded" ;;
        EPERM) echo "the open failed with EPERM (\"Operation not permitted\")" ;;
        *) echo "the open ended with $1" ;;
        esac
}

# act WHAT-IS-DONE EXPECTED COMMAND...: expected is "ok", "refused", or "noticed" (succeeds, would be refused).
act() {
        local what=$1 expected=$2 pid got rule would decision
        shift 2
        printf '\n'
        say "-> $what"
        mark
        "$@" >"$work/out" 2>&1 &
        pid=$!
        wait $pid
        grep -v '^open=' "$work/out" | head -n 4 | detail
        got=$(sed -n 's/^open=\([^ ]*\).*/\1/p' "$work/out" | tail -n 1)
        got=${got:-nothing}
        look $pid
        decision=$(field AIGUARD_DECISION) would=$(field AIGUARD_WOULD) rule=$(field AIGUARD_RULE)
        say "   Seen by the program (pid $pid): $(errno_words "$got")."
        if [ "$(cat "$work/count")" = 0 ]; then
                say "   Seen in the journal: no refusal, and none that enforcing would have made."
        else
                say "   Seen in the journal: $(field MESSAGE)"
                say "   That is: decision $decision (would be: $would), rule ${rule:-none}, law $(field AIGUARD_LAW), workload $(field AIGUARD_SYSTEM_ID), traits $(field AIGUARD_TRAITS)."
                sed -n 's/^AIGUARD_MODEL_CAPABILITY=/recognised: /p; s/^AIGUARD_MODEL_EVIDENCE=/because of  /p' "$work/entry" | detail
        fi
        if [ "$decision" = deny ] && [ ! -e "$work/first" ]; then
                printf '%s\n%s\n' "$(field AIGUARD_SYSTEM_ID)" "$(field AIGUARD_COLUMN | cut -d' ' -f1)" >"$work/first"
        fi
        case $expected-$got-$decision-$(cat "$work/count") in
        ok-ok--0) good "it works, and nothing is held against it." ;;
        refused-EPERM-deny-1) good "refused inside open(), and told once." ;;
        noticed-ok-audit-1) good "let through, and the journal says that enforcing would refuse it." ;;
        *) bad "expected: $expected; seen: $got, decision '${decision:-none}', $(cat "$work/count") entries." ;;
        esac
}

stream() { # a program that is no AI workload
        printf '\n'
        say "-> v4l2-ctl, which is no AI workload, streams thirty frames from the same camera."
        local frames
        frames=$(v4l2-ctl -d "$camera" --stream-mmap --stream-count=30 2>&1 | tr -cd '<' | wc -c)
        say "   Seen by the program: $frames frames."
        if [ "$frames" -ge 30 ]; then good "who is no AI workload notices nothing."; else bad "thirty were expected."; fi
}

[ -e "$camera" ] || modprobe vivid n_devs=1 2>/dev/null || true
[ -e "$camera" ] || { echo "demo: no camera, and no module 'vivid' to stand in for one" >&2; exit 1; }
cp "$models/fr_detect.onnx" "$models/fr_expression.onnx" "$work/"
python3 "$mkmodel" model "$work/labelled.onnx" emotions --size 30000
cp "$work/labelled.onnx" "$work/x.bin"

# --------------------------------------------------------------------- enforcing

title "What this is"
say "aiguard watches which programs are AI workloads, what the model files that they open are for, and who opens a camera. The law chosen here is Kazakhstan's law on artificial intelligence (kz.yaml)."

title "What the files are, and how one can know"
say "From the npm package faceplugin-face-recognition-js: a face detector and a face-expression model. Made just now: a small classifier whose labels say emotions, and a copy of it named x.bin. Each is read, and nothing is executed:"
start_daemon enforce
ctl scan "$work/fr_detect.onnx" "$work/fr_expression.onnx" "$work/labelled.onnx" "$work/x.bin" 2>&1 | detail

title "Enforcing"
ctl status 2>&1 | head -n 6 | detail
act "A node process with ONNX Runtime loads the face detector and runs it once." ok \
        node "$ort" run "$work/fr_detect.onnx"
act "The same runtime loads the face-expression model." refused \
        node "$ort" run "$work/fr_expression.onnx"
act "It loads the model with emotion labels that was made just now, under the name x.bin." refused \
        node "$ort" run "$work/x.bin"
act "A process with ONNX Runtime opens the camera $camera." refused \
        node "$ort" device "$camera"
stream

title "What the operator sees"
say "aiguardctl violations:"
ctl violations --since=10m -n 3 2>&1 | detail
printf '\n'
if [ -e "$work/first" ]; then
        { read -r workload && read -r on; } <"$work/first"
        say "aiguardctl policy explain --workload $workload --on $on, which is the first of them:"
        ctl policy explain --workload "$workload" --on "$on" 2>&1 | detail
fi

title "The same in audit mode"
start_daemon audit
cp "$work/labelled.onnx" "$work/y.bin"
act "ONNX Runtime loads the face-expression model." noticed node "$ort" run "$work/fr_expression.onnx"
act "ONNX Runtime loads the labelled model under another name, y.bin." noticed node "$ort" run "$work/y.bin"
act "A process with ONNX Runtime opens the camera." noticed node "$ort" device "$camera"
stream

title "End"
if [ "$failed" = 0 ]; then
        say "Every act ended as promised: what is forbidden was refused before the open returned, and everything else worked."
else
        say "$failed acts did NOT end as promised."
fi
exit $((failed > 0))
