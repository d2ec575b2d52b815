/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: fanotify: groups, events and answers. Each event brings a descriptor
 * of the very file that is being opened. Who has no entry in ag_gated is not
 * held and goes on at once. The gate's thread only.
 *
 * Answers are matched by descriptor number. An event that a dead daemon had read
 * is still waited for under its old number, so before a group that was adopted
 * is read, every number is answered with no. Its marks stay until its openers
 * are through; new marks go to a group of our own.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "gate-internal.h"
#include "lib/log.h"

#define OLD_NUMBERS 65536 /* the limit of open files that main.c sets */
#define OLD_GROUP_NS 10000000000ULL
#define EVENTS_TURNS 16

static int respond(int group_fd, int fd, uint32_t response)
{
        struct fanotify_response r = { .fd = fd, .response = response };

        return write(group_fd, &r, sizeof(r)) == sizeof(r) ? 0 : -errno;
}

int gate_respond(int group_fd, int fd, bool allow)
{
        return respond(group_fd, fd, allow ? FAN_ALLOW : FAN_DENY);
}

/* Whoever waits for an answer to what an earlier run had read is refused. */
static void deny_previous(int group_fd, uint64_t *count)
{
        (void) fcntl(group_fd, F_SETFL, O_NONBLOCK);
        for (int fd = 0; fd < OLD_NUMBERS; fd++) {
                if (respond(group_fd, fd, FAN_DENY) == 0)
                        ++*count;
        }
}

/* A group of the run before the last: two deaths in short order. Nobody is let go by closing it. */
static void close_older(int group_fd, uint64_t *count)
{
        _Alignas(struct fanotify_event_metadata) char buffer[64 * FAN_EVENT_METADATA_LEN];
        ssize_t n;

        (void) fanotify_mark(group_fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
        while ((n = read(group_fd, buffer, sizeof(buffer))) > 0) {
                const struct fanotify_event_metadata *m;

                for (m = (const void *) buffer; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
                        if (m->fd < 0)
                                continue;
                        (void) respond(group_fd, m->fd, FAN_DENY);
                        safe_close(m->fd);
                        ++*count;
                }
        }
        safe_close(group_fd);
}

void gate_refuse_groups(const int *fds, size_t n)
{
        uint64_t count = 0;

        for (size_t i = 0; i < n; i++) {
                deny_previous(fds[i], &count);
                close_older(fds[i], &count);
        }
        if (count > 0)
                log_notice("gate: %llu waiting opens of an earlier run were refused",
                           (unsigned long long) count);
}

int gate_groups_open(Gate *g, const int *old, size_t n_old)
{
        uint64_t denied = 0;

        for (size_t i = 0; i < n_old; i++) {
                deny_previous(old[i], &denied);
                if (i + 1 < n_old)
                        close_older(old[i], &denied);
                else
                        g->old_group_fd = old[i];
        }
        g->old_until_ns = boottime_ns() + OLD_GROUP_NS;
        g->denied_previous = denied;
        __atomic_add_fetch(&g->counters->gate.denied_previous, denied, __ATOMIC_RELAXED);
        if (denied > 0)
                log_notice("gate: %llu waiting opens of an earlier run were refused",
                           (unsigned long long) denied);
        g->group_fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_TID |
                                                    FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
                                    O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME);
        if (g->group_fd < 0)
                return log_error_errno(-errno, "gate: fanotify cannot be used");
        return 0;
}

void gate_groups_close(Gate *g)
{
        g->group_fd = safe_close(g->group_fd);
        g->old_group_fd = safe_close(g->old_group_fd);
}

void gate_answer(Gate *g, GateWaiter *w, bool allow)
{
        int r = gate_respond(w->group_fd, w->fd, allow);

        /* ENOENT: killed while it waited. */
        if (r < 0 && r != -ENOENT)
                log_error_errno(r, "gate: an answer cannot be given");
        safe_close(w->fd);
        free(w);
        GATE_COUNT_DOWN(g, waiting);
}

/* Takes the entry of that thread, if it has one. */
static bool take_gated(Gate *g, uint32_t tid, struct ag_gated *ret)
{
        if (bpf_map_lookup_elem(g->maps->gated, &tid, ret) < 0)
                return false;
        (void) bpf_map_delete_elem(g->maps->gated, &tid);
        return true;
}

