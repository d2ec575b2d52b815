/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: takes decisions from ag_events when sd-event says so, at most a
 * batch at a time so that the bus and the watchdog get their turn. Owns the
 * consumer; checks with event.c; hands on to the manager's handler. The verdict
 * was given before the record was made: nothing here can change it.
 */
#include "ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/epoll.h>

#include "lib/event.h"
#include "lib/log.h"

#define RING_BATCH 256U

struct Ring {
        struct ring_buffer *buffer;
        sd_event_source *source;
        RingHandler handler;
        void *userdata;
        unsigned batch; /* records in this turn */
        uint64_t taken;
        uint64_t invalid;
};

static int on_record(void *userdata, void *data, size_t size)
{
        Ring *r = userdata;
        const struct ag_event *ev;

        if (event_validate(data, size, &ev) < 0)
                r->invalid++;
        else {
                r->taken++;
                r->handler(r->userdata, ev);
        }
        /* An error ends the batch; this record counts as taken all the same. */
        return ++r->batch >= RING_BATCH ? -EAGAIN : 0;
}

static int on_ring_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Ring *r = userdata;
        int n;

        r->batch = 0;
        n = ring_buffer__consume(r->buffer);
        if (n < 0 && n != -EAGAIN && n != -EINTR)
                log_error_errno(n, "ring: records cannot be taken");
        return 0;
}

int ring_new(int map_fd, sd_event *event, RingHandler handler, void *userdata, Ring **ret)
{
        _cleanup_(ring_freep) Ring *r = calloc(1, sizeof(*r));
        int q;

        if (!r)
                return -ENOMEM;
        r->handler = handler;
        r->userdata = userdata;
        r->buffer = ring_buffer__new(map_fd, on_record, r, NULL);
        if (!r->buffer)
                return log_error_errno(-errno, "ring: it cannot be mapped");
        q = sd_event_add_io(event, &r->source, ring_buffer__epoll_fd(r->buffer), EPOLLIN, on_ring_io, r);
        if (q < 0)
                return log_error_errno(q, "ring: it cannot be watched");
        *ret = TAKE_PTR(r);
        return 0;
}

Ring *ring_free(Ring *r)
{
        if (!r)
                return NULL;
        sd_event_source_disable_unref(r->source);
        ring_buffer__free(r->buffer);
        free(r);
        return NULL;
}

void ring_drain(Ring *r)
{
        for (unsigned turn = 0; turn < 64; turn++) {
                r->batch = 0;
                if (ring_buffer__consume(r->buffer) != -EAGAIN)
                        return;
        }
}

uint64_t ring_invalid(const Ring *r)
{
        return r->invalid;
}

uint64_t ring_taken(const Ring *r)
{
        return r->taken;
}
