/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: an audit run may see the same thing a thousand times a second; the
 * first few are written, the rest counted and summed up when the window ends.
 * A table of kinds, open addressing within eight places; a full table writes
 * everything (more entries, never fewer). Called by the journal's thread only.
 */
#include "journal-repeat.h"

#include <string.h>

#include "lib/event.h"
#include "lib/macro.h"

#define PROBES 8U
#define RULES 256U

struct JournalRepeats {
        JournalRepeat table[JOURNAL_REPEAT_KINDS];
        struct {
                uint64_t since_ns;
                uint16_t workload;
                uint16_t rule;
        } rules[RULES]; /* first of a workload and rule */
};

JournalRepeats *journal_repeats_new(void)
{
        return calloc(1, sizeof(JournalRepeats));
}

void journal_repeats_free(JournalRepeats *r)
{
        free(r);
}

static bool same_kind(const struct ag_event *a, const struct ag_event *b)
{
        return a->kind == b->kind && a->workload == b->workload && a->generation == b->generation &&
               a->would.rule == b->would.rule && a->effective.rule == b->effective.rule &&
               a->rdev == b->rdev && a->reasons == b->reasons &&
               memcmp(&a->inode, &b->inode, sizeof(a->inode)) == 0;
}

static uint32_t hash_kind(const struct ag_event *e)
{
        uint64_t h = e->inode.ino * 0x9e3779b97f4a7c15ULL;

        h ^= ((uint64_t) e->inode.dev << 32 | e->rdev) * 0xc2b2ae3d27d4eb4fULL;
        h ^= ((uint64_t) e->workload << 32 | (uint64_t) e->would.rule << 16 | e->effective.rule) *
             0x165667b19e3779f9ULL;
        return (uint32_t) (h >> 32);
}

static JournalRepeat *find(JournalRepeats *r, const struct ag_event *ev, uint64_t now_ns)
{
        uint32_t h = hash_kind(ev);
        JournalRepeat *unused = NULL;

        for (uint32_t i = 0; i < PROBES; i++) {
                JournalRepeat *k = &r->table[(h + i) % JOURNAL_REPEAT_KINDS];

                if (k->since_ns != 0 && same_kind(&k->last, ev))
                        return k;
                if (!unused && (k->since_ns == 0 ||
                                (k->suppressed == 0 && now_ns - k->since_ns > JOURNAL_REPEAT_WINDOW_NS)))
                        unused = k;
        }
        if (unused)
                *unused = (JournalRepeat){ .since_ns = now_ns };
        return unused;
}

static bool first_of_rule(JournalRepeats *r, const struct ag_event *ev, uint64_t now_ns)
{
        uint16_t rule = ev->would.rule ? ev->would.rule : ev->effective.rule;
        size_t i = (ev->workload * 31U + rule) % RULES;

        if (r->rules[i].since_ns != 0 && r->rules[i].workload == ev->workload && r->rules[i].rule == rule &&
            now_ns - r->rules[i].since_ns < JOURNAL_REPEAT_WINDOW_NS)
                return false;
        r->rules[i].since_ns = now_ns;
        r->rules[i].workload = ev->workload;
        r->rules[i].rule = rule;
        return true;
}

bool journal_repeats_write(JournalRepeats *r, const struct ag_event *ev, uint64_t now_ns, bool *ret_first)
{
        JournalRepeat *k = find(r, ev, now_ns);

        *ret_first = first_of_rule(r, ev, now_ns);
        if (!k)
                return true;
        if (now_ns - k->since_ns > JOURNAL_REPEAT_WINDOW_NS && k->suppressed == 0) {
                k->since_ns = now_ns;
                k->seen = 0;
        }
        memcpy(&k->last, ev, event_size(ev));
        if (k->seen < JOURNAL_REPEAT_FIRST) {
                k->seen++;
                return true;
        }
        k->suppressed++;
        return false;
}

bool journal_repeats_next(JournalRepeats *r, uint64_t now_ns, bool all, struct ag_event *ret,
                          uint32_t *ret_count)
{
        for (size_t i = 0; i < JOURNAL_REPEAT_KINDS; i++) {
                JournalRepeat *k = &r->table[i];

                if (k->suppressed == 0 || (!all && now_ns - k->since_ns <= JOURNAL_REPEAT_WINDOW_NS))
                        continue;
                *ret = k->last;
                *ret_count = k->suppressed;
                /* The next window writes one again, then counts on. */
                *k = (JournalRepeat){ .last = k->last,
                                      .since_ns = now_ns,
                                      .seen = JOURNAL_REPEAT_FIRST - 1 };
                return true;
        }
        return false;
}
