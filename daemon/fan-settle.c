/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: looks at a process a moment after it opened an inference runtime:
 * has it mapped it? Until that is known the process is pending. One that keeps
 * the file open without mapping it stays pending, for it can do so at any time.
 * Owns the list and its thread; what a process is made of finds resolve.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "fan-internal.h"
#include "lib/proc-fds.h"
#include "lib/proc.h"
#include "task-maps.h"

#define PROCESSES_MAX 4096U

#define THREADS_MAX 64U
#define PROGRESS_NS 1000000ULL /* whoever has run for that long is out of the open that was answered */

/* A loader maps what it opens within a millisecond, when it gets a processor. */
static const unsigned looks_ms[] = { 20, 100, 500, 2000, 10000 };

/* A thread that may still be within its open(): the answer was given, and it has not run since. */
typedef struct Busy {
        pid_t tid;
        uint64_t ran_ns;
} Busy;

typedef struct Item {
        struct Item *next;
        pid_t tgid;
        int pidfd;
        uint64_t due_ns;
        unsigned looks;
        bool mounts;
        Busy busy[THREADS_MAX]; /* at the last look */
        size_t n_busy;
} Item;

struct FanSettle {
        Fan *fan;
        pthread_t thread;
        bool running;
        pthread_mutex_t lock; /* everything below */
        pthread_cond_t cond;
        Item *items;
        size_t n;
        bool stopping;
};

static void item_free(Item *i)
{
        safe_close(i->pidfd);
        free(i);
}

void fan_settle_push(FanSettle *s, pid_t tgid, bool mounts)
{
        Item *i, *fresh = calloc(1, sizeof(*fresh));

        if (!fresh)
                return; /* stays pending, which counts as AI */
        *fresh = (Item){ .tgid = tgid, .pidfd = pidfd_open(tgid, 0), .mounts = mounts };
        fresh->due_ns = boottime_ns() + (mounts ? 0 : looks_ms[0] * 1000000ULL);
        pthread_mutex_lock(&s->lock);
        for (i = s->items; i && i->tgid != tgid; i = i->next)
                ;
        if (i) {
                i->looks = 0;
                i->mounts = i->mounts || mounts;
                i->due_ns = MIN(i->due_ns, fresh->due_ns);
        } else if (fresh->pidfd >= 0 && s->n < PROCESSES_MAX) {
                fresh->next = s->items;
                s->items = fresh;
                s->n++;
                fresh = NULL;
        }
        pthread_cond_signal(&s->cond);
        pthread_mutex_unlock(&s->lock);
        if (fresh)
                item_free(fresh);
}

typedef struct OpenRuntime {
        Fan *fan;
        int proc_fd;
        bool found;
} OpenRuntime;

static int read_at(int dir_fd, const char *path, char *ret, size_t size)
{
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

        if (n < 0)
                return -errno;
        ret[n] = 0;
        return 0;
}

/* A file that cannot be looked into may be anything. */
static bool may_be_runtime(Fan *f, int path_fd)
{
        _cleanup_close_ int fd = -EBADF;
        char magic[4] = {};
        uint32_t flags;

        if (fan_library_known(f, path_fd, &flags))
                return flags & AG_OBJECT_LIBRARY_STRONG;
        fd = gate_reopen(path_fd);
        if (fd < 0)
                return fd != -EOPNOTSUPP;
        if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) || memcmp(magic, "\177ELF", 4) != 0)
                return false;
        return gate_classify_library(f->gate, path_fd, NULL, &flags) < 0 || flags & AG_OBJECT_LIBRARY_STRONG;
}

static int on_open_file(void *userdata, const ProcFd *p)
{
        _cleanup_close_ int fd = -EBADF;
        OpenRuntime *o = userdata;
        char name[32];

        if (!S_ISREG(p->mode))
                return 0;
        snprintf(name, sizeof(name), "fd/%d", p->fd);
        fd = openat(o->proc_fd, name, O_PATH | O_CLOEXEC);
        o->found = fd >= 0 && may_be_runtime(o->fan, fd);
        return o->found;
}

static bool has_runtime_open(Fan *f, pid_t tgid)
{
        _cleanup_close_ int proc_fd = proc_open(tgid);
        OpenRuntime o = { .fan = f, .proc_fd = proc_fd };

        if (proc_fd >= 0)
                (void) proc_fds_walk(proc_fd, on_open_file, &o);
        return o.found;
}

/* One thread of /proc/PID/task. Asleep or stopped is out of it; on its way, or frozen in it, may be in it. */
static bool read_thread(int task_fd, const char *name, Busy *ret)
{
        char path[64], text[512];
        const char *state;

        snprintf(path, sizeof(path), "%.20s/stat", name);
        if (read_at(task_fd, path, text, sizeof(text)) < 0)
                return false;
        state = strrchr(text, ')');
        if (!state || (state[1] == ' ' && state[2] != 'R' && state[2] != 'D'))
                return false;
        ret->tid = (pid_t) strtol(name, NULL, 10);
        snprintf(path, sizeof(path), "%.20s/schedstat", name);
        ret->ran_ns = read_at(task_fd, path, text, sizeof(text)) < 0 ? 0 : strtoull(text, NULL, 10);
        return true;
}

