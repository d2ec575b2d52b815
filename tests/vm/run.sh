#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: boots one virtual machine and runs one suite, or one command, inside.
#   run.sh --kernel 6.1 --suite smoke                      result lines, then "N passed, N failed, N skipped"
#   run.sh --kernel 6.1 [--suite S] --cmd 'uname -a'       the command's output; its exit status is ours
# Options: --put PATH     copies a file or folder into the command's working folder (may be repeated)
#          --stage DIR    an installed tree that is copied over the guest's / (default .build/vm/stage, if there)
#          --no-stage     installs nothing
#          --backend B    lsm, or fanotify: then the kernel is booted without the BPF LSM
#          --append ARGS  more of the kernel's command line      --qemu ARGS   more arguments for qemu
#          --timeout S, --memory MB, --cpus N, --out DIR
# The exit status is 0 when all is well, 1 when a test failed or none ran, 3 when the machine died or hung, 2 on
# wrong usage. Results, journal and console log are in .build/vm/out/SUITE-KERNEL (or cmd-KERNEL).
set -euo pipefail
{ # bash reads all of it before it runs any, so that it may be edited meanwhile

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-.build}
case $build in /*) ;; *) build=$top/$build ;; esac
export VM_DIR=$build/vm
vm=$VM_DIR

usage() {
        sed -n '3,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
        exit 2
}

kernel='' suite='' command='' mode=suite stage=$vm/stage stage_given=no out=''
append='' qemu_args='' build_targets='' install=late accel="tcg,thread=multi"
memory=2048 cpus=2 timeout=600 script_timeout='' backend=lsm
declare -a put=() cli_put=()
declare -A cli=()

while [ $# -gt 0 ]; do
        option=$1
        [ "$option" = --no-stage ] || [ $# -ge 2 ] || usage
        case $option in
        --kernel) kernel=$2 ;;
        --suite) suite=$2 ;;
        --cmd) command=$2 mode=command ;;
        --put) cli_put+=("$(realpath -e "$2")") ;;
        --stage) stage=$(realpath -e "$2") stage_given=yes ;;
        --no-stage) stage='' stage_given=yes && shift && continue ;;
        --append | --qemu | --timeout | --memory | --cpus) cli[${option#--}]=$2 ;;
        --out) out=$2 ;;
        --backend) backend=$2 ;;
        *) usage ;;
        esac
        shift 2
done
[ -n "$kernel" ] || usage
[ -n "$suite$command" ] || usage
for tool in qemu-system-x86_64 mmdebstrap mke2fs cpio depmod xz npm; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null && continue
        echo "vm: $tool is missing; \`make deps\` installs it" >&2
        exit 2
done

# A suite says in suite.conf what it needs; README.md lists the variables.
suite_dir=
if [ -n "$suite" ]; then
        suite_dir=$here/suites/$suite
        case $suite in */* | .*) usage ;; esac
        [ -d "$suite_dir" ] || { echo "vm: no suite '$suite' in tests/vm/suites" >&2; exit 2; }
        # shellcheck source=/dev/null
        [ ! -e "$suite_dir/suite.conf" ] || { cd "$top" && . "$suite_dir/suite.conf"; }
fi
memory=${cli[memory]:-$memory} cpus=${cli[cpus]:-$cpus} timeout=${cli[timeout]:-$timeout}
[ "$backend" = lsm ] || append="$append lsm=landlock,lockdown,yama,loadpin,safesetid,integrity,apparmor"
append="$append ${cli[append]:-}" qemu_args="$qemu_args ${cli[qemu]:-}"
: "${script_timeout:=$((timeout > 60 ? timeout - 45 : timeout))}"
name=${suite:-cmd}
[ "$mode" = suite ] || name=cmd
: "${out:=$vm/out/$name-$kernel$([ "$backend" = lsm ] || echo "-$backend")}"

