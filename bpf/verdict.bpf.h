/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_VERDICT_BPF_H
#define AG_VERDICT_BPF_H
/*
 * So what: collects the grants, asks ag_decide(), counts, and tells. The order is
 * the promise: the verdict is made before anything is told, and stays what it is
 * when nothing can be told.
 */
#include "consent.bpf.h"
#include "object.bpf.h"
#include "subject.bpf.h"

/* One open under way. Lives on the stack of the hook. */
struct ag_open {
        struct ag_who who;
        struct ag_what what;
        struct ag_question q;
        struct ag_answer a;
        __u32 model;
        __u32 rdev;
        __u32 held_us;
        __u32 traits;   /* to add to the subject when the open is not refused */
        __u8 kind;      /* enum ag_event_kind */
        __u8 device;    /* enum ag_device_kind */
        __u8 reasons;   /* enum ag_reason, from before the decision */
        bool seen;      /* counted already */
        bool held;      /* counted already */
        bool by_suffix; /* its name says model */
        bool by_act;    /* an interpreter, AI only in that it opens this */
        bool later;     /* nobody waits until it is known who it is: the daemon tells when it is */
};

static __always_inline void ag_see(struct ag_open *o)
{
        if (o->seen)
                return;
        o->seen = true;
        ag_count(AG_STAT_SEEN);
}

/* Nothing stands against it. Owes no entry. */
static __always_inline int ag_pass(struct ag_open *o)
{
        if (o->seen) {
                ag_count(AG_STAT_DECIDED);
                ag_count(AG_STAT_ALLOWED);
        }
        return 0;
}

/* The request about an open that passes before it is known whose it is. It is seen by that. */
static __always_inline void ag_fill_passed(struct ag_open *o, __u8 flags, __u32 number)
{
        ag_see(o);
        o->what.kind = AG_REQUEST_PASSED;
        o->what.flags |= flags;
        o->what.number = number;
        o->what.n_columns = o->q.n_columns;
        __builtin_memcpy(o->what.columns, o->q.columns, sizeof(o->what.columns));
        o->what.time = bpf_ktime_get_boot_ns();
}

static __always_inline void ag_ask_one(struct ag_open *o, __u8 column)
{
        o->q.n_columns = 1;
        o->q.columns[0] = column;
        o->model = 0;
}

static __always_inline __u8 ag_grants_of(const struct ag_open *o, __u16 workload, __u8 column, __u64 now)
{
        /* A grant names this model or this sensor, or any. */
        __u32 object = o->model ? o->model : o->rdev;
        __u8 grants = 0;

        for (__u8 grant = AG_GRANT_CONSENT; grant <= AG_GRANT_EXCEPTION; grant <<= 1) {
                if ((object && ag_consent_holds(workload, column, grant, object, now)) ||
                    ag_consent_holds(workload, column, grant, 0, now))
                        grants |= grant;
        }
        return grants;
}

/* Looks grants up only where one could lift something: most opens need none. */
AG_PROVEN_ALONE int ag_collect_grants(struct ag_open *o, const struct ag_row *row, __u16 workload, __u64 now)
{
        if (!o || !row)
                return 0;
        for (__u32 i = 0; i < AG_OBJECT_COLUMNS; i++) {
                const struct ag_cell *cell;
                __u8 column;

                if (i >= o->q.n_columns)
                        break;
                column = o->q.columns[i];
                if (column >= AG_COLUMNS)
                        continue;
                cell = &row->cells[column];
                o->q.grants[i] = 0;
                if (cell->effective[0].action > AG_ACTION_AUDIT || cell->would[0].action > AG_ACTION_AUDIT)
                        o->q.grants[i] = ag_grants_of(o, workload, column, now);
        }
        return 0;
}

/* Not inline, so that the object's BTF knows the record and its layout can be checked. */
AG_SUBPROGRAM void ag_event_who(struct ag_event *e, const struct ag_open *o)
{
        struct task_struct *task = bpf_get_current_task_btf();

        e->tgid = o->who.tgid;
        e->tid = o->who.tid;
        e->ppid = task->real_parent->tgid;
        e->uid = bpf_get_current_uid_gid();
        e->traits = o->who.traits;
        e->start_time = o->who.start_time;
        e->cgroup_id = o->who.cgroup_id;
        e->workload = o->who.workload;
        e->strength = o->q.strength;
        bpf_get_current_comm(e->comm, sizeof(e->comm));
}

