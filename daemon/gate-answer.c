/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the verdict on an opener that sleeps in the gate, by the same
 * decide.h that the kernel runs, over the same tables, grants and emergencies.
 * First decide, then answer, then tell. Called by the gate for held openers and
 * by the worker for what audit mode let pass. Owns nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decide.h"
#include "devices.h"
#include "dossiers.h"
#include "fan.h"
#include "gate-internal.h"
#include "lib/network-camera.h"
#include "lib/proc.h"
#include "punish.h"
#include "task-maps.h"

static bool consent_holds(Gate *g, uint16_t workload, uint8_t column, unsigned grant, uint32_t model,
                          uint64_t now)
{
        struct ag_consent_key key = {
                .workload = workload, .column = column, .grant = (uint8_t) grant, .model = model
        };
        struct ag_consent c;

        return bpf_map_lookup_elem(g->maps->consents, &key, &c) == 0 && c.valid_until > now;
}

static uint8_t grants_of(Gate *g, uint16_t workload, uint8_t column, uint32_t model, uint64_t now)
{
        uint8_t grants = 0;

        for (unsigned grant = AG_GRANT_CONSENT; grant <= AG_GRANT_EXCEPTION; grant <<= 1) {
                if ((model && consent_holds(g, workload, column, grant, model, now)) ||
                    consent_holds(g, workload, column, grant, 0, now))
                        grants |= (uint8_t) grant;
        }
        return grants;
}

bool gate_must_resolve(const struct ag_gated *who)
{
        if (who->traits & AG_TRAIT_PENDING_CGROUP)
                return true;
        return who->traits & AG_TRAIT_PENDING_MAP &&
               ag_strength(who->traits & ~(uint32_t) AG_TRAITS_PENDING) != AG_STRENGTH_STRONG;
}

/* Ends PENDING_CGROUP when the cgroup is classified. */
static void take_cgroup(Gate *g, uint64_t cgroup_id, uint32_t *traits, uint16_t *workload)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *p = policy_store_current(g->options.store);
        struct ag_workload_value v;

        if (!(*traits & AG_TRAIT_PENDING_CGROUP) ||
            bpf_map_lookup_elem(g->maps->cgroups, &cgroup_id, &v) < 0 || v.generation != p->generation)
                return;
        *traits &= ~(uint32_t) AG_TRAIT_PENDING_CGROUP;
        if (!v.workload || v.workload >= p->tables->n_workloads)
                return;
        *workload = v.workload;
        if (!(p->tables->rows[v.workload].flags & AG_ROW_NOT_AI))
                *traits |= AG_TRAIT_DECLARED;
}

static void set_who(struct ag_gated *who, uint32_t traits, uint16_t workload)
{
        who->traits = traits;
        who->strength = ag_strength(traits);
        who->workload = workload;
        if (workload == AG_WORKLOAD_OTHER &&
            (who->strength != AG_STRENGTH_NONE || traits & AG_TRAIT_INTERPRETER))
                who->workload = AG_WORKLOAD_UNDECLARED;
        /* The numbers are those of the policy of now. */
        who->time = boottime_ns();
}

static void recall_who(Gate *g, const struct ag_request *r, struct ag_gated *who)
{
        const GateHandlers *h = &g->options.handlers;
        /* Undeclared is what pending made of nobody's workload. */
        uint16_t workload = who->workload == AG_WORKLOAD_UNDECLARED ? AG_WORKLOAD_OTHER : who->workload;
        uint32_t traits = who->traits, learnt;

        if (h->on_recall && h->on_recall(h->userdata, r, &learnt))
                traits = (traits & ~(uint32_t) AG_TRAIT_PENDING_MAP) | learnt;
        take_cgroup(g, who->cgroup_id, &traits, &workload);
        set_who(who, traits, workload);
}

