/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the way of one open on the reader's thread. Who is no AI workload
 * goes on, and what is ELF is a library to be known; the rest is handed to the
 * gate, which sees only opens of AI workloads. Owns nothing. Called by fan.c.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fan-internal.h"
#include "lib/log.h"

#define EVENTS_MAX 16384U /* handed to the gate and not taken yet: beyond it an AI workload is refused */

static bool is_plain(const struct ag_object *o)
{
        return o->n_columns == 0 && !(o->flags & ~(uint32_t) AG_OBJECT_INTERPRETER);
}

/* Only root can write it, and not without leaving a time stamp: a mapping does not take the mark away. */
static bool may_be_marked(int fd, const struct stat *st)
{
        struct statfs fs;

        return fan_only_root_writes(st) && fstatfs(fd, &fs) == 0 && fs.f_type != TMPFS_MAGIC &&
               fs.f_type != RAMFS_MAGIC;
}

static bool is_changed(int fd, const struct stat *since)
{
        struct stat st;

        return fan_stat_local(fd, &st) < 0 || fan_change_of(&st) != fan_change_of(since);
}

void fan_mark_clean(Fan *f, int fd, const struct stat *st)
{
        const unsigned how = FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE;
        char path[64];

        if (!may_be_marked(fd, st))
                return;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (fanotify_mark(f->group_fd, FAN_MARK_ADD | how, FAN_OPEN_PERM, AT_FDCWD, path) < 0) {
                log_debug("fanotify: %s cannot be marked clean: %s", path, strerror(errno));
                return;
        }
        /* Written meanwhile: then it is not known what the mark hides. */
        if (is_changed(fd, st))
                (void) fanotify_mark(f->group_fd, FAN_MARK_REMOVE | how, FAN_OPEN_PERM, AT_FDCWD, path);
}

static void hand_over(Fan *f, const FanEvent *e)
{
        FanEvent *own = malloc(sizeof(*own)), answer = *e;
        bool full;

        if (own) {
                *own = *e;
                own->next = NULL;
                own->since_ns = boottime_ns();
        }
        pthread_mutex_lock(&f->lock);
        full = !own || f->n_events >= EVENTS_MAX;
        if (!full) {
                *f->last = own;
                f->last = &own->next;
                f->n_events++;
        }
        pthread_mutex_unlock(&f->lock);
        if (full) {
                free(own);
                fan_answer(f, &answer, false);
                return;
        }
        /* An AI workload can wait for a daemon that is stopped; the host cannot. */
        fan_owe(f, e->fd, false);
        gate_wake(f->gate);
}

/* ELF, by the page cache alone; -EAGAIN: not there, or not to be asked that way (overlays). */
static int is_elf(int fd)
{
        char magic[4] = {};
        struct iovec v = { .iov_base = magic, .iov_len = sizeof(magic) };
        ssize_t n = preadv2(fd, &v, 1, 0, RWF_NOWAIT);

        if (n < 0)
                return errno == EAGAIN || errno == EOPNOTSUPP ? -EAGAIN : 0;
        return n == sizeof(magic) && memcmp(magic, "\177ELF", 4) == 0;
}

static void on_library(Fan *f, FanEvent *e)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        uint32_t flags;

        if (fan_stat_local(e->fd, &st) < 0 || !fan_library_find(f, &st, &flags)) {
                fan_library_scan(f->libraries, e);
                return;
        }
        if (flags)
                fan_library_on_known(f->libraries, e->tgid, flags);
        fd = fan_let_go(f, e);
        if (!flags)
                fan_mark_clean(f, fd, &st);
}

/* What is known to be nothing is asked for once more and then never again. */
static void on_nobody(Fan *f, FanEvent *e)
{
        _cleanup_close_ int fd = fan_let_go(f, e);
        struct ag_object object;
        struct stat st;

        if (fan_stat_local(fd, &st) < 0)
                return;
        if (fan_cache_known(f->cache, &st, &object) == 0 && is_plain(&object))
                fan_mark_clean(f, fd, &st);
        else
                fan_popular(f, fd, &st);
}

/* Whoever has an entry may be an AI workload: what the daemon has found out is in another map. */
static bool is_somebody(Fan *f, const FanEvent *e, bool *ret_exempt)
{
        struct ag_process p;

        if (bpf_map_lookup_elem(f->gate->maps->subjects, &e->tgid, &p) < 0)
                return false;
        *ret_exempt = p.flags & AG_PROCESS_EXEMPT;
        return true;
}

void fan_course(Fan *f, FanEvent *e, bool elf)
{
        bool exempt = false;

        if (elf)
                on_library(f, e);
        else if (is_somebody(f, e, &exempt) && !exempt)
                hand_over(f, e);
        else
                on_nobody(f, e);
}

void fan_event(Fan *f, FanEvent *e)
{
        bool exempt = false, somebody;
        int elf;

        if (e->tgid == f->self || __atomic_load_n(&f->stopping, __ATOMIC_ACQUIRE)) {
                fan_answer(f, e, true);
                return;
        }
        somebody = is_somebody(f, e, &exempt);
        if (exempt) {
                fan_answer(f, e, true);
                return;
        }
        elf = is_elf(e->fd);
        if (elf == -EAGAIN) {
                /* Its first bytes are on a disk: for somebody else to wait for. */
                if (somebody)
                        fan_owe(f, e->fd, false);
                fan_library_read(f->libraries, e);
        } else if (elf)
                on_library(f, e);
        else if (somebody)
                hand_over(f, e);
        else
                on_nobody(f, e);
}
