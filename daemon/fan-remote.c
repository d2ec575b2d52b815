/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: opens on remote file systems and FUSE, which are never scanned: what
 * the policy says of files that cannot be looked into decides, for who is an AI
 * workload. A group and a thread of their own, since the kernel opens the file
 * for the reader of an event, and a server that hangs then hangs this thread and
 * nothing else. Owns both. Called by fan.c and fan-mounts.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "fan-internal.h"
#include "lib/log.h"

#define JOIN_SECONDS 1

typedef struct Point {
        struct Point *next;
        char path[];
} Point;

struct FanRemote {
        Fan *fan;
        int group_fd;
        int wake_fd;
        pthread_t thread;
        bool running;
        bool stopping; /* atomic */
        pthread_mutex_t lock;
        Point *points; /* to be marked: asking a server for it may take as long as it likes */
};

static const struct ag_object unscannable = { .n_columns = 1, .columns = { AG_COL_UNSCANNABLE } };

static void on_remote_event(FanRemote *r, const struct fanotify_event_metadata *m)
{
        Gate *g = r->fan->gate;
        struct ag_event ev;
        struct ag_gated who;
        char name[AG_PATH_MAX];
        bool allow = true, opened, told = false;

        if (m->pid != r->fan->self && fan_who(r->fan, m->pid, &who, &opened)) {
                gate_look_at_who(g, &who, false);
                if (who.workload != AG_WORKLOAD_OTHER) {
                        gate_event_name(m->fd, name);
                        allow = gate_decide(g, &who, (uint32_t) m->pid, &unscannable, &ev);
                        gate_event_path(&ev, name);
                        told = true;
                }
        }
        (void) gate_respond(r->group_fd, m->fd, allow);
        (void) close(m->fd);
        if (!told)
                return;
        GATE_COUNT(g, seen);
        gate_tell(g, &ev, 0, true, NULL);
}

static void mark_points(FanRemote *r)
{
        Point *list;

        pthread_mutex_lock(&r->lock);
        list = r->points;
        r->points = NULL;
        pthread_mutex_unlock(&r->lock);
        while (list) {
                Point *p = list;

                list = p->next;
                if (fanotify_mark(r->group_fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD,
                                  p->path) < 0)
                        log_warning_errno(-errno, "fanotify: the file system at %s cannot be watched",
                                          p->path);
                free(p);
        }
}

static void *remote_thread(void *userdata)
{
        FanRemote *r = userdata;
        _Alignas(struct fanotify_event_metadata) char buffer[16 * FAN_EVENT_METADATA_LEN];
        uint64_t ignored;

        while (!__atomic_load_n(&r->stopping, __ATOMIC_ACQUIRE)) {
                struct pollfd fds[] = {
                        { .fd = r->group_fd, .events = POLLIN },
                        { .fd = r->wake_fd, .events = POLLIN },
                };
                ssize_t n;

                (void) poll(fds, ARRAY_SIZE(fds), -1);
                (void) !read(r->wake_fd, &ignored, sizeof(ignored));
                mark_points(r);
                while ((n = read(r->group_fd, buffer, sizeof(buffer))) > 0) {
                        const struct fanotify_event_metadata *m;

                        for (m = (const void *) buffer; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
                                if (m->fd >= 0)
                                        on_remote_event(r, m);
                        }
                }
        }
        return NULL;
}

static void wake(FanRemote *r)
{
        const uint64_t one = 1;

        (void) !write(r->wake_fd, &one, sizeof(one));
}

void fan_remote_add(FanRemote *r, const char *point)
{
        Point *p = malloc(sizeof(*p) + strlen(point) + 1);

        if (!p)
                return;
        strcpy(p->path, point);
        pthread_mutex_lock(&r->lock);
        p->next = r->points;
        r->points = p;
        pthread_mutex_unlock(&r->lock);
        wake(r);
}

int fan_remote_new(Fan *f, FanRemote **ret)
{
        FanRemote *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->fan = f;
        lock_init(&r->lock);
        *ret = r;
        r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r->group_fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE |
                                                    FAN_UNLIMITED_MARKS,
                                    O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME | O_NONBLOCK);
        return r->wake_fd < 0 || r->group_fd < 0 ? -errno : 0;
}

int fan_remote_start(FanRemote *r)
{
        int k = gate_thread_new(&r->thread, remote_thread, r, "aiguard-remote", false);

        r->running = k >= 0;
        return k;
}

FanRemote *fan_remote_free(FanRemote *r)
{
        struct timespec until;

        if (!r)
                return NULL;
        __atomic_store_n(&r->stopping, true, __ATOMIC_RELEASE);
        if (r->group_fd >= 0)
                (void) fanotify_mark(r->group_fd, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, NULL);
        wake(r);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += JOIN_SECONDS;
        /* It may wait for a server that never answers: then it, and what it has, goes with the process. */
        if (r->running && pthread_timedjoin_np(r->thread, NULL, &until) != 0)
                return NULL;
        safe_close(r->group_fd);
        safe_close(r->wake_fd);
        while (r->points) {
                Point *p = r->points;

                r->points = p->next;
                free(p);
        }
        pthread_mutex_destroy(&r->lock);
        free(r);
        return NULL;
}