static bool has_run(const Item *i, const Busy *b)
{
        for (size_t k = 0; k < i->n_busy; k++) {
                if (i->busy[k].tid == b->tid)
                        return b->ran_ns >= i->busy[k].ran_ns + PROGRESS_NS;
        }
        return false;
}

/* Is every open that was answered before the last look done by now? Keeps who is busy, for the next look. */
static bool is_through(Item *i)
{
        _cleanup_close_ int proc_fd = proc_open(i->tgid);
        Busy busy[THREADS_MAX];
        bool through = true;
        size_t n = 0;
        const struct dirent *e;
        int fd = proc_fd < 0 ? -1 : openat(proc_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                return true; /* gone */
        while ((e = readdir(d))) {
                if (e->d_name[0] == '.' || !read_thread(fd, e->d_name, &busy[n]))
                        continue;
                if (!has_run(i, &busy[n]))
                        through = false;
                if (++n == THREADS_MAX) {
                        through = false;
                        break;
                }
        }
        closedir(d);
        memcpy(i->busy, busy, n * sizeof(busy[0]));
        i->n_busy = n;
        return through;
}

/* Nobody is pending any more, unless it opened something while it was looked at: that comes with an item of its own. */
static void end_pending(FanSettle *s, pid_t tgid)
{
        const GateHandlers *h = &s->fan->gate->options.handlers;
        LOCK_SCOPE(&s->lock);

        for (const Item *i = s->items; i; i = i->next) {
                if (i->tgid == tgid)
                        return;
        }
        h->on_opened(h->userdata, tgid, 0);
}

/* Looks. True: there is nothing more to be found out. */
static bool look(FanSettle *s, Item *i)
{
        Fan *f = s->fan;
        const GateHandlers *h = &f->gate->options.handlers;
        const struct ag_request r = { .version = AG_ABI_VERSION,
                                      .kind = AG_REQUEST_RESOLVE,
                                      .tgid = (uint32_t) i->tgid,
                                      .tid = (uint32_t) i->tgid };
        struct ag_resolved known = {};
        /* In this order: whoever is through has it open, or has closed it; what is closed is mapped, if it ever is. */
        bool open = !is_through(i) || has_runtime_open(f, i->tgid);

        h->on_resolve(h->userdata, &r, -EBADF);
        (void) task_resolved_get(f->gate->maps, i->pidfd, i->tgid, &known);
        if (!(known.traits & AG_TRAIT_RUNTIME) && (open || known.flags & AG_RESOLVED_PARTLY))
                return false;
        end_pending(s, i->tgid);
        return true;
}

static Item *take_due(FanSettle *s)
{
        LOCK_SCOPE(&s->lock);
        for (;;) {
                uint64_t now = boottime_ns(), next = now + 3600000000000ULL;
                struct timespec until;

                if (s->stopping)
                        return NULL;
                for (Item **p = &s->items; *p; p = &(*p)->next) {
                        Item *i = *p;

                        if (i->due_ns <= now) {
                                *p = i->next;
                                s->n--;
                                return i;
                        }
                        next = MIN(next, i->due_ns);
                }
                clock_gettime(CLOCK_MONOTONIC, &until);
                next -= now;
                until.tv_sec += (time_t) (next / 1000000000ULL);
                until.tv_nsec += (long) (next % 1000000000ULL);
                if (until.tv_nsec >= 1000000000L) {
                        until.tv_nsec -= 1000000000L;
                        until.tv_sec++;
                }
                (void) pthread_cond_timedwait(&s->cond, &s->lock, &until);
        }
}

static void put_back(FanSettle *s, Item *i)
{
        i->looks = MIN(i->looks + 1U, (unsigned) ARRAY_SIZE(looks_ms) - 1U);
        i->due_ns = boottime_ns() + looks_ms[i->looks] * 1000000ULL;
        LOCK_SCOPE(&s->lock);
        i->next = s->items;
        s->items = i;
        s->n++;
}

static void *settle_thread(void *userdata)
{
        FanSettle *s = userdata;
        Item *i;

        while ((i = take_due(s))) {
                if (i->mounts && s->fan->mounts)
                        fan_mounts_mark_of(s->fan->mounts, i->tgid);
                i->mounts = false;
                /* Its number is its own as long as the descriptor finds it. */
                if (pidfd_send_signal(i->pidfd, 0, NULL, 0) < 0 || look(s, i))
                        item_free(i);
                else
                        put_back(s, i);
        }
        return NULL;
}

int fan_settle_new(Fan *f, FanSettle **ret)
{
        FanSettle *s = calloc(1, sizeof(*s));
        pthread_condattr_t a;

        if (!s)
                return -ENOMEM;
        s->fan = f;
        lock_init(&s->lock);
        pthread_condattr_init(&a);
        pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
        pthread_cond_init(&s->cond, &a);
        pthread_condattr_destroy(&a);
        *ret = s;
        return 0;
}

int fan_settle_start(FanSettle *s)
{
        int r = gate_thread_new(&s->thread, settle_thread, s, "aiguard-settle", false);

        s->running = r >= 0;
        return r;
}

FanSettle *fan_settle_free(FanSettle *s)
{
        if (!s)
                return NULL;
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_broadcast(&s->cond);
        pthread_mutex_unlock(&s->lock);
        if (s->running)
                pthread_join(s->thread, NULL);
        while (s->items) {
                Item *i = s->items;

                s->items = i->next;
                item_free(i);
        }
        pthread_cond_destroy(&s->cond);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}