void gate_event_name(int fd, char ret[AG_PATH_MAX])
{
        char link[64];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, ret, AG_PATH_MAX - 1);
        ret[n > 0 ? n : 0] = 0;
}

int gate_find_file(Gate *g, int fd, uint32_t tid, GateFile **ret)
{
        char path[64], name[AG_PATH_MAX];
        struct statx st;
        int path_fd, r;

        r = gate_statx(fd, &st);
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        path_fd = open(path, O_PATH | O_CLOEXEC);
        if (path_fd < 0)
                return -errno;
        r = gate_file_get(g, path_fd, &st, ret);
        if (r < 0 || (*ret)->path)
                return r;
        /* No request of this run was about it: an earlier run marked it. */
        gate_event_name(fd, name);
        (*ret)->path = strdup(name);
        (*ret)->tid = tid;
        return 0;
}

static void on_event(Gate *g, int group_fd, const struct fanotify_event_metadata *m)
{
        GateWaiter *w = NULL;
        char path[AG_PATH_MAX];
        struct ag_gated who;
        GateFile *f = NULL;

        if (m->fd < 0)
                return;
        if (!take_gated(g, (uint32_t) m->pid, &who)) {
                (void) respond(group_fd, m->fd, FAN_ALLOW);
                safe_close(m->fd);
                GATE_COUNT(g, passed);
                return;
        }
        w = calloc(1, sizeof(*w));
        if (!w) {
                /* Held, and no memory to find anything out: the refusal is the safe side. */
                (void) respond(group_fd, m->fd, FAN_DENY);
                safe_close(m->fd);
                return;
        }
        *w = (GateWaiter){
                .group_fd = group_fd,
                .fd = m->fd,
                .tid = (uint32_t) m->pid,
                .since_ns = boottime_ns(),
                .who = who,
        };
        GATE_COUNT(g, waiting);
        if (gate_find_file(g, m->fd, (uint32_t) m->pid, &f) < 0) {
                gate_event_name(m->fd, path);
                gate_file_unknown(g, w, path);
        } else
                gate_file_wait(g, f, w);
}

static void read_group(Gate *g, int group_fd)
{
        _Alignas(struct fanotify_event_metadata) char buffer[64 * FAN_EVENT_METADATA_LEN];

        for (unsigned turn = 0; turn < EVENTS_TURNS; turn++) {
                ssize_t n = read(group_fd, buffer, sizeof(buffer));
                const struct fanotify_event_metadata *m;

                if (n <= 0) {
                        if (n < 0 && errno != EAGAIN && errno != EINTR)
                                log_error_errno(-errno, "gate: events cannot be read");
                        return;
                }
                for (m = (const void *) buffer; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
                        if (m->vers != FANOTIFY_METADATA_VERSION) {
                                log_error("gate: fanotify speaks another version");
                                abort();
                        }
                        on_event(g, group_fd, m);
                        gate_take_requests(g);
                }
        }
}

void gate_events_read(Gate *g)
{
        if (g->old_group_fd >= 0)
                read_group(g, g->old_group_fd);
        read_group(g, g->group_fd);
}

static bool has_old_waiters(const Gate *g)
{
        for (size_t b = 0; b < GATE_BUCKETS; b++) {
                for (const GateFile *f = g->files[b]; f; f = f->next) {
                        for (const GateWaiter *w = f->waiters; w; w = w->next) {
                                if (w->group_fd == g->old_group_fd)
                                        return true;
                        }
                }
        }
        return false;
}

/* Closing a group lets its sleepers go: so its marks go first, then what came meanwhile is answered. */
void gate_old_group_sweep(Gate *g, uint64_t now_ns)
{
        int old;

        if (g->old_group_fd < 0 || now_ns < g->old_until_ns || has_old_waiters(g))
                return;
        (void) fanotify_mark(g->old_group_fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
        read_group(g, g->old_group_fd);
        if (has_old_waiters(g))
                return;
        old = g->old_group_fd;
        __atomic_store_n(&g->old_group_fd, -EBADF, __ATOMIC_RELEASE);
        safe_close(old);
}
