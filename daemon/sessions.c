/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: periods of use of sensors. An open that was let through begins one,
 * two entries in the journal frame it. The hook comes before the descriptor
 * exists and no hook tells of a close on every kernel, so the end is looked for
 * once a second, and only while a session is open; the end of the process is
 * told by its pidfd at once. Main thread only.
 *
 * What this does not see: a descriptor that the process passed on. Its session
 * ends with the process that opened the sensor.
 */
#include "sessions.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/pidfd.h>

#include "lib/date.h"
#include "lib/event.h"
#include "lib/json-util.h"
#include "lib/log.h"
#include "lib/proc-fds.h"
#include "lock.h"

#define POLL_USEC 1000000U

typedef struct Session {
        struct Session *next;
        Sessions *owner;
        JournalSession journal;
        int proc_fd;
        int pidfd;
        sd_event_source *exit;
} Session;

struct Sessions {
        Manager *m;
        sd_event_source *timer;
        sd_event_source *posted;
        int post_fds[2]; /* a pipe of whole events */
        Session *first;
        size_t n;
};

static Session *session_free(Session *s)
{
        if (!s)
                return NULL;
        sd_event_source_disable_unref(s->exit);
        safe_close(s->pidfd);
        safe_close(s->proc_fd);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(Session *, session_free);

static void session_end(Session *s)
{
        Sessions *owner = s->owner;
        Session **p = &owner->first;

        while (*p != s)
                p = &(*p)->next;
        *p = s->next;
        owner->n--;
        s->journal.end_ns = boottime_ns();
        journal_session_end(manager_journal(owner->m), &s->journal);
        session_free(s);
}

static int on_exit_of_process(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        session_end(userdata);
        return 0;
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
        Sessions *s = userdata;

        for (Session *one = s->first, *next; one; one = next) {
                next = one->next;
                if (proc_has_device(one->proc_fd, one->journal.event.rdev) <= 0)
                        session_end(one);
        }
        if (s->first && sd_event_source_set_time_relative(source, POLL_USEC) >= 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static bool is_same(const struct ag_event *a, const struct ag_event *b)
{
        return a->tgid == b->tgid && a->start_time == b->start_time && a->rdev == b->rdev;
}

static int session_new(Sessions *owner, const struct ag_event *ev, Session **ret)
{
        _cleanup_(session_freep) Session *s = calloc(1, sizeof(*s));
        uint64_t ticks, want = proc_ticks_from_ns(ev->start_time);
        int r;

        if (!s)
                return -ENOMEM;
        s->owner = owner;
        s->proc_fd = s->pidfd = -EBADF;
        memcpy(&s->journal.event, ev, event_size(ev));
        s->journal.start_ns = ev->time;
        s->pidfd = pidfd_open((pid_t) ev->tgid, 0);
        if (s->pidfd < 0)
                return -errno;
        s->proc_fd = proc_open((pid_t) ev->tgid);
        if (s->proc_fd < 0)
                return s->proc_fd;
        /* An event that waited for the daemon may be of a process whose number is another's by now. */
        if (proc_start_ticks(s->proc_fd, &ticks) < 0 || ticks > want + 1 || ticks + 1 < want)
                return -ESRCH;
        r = sd_event_add_io(manager_event(owner->m), &s->exit, s->pidfd, EPOLLIN, on_exit_of_process, s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

/* A process that was gone before we looked has had a session all the same: of no length we know of. */
static void note_gone(Sessions *s, const struct ag_event *ev)
{
        JournalSession j = { .start_ns = ev->time };

        memcpy(&j.event, ev, event_size(ev));
        journal_session_start(manager_journal(s->m), &j);
        j.end_ns = boottime_ns();
        journal_session_end(manager_journal(s->m), &j);
}

void sessions_on_event(Sessions *s, const struct ag_event *ev)
{
        Session *one = NULL, *made = NULL;
        int r;

        if (ev->kind != AG_EVENT_SENSOR || ev->effective.action >= AG_ACTION_DENY)
                return;
        if (ev->device_kind != AG_DEVICE_CAMERA && ev->device_kind != AG_DEVICE_MICROPHONE)
                return;
        for (one = s->first; one; one = one->next)
                if (is_same(&one->journal.event, ev))
                        return;
        if (s->n >= SESSIONS_MAX) {
                log_warning("sessions: %u are open, one more is not followed", SESSIONS_MAX);
                return;
        }
        r = session_new(s, ev, &made);
        if (r < 0 || !made) {
                note_gone(s, ev);
                return;
        }
        made->next = s->first;
        s->first = made;
        s->n++;
        journal_session_start(manager_journal(s->m), &made->journal);
        if (s->n == 1 && sd_event_source_set_time_relative(s->timer, POLL_USEC) >= 0)
                (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

_Static_assert(sizeof(struct ag_event) <= PIPE_BUF, "an event is written whole or not at all");

void sessions_post_event(Sessions *s, const struct ag_event *ev)
{
        if (write(s->post_fds[1], ev, sizeof(*ev)) < 0)
                log_debug("sessions: a sensor's use is not followed: %s", strerror(errno));
}

static int on_posted(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct ag_event ev;

        while (read(fd, &ev, sizeof(ev)) == sizeof(ev))
                sessions_on_event(userdata, &ev);
        return 0;
}

int sessions_new(Manager *m, Sessions **ret)
{
        _cleanup_(sessions_freep) Sessions *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->m = m;
        s->post_fds[0] = s->post_fds[1] = -EBADF;
        if (pipe2(s->post_fds, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_add_io(manager_event(m), &s->posted, s->post_fds[0], EPOLLIN, on_posted, s);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(manager_event(m), &s->timer, CLOCK_MONOTONIC, POLL_USEC, 0, on_poll,
                                       s);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Sessions *sessions_free(Sessions *s)
{
        if (!s)
                return NULL;
        /* Whoever reads the log must not take a session for open for ever. */
        while (s->first)
                session_end(s->first);
        sd_event_source_disable_unref(s->timer);
        sd_event_source_disable_unref(s->posted);
        safe_close(s->post_fds[0]);
        safe_close(s->post_fds[1]);
        free(s);
        return NULL;
}

json_t *sessions_to_json(Sessions *s)
{
        uint64_t now_ns = boottime_ns(), now_usec = realtime_usec();
        json_t *list = json_array();

        for (const Session *one = s->first; list && one; one = one->next) {
                const struct ag_event *ev = &one->journal.event;
                char since[DATE_TEXT_MAX];

                date_format(now_usec - (now_ns - ev->time) / 1000, since);
                (void) json_array_append_new(list,
                                             json_pack("{s:s, s:I, s:s, s:o, s:s}", "id", one->journal.id,
                                                       "pid", (json_int_t) ev->tgid, "device",
                                                       device_kind_to_string(ev->device_kind), "path",
                                                       json_text(ev->path), "since", since));
        }
        return list;
}
