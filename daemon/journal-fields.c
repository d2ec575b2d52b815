/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: says one decision in the fields that aiguard-events(7) lists. Reads
 * the policy of that decision, the inventory and, while the process lives,
 * /proc; the facts that decided are in the record itself. Runs on the journal's
 * own thread only. What strangers chose is raw in its field, escaped in MESSAGE.
 */
#include "journal-fields.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "lib/cgroup-path.h"
#include "lib/event.h"
#include "lock.h"

void journal_time(uint64_t boot_ns, char ret[32])
{
        int64_t usec = (int64_t) realtime_usec() - ((int64_t) boottime_ns() - (int64_t) boot_ns) / 1000;
        time_t seconds = (time_t) (usec / 1000000);
        struct tm tm;
        char date[24];

        if (usec < 0 || !gmtime_r(&seconds, &tm)) {
                ret[0] = 0;
                return;
        }
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(ret, 32, "%s.%03dZ", date, (int) (usec % 1000000 / 1000));
}

static void join(char *list, size_t size, const char *word)
{
        size_t l = strlen(list);

        snprintf(list + l, size - l, "%s%s", l ? " " : "", word);
}

static void add_reasons(JournalEntry *e, uint8_t reasons)
{
        static const struct {
                uint8_t bit;
                const char *word;
        } table[] = {
                { AG_REASON_WEAK, "weak" },       { AG_REASON_EMERGENCY, "emergency" },
                { AG_REASON_MONITOR, "monitor" }, { AG_REASON_GRANTED, "granted" },
                { AG_REASON_GATE, "gate" },       { AG_REASON_PENDING, "pending" },
        };
        char list[80] = "";

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                if (reasons & table[i].bit)
                        join(list, sizeof(list), table[i].word);
        }
        journal_entry_add(e, "AIGUARD_REASONS", list);
}

static void add_traits(JournalEntry *e, uint32_t traits)
{
        static const struct {
                uint32_t bit;
                const char *word;
        } table[] = {
                { AG_TRAIT_RUNTIME, "runtime" },         { AG_TRAIT_MODEL, "model" },
                { AG_TRAIT_DECLARED, "declared" },       { AG_TRAIT_RUNTIME_WEAK, "runtime-weak" },
                { AG_TRAIT_ACCELERATOR, "accelerator" }, { AG_TRAIT_INTERPRETER, "interpreter" },
                { AG_TRAIT_PENDING_MAP, "pending-map" }, { AG_TRAIT_PENDING_CGROUP, "pending-cgroup" },
        };
        char list[128] = "";

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                if (traits & table[i].bit)
                        join(list, sizeof(list), table[i].word);
        }
        journal_entry_add(e, "AIGUARD_TRAITS", list);
}

static const PolicyRule *rule_of(const PolicyTables *t, const struct ag_decision *d)
{
        return t && d->rule > 0 && d->rule < t->n_rules ? &t->rules[d->rule] : NULL;
}

static const char *column_name(const PolicyTables *t, uint8_t column)
{
        return t && t->columns && column < AG_COLUMNS ? t->columns[column] : "";
}

static void add_policy(JournalEntry *e, const PolicyGeneration *g, const struct ag_event *ev)
{
        const PolicyTables *t = g ? g->tables : NULL;
        const PolicyRule *rule = rule_of(t, &ev->effective), *would = rule_of(t, &ev->would);

        journal_entry_add(e, "AIGUARD_DECISION", policy_action_to_string(ev->effective.action));
        journal_entry_add(e, "AIGUARD_WOULD", policy_action_to_string(ev->would.action));
        journal_entry_add(e, "AIGUARD_OUTCOME",
                          ev->effective.action >= AG_ACTION_DENY ? "refused" : "allowed");
        if (rule) {
                journal_entry_add(e, "AIGUARD_RULE", rule->id);
                journal_entry_add(e, "AIGUARD_LAW", rule->law);
        }
        if (would) {
                journal_entry_add(e, "AIGUARD_WOULD_RULE", would->id);
                journal_entry_add(e, "AIGUARD_WOULD_LAW", would->law);
        }
        if (!t)
                return;
        if (ev->effective.rule)
                journal_entry_add(e, "AIGUARD_COLUMN", column_name(t, ev->column));
        if (ev->would.rule)
                journal_entry_add(e, "AIGUARD_WOULD_COLUMN", column_name(t, ev->would_column));
        journal_entry_add(e, "AIGUARD_POLICY", t->name);
        journal_entry_add(e, "AIGUARD_POLICY_SHA256", t->hash);
        journal_entry_addf(e, "AIGUARD_POLICY_VERSION", "%u", g->generation);
        journal_entry_add(e, "AIGUARD_MODE", policy_mode_to_string(t->mode));
}