/* What ag_subject_refresh() does in the kernel, for one that sleeps and cannot do it itself. */
void gate_refresh_who(Gate *g, struct ag_gated *who)
{
        _cleanup_close_ int pidfd = (int) syscall(SYS_pidfd_open, who->tgid, 0);
        const uint32_t learnt = AG_TRAITS_STRONG | AG_TRAITS_WEAK | AG_TRAIT_INTERPRETER;
        struct ag_resolved r = {};
        struct ag_subject s;

        if (pidfd < 0)
                return;
        if (task_subject_get(g->maps, pidfd, (pid_t) who->tgid, &s) < 0) {
                if (!g->maps->by_tgid)
                        return;
                /* Looked at, found to be nobody, and taken out. */
                s = (struct ag_subject){ .cgroup_id = who->cgroup_id };
        }
        if (task_resolved_get(g->maps, pidfd, (pid_t) who->tgid, &r) == 0) {
                s.traits |= r.traits & learnt;
                if (r.map_seq == s.map_seq)
                        s.traits &= ~(uint32_t) AG_TRAIT_PENDING_MAP;
                if (g->maps->by_tgid && r.flags & AG_RESOLVED_PARTLY)
                        s.traits |= AG_TRAIT_PENDING_MAP;
        }
        take_cgroup(g, s.cgroup_id, &s.traits, &s.workload);
        set_who(who, s.traits, s.workload);
}

/*
 * Enforcing holds an opener until it is known what it had mapped, so the entry waits for that too. Its requests
 * about that came before this one and have been worked off. Whoever is gone is what it had mapped when it opened;
 * only when not even that can be said any more does the entry stay with "pending counts as AI", and says so.
 */
void gate_settle_who(Gate *g, const struct ag_request *opened, struct ag_gated *who)
{
        const GateHandlers *h = &g->options.handlers;
        struct ag_request r = { .kind = AG_REQUEST_RESOLVE, .tgid = opened->tgid, .tid = opened->tid };
        JournalProcess *alive;

        recall_who(g, opened, who);
        if (!gate_must_resolve(who))
                return;
        alive = journal_process_new((pid_t) opened->tgid, opened->start_time);
        if (!alive)
                return;
        journal_process_free(alive);
        r.start_time = opened->start_time;
        r.cgroup_id = opened->cgroup_id;
        if (h->on_resolve)
                h->on_resolve(h->userdata, &r, -EBADF);
        gate_refresh_who(g, who);
}

/* Nobody can be made to wait at a sensor, so a runtime that is open and not mapped counts there, as when enforcing. */
static void doubt_who(Gate *g, struct ag_gated *who)
{
        uint32_t opened = 0;

        if (who->strength != AG_STRENGTH_STRONG &&
            fan_library_was_opened(g->fan, (pid_t) who->tgid, &opened) && opened & AG_OBJECT_LIBRARY_STRONG)
                set_who(who, who->traits | AG_TRAIT_PENDING_MAP, who->workload);
}

void gate_look_at_who(Gate *g, struct ag_gated *who, bool sensor)
{
        const GateHandlers *h = &g->options.handlers;
        const struct ag_request r = { .version = AG_ABI_VERSION,
                                      .kind = AG_REQUEST_RESOLVE,
                                      .tgid = who->tgid,
                                      .tid = who->tgid,
                                      .start_time = who->start_time };
        uint32_t opened = 0, traits;
        uint16_t workload;

        if (!gate_must_resolve(who))
                return;
        if (!proc_has_ended((pid_t) who->tgid)) {
                h->on_resolve(h->userdata, &r, -EBADF);
                if (!proc_has_ended((pid_t) who->tgid)) {
                        gate_refresh_who(g, who);
                        if (sensor)
                                doubt_who(g, who);
                        return;
                }
        }
        /* Gone before anybody looked: what it had opened tells. */
        workload = who->workload == AG_WORKLOAD_UNDECLARED ? AG_WORKLOAD_OTHER : who->workload;
        traits = who->traits;
        if (fan_library_was_opened(g->fan, (pid_t) who->tgid, &opened))
                traits &= ~(uint32_t) AG_TRAIT_PENDING_MAP;
        traits |= ag_traits_of(opened);
        take_cgroup(g, who->cgroup_id, &traits, &workload);
        set_who(who, traits, workload);
}