# A suite runs what the tree says now; a command runs what was installed last.
if [ "$mode" = suite ] && [ "$install" != no ] && [ "$stage_given" = no ]; then
        case " $build_targets " in *' vm-stage '*) ;; *) build_targets="vm-stage $build_targets" ;; esac
fi
# shellcheck disable=SC2086
[ -z "$build_targets" ] || make -s -C "$top" --no-print-directory $build_targets >&2 ||
        { echo "vm: could not make $build_targets" >&2; exit 1; }
"$here/fetch-kernel.sh" "$kernel"
"$here/build-image.sh"

mkdir -p "$out"
run=$(mktemp -d "$vm/run.XXXXXX")
pid=''
# shellcheck disable=SC2317 # the trap calls it
cleanup() {
        [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
        rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

image() { # folder, image
        local size
        size=$(du -sm --apparent-size "$1" | cut -f1)
        mke2fs -q -F -t ext4 -O ^has_journal -m 0 -E root_owner=0:0 -d "$1" "$2" "$((size + size / 4 + 16))M" >/dev/null
}

pack_stage() {
        local tree=$run/tree path
        mkdir -p "$tree/guest" "$tree/suite"
        cp "$here"/guest/* "$here/lib.sh" "$tree/guest/"
        [ -z "$suite_dir" ] || cp -a "$suite_dir/." "$tree/suite/"
        if [ -n "$stage" ] && [ -d "$stage" ]; then cp -a "$stage" "$tree/root"; fi
        for path in "${put[@]/#/$top/}" "${cli_put[@]}"; do
                mkdir -p "$tree/files"
                cp -a "$path" "$tree/files/"
        done
        printf '%s' "$command" >"$tree/command"
        cat >"$tree/run.env" <<-END
		SUITE=$name KERNEL=$kernel MODE=$mode INSTALL=$install SCRIPT_TIMEOUT=$script_timeout BACKEND=$backend
		END
        chown -R 0:0 "$tree"
        image "$tree" "$run/stage.img"
        rm -rf "$tree"
}

# The corpus belongs to no release of ours, so it is packed when it is there and has changed.
pack_corpus() {
        local corpus=${CORPUS-$top/../shared/corpus} stamp
        corpus_image=''
        [ -n "$corpus" ] && [ -e "$corpus/manifest.tsv" ] || return 0
        stamp=$(find "$corpus" -printf '%P %s %T@\n' | sort | sha256sum)
        (
                flock 9
                [ "$(cat "$vm/corpus.stamp" 2>/dev/null)" = "$stamp" ] && exit
                image "$corpus" "$vm/corpus.img.new"
                mv "$vm/corpus.img.new" "$vm/corpus.img"
                echo "$stamp" >"$vm/corpus.stamp"
        ) 9>"$vm/corpus.lock"
        corpus_image=$vm/corpus.img
}

disk() { # serial, image, more
        arguments+=(-drive "if=none,id=$1,format=raw,file=$2,$3" -device "virtio-blk-pci,drive=$1,serial=$1")
}

pack_stage
pack_corpus

cmdline="console=ttyS0 panic=-1 oops=panic loglevel=4 net.ifnames=0 mitigations=off systemd.show_status=0 systemd.unit=multi-user.target"
[ "$install" != boot ] || cmdline="$cmdline vm.install=boot"
# Counting instructions needs the emulator's single thread.
case $qemu_args in *-icount*) accel="tcg,thread=single" cpus=1 ;; esac
arguments=(-machine "q35,vmport=off" -cpu "max,la57=off" -accel "$accel" -smp "$cpus" -m "$memory"
        -nodefaults -no-user-config -no-reboot -display none -monitor none
        -kernel "$vm/kernel-$kernel/vmlinuz" -initrd "$vm/kernel-$kernel/initrd.img" -append "$cmdline $append"
        -serial "file:$out/console.log"
        -device virtio-rng-pci -device virtio-serial-pci
        -chardev "file,id=results,path=/proc/self/fd/3" -device "virtserialport,chardev=results,name=aiguard.results"
        -chardev "file,id=out,path=$run/out.tar" -device "virtserialport,chardev=out,name=aiguard.out")
disk root "$vm/root.img" snapshot=on
disk modules "$vm/kernel-$kernel/modules.img" readonly=on
disk stage "$run/stage.img" readonly=on
disk ai "$vm/ai.img" snapshot=on
[ -z "$corpus_image" ] || disk corpus "$corpus_image" readonly=on
# shellcheck disable=SC2206
arguments+=($qemu_args)

# More machines than CPUs starve each other, and a hold of 20 ms then meets its deadline for no fault of its own.
take_slot() {
        local n
        while :; do
                for ((n = 1; n <= ${VM_SLOTS:-2}; n++)); do
                        exec 9>"$vm/slot.$n"
                        flock -n 9 && return
                done
                sleep 1
        done
}
take_slot
# The emulated CPU sometimes executes half of what the booting kernel patches in its own code. That is no result.
emulator_fault() {
        [ "$ended" = no ] && [ $((passed + failed + skipped)) = 0 ] &&
                grep -aqE 'Oops: int3|invalid opcode: 0000' "$out/console.log"
}
since() { echo "$started $(date +%s.%N)" | awk '{ printf "%.1f", $2 - $1 }'; }

boot() {
        find "$out" -mindepth 1 -delete
        passed=0 failed=0 skipped=0 first='' ended=no status=0 command_status=''
        started=$(date +%s.%N)

        rm -f "$run/results" "$run/out.tar"
        mkfifo "$run/results"
        TMPDIR=$run timeout --foreground --kill-after=5 "$timeout" qemu-system-x86_64 "${arguments[@]}" \
                </dev/null 3>"$run/results" >"$out/qemu.log" 2>&1 &
        pid=$!

        while IFS= read -r line; do
                case $line in
                '# end') ended=$(since) && continue ;;
                '# exit '*) [ "$mode" = suite ] || { command_status=${line#\# exit } && continue; } ;;
                'ok - '*) passed=$((passed + 1)) ;;
                'not ok - '*) failed=$((failed + 1)) ;;
                'skip - '*) skipped=$((skipped + 1)) ;;
                esac
                [ -n "$first" ] || [ $((passed + failed + skipped)) = 0 ] || first=$(since)
                printf '%6s  %s\n' "$(since)" "$line" >>"$out/results.txt"
                printf '%s\n' "$line"
        done <"$run/results"
        wait "$pid" || status=$?
        pid=''
}

for attempt in 1 2 3; do
        boot
        emulator_fault || break
        echo "# boot $attempt died of the emulator before the first test; booting again"
done
[ ! -s "$run/out.tar" ] || tar -xf "$run/out.tar" -C "$out" --no-same-owner || true

dead() {
        echo "vm: $1; the console's last lines:" >&2
        tail -n 25 "$out/console.log" >&2 || true
        cat "$out/qemu.log" >&2
        failed=$((failed + 1))
        echo "not ok - $kernel/$name/machine # $1"
}
result=0
if [ "$status" = 124 ] || [ "$status" = 137 ]; then
        dead "not done after $timeout s" && result=3
elif [ "$ended" = no ]; then
        dead "the machine ended without a result (qemu: $status)" && result=3
fi
if [ "$mode" = command ]; then
        [ "$result" = 0 ] || exit "$result"
        exit "${command_status:-3}"
fi
[ "$failed" = 0 ] || [ "$result" != 0 ] || result=1
if [ $((passed + failed)) = 0 ]; then
        echo "vm: no test ran" >&2
        result=1
fi
echo "vm: $name on $kernel: first result after ${first:-no} s, all in $(since) s; journal, logs and console in ${out#"$top"/}"
echo "$passed passed, $failed failed, $skipped skipped"
exit "$result"
}