static void add_workload(JournalEntry *e, const PolicyTables *t, const struct ag_event *ev)
{
        const PolicyWorkload *w = t && ev->workload < t->n_workloads ? &t->workloads[ev->workload] : NULL;

        if (!w)
                return;
        journal_entry_add(e, "AIGUARD_SYSTEM_ID", w->name);
        journal_entry_add(e, "AIGUARD_JURISDICTION", w->jurisdiction);
        journal_entry_add(e, "AIGUARD_CONTEXT", w->context);
        journal_entry_add(e, "AIGUARD_RISK", policy_risk_to_string(w->risk));
        journal_entry_add(e, "AIGUARD_AUTONOMY", policy_autonomy_to_string(w->autonomy));
        journal_entry_add(e, "AIGUARD_STATE_EQUIV", w->state_equivalent ? "yes" : "no");
        journal_entry_add(e, "AIGUARD_OWNER", w->owner);
}

/* What was read while the process was there; if nobody has, what /proc still knows. */
static void add_process(JournalEntry *e, const JournalDecision *d)
{
        _cleanup_(journal_process_freep) JournalProcess *now = NULL;
        const JournalProcess *p = d->process;
        char part[256];

        if (!p) {
                now = journal_process_new((pid_t) d->event->tgid, d->event->start_time);
                p = now;
        }
        if (!p)
                return;
        journal_entry_add(e, "AIGUARD_EXE", p->exe);
        if (!p->cgroup)
                return;
        journal_entry_add(e, "AIGUARD_CGROUP", p->cgroup);
        if (cgroup_path_unit(p->cgroup, part, sizeof(part)) >= 0)
                journal_entry_add(e, "AIGUARD_UNIT", part);
        if (cgroup_path_container(p->cgroup, part, sizeof(part)) >= 0)
                journal_entry_add(e, "AIGUARD_CONTAINER", part);
}

static void add_subject(JournalEntry *e, const JournalDecision *d)
{
        const struct ag_event *ev = d->event;

        journal_entry_addf(e, "OBJECT_PID", "%u", ev->tgid);
        journal_entry_addf(e, "AIGUARD_PID", "%u", ev->tgid);
        journal_entry_addf(e, "AIGUARD_TID", "%u", ev->tid);
        journal_entry_addf(e, "AIGUARD_PPID", "%u", ev->ppid);
        journal_entry_addf(e, "AIGUARD_UID", "%u", ev->uid);
        journal_entry_addf(e, "AIGUARD_START_NS", "%llu", (unsigned long long) ev->start_time);
        journal_entry_addf(e, "AIGUARD_CGROUP_ID", "%llu", (unsigned long long) ev->cgroup_id);
        journal_entry_add(e, "AIGUARD_COMM", ev->comm);
        journal_entry_add(e, "AIGUARD_STRENGTH", strength_to_string(ev->strength));
        add_traits(e, ev->traits);
        add_process(e, d);
}

static void add_finding(JournalEntry *e, const ModelcapFinding *f)
{
        journal_entry_addf(e, "AIGUARD_MODEL_CAPABILITY", "%s %s", f->name,
                           certainty_to_string(f->certainty));
        journal_entry_addf(e, "AIGUARD_MODEL_CONFIDENCE", "%u", f->confidence);
        for (size_t i = 0; i < f->n_evidence; i++) {
                const Evidence *v = &f->evidence[i];

                journal_entry_addf(e, "AIGUARD_MODEL_EVIDENCE", "%s: %s%s%s", v->kind, v->where,
                                   v->where[0] ? ": " : "", v->detail);
        }
}

/* Decided as identified, and by itself a suspicion only: the reasons are of the workload as well. */
static bool has_risen(const struct ag_event *ev, const InventoryRecord *r)
{
        for (size_t i = 0; i < ev->n_columns && i < AG_OBJECT_COLUMNS; i++)
                if (ev->columns[i] < AG_COL_SUSPECT)
                        return r->classification.status != SCAN_IDENTIFIED && !r->declared;
        return false;
}

static void add_model(JournalEntry *e, const JournalDecision *d, const PolicyTables *t)
{
        const struct ag_event *ev = d->event;
        InventoryRecord record;

        journal_entry_add(e, "AIGUARD_MODEL_PATH", ev->path);
        journal_entry_addf(e, "AIGUARD_MODEL_INODE", "%u:%u %llu", ev->inode.dev >> 20,
                           ev->inode.dev & 0xfffff, (unsigned long long) ev->inode.ino);
        if (ev->model == 0 || inventory_get(d->inventory, ev->model, &record) < 0) {
                for (size_t i = 0; i < ev->n_columns; i++)
                        journal_entry_add(e, "AIGUARD_MODEL_CAPABILITY", column_name(t, ev->columns[i]));
                return;
        }
        if (has_risen(ev, &record))
                (void) dossiers_raise_shown(d->dossiers, ev->cgroup_id, &record.classification);
        journal_entry_add(e, "AIGUARD_MODEL_FORMAT", record.classification.format);
        journal_entry_add(e, "AIGUARD_MODEL_STATUS", scan_status_to_string(record.classification.status));
        journal_entry_add(e, "AIGUARD_MODEL_REASON", record.classification.reason);
        journal_entry_add(e, "AIGUARD_MODEL_DECLARED", record.declared ? "yes" : "no");
        for (size_t i = 0; i < record.classification.n_modelcaps; i++)
                add_finding(e, &record.classification.modelcaps[i]);
}

