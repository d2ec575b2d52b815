#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: the guest is what the other suites take it for: systemd, a persistent journal, the BPF LSM.
# shellcheck source=tests/vm/lib.sh
. "$VM_LIB"

systemd_is_pid_1() {
        [ "$(cat /proc/1/comm)" = systemd ]
        state=$(timeout 60 systemctl is-system-running --wait) ||
                { systemctl --failed --no-legend --plain && echo "state: $state" && false; }
}

journal_is_persistent() {
        systemd-cat -t smoke echo "a line to find again"
        journalctl --sync
        journalctl -b -t smoke -o cat --directory=/var/log/journal | grep -q 'a line to find again'
}

journal_namespace() {
        systemd-run --quiet --wait -p LogNamespace=smoke -p SyslogIdentifier=smoke echo "in its own namespace"
        journalctl --namespace=smoke --sync
        journalctl --namespace=smoke -t smoke -o cat | grep -q 'in its own namespace'
        ls -d /var/log/journal/*.smoke
}

bpf_lsm_runs() {
        grep -qw bpf /sys/kernel/security/lsm || { cat /sys/kernel/security/lsm && false; }
        [ -s /sys/kernel/btf/vmlinux ]
        [ -d /sys/fs/bpf ]
        bpftool btf dump file /sys/kernel/btf/vmlinux format raw | grep -q "FUNC 'bpf_lsm_file_open'"
}

unprivileged_user() {
        [ "$(runuser -u tester -- id -u)" = 1000 ]
}

test_case "systemd is PID 1 and running" systemd_is_pid_1
test_case "the journal is persistent" journal_is_persistent
test_case "a journal namespace is kept apart" journal_namespace
test_case "the BPF LSM is active, with BTF" bpf_lsm_runs
test_case "there is an ordinary user" unprivileged_user
