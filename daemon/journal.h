/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOURNAL_H
#define JOURNAL_H
/*
 * What journald is told: one entry for each decision that is no plain allow,
 * and one for each thing that happens to the daemon's own rules. Callers never
 * wait: entries go through a bounded queue to a thread of its own. What does
 * not fit is counted and summed up in an entry when there is room again.
 */
#include <stdint.h>
#include <sys/uio.h>

#include "abi.h"
#include "counters.h"
#include "dossiers.h"
#include "inventory.h"
#include "journal-process.h"
#include "policy-store.h"

typedef struct Journal Journal;

typedef struct JournalCounters {
        uint64_t written;      /* accepted by journald */
        uint64_t suppressed;   /* repeats that were summed up */
        uint64_t lost;         /* no room in the queue */
        uint64_t queued;       /* on their way */
        uint64_t would_refuse; /* audited decisions that enforcing would have refused */
} JournalCounters;

/* All borrowed. */
int journal_new(PolicyStore *store, Inventory *inventory, Dossiers *dossiers, Counters *counters,
                Journal **ret);
Journal *journal_free(Journal *j); /* writes what is queued, for at most two seconds */
DEFINE_CLEANUP(Journal *, journal_free);

/*
 * A decision of the kernel or of the gate. `wait_us` is the time in fanotify
 * besides ev->held_us: how long the opener slept, or in audit mode would have.
 * `process` is taken; NULL: it is looked for when the entry is written.
 */
void journal_decision(Journal *j, const struct ag_event *ev, uint64_t wait_us, JournalProcess *process);

/* An allowed period of use of a sensor by an AI workload, in two entries with one AIGUARD_EVENT_ID. */
typedef struct JournalSession {
        char id[37];           /* UUID; made by journal_session_start() */
        uint64_t start_ns;     /* boot time */
        uint64_t end_ns;       /* boot time; 0 at the start */
        struct ag_event event; /* the open */
} JournalSession;
void journal_session_start(Journal *j, JournalSession *s);
void journal_session_end(Journal *j, const JournalSession *s);

/*
 * Anything else: a MESSAGE_ID of lib/message-ids.h, a priority, the text, and
 * extra fields "NAME=value" (copied). The text is escaped here.
 */
void journal_note(Journal *j, const char *message_id, int priority, const char *const fields[],
                  size_t n_fields, const char *format, ...) _printf_(6, 7);

void journal_counters(Journal *j, JournalCounters *ret);

#endif