static void add_sensor(JournalEntry *e, const struct ag_event *ev)
{
        journal_entry_addf(e, "AIGUARD_DEVICE", "%s:%s", device_kind_to_string(ev->device_kind), ev->path);
        if (ev->device_kind != AG_DEVICE_NETWORK_CAMERA)
                journal_entry_addf(e, "AIGUARD_DEV_MAJMIN", "%u:%u", ev->rdev >> 20, ev->rdev & 0xfffff);
}

/* "Refused: ...", in words a person understands, from what was decided and nothing else. */
static void add_message(JournalEntry *e, const JournalDecision *d, const PolicyTables *t)
{
        const struct ag_event *ev = d->event;
        bool refused = ev->effective.action >= AG_ACTION_DENY, would = ev->would.action >= AG_ACTION_DENY;
        const struct ag_decision *decision = refused ? &ev->effective : &ev->would;
        const PolicyRule *rule = rule_of(t, decision);
        const char *what = column_name(t, refused ? ev->column : ev->would_column);
        const char *workload =
                        t && ev->workload < t->n_workloads ? t->workloads[ev->workload].name : "a workload";
        char text[2048], object[AG_EVENT_PATH_MAX + 40];

        if (ev->kind == AG_EVENT_SENSOR)
                snprintf(object, sizeof(object), "the %s %s", device_kind_to_string(ev->device_kind),
                         ev->path);
        else
                snprintf(object, sizeof(object), "the model %s", ev->path[0] ? ev->path : "(path unknown)");
        if (d->session)
                snprintf(text, sizeof(text), "%s (%s, pid %u) %s %s", workload, ev->comm, ev->tgid,
                         strcmp(d->session, "start") == 0 ? "uses" : "has stopped using", object);
        else
                snprintf(text, sizeof(text), "%s: %s (%s, pid %u) opens %s%s%s%s%s%s%s",
                         refused ? "Refused"
                         : would ? "Allowed, enforcing would refuse"
                                 : "Noted",
                         workload, ev->comm, ev->tgid, object,
                         ev->kind == AG_EVENT_MODEL && *what ? ": " : "",
                         ev->kind == AG_EVENT_MODEL ? what : "", rule ? " (rule " : "", rule ? rule->id : "",
                         rule && rule->law && *rule->law ? ", " : "", rule && rule->law ? rule->law : "");
        if (rule && !d->session && strlen(text) + 2 < sizeof(text))
                memcpy(text + strlen(text), ")", 2);
        journal_entry_add_text(e, "MESSAGE", text);
}

static void add_session(JournalEntry *e, const JournalDecision *d)
{
        char time[32];

        journal_entry_add(e, "AIGUARD_SESSION", d->session);
        journal_time(d->session_start_ns, time);
        journal_entry_add(e, "AIGUARD_SESSION_START", time);
        if (d->session_end_ns == 0)
                return;
        journal_time(d->session_end_ns, time);
        journal_entry_add(e, "AIGUARD_SESSION_END", time);
        journal_entry_addf(e, "AIGUARD_SESSION_MS", "%" PRIu64,
                           (d->session_end_ns - d->session_start_ns) / 1000000);
}

void journal_decision_fields(const JournalDecision *d, JournalEntry *e)
{
        const struct ag_event *ev = d->event;
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g =
                        policy_store_generation(d->store, ev->generation);
        const PolicyTables *t = g ? g->tables : NULL;
        char time[32];

        add_message(e, d, t);
        journal_entry_add(e, "MESSAGE_ID", d->message_id);
        journal_entry_addf(e, "PRIORITY", "%d", d->priority);
        journal_entry_add(e, "SYSLOG_IDENTIFIER", "aiguard");
        journal_entry_add(e, "AIGUARD_EVENT_ID", d->event_id);
        journal_time(ev->time, time);
        journal_entry_add(e, "AIGUARD_TIME", time);
        journal_entry_addf(e, "AIGUARD_MONO_NS", "%llu", (unsigned long long) ev->time);
        journal_entry_add(e, "AIGUARD_EVENT", event_kind_to_string(ev->kind));
        add_policy(e, g, ev);
        add_reasons(e, ev->reasons);
        add_workload(e, t, ev);
        add_subject(e, d);
        if (ev->kind == AG_EVENT_SENSOR)
                add_sensor(e, ev);
        else
                add_model(e, d, t);
        journal_entry_add(e, "AIGUARD_HOOK", hook_to_string(ev->hook));
        if (ev->held_us > 0 || d->wait_us > 0) {
                bool real = ev->effective.action >= AG_ACTION_DENY || ev->held_us > 0;

                journal_entry_addf(e, real ? "AIGUARD_HELD_US" : "AIGUARD_WOULD_HELD_US", "%" PRIu64,
                                   ev->held_us + d->wait_us);
        }
        if (d->session)
                add_session(e, d);
}