/* For display only. Returns its length with the NUL; of what is no file, 1. */
static __always_inline long ag_tell_path(struct file *file, struct ag_event *e)
{
        long n;

        e->path[0] = 0;
        if (!file)
                return 1;
        n = bpf_d_path(&file->f_path, e->path, sizeof(e->path));
        if (n <= 0) {
                /* The last name is better than none. */
                n = bpf_probe_read_kernel_str(e->path, sizeof(e->path), file->f_path.dentry->d_name.name);
                ag_error(AG_PLACE_PATH, -ENAMETOOLONG);
        }
        if (n <= 0 || n > (long) sizeof(e->path)) {
                e->path[0] = 0;
                n = 1;
        }
        return n;
}

AG_SUBPROGRAM int ag_tell(struct file *file, const struct ag_open *o, __u32 generation)
{
        const struct ag_answer *a = &o->a;
        struct ag_event *e;
        long n;

        e = bpf_ringbuf_reserve(&ag_events, sizeof(*e), 0);
        if (!e) {
                ag_count(AG_STAT_LOST);
                ag_error(AG_PLACE_EVENT_RING, -ENOSPC);
                return 0;
        }
        e->version = AG_ABI_VERSION;
        e->kind = o->kind;
        e->reasons = a->reasons | o->reasons;
        ag_event_who(e, o);
        e->time = bpf_ktime_get_boot_ns();
        e->inode = o->what.inode;
        e->rdev = o->rdev;
        e->model = o->model;
        e->generation = generation;
        e->held_us = o->held_us;
        e->n_columns = o->q.n_columns;
        __builtin_memcpy(e->columns, o->q.columns, sizeof(e->columns));
        e->effective = a->effective;
        e->would = a->would;
        e->column = a->column;
        e->would_column = a->would_column;
        e->device_kind = o->device;
        e->hook = o->device == AG_DEVICE_NETWORK_CAMERA ? AG_HOOK_SOCKET_CONNECT : AG_HOOK_FILE_OPEN;

        n = ag_tell_path(file, e);
        e->path_len = n - 1;
        bpf_ringbuf_submit(e, 0);
        ag_count(AG_STAT_EMITTED);
        return 0;
}

/* An open of a sensor is always told: a session that was allowed is logged as well. */
static __always_inline bool ag_is_plain_allow(const struct ag_open *o)
{
        return o->kind == AG_EVENT_MODEL && o->a.effective.action == AG_ACTION_ALLOW &&
               o->a.would.action == AG_ACTION_ALLOW && !o->a.reasons;
}

static __always_inline void ag_count_answer(const struct ag_answer *a)
{
        ag_count(AG_STAT_DECIDED);
        if (a->effective.action >= AG_ACTION_DENY)
                ag_count(AG_STAT_DENIED);
        else if (a->effective.action == AG_ACTION_AUDIT)
                ag_count(AG_STAT_AUDITED);
        else
                ag_count(AG_STAT_REPORTED);
}

static __always_inline __u8 ag_ask_flags(struct ag_control *control, __u32 workload, __u64 now)
{
        __u64 *until = bpf_map_lookup_elem(&ag_emergency, &workload);
        __u8 flags = 0;

        if (until && *until > now)
                flags |= AG_ASK_EMERGENCY;
        if (control->flags & AG_CONTROL_MONITOR)
                flags |= AG_ASK_MONITOR;
        return flags;
}

/* Decides from the columns in `o` and counts. The answer is in o->a; returns whether it owes an entry. */
AG_PROVEN_ALONE int ag_verdict(struct ag_control *control, struct ag_open *o)
{
        struct ag_row *row;
        __u64 now;

        if (!control || !o)
                return false;
        ag_see(o);
        row = ag_row_of(control, o->who.workload);
        if (!row) {
                ag_pass(o);
                return false;
        }
        now = bpf_ktime_get_boot_ns();
        o->q.flags = ag_ask_flags(control, o->who.workload, now);
        ag_collect_grants(o, row, o->who.workload, now);
        ag_decide(row, &o->q, &o->a);
        if (ag_is_plain_allow(o)) {
                ag_pass(o);
                return false;
        }
        ag_count_answer(&o->a);
        return true;
}

/* The same, carried out and told. Returns what the hook returns. */
AG_SUBPROGRAM int ag_judge(struct file *file, struct ag_control *control, struct ag_open *o)
{
        if (!ag_verdict(control, o))
                return 0;
        if (o->a.effective.action == AG_ACTION_KILL)
                bpf_send_signal(SIGKILL);
        ag_tell(file, o, control->generation);
        return o->a.effective.action >= AG_ACTION_DENY ? -EPERM : 0;
}

#endif
