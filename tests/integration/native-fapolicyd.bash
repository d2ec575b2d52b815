# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Overview: fapolicyd with one rule that allows everything, beside which the fanotify backend is measured. Sourced by
# native.sh, in whose mount namespace it runs: it marks mounts, so nobody outside is asked. Not installed, since its
# package would start it as a service: the files are unpacked below .build.

fapolicyd_dir=$build/fapolicyd
fapolicyd_pid=''

fapolicyd_get() { # 0: it can be run
        [ -x "$fapolicyd_dir/usr/sbin/fapolicyd" ] && return 0
        command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
        mkdir -p "$fapolicyd_dir/deb"
        ( cd "$fapolicyd_dir/deb" && apt-get -qq download fapolicyd liblmdb0 libmagic1 libmagic-mgc libcap-ng0 2>/dev/null &&
                for deb in *.deb; do dpkg -x "$deb" .. || exit 1; done ) >/dev/null 2>&1 || return 1
        [ -x "$fapolicyd_dir/usr/sbin/fapolicyd" ]
}
fapolicyd_start() {
        local folder
        for folder in /etc/fapolicyd /var/lib/fapolicyd /run/fapolicyd /usr/share/fapolicyd; do
                mkdir -p "$folder" && { mountpoint -q "$folder" || mount -t tmpfs tmpfs "$folder"; }
        done
        cp "$fapolicyd_dir"/usr/share/fapolicyd/*.mgc /usr/share/fapolicyd/
        printf '%s\n' 'permissive = 0' 'nice_val = 14' 'q_size = 640' 'uid = root' 'gid = root' 'do_stat_report = 0' \
                'detailed_report = 0' 'db_max_size = 50' 'subj_cache_size = 1549' 'obj_cache_size = 8191' 'watch_fs = ext4' \
                'trust = file' 'integrity = none' 'syslog_format = rule,dec,perm,auid,pid,exe,:,path,ftype,trust' \
                'rpm_sha256_only = 0' 'allow_filesystem_mark = 0' >/etc/fapolicyd/fapolicyd.conf
        echo 'allow perm=any all : all' | tee /etc/fapolicyd/compiled.rules >/etc/fapolicyd/fapolicyd.rules
        : >/etc/fapolicyd/fapolicyd.trust
        LD_LIBRARY_PATH=$(echo "$fapolicyd_dir"/usr/lib/*-linux-gnu) timeout -s KILL "$limit" \
                "$fapolicyd_dir/usr/sbin/fapolicyd" --debug-deny >"$T/fapolicyd.log" 2>&1 &
        fapolicyd_pid=$!
        for _ in $(seq 50); do
                grep -q 'Starting to listen' "$T/fapolicyd.log" && return 0
                kill -0 $fapolicyd_pid 2>/dev/null || break
                sleep 0.2
        done
        tail -n 2 "$T/fapolicyd.log"
        return 1
}
fapolicyd_stop() {
        [ -z "$fapolicyd_pid" ] || { pkill -P "$fapolicyd_pid"; wait "$fapolicyd_pid" 2>/dev/null; }
        fapolicyd_pid=''
        local folder
        for folder in /etc/fapolicyd /var/lib/fapolicyd /run/fapolicyd /usr/share/fapolicyd; do
                umount "$folder" 2>/dev/null
                rmdir "$folder" 2>/dev/null
        done
}
