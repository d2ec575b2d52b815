/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: takes decisions and notes from any thread without making it wait,
 * and writes them to journald from a thread of its own. Owns the queue, the
 * counters and the thread; how a decision is said is journal-fields.c's, what
 * is summed up journal-repeat.c's. The only file that talks to journald.
 */
/* Where in our source an entry is sent from is nobody's business. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "journal.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "journal-entry.h"
#include "journal-fields.h"
#include "journal-queue.h"
#include "journal-repeat.h"
#include "lib/event.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lock.h"

#define RETRY_NS 1000000000ULL /* journald away: how long until it is asked again */
#define STOP_NS 2000000000ULL  /* at the end: how long it may still be away */

struct Journal {
        PolicyStore *store;
        Inventory *inventory;
        Dossiers *dossiers;
        pthread_t thread;
        bool running;
        JournalQueue queue;
        /* Of the thread alone. */
        JournalRepeats *repeats;
        JournalEntry entry;
        uint64_t seq;
        uint64_t lost_told;
        uint64_t closing_since_ns;
        Counters *counters;
};

#define COUNT(j, field) COUNTER_ADD((j)->counters->journal.field)
#define COUNT_DOWN(j, field) COUNTER_SUB((j)->counters->journal.field)
#define READ(j, field) COUNTER_GET((j)->counters->journal.field)

static uint64_t monotonic_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000000ULL + (uint64_t) t.tv_nsec;
}

static void make_uuid(char ret[37])
{
        sd_id128_t id;

        if (sd_id128_randomize(&id) < 0)
                id = SD_ID128_NULL;
        snprintf(ret, 37, SD_ID128_UUID_FORMAT_STR, SD_ID128_FORMAT_VAL(id));
}

static bool is_refusal(const struct ag_event *ev)
{
        return ev->effective.action >= AG_ACTION_DENY;
}

static const char *decision_message_id(const struct ag_event *ev)
{
        bool sensor = ev->kind == AG_EVENT_SENSOR;

        if (is_refusal(ev))
                return sensor ? MESSAGE_ID_SENSOR_REFUSED : MESSAGE_ID_MODEL_REFUSED;
        if (ev->effective.action == AG_ACTION_AUDIT || ev->would.action >= AG_ACTION_AUDIT)
                return sensor ? MESSAGE_ID_SENSOR_AUDITED : MESSAGE_ID_MODEL_AUDITED;
        return sensor ? MESSAGE_ID_SENSOR_REPORTED : MESSAGE_ID_MODEL_REPORTED;
}

/* Not stopped and should have been: alert, for the first of a kind. Stopped: critical. The rest: for reading later. */
static int decision_priority(const struct ag_event *ev, bool first)
{
        if (is_refusal(ev))
                return LOG_CRIT;
        if (ev->would.action >= AG_ACTION_DENY)
                return first ? LOG_ALERT : LOG_WARNING;
        return ev->effective.action == AG_ACTION_AUDIT ? LOG_WARNING : LOG_NOTICE;
}

/* Sends what is in j->entry; waits for journald as long as there is a daemon. False: given up at the end. */
static bool send_entry(Journal *j)
{
        journal_entry_addf(&j->entry, "AIGUARD_SEQ", "%llu", (unsigned long long) ++j->seq);
        if (j->entry.cut)
                journal_entry_add_field(&j->entry, "AIGUARD_CUT=yes");
        for (bool told = false;;) {
                int r = sd_journal_sendv(j->entry.fields, (int) j->entry.n_fields);

                if (r >= 0)
                        return true;
                if (!told)
                        log_warning_errno(r, "journal: journald does not take an entry, trying again");
                told = true;
                if (journal_queue_is_closed(&j->queue)) {
                        if (j->closing_since_ns == 0)
                                j->closing_since_ns = monotonic_ns();
                        if (monotonic_ns() - j->closing_since_ns > STOP_NS)
                                return false;
                }
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = RETRY_NS / 4 },
                                       NULL);
        }
}

/* For the inventory, of each open that was decided on, whatever becomes of its entry. */
static void note_user(Journal *j, const struct ag_event *ev)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g = NULL;

        if (ev->model == 0)
                return;
        g = policy_store_generation(j->store, ev->generation);
        if (g && ev->workload < g->tables->n_workloads)
                inventory_used(j->inventory, ev->model, g->tables->workloads[ev->workload].name,
                               realtime_usec());
}

