/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the two kinds of map that subjects are kept in, behind one face.
 * Owns nothing. Must not decide anything. Called by resolve.c, subjects.c and
 * the gate.
 */
#include "task-maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/features.h"
#include "lib/proc.h"
#include "mountdev.h"

int task_subject_get(const LoaderMaps *maps, int pidfd, pid_t tgid, struct ag_subject *ret)
{
        struct ag_process p;

        if (!maps->by_tgid)
                return bpf_map_lookup_elem(maps->subjects, &pidfd, ret) < 0 ? -errno : 0;
        if (bpf_map_lookup_elem(maps->subjects, &tgid, &p) < 0)
                return -errno;
        *ret = p.subject;
        return 0;
}

int task_resolved_get(const LoaderMaps *maps, int pidfd, pid_t tgid, struct ag_resolved *ret)
{
        const int key = maps->by_tgid ? tgid : pidfd;

        return bpf_map_lookup_elem(maps->resolved, &key, ret) < 0 ? -errno : 0;
}

static void fill_exe(int proc_fd, struct ag_exe_key *ret)
{
        _cleanup_close_ int fd = openat(proc_fd, "exe", O_PATH | O_CLOEXEC);
        struct stat st;

        if (fd >= 0 && fstat(fd, &st) == 0 && mountdev_of_fd(fd, &ret->dev) == 0)
                ret->ino = st.st_ino;
}

static uint64_t cgroup_id(int proc_fd)
{
        char mount[PATH_MAX], path[PATH_MAX], full[2 * PATH_MAX];
        struct stat st;

        if (features_cgroup2_mount(mount, sizeof(mount)) < 0 || proc_cgroup(proc_fd, path, sizeof(path)) < 0)
                return 0;
        snprintf(full, sizeof(full), "%s%s", mount, path);
        return stat(full, &st) == 0 ? st.st_ino : 0;
}

/*
 * The programs look for the entry of a process before they ask what was found out
 * about it. Generation 0: the workload is looked up when it matters.
 */
static int make_process(const LoaderMaps *maps, pid_t tgid)
{
        struct ag_process fresh = {};
        uint64_t ticks;
        _cleanup_close_ int proc_fd = -EBADF;

        if (bpf_map_lookup_elem(maps->subjects, &tgid, &fresh) == 0)
                return 0;
        proc_fd = proc_open(tgid);
        if (proc_fd < 0)
                return proc_fd;
        if (proc_start_ticks(proc_fd, &ticks) == 0)
                fresh.start_time = proc_ns_from_ticks(ticks);
        (void) proc_uid(proc_fd, &fresh.uid);
        fill_exe(proc_fd, &fresh.exe);
        fresh.subject.cgroup_id = cgroup_id(proc_fd);
        if (bpf_map_update_elem(maps->subjects, &tgid, &fresh, BPF_NOEXIST) < 0 && errno != EEXIST)
                return -errno;
        return 0;
}

int task_resolved_put(const LoaderMaps *maps, int pidfd, pid_t tgid, const struct ag_resolved *value)
{
        int r;

        if (!maps->by_tgid)
                return bpf_map_update_elem(maps->resolved, &pidfd, value, BPF_ANY) < 0 ? -errno : 0;
        r = make_process(maps, tgid);
        if (r >= 0 && bpf_map_update_elem(maps->resolved, &tgid, value, BPF_ANY) < 0)
                r = -errno;
        /* Exit deletes both entries, and was perhaps quicker. Fork deletes what is left by this. */
        if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0 && errno == ESRCH) {
                (void) bpf_map_delete_elem(maps->resolved, &tgid);
                (void) bpf_map_delete_elem(maps->subjects, &tgid);
                return -ESRCH;
        }
        return r;
}

/*
 * A process of which nothing is left need not be looked up at each of its opens.
 * An accelerator that it opens at this very moment is lost with it: one weak trait.
 */
void task_forget_plain(const LoaderMaps *maps, pid_t tgid)
{
        struct ag_resolved r = {};
        struct ag_process p;

        if (!maps->by_tgid || bpf_map_lookup_elem(maps->subjects, &tgid, &p) < 0)
                return;
        (void) bpf_map_lookup_elem(maps->resolved, &tgid, &r);
        if (p.subject.traits & ~(__u32) AG_TRAITS_PENDING || p.subject.workload || p.flags || r.traits ||
            r.flags || r.map_seq != p.subject.map_seq)
                return;
        (void) bpf_map_delete_elem(maps->subjects, &tgid);
        (void) bpf_map_delete_elem(maps->resolved, &tgid);
}
