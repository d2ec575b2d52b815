/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the fanotify group that whole file systems are marked in, and the
 * thread that reads it. Owns the group and the parts of fan-internal.h. The
 * thread runs at real-time priority and waits for nothing in this process, so
 * that no open of the daemon's own can wait for itself. Called by gate.c.
 *
 * Closing the group lets everybody go on: so it is not in systemd's fd store,
 * and the enforcement of this backend ends with the daemon.
 */
#include "fan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fan-internal.h"
#include "lib/log.h"

#define EVENTS_AT_ONCE 64
#define TURN_MS 100
#define READS_PER_TURN 64

void fan_owe(Fan *f, int fd, bool owed)
{
        uint32_t bit = 1U << (fd % 32);

        if (fd < 0 || (unsigned) fd >= FAN_FDS_MAX)
                return;
        if (owed)
                (void) __atomic_or_fetch(&f->shared->owed[fd / 32], bit, __ATOMIC_RELAXED);
        else
                (void) __atomic_and_fetch(&f->shared->owed[fd / 32], ~bit, __ATOMIC_RELAXED);
}

static void answer(Fan *f, const FanEvent *e, bool allow)
{
        int r = gate_respond(e->group_fd, e->fd, allow);

        /* ENOENT: killed while it waited, or the keeper was quicker. */
        if (r < 0 && r != -ENOENT)
                log_error_errno(r, "fanotify: an answer cannot be given");
        fan_owe(f, e->fd, false);
}

void fan_answer(Fan *f, FanEvent *e, bool allow)
{
        answer(f, e, allow);
        e->fd = safe_close(e->fd);
}

int fan_let_go(Fan *f, FanEvent *e)
{
        answer(f, e, true);
        return TAKE_FD(e->fd);
}

static void on_event(Fan *f, const struct fanotify_event_metadata *m)
{
        FanEvent e = { .fd = m->fd, .group_fd = f->group_fd, .tgid = m->pid };

        if (m->vers != FANOTIFY_METADATA_VERSION) {
                log_error("fanotify: the kernel speaks another version");
                abort();
        }
        if (m->mask & FAN_Q_OVERFLOW) {
                /* With an unlimited queue only a kernel out of memory says so. What was lost went on. */
                if (f->overflows++ == 0)
                        log_error("fanotify: the kernel had no room for an event; that open was let go");
                return;
        }
        if (m->fd < 0)
                return;
        fan_owe(f, m->fd, true);
        fan_event(f, &e);
}

static void read_events(Fan *f)
{
        _Alignas(struct fanotify_event_metadata) char buffer[EVENTS_AT_ONCE * FAN_EVENT_METADATA_LEN];

        for (unsigned i = 0; i < READS_PER_TURN; i++) {
                ssize_t n = read(f->group_fd, buffer, sizeof(buffer));
                const struct fanotify_event_metadata *m;

                if (n <= 0) {
                        /* No room for a descriptor: the kernel has refused that open by itself. */
                        if (n < 0 && errno != EAGAIN && errno != EINTR)
                                log_error_errno(-errno, "fanotify: events cannot be read");
                        return;
                }
                for (m = (const void *) buffer; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n))
                        on_event(f, m);
                /* There was room for more, so that was all: asking again would only be told so. */
                if ((size_t) n < sizeof(buffer))
                        return;
        }
}

static void beat(Fan *f)
{
        __atomic_store_n(&f->shared->heartbeat_ns, boottime_ns(), __ATOMIC_RELEASE);
}

static void *reader_thread(void *userdata)
{
        Fan *f = userdata;
        uint64_t ignored;

        while (!__atomic_load_n(&f->stopping, __ATOMIC_ACQUIRE)) {
                struct pollfd fds[] = {
                        { .fd = f->group_fd, .events = POLLIN },
                        { .fd = f->stop_fd, .events = POLLIN },
                };

                beat(f);
                (void) poll(fds, ARRAY_SIZE(fds), TURN_MS);
                if (fds[1].revents)
                        (void) !read(f->stop_fd, &ignored, sizeof(ignored));
                beat(f);
                read_events(f);
                fan_libraries_sweep(f->libraries, boottime_ns());
        }
        return NULL;
}