static void write_decision(Journal *j, const JournalItem *i)
{
        const struct ag_event *ev = (const struct ag_event *) i->data;
        bool first = false;

        note_user(j, ev);
        if (!is_refusal(ev) && !journal_repeats_write(j->repeats, ev, monotonic_ns(), &first)) {
                COUNT(j, suppressed);
                COUNT_DOWN(j, pending);
                return;
        }
        journal_entry_reset(&j->entry);
        journal_decision_fields(
                        &(JournalDecision){
                                        .event = ev,
                                        .wait_us = i->wait_us,
                                        .event_id = i->event_id,
                                        .message_id = decision_message_id(ev),
                                        .priority = decision_priority(ev, first),
                                        .process = i->process,
                                        .store = j->store,
                                        .inventory = j->inventory,
                                        .dossiers = j->dossiers,
                        },
                        &j->entry);
        if (send_entry(j))
                COUNT(j, written);
        else
                COUNT(j, lost);
        COUNT_DOWN(j, pending);
}

static void write_session(Journal *j, const JournalItem *i)
{
        bool end = i->session_end_ns != 0;

        journal_entry_reset(&j->entry);
        journal_decision_fields(
                        &(JournalDecision){
                                        .event = (const struct ag_event *) i->data,
                                        .event_id = i->event_id,
                                        .message_id = end ? MESSAGE_ID_SESSION_END
                                                          : MESSAGE_ID_SESSION_START,
                                        .priority = LOG_INFO,
                                        .store = j->store,
                                        .inventory = j->inventory,
                                        .dossiers = j->dossiers,
                                        .session = end ? "end" : "start",
                                        .session_start_ns = i->session_start_ns,
                                        .session_end_ns = i->session_end_ns,
                        },
                        &j->entry);
        (void) send_entry(j);
}

static void write_note(Journal *j, const JournalItem *i)
{
        const char *end = (const char *) i + i->size;

        journal_entry_reset(&j->entry);
        for (const char *p = i->data; p < end; p += strlen(p) + 1) {
                if (strncmp(p, "MESSAGE=", 8) == 0)
                        journal_entry_add_text(&j->entry, "MESSAGE", p + 8);
                else
                        journal_entry_add_field(&j->entry, p);
        }
        journal_entry_add_field(&j->entry, "SYSLOG_IDENTIFIER=aiguard");
        (void) send_entry(j);
}

/* What was left out since the last time somebody was told. */
static void write_lost(Journal *j)
{
        uint64_t lost = READ(j, lost) + READ(j, notes_lost), n = lost - j->lost_told;

        if (n == 0)
                return;
        journal_entry_reset(&j->entry);
        journal_entry_addf(&j->entry, "MESSAGE",
                           "%llu entries were not written: the journal did not keep up",
                           (unsigned long long) n);
        journal_entry_add(&j->entry, "MESSAGE_ID", MESSAGE_ID_ENTRIES_LOST);
        journal_entry_addf(&j->entry, "PRIORITY", "%d", LOG_ERR);
        journal_entry_add_field(&j->entry, "SYSLOG_IDENTIFIER=aiguard");
        journal_entry_addf(&j->entry, "AIGUARD_LOST", "%llu", (unsigned long long) n);
        if (send_entry(j))
                j->lost_told = lost;
}

static void write_repeats(Journal *j, bool all)
{
        struct ag_event ev;
        uint32_t n;

        while (journal_repeats_next(j->repeats, monotonic_ns(), all, &ev, &n)) {
                char id[37];

                make_uuid(id);
                journal_entry_reset(&j->entry);
                journal_decision_fields(
                                &(JournalDecision){
                                                .event = &ev,
                                                .event_id = id,
                                                .message_id = MESSAGE_ID_REPEATED,
                                                .priority = LOG_NOTICE,
                                                .store = j->store,
                                                .inventory = j->inventory,
                                                .dossiers = j->dossiers,
                                },
                                &j->entry);
                journal_entry_addf(&j->entry, "AIGUARD_REPEATED", "%u", n);
                if (!send_entry(j))
                        return;
        }
}

static void *journal_thread(void *userdata)
{
        Journal *j = userdata;

        for (uint64_t summed_ns = 0;;) {
                JournalItem *i = journal_queue_pop(&j->queue, monotonic_ns() + RETRY_NS);

                if (!i || monotonic_ns() - summed_ns > RETRY_NS) {
                        bool closed = !i && journal_queue_is_closed(&j->queue);

                        summed_ns = monotonic_ns();
                        write_lost(j);
                        write_repeats(j, closed);
                        if (closed)
                                return NULL;
                }
                if (!i)
                        continue;
                if (i->kind == JOURNAL_ITEM_DECISION)
                        write_decision(j, i);
                else if (i->kind == JOURNAL_ITEM_SESSION)
                        write_session(j, i);
                else
                        write_note(j, i);
                journal_item_free(i);
        }
}

