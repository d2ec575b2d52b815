/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: remembers, for each process that had to be looked at, up to which of
 * its mappings everything is known, and what that came to. ag_resolved ends with
 * its process, and a process can be gone before its entry is made: enforcing would
 * have held it until its mappings were known, so what they were decides, and not
 * that it was quick. Called by resolve.c. Writes no map.
 *
 * A table of fixed size: who falls out is told as pending, which says the truth.
 */
#include "lib/resolve-memory.h"

#include <errno.h>
#include <pthread.h>

#define SLOTS 4096U
#define AHEAD 64U

typedef struct Slot {
        uint64_t start_time;
        uint32_t tgid;
        uint32_t traits;
        uint32_t seq;   /* every mapping up to this one is known */
        uint64_t ahead; /* and of those behind it: bit 0 is seq + 1. Threads map in no order */
} Slot;

struct ResolveMemory {
        pthread_mutex_t lock;
        Slot slots[SLOTS];
};

int resolve_memory_new(ResolveMemory **ret)
{
        ResolveMemory *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        pthread_mutex_init(&m->lock, NULL);
        *ret = m;
        return 0;
}

ResolveMemory *resolve_memory_free(ResolveMemory *m)
{
        if (m)
                pthread_mutex_destroy(&m->lock);
        free(m);
        return NULL;
}

static Slot *slot_at(ResolveMemory *m, uint32_t tgid, uint64_t start_time)
{
        uint64_t h = (start_time ^ ((uint64_t) tgid << 32)) * 0x9e3779b97f4a7c15ULL;

        return &m->slots[(h >> 40) % SLOTS];
}

static bool slot_is(const Slot *s, uint32_t tgid, uint64_t start_time)
{
        return s->tgid == tgid && s->start_time == start_time;
}

/*
 * A child that was pending from the start has number 1 for what its parent had mapped. The parent asked before it
 * forked, so whatever is to be known of that is known by now.
 */
static Slot *slot_of(ResolveMemory *m, const struct ag_request *q)
{
        Slot *s = slot_at(m, q->tgid, q->start_time), from = {};

        if (slot_is(s, q->tgid, q->start_time))
                return s;
        if (q->from_tgid &&
            slot_is(slot_at(m, q->from_tgid, q->from_start_time), q->from_tgid, q->from_start_time))
                from = *slot_at(m, q->from_tgid, q->from_start_time);
        *s = (Slot){ .tgid = q->tgid, .start_time = q->start_time };
        if (from.tgid && from.seq >= q->from_seq) {
                s->seq = 1;
                s->traits = from.traits;
        }
        return s;
}

static void advance(Slot *s)
{
        while (s->ahead & 1) {
                s->ahead >>= 1;
                s->seq++;
        }
}

static void note_mapped(Slot *s, const struct ag_request *q, uint32_t traits)
{
        uint32_t distance = q->map_seq - s->seq;

        s->traits |= traits;
        if (distance == 0 || distance > AHEAD)
                return;
        s->ahead |= 1ULL << (distance - 1);
        advance(s);
}

static void note_walked(Slot *s, uint32_t map_seq, uint32_t traits)
{
        uint32_t distance = map_seq - s->seq;

        s->traits |= traits;
        if ((int32_t) distance <= 0)
                return;
        s->ahead = distance < AHEAD ? s->ahead >> distance : 0;
        s->seq = map_seq;
        advance(s);
}

void resolve_memory_mapped(ResolveMemory *m, const struct ag_request *q, uint32_t traits)
{
        pthread_mutex_lock(&m->lock);
        note_mapped(slot_of(m, q), q, traits);
        pthread_mutex_unlock(&m->lock);
}

void resolve_memory_walked(ResolveMemory *m, const struct ag_request *q, uint32_t map_seq, uint32_t traits)
{
        pthread_mutex_lock(&m->lock);
        note_walked(slot_of(m, q), map_seq, traits);
        pthread_mutex_unlock(&m->lock);
}

bool resolve_memory_recall(ResolveMemory *m, const struct ag_request *q, uint32_t *ret_traits)
{
        const Slot *s;
        bool known;

        pthread_mutex_lock(&m->lock);
        s = slot_of(m, q);
        known = (int32_t) (s->seq - q->map_seq) >= 0;
        if (known)
                *ret_traits = s->traits;
        pthread_mutex_unlock(&m->lock);
        return known;
}
