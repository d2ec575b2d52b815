/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOURNAL_REPEAT_H
#define JOURNAL_REPEAT_H
/* Which decisions are written and which are summed up. For journal.c only; one thread. */
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

#define JOURNAL_REPEAT_KINDS 512U
#define JOURNAL_REPEAT_FIRST 4U /* written of each kind in a window */
#define JOURNAL_REPEAT_WINDOW_NS (60ULL * 1000000000ULL)

/* A kind is a workload, a rule and an object. */
typedef struct JournalRepeat {
        struct ag_event last; /* up to its path; for the sum */
        uint64_t since_ns;    /* start of the window; 0: unused */
        uint32_t seen;        /* in the window */
        uint32_t suppressed;
} JournalRepeat;

typedef struct JournalRepeats JournalRepeats;

JournalRepeats *journal_repeats_new(void);
void journal_repeats_free(JournalRepeats *r);

/*
 * Shall this decision be written? `*ret_first`: it is the first of its workload
 * and rule in this window. Refusals are never asked about: each has its entry.
 */
bool journal_repeats_write(JournalRepeats *r, const struct ag_event *ev, uint64_t now_ns, bool *ret_first);

/* The next kind whose window is over and that has something to sum up; its count is taken. False: none. */
bool journal_repeats_next(JournalRepeats *r, uint64_t now_ns, bool all, struct ag_event *ret,
                          uint32_t *ret_count);

#endif