static int open_group(Fan *f, const char *filesystems)
{
        int r;

        f->shared = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                         0);
        if (f->shared == MAP_FAILED) {
                f->shared = NULL;
                return -ENOMEM;
        }
        /* O_NONBLOCK: the descriptor of an event may be of a FIFO. */
        f->group_fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE |
                                                    FAN_UNLIMITED_MARKS,
                                    O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME | O_NONBLOCK);
        if (f->group_fd < 0)
                return log_error_errno(-errno, "fanotify: it cannot be used");
        f->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (f->stop_fd < 0)
                return -errno;
        r = fan_libraries_new(f, &f->libraries);
        if (r >= 0)
                r = fan_settle_new(f, &f->settle);
        if (r >= 0)
                r = fan_remote_new(f, &f->remote);
        if (r >= 0)
                r = fan_mounts_new(f, filesystems, &f->mounts);
        return r;
}

int fan_new(Gate *g, const GateOptions *options, Fan **ret)
{
        Fan *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->gate = g;
        f->watches = options->watch_all;
        f->self = getpid();
        f->last = &f->first;
        f->group_fd = f->stop_fd = -EBADF;
        lock_init(&f->lock);
        *ret = f; /* gate_free() frees it in any case */
        r = fan_cache_new(&f->cache);
        if (r >= 0)
                r = fan_cache_new(&f->library_cache);
        if (r >= 0 && f->watches)
                r = open_group(f, options->filesystems);
        return r;
}

int fan_start(Fan *f)
{
        int r;

        if (!f->watches)
                return 0;
        beat(f);
        r = fan_keeper_start(f);
        if (r >= 0)
                r = fan_settle_start(f->settle);
        if (r >= 0)
                r = fan_libraries_start(f->libraries);
        if (r >= 0)
                r = fan_remote_start(f->remote);
        if (r >= 0)
                r = gate_thread_new(&f->reader, reader_thread, f, "aiguard-opens", true);
        f->running = r >= 0;
        return r;
}

int fan_watch(Fan *f)
{
        return f->watches ? fan_mounts_mark(f->mounts) : 0;
}

void fan_stop(Fan *f)
{
        const uint64_t one = 1;

        /* First of all nobody new has to wait, then those who do go on; only then is anything joined. */
        if (f->group_fd >= 0)
                (void) fanotify_mark(f->group_fd, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, NULL);
        f->mounts = fan_mounts_free(f->mounts);
        f->remote = fan_remote_free(f->remote);
        if (f->libraries)
                fan_libraries_sweep(f->libraries, UINT64_MAX);
        if (!f->running)
                return;
        __atomic_store_n(&f->stopping, true, __ATOMIC_RELEASE);
        (void) !write(f->stop_fd, &one, sizeof(one));
        pthread_join(f->reader, NULL);
        f->running = false;
        /* What came between the last read and the flush. */
        read_events(f);
        fan_libraries_sweep(f->libraries, UINT64_MAX);
}

Fan *fan_free(Fan *f)
{
        if (!f)
                return NULL;
        f->mounts = fan_mounts_free(f->mounts);
        fan_keeper_stop(f);
        f->settle = fan_settle_free(f->settle);
        f->libraries = fan_libraries_free(f->libraries);
        /* Waits nowhere: whoever is left in it goes on. */
        safe_close(f->group_fd);
        safe_close(f->stop_fd);
        f->cache = fan_cache_free(f->cache);
        f->library_cache = fan_cache_free(f->library_cache);
        if (f->shared)
                (void) munmap(f->shared, sizeof(*f->shared));
        pthread_mutex_destroy(&f->lock);
        free(f);
        return NULL;
}

void fan_settle_process(Fan *f, pid_t tgid, pid_t parent)
{
        fan_library_inherit(f, tgid, parent);
        if (f->settle)
                fan_settle_push(f->settle, tgid, false);
}

void fan_watch_mounts_of(Fan *f, pid_t tgid)
{
        if (f->settle)
                fan_settle_push(f->settle, tgid, true);
}

int fan_mounts_changed_fd(const Fan *f)
{
        return f->watches ? fan_mounts_fd(f->mounts) : -EBADF;
}

uint64_t fan_heartbeat(const Fan *f)
{
        return f->watches ? __atomic_load_n(&f->shared->heartbeat_ns, __ATOMIC_ACQUIRE) : UINT64_MAX;
}

FanCache *fan_cache(Fan *f)
{
        return f->cache;
}
