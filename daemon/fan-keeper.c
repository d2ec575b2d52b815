/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: a process that does nothing while the daemon's reader lives. When it
 * has not moved for a second, because the daemon is stopped, traced or hangs,
 * every open on the host would wait for it, those of who could mend it included:
 * then the keeper answers. Who is nobody's AI workload goes on; an AI workload
 * gets what the policy says for a daemon that is away. It ends with the daemon.
 *
 * Owns its own life only. Runs after fork() in a process with threads: system
 * calls alone, no allocation, no log.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fan-internal.h"
#include "lib/log.h"

#define LOOK_NS 100000000L
#define STUCK_NS 1000000000ULL
#define LATE_NS 150000000ULL /* the reader moves every 100 ms: worth a look at whether it dies */
#define PF_EXITING 0x4UL     /* in the flags of /proc/PID/stat, proc(5) */

typedef struct Keeper {
        FanShared *shared;
        const struct ag_control *control;
        int group_fd;
        int subjects_fd;
        int matrix_fd;
        pid_t daemon;
} Keeper;

/* Static: the stack of a thread of real-time priority is no place for it, and there is one process that uses it. */
static struct ag_row row;

static bool may_open(const Keeper *k, pid_t tgid)
{
        struct ag_process p;
        uint32_t key;

        if (tgid == k->daemon || bpf_map_lookup_elem(k->subjects_fd, &tgid, &p) < 0 ||
            p.flags & AG_PROCESS_EXEMPT)
                return true;
        key = p.subject.workload ? p.subject.workload : AG_WORKLOAD_UNDECLARED;
        key += (k->control->slot & (AG_SLOTS - 1)) * AG_WORKLOADS_MAX;
        return bpf_map_lookup_elem(k->matrix_fd, &key, &row) < 0 ||
               row.cells[AG_COL_DAEMON_DOWN].effective[0].action < AG_ACTION_DENY;
}

static void answer_owed(const Keeper *k)
{
        for (unsigned i = 0; i < FAN_FDS_MAX / 32; i++) {
                uint32_t owed = __atomic_load_n(&k->shared->owed[i], __ATOMIC_RELAXED);

                for (unsigned bit = 0; owed && bit < 32; bit++) {
                        if (owed & 1U << bit && gate_respond(k->group_fd, (int) (i * 32 + bit), true) == 0)
                                k->shared->rescued++;
                }
        }
}

static void answer_queued(const Keeper *k)
{
        _Alignas(struct fanotify_event_metadata) char buffer[64 * FAN_EVENT_METADATA_LEN];
        ssize_t n;

        while ((n = read(k->group_fd, buffer, sizeof(buffer))) > 0) {
                const struct fanotify_event_metadata *m;

                for (m = (const void *) buffer; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
                        if (m->fd < 0)
                                continue;
                        (void) gate_respond(k->group_fd, m->fd, may_open(k, m->pid));
                        (void) close(m->fd);
                        k->shared->rescued++;
                }
        }
}

/* Killed, and busy with ending: taking its programs out of the kernel can take a second, with the group still open. */
static bool is_dying(const Keeper *k)
{
        char path[32], text[512], *p;
        ssize_t n;
        int fd;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", k->daemon);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
                (void) close(fd);
        if (n <= 0)
                return true;
        text[n] = 0;
        p = strrchr(text, ')');
        /* ") S ppid pgrp session tty_nr tpgid flags" */
        for (unsigned i = 0; p && i < 7; i++)
                p = strchr(p + 1, ' ');
        return p && strtoul(p, NULL, 10) & PF_EXITING;
}

_Noreturn static void keep(const Keeper *k)
{
        const struct timespec pause = { .tv_nsec = LOOK_NS };

        for (;;) {
                uint64_t beat, now;

                (void) nanosleep(&pause, NULL);
                beat = __atomic_load_n(&k->shared->heartbeat_ns, __ATOMIC_ACQUIRE);
                now = boottime_ns();
                if (now < beat || now - beat < LATE_NS || (now - beat < STUCK_NS && !is_dying(k)))
                        continue;
                answer_owed(k);
                /* Until it moves again: no look is too long for who waits now. */
                do
                        answer_queued(k);
                while (__atomic_load_n(&k->shared->heartbeat_ns, __ATOMIC_ACQUIRE) == beat &&
                       nanosleep(&(struct timespec){ .tv_nsec = 1000000L }, NULL) == 0);
        }
}

/* Everything but what it works with is closed: it must keep no other file of the daemon open. */
static void close_others(const Keeper *k)
{
        int keep_fds[] = { k->group_fd, k->subjects_fd, k->matrix_fd };
        unsigned from = 3;

        for (size_t i = 0; i < ARRAY_SIZE(keep_fds); i++) {
                for (size_t j = i + 1; j < ARRAY_SIZE(keep_fds); j++) {
                        if (keep_fds[j] < keep_fds[i]) {
                                int t = keep_fds[i];

                                keep_fds[i] = keep_fds[j];
                                keep_fds[j] = t;
                        }
                }
                if ((unsigned) keep_fds[i] > from)
                        (void) syscall(SYS_close_range, from, keep_fds[i] - 1, 0);
                from = (unsigned) keep_fds[i] + 1;
        }
        (void) syscall(SYS_close_range, from, ~0U, 0);
}

int fan_keeper_start(Fan *f)
{
        const Keeper k = {
                .shared = f->shared,
                .control = f->gate->control,
                .group_fd = f->group_fd,
                .subjects_fd = f->gate->maps->subjects,
                .matrix_fd = f->gate->maps->matrix,
                .daemon = f->self,
        };
        pid_t pid = fork();

        if (pid < 0)
                return log_error_errno(-errno, "fanotify: the keeper cannot be started");
        if (pid > 0) {
                f->keeper = pid;
                return 0;
        }
        /* Killed when the daemon dies, by whatever: the group must not outlive it. */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != k.daemon)
                _exit(0);
        (void) prctl(PR_SET_NAME, "aiguard-keeper");
        close_others(&k);
        keep(&k);
}

void fan_keeper_stop(Fan *f)
{
        if (f->keeper <= 0)
                return;
        (void) kill(f->keeper, SIGKILL);
        (void) waitpid(f->keeper, NULL, 0);
        f->keeper = 0;
}
