/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the queue between those who decide and the thread that writes.
 * Pushing is bounded in time, popping is not. Called by journal.c only.
 */
#include "journal-queue.h"

#include <errno.h>
#include <time.h>

#include "lock.h"

JournalItem *journal_item_free(JournalItem *i)
{
        if (i)
                journal_process_free(i->process);
        free(i);
        return NULL;
}

void journal_queue_init(JournalQueue *q)
{
        pthread_condattr_t a;

        *q = (JournalQueue){};
        q->last = &q->first;
        lock_init(&q->lock);
        pthread_condattr_init(&a);
        pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
        pthread_cond_init(&q->cond, &a);
        pthread_condattr_destroy(&a);
}

void journal_queue_done(JournalQueue *q)
{
        for (JournalItem *i = q->first; i;) {
                JournalItem *next = i->next;

                journal_item_free(i);
                i = next;
        }
        pthread_cond_destroy(&q->cond);
        pthread_mutex_destroy(&q->lock);
}

int journal_queue_push(JournalQueue *q, JournalItem *item)
{
        pthread_mutex_lock(&q->lock);
        if (q->closed || q->n == JOURNAL_QUEUE_MAX || q->bytes + item->size > JOURNAL_QUEUE_BYTES_MAX) {
                pthread_mutex_unlock(&q->lock);
                journal_item_free(item);
                return -ENOBUFS;
        }
        item->next = NULL;
        *q->last = item;
        q->last = &item->next;
        q->n++;
        q->bytes += item->size;
        pthread_cond_signal(&q->cond);
        pthread_mutex_unlock(&q->lock);
        return 0;
}

JournalItem *journal_queue_pop(JournalQueue *q, uint64_t deadline_ns)
{
        struct timespec t = { .tv_sec = (time_t) (deadline_ns / 1000000000U),
                              .tv_nsec = (long) (deadline_ns % 1000000000U) };
        JournalItem *item;

        pthread_mutex_lock(&q->lock);
        while (!q->first && !q->closed) {
                if (pthread_cond_timedwait(&q->cond, &q->lock, &t) == ETIMEDOUT)
                        break;
        }
        item = q->first;
        if (item) {
                q->first = item->next;
                if (!q->first)
                        q->last = &q->first;
                q->n--;
                q->bytes -= item->size;
        }
        pthread_mutex_unlock(&q->lock);
        return item;
}

void journal_queue_close(JournalQueue *q)
{
        LOCK_SCOPE(&q->lock);
        q->closed = true;
        pthread_cond_broadcast(&q->cond);
}

size_t journal_queue_length(JournalQueue *q)
{
        LOCK_SCOPE(&q->lock);
        return q->n;
}

bool journal_queue_is_closed(JournalQueue *q)
{
        LOCK_SCOPE(&q->lock);
        return q->closed;
}
