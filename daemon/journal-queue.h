/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOURNAL_QUEUE_H
#define JOURNAL_QUEUE_H
/* What waits for the journal's thread: bounded by number and bytes. For journal.c only. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "journal-process.h"
#include "lib/macro.h"

#define JOURNAL_QUEUE_MAX 8192U
#define JOURNAL_QUEUE_BYTES_MAX (4U << 20)

typedef enum JournalItemKind {
        JOURNAL_ITEM_DECISION,
        JOURNAL_ITEM_SESSION,
        JOURNAL_ITEM_NOTE,
} JournalItemKind;

typedef struct JournalItem {
        struct JournalItem *next;
        JournalItemKind kind;
        size_t size; /* of this allocation */
        uint64_t wait_us;
        JournalProcess *process;
        uint64_t session_start_ns;
        uint64_t session_end_ns;
        char event_id[37];
        /* Behind it: struct ag_event up to the end of its path, or the fields of a note, each with its NUL. */
        _Alignas(8) char data[];
} JournalItem;

typedef struct JournalQueue {
        pthread_mutex_t lock;
        pthread_cond_t cond;
        JournalItem *first;
        JournalItem **last;
        size_t n;
        size_t bytes;
        bool closed;
} JournalQueue;

JournalItem *journal_item_free(JournalItem *i);

void journal_queue_init(JournalQueue *q);
void journal_queue_done(JournalQueue *q);
/* Takes the item. -ENOBUFS: no room, the item is freed. Never waits but for the lock. */
int journal_queue_push(JournalQueue *q, JournalItem *item);
/* Waits until there is one or `deadline_ns` (CLOCK_MONOTONIC) passes; NULL then, or when closed and empty. */
JournalItem *journal_queue_pop(JournalQueue *q, uint64_t deadline_ns);
void journal_queue_close(JournalQueue *q);
size_t journal_queue_length(JournalQueue *q);
bool journal_queue_is_closed(JournalQueue *q);

#endif