int journal_new(PolicyStore *store, Inventory *inventory, Dossiers *dossiers, Counters *counters,
                Journal **ret)
{
        _cleanup_(journal_freep) Journal *j = calloc(1, sizeof(*j));

        if (!j)
                return -ENOMEM;
        j->store = store;
        j->inventory = inventory;
        j->dossiers = dossiers;
        j->counters = counters;
        j->lost_told = READ(j, lost) + READ(j, notes_lost);
        journal_queue_init(&j->queue);
        j->repeats = journal_repeats_new();
        if (!j->repeats)
                return -ENOMEM;
        if (pthread_create(&j->thread, NULL, journal_thread, j) != 0)
                return -EAGAIN;
        j->running = true;
        *ret = TAKE_PTR(j);
        return 0;
}

Journal *journal_free(Journal *j)
{
        if (!j)
                return NULL;
        journal_queue_close(&j->queue);
        if (j->running)
                pthread_join(j->thread, NULL);
        journal_queue_done(&j->queue);
        journal_repeats_free(j->repeats);
        free(j);
        return NULL;
}

static JournalItem *event_item(JournalItemKind kind, const struct ag_event *ev)
{
        size_t size = sizeof(JournalItem) + event_size(ev);
        JournalItem *i = calloc(1, size);

        if (!i)
                return NULL;
        i->kind = kind;
        i->size = size;
        memcpy(i->data, ev, event_size(ev));
        return i;
}

void journal_decision(Journal *j, const struct ag_event *ev, uint64_t wait_us, JournalProcess *process)
{
        JournalItem *i = event_item(JOURNAL_ITEM_DECISION, ev);

        if (!is_refusal(ev) && ev->would.action >= AG_ACTION_DENY)
                COUNT(j, would_refuse);
        if (!i) {
                journal_process_free(process);
                COUNT(j, lost);
                return;
        }
        i->process = process;
        i->wait_us = wait_us;
        make_uuid(i->event_id);
        COUNT(j, pending);
        if (journal_queue_push(&j->queue, i) < 0) {
                COUNT_DOWN(j, pending);
                COUNT(j, lost);
        }
}

static void push_session(Journal *j, const JournalSession *s, uint64_t end_ns)
{
        JournalItem *i = event_item(JOURNAL_ITEM_SESSION, &s->event);

        if (i) {
                i->session_start_ns = s->start_ns;
                i->session_end_ns = end_ns;
                memcpy(i->event_id, s->id, sizeof(i->event_id));
        }
        if (!i || journal_queue_push(&j->queue, i) < 0)
                COUNT(j, notes_lost);
}

void journal_session_start(Journal *j, JournalSession *s)
{
        make_uuid(s->id);
        push_session(j, s, 0);
}

void journal_session_end(Journal *j, const JournalSession *s)
{
        push_session(j, s, s->end_ns ? s->end_ns : boottime_ns());
}

void journal_note(Journal *j, const char *message_id, int priority, const char *const fields[],
                  size_t n_fields, const char *format, ...)
{
        char message[1024], head[128];
        size_t size = sizeof(JournalItem), used = 0, l;
        JournalItem *i;
        va_list ap;

        va_start(ap, format);
        vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        snprintf(head, sizeof(head), "MESSAGE_ID=%s", message_id);
        size += strlen("MESSAGE=") + strlen(message) + 1 + strlen(head) + 1 + strlen("PRIORITY=0") + 1;
        for (size_t k = 0; k < n_fields; k++)
                size += strlen(fields[k]) + 1;
        i = calloc(1, size + 1);
        if (!i) {
                COUNT(j, notes_lost);
                return;
        }
        i->kind = JOURNAL_ITEM_NOTE;
        i->size = size;
        used += (size_t) sprintf(i->data, "MESSAGE=%s", message) + 1;
        used += (size_t) sprintf(i->data + used, "%s", head) + 1;
        used += (size_t) sprintf(i->data + used, "PRIORITY=%d", priority % 8) + 1;
        for (size_t k = 0; k < n_fields; k++) {
                l = strlen(fields[k]) + 1;
                memcpy(i->data + used, fields[k], l);
                used += l;
        }
        i->size = sizeof(JournalItem) + used;
        if (journal_queue_push(&j->queue, i) < 0)
                COUNT(j, notes_lost);
}

void journal_counters(Journal *j, JournalCounters *ret)
{
        *ret = (JournalCounters){
                .written = READ(j, written),
                .suppressed = READ(j, suppressed),
                .lost = READ(j, lost),
                .queued = READ(j, pending),
                .would_refuse = READ(j, would_refuse),
        };
}
