#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the table of what it costs, each line beside the same work in the same boot with nothing attached. Lines
# are counted in instructions; a line over its mark is a failed test. The table comes back as bench.txt.
. "$VM_LIB"
. /work/integration/record.bash
. /work/integration/measure.bash

RUNTIME=/work/tests/libonnxruntime.so.1
OPENS=2000
SPAWNS=20
PAIRS=3

# A consent for the camera, which attaches what asks about each use of it; hosts without one do not pay for that.
consent_to_camera() {
        (cd /work && aiguardctl consent keygen site --workloads=clinic --capabilities='*' --until=2095-01-01) >/dev/null &&
                install -m 0644 /work/site.key /etc/aiguard/trust.d/site.key &&
                consent_json "$(uuid)" anna 36000 >/work/record.json &&
                aiguardctl consent sign /work/record.json --key=/work/site.pem --out=/work/record.dsse &&
                aiguardctl consent import /work/record.dsse
}
ioctl_by_clinic() { # by a workload of the policy, with a consent that holds
        systemd-run --quiet --collect --wait --pipe --unit=clinic.service "$BENCH" ioctl $OPENS /dev/video0 "$RUNTIME" | value min
}

install_project lsm || { fail install "the project cannot be installed"; exit 1; }
dd if=/dev/zero of=/work/plain.txt bs=4096 count=1 status=none
echo 'nothing of interest' >/work/plain.txt
cat >/etc/aiguard/policy.d/90-bench.yaml <<POLICY
aiguard: 1
workloads:
  clinic: { jurisdiction: kz, context: other, match: { unit: clinic.service } }
$CLINIC_RULES
POLICY
settle
bare_ioctl=$("$BENCH" ioctl $OPENS /work/plain.txt | value min)
bare_camera=$("$BENCH" ioctl $OPENS /dev/video0 | value min)

spawn_ratios=()
for pair in $(seq $PAIRS); do
        bare_open=$("$BENCH" open $OPENS /work/plain.txt | value min)
        bare_spawn=$("$BENCH" spawn $SPAWNS /bin/true | value median)
        if ! attach; then
                fail attach "the daemon does not start: $(journalctl --namespace=aiguard -n 3 -o cat --no-pager | tail -n 1)"
                exit 1
        fi
        settle
        with_open=$("$BENCH" open $OPENS /work/plain.txt | value min)
        ai_open=$("$BENCH" open $OPENS /work/plain.txt "$RUNTIME" | value min)
        with_spawn=$("$BENCH" spawn $SPAWNS /bin/true | value median)
        spawn_ratios+=($(((with_spawn - bare_spawn) * 10000 / bare_spawn)))
        bare_opens+=("$bare_open") over_opens+=($((with_open - bare_open))) over_ai+=($((ai_open - bare_open)))
        note "pair $pair: open and close $bare_open bare, $with_open attached, $ai_open by an AI workload; fork and exec $bare_spawn bare, $with_spawn attached"
        [ "$pair" = $PAIRS ] && break
        detach || { fail detach "something stays pinned"; exit 1; }
        sleep 2
done
memory=$(pss_kb)
none_ioctl=$("$BENCH" ioctl $OPENS /work/plain.txt | value min)
consent_to_camera || { fail consent "no consent for the camera"; exit 1; }
settle
over_ioctl=$(($("$BENCH" ioctl $OPENS /work/plain.txt | value min) - bare_ioctl))
over_camera=$(($(ioctl_by_clinic) - bare_camera))
note "ioctl of who has no sensor: $bare_ioctl bare, $none_ioctl attached and nobody has consented"

bare=$(median "${bare_opens[@]}") over=$(median "${over_opens[@]}") ai=$(median "${over_ai[@]}")
spawn=$(median "${spawn_ratios[@]}")
percent=$(awk -v r="$spawn" 'BEGIN { printf "%.2f", r / 100 }')
megabytes=$(awk -v k="$memory" 'BEGIN { printf "%.1f", k / 1024 }')
{
        printf 'kernel %s, instructions, %s pairs\n' "$(uname -r)" "$PAIRS"
        printf '%-64s %10s %12s %10s\n' what bare measured mark
        printf '%-64s %10s %+12d %10s\n' 'open and close of another file, by who is no AI workload' "$bare" "$over" 400
        printf '%-64s %10s %+12d %10s\n' 'the same by an AI workload, file already known' "$bare" "$ai" 600
        printf '%-64s %10s %11s%% %9s%%\n' 'fork and exec, median of pairs' "$bare_spawn" "$percent" 2
        printf '%-64s %10s %+12d %10s\n' 'ioctl by who has no sensor, a consent to a camera in force' "$bare_ioctl" "$over_ioctl" 250
        printf '%-64s %10s %+12d %10s\n' 'ioctl of that camera by the workload that may' "$bare_camera" "$over_camera" 600
        printf '%-64s %10s %9s MB %7s MB\n' 'proportional memory of daemon and scanner' - "$megabytes" 16
} | tee "$OUT/bench.txt"
while read -r line; do note "$line"; done <"$OUT/bench.txt"

mark "open-by-others-in-instructions" "$over" 400
mark "open-by-ai-in-instructions" "$ai" 600
mark "fork-and-exec-in-hundredths-of-a-percent" "$spawn" 200
mark "ioctl-by-who-has-no-sensor-in-instructions" "$over_ioctl" 250
mark "ioctl-by-who-streams-in-instructions" "$over_camera" 600
mark "memory-in-kilobytes" "$memory" 16384
