# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What is shared by who measures, the suites and native.sh: figures and their marks, the project attached and gone again.
BENCH=/work/tests/bench

value() { sed -n "s/.*\\b$1=\\([0-9]*\\).*/\\1/p"; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
settle() { sync && sleep 20; }

# The project is on the stage and not installed yet, so that the first half of each pair is a bare kernel.
install_project() { # BACKEND
        cp -a /run/stage/root/. / && systemd-sysusers && systemd-tmpfiles --create
        journalctl --update-catalog && systemctl daemon-reload
        mkdir -p /etc/aiguard/aiguard.conf.d
        printf '[Host]\nMode=enforce\n[Daemon]\nBackend=%s\n' "$1" >/etc/aiguard/aiguard.conf.d/90-bench.conf
}
attach() { systemctl start aiguardd; }
detach() {
        systemctl stop aiguardd
        /usr/lib/aiguard/aiguardd --unpin
        [ -z "$(ls -A /sys/fs/bpf/aiguard 2>/dev/null)" ]
}
pss_kb() { # of the daemon and everything below it
        local pid total=0 kb
        for pid in $(cat /sys/fs/cgroup/system.slice/aiguardd.service/cgroup.procs); do
                kb=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)
                total=$((total + ${kb:-0}))
        done
        echo "$total"
}
mark() { # name, value, mark
        if [ "$2" -le "$3" ]; then pass "$1"; else fail "$1" "$2 is over the mark of $3"; fi
}
