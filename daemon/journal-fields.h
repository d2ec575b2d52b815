/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOURNAL_FIELDS_H
#define JOURNAL_FIELDS_H
/* One decision -> the fields of its entry. A new field is one line in journal-fields.c. For journal.c only. */
#include "abi.h"
#include "dossiers.h"
#include "inventory.h"
#include "journal-entry.h"
#include "journal-process.h"
#include "policy-store.h"

typedef struct JournalDecision {
        const struct ag_event *event;
        uint64_t wait_us;
        const char *event_id; /* UUID */
        const char *message_id;
        int priority;
        PolicyStore *store;
        Inventory *inventory;
        Dossiers *dossiers;
        const char *session; /* NULL, "start" or "end" */
        uint64_t session_start_ns;
        uint64_t session_end_ns;
        const JournalProcess *process; /* NULL: looked for in /proc */
} JournalDecision;

void journal_decision_fields(const JournalDecision *d, JournalEntry *e);

/* "2026-11-24T10:00:00.123Z" of a boot time. */
void journal_time(uint64_t boot_ns, char ret[32]);

#endif