bool gate_may_raise(Gate *g, const struct ag_object *object)
{
        return dossiers_may_raise(g->options.dossiers, object);
}

void gate_raise(Gate *g, const struct ag_gated *who, const JournalProcess *process, struct ag_object *object)
{
        const GateHandlers *h = &g->options.handlers;

        if (!gate_may_raise(g, object))
                return;
        if (h->on_look)
                h->on_look(h->userdata, (pid_t) who->tgid, who->cgroup_id, true);
        if (dossiers_raise(g->options.dossiers, who, process ? process->cgroup : NULL, object) &&
            !(who->flags & (AG_REQUEST_WRITER | AG_REQUEST_NO_CACHE)))
                gate_keep_refusal(g, &who->inode, object);
}

/* The workload's number in the policy of now: a reload may have come while the opener slept. */
static uint16_t workload_now(Gate *g, const struct ag_gated *who, const PolicyGeneration *now)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *then =
                        policy_store_at(g->options.store, who->time);
        uint16_t workload = who->workload;
        int n;

        if (!then || then == now || workload < AG_WORKLOAD_FIRST || workload >= then->tables->n_workloads)
                return workload < now->tables->n_workloads ? workload : AG_WORKLOAD_UNDECLARED;
        n = policy_tables_find(now->tables, then->tables->workloads[workload].name);
        return n >= 0 ? (uint16_t) n : AG_WORKLOAD_UNDECLARED;
}

static void fill_question(Gate *g, const struct ag_row *row, const struct ag_gated *who, uint16_t workload,
                          const struct ag_object *object, uint64_t now, struct ag_question *q)
{
        uint32_t key = workload;
        uint64_t until;

        *q = (struct ag_question){ .strength = who->strength, .n_columns = object->n_columns };
        /* An interpreter is AI by the act of loading a model. Who is no AI workload is asked for nothing. */
        if (q->strength == AG_STRENGTH_NONE && workload != AG_WORKLOAD_OTHER)
                q->strength = AG_STRENGTH_STRONG;
        memcpy(q->columns, object->columns, sizeof(q->columns));
        for (size_t i = 0; i < q->n_columns; i++) {
                const struct ag_cell *cell = &row->cells[q->columns[i]];

                if (cell->effective[0].action > AG_ACTION_AUDIT || cell->would[0].action > AG_ACTION_AUDIT)
                        q->grants[i] = grants_of(g, workload, q->columns[i], object->model, now);
        }
        if (bpf_map_lookup_elem(g->maps->emergency, &key, &until) == 0 && until > now)
                q->flags |= AG_ASK_EMERGENCY;
        if (__atomic_load_n(&g->control->flags, __ATOMIC_ACQUIRE) & AG_CONTROL_MONITOR)
                q->flags |= AG_ASK_MONITOR;
}

static void fill_event(const struct ag_gated *who, uint32_t tid, const struct ag_object *object,
                       uint64_t now, const struct ag_question *q, const struct ag_answer *a,
                       struct ag_event *ev)
{
        *ev = (struct ag_event){
                .version = AG_ABI_VERSION,
                .kind = AG_EVENT_MODEL,
                .reasons = a->reasons,
                .tgid = who->tgid,
                .tid = tid,
                .uid = who->uid,
                .traits = who->traits,
                .time = now,
                .start_time = who->start_time,
                .cgroup_id = who->cgroup_id,
                .inode = who->inode,
                .model = object->model,
                .strength = q->strength,
                .n_columns = object->n_columns,
                .effective = a->effective,
                .would = a->would,
                .column = a->column,
                .would_column = a->would_column,
        };
        if (who->traits & AG_TRAITS_PENDING)
                ev->reasons |= AG_REASON_PENDING;
        memcpy(ev->columns, object->columns, sizeof(ev->columns));
        memcpy(ev->comm, who->comm, sizeof(ev->comm));
        ev->comm[sizeof(ev->comm) - 1] = 0;
}

bool gate_decide(Gate *g, const struct ag_gated *who, uint32_t tid, const struct ag_object *object,
                 struct ag_event *ret)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *p = policy_store_current(g->options.store);
        uint64_t now = boottime_ns();
        struct ag_question q = {};
        struct ag_answer a = {};
        uint16_t workload;

        workload = workload_now(g, who, p);
        fill_question(g, &p->tables->rows[workload], who, workload, object, now, &q);
        ag_decide(&p->tables->rows[workload], &q, &a);
        fill_event(who, tid, object, now, &q, &a, ret);
        ret->workload = workload;
        ret->generation = p->generation;
        return a.effective.action < AG_ACTION_DENY;
}

void gate_event_path(struct ag_event *ev, const char *path)
{
        size_t l = path ? strlen(path) : 0;

        /* The end of a long path tells more than its beginning. */
        if (l >= sizeof(ev->path)) {
                path += l - sizeof(ev->path) + 1;
                l = sizeof(ev->path) - 1;
        }
        if (l > 0)
                memcpy(ev->path, path, l);
        ev->path[l] = 0;
        ev->path_len = (uint32_t) l;
}

static bool is_plain_allow(const struct ag_event *ev)
{
        return ev->kind == AG_EVENT_MODEL && ev->effective.action == AG_ACTION_ALLOW &&
               ev->would.action == AG_ACTION_ALLOW && !(ev->reasons & ~(AG_REASON_GATE | AG_REASON_PENDING));
}

static void count(Gate *g, const struct ag_event *ev, bool held)
{
        if (is_plain_allow(ev)) {
                if (held)
                        GATE_COUNT(g, allowed);
        } else if (ev->effective.action >= AG_ACTION_DENY) {
                /* What was let pass cannot be refused any more; decided after the fact, it is told as audited. */
                GATE_COUNT(g, denied);
        } else if (ev->effective.action == AG_ACTION_AUDIT) {
                if (held)
                        GATE_COUNT(g, audited);
                else
                        GATE_COUNT(g, background_audited);
        } else {
                if (held)
                        GATE_COUNT(g, reported);
                else
                        GATE_COUNT(g, background_reported);
        }
}

void gate_event_sensor(const Gate *g, const struct ag_request *r, struct ag_event *ev)
{
        ev->kind = AG_EVENT_SENSOR;
        ev->rdev = r->number;
        ev->model = 0;
        if (r->columns[0] == AG_COL_NETWORK_CAMERA) {
                ev->device_kind = AG_DEVICE_NETWORK_CAMERA;
                ev->hook = g->fan ? AG_HOOK_CGROUP_CONNECT : AG_HOOK_SOCKET_CONNECT;
                ev->inode = r->inode;
                network_camera_name_event(ev);
                return;
        }
        ev->device_kind = r->columns[0] == AG_COL_CAMERA ? AG_DEVICE_CAMERA : AG_DEVICE_MICROPHONE;
        if (g->fan) {
                ev->hook = AG_HOOK_CGROUP_DEVICE;
                devices_name_event(ev);
        }
}

void gate_tell(Gate *g, const struct ag_event *ev, uint64_t wait_us, bool held, JournalProcess *taken)
{
        _cleanup_(journal_process_freep) JournalProcess *process = taken;
        struct ag_event told = *ev;

        if (!held && told.effective.action >= AG_ACTION_DENY)
                told.effective.action = AG_ACTION_AUDIT;
        if (held)
                told.reasons |= AG_REASON_GATE;
        if (held || (g->fan && told.kind != AG_EVENT_SENSOR))
                told.hook = AG_HOOK_FANOTIFY;
        count(g, &told, held);
        dossiers_on_event(g->options.dossiers, &told);
        if (!is_plain_allow(&told))
                journal_decision(g->options.journal, &told, wait_us, TAKE_PTR(process));
        if (held)
                punish(&told);
}
