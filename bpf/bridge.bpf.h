/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_BRIDGE_BPF_H
#define AG_BRIDGE_BPF_H
/*
 * The bridge: keeps an opener inside the hook until the daemon has taken over,
 * which takes some ten microseconds. A bounded loop that looks at this inode's
 * (or this subject's) storage; each turn copies a byte from the task's own memory,
 * not for the byte but because that lets the scheduler run others, the daemon
 * included, on a machine with one CPU.
 *
 * What ends it: the answer, a fatal signal, the deadline, the daemon's death.
 * A handled signal does not: its handler runs after the open, as with any disk.
 */
#include "verdict.bpf.h"

#define AG_BRIDGE_TURNS (1 << 22) /* far beyond any deadline: the clock ends it */
#define AG_BRIDGE_TRIES 3

enum ag_bridge_end {
        AG_BRIDGE_DEADLINE,
        AG_BRIDGE_KNOWN,
        AG_BRIDGE_GATED,
        AG_BRIDGE_AGAIN,       /* the gate closed between two looks: ask again */
        AG_BRIDGE_REFUSED,
        AG_BRIDGE_DAEMON_GONE,
        AG_BRIDGE_DYING,
        AG_BRIDGE_SETTLED,     /* the subject is resolved */
        AG_BRIDGE_NO_ROOM,     /* the request could not be sent, or too many wait */
};

struct ag_bridge {
        struct inode *inode;
        struct ag_control *control;
        struct ag_subject *subject;
        struct ag_object *known; /* a copy goes here */
        __u64 deadline;
        __u64 asked;
        __u32 tid;
        __u32 end; /* enum ag_bridge_end */
};

/* SIGKILL is in `pending` of each thread of a group that dies, whatever signal was fatal. */
static __always_inline bool ag_is_dying(struct task_struct *task)
{
        unsigned long pending = task->pending.signal.sig[0] | task->signal->shared_pending.signal.sig[0];

        return pending & (1UL << (SIGKILL - 1));
}

/* The end of a turn. 0: go on, after others had the CPU. */
static __always_inline int ag_bridge_breathe(struct ag_bridge *b)
{
        struct task_struct *task = bpf_get_current_task_btf();
        __u64 now = bpf_ktime_get_boot_ns(), *refused;
        char byte;

        refused = bpf_map_lookup_elem(&ag_refused, &b->tid);
        if (refused && *refused == b->asked) {
                b->end = AG_BRIDGE_REFUSED;
                return 1;
        }
        if (ag_is_dying(task)) {
                b->end = AG_BRIDGE_DYING;
                return 1;
        }
        if (*(volatile __u64 *) &b->control->alive_until < now) {
                b->end = AG_BRIDGE_DAEMON_GONE;
                return 1;
        }
        if (now >= b->deadline) {
                b->end = AG_BRIDGE_DEADLINE;
                return 1;
        }
        bpf_copy_from_user_task(&byte, sizeof(byte), NULL, task, 0);
        return 0;
}

static int ag_bridge_file_turn(__u32 turn, struct ag_bridge *b)
{
        struct ag_object *object;

        object = ag_known(b->inode);
        if (object) {
                *b->known = *object;
                b->end = AG_BRIDGE_KNOWN;
                return 1;
        }
        object = bpf_inode_storage_get(&ag_objects, b->inode, 0, 0);
        if (object && object->state == AG_OBJECT_GATED &&
            object->epoch == *(volatile __u32 *) &b->control->epoch) {
                b->end = AG_BRIDGE_GATED;
                return 1;
        }
        return ag_bridge_breathe(b);
}

static int ag_bridge_subject_turn(__u32 turn, struct ag_bridge *b)
{
        if (!(ag_subject_refresh(b->control, b->subject) & AG_TRAITS_PENDING)) {
                b->end = AG_BRIDGE_SETTLED;
                return 1;
        }
        return ag_bridge_breathe(b);
}

/* ------------------------------------------------------------------ quota */

static __always_inline __u32 *ag_quota_take(__u32 workload)
{
        __u32 *n = bpf_map_lookup_elem(&ag_quota, &workload);

        if (!n)
                return NULL;
        if (__sync_fetch_and_add(n, 1) < AG_HOLDS_PER_WORKLOAD)
                return n;
        __sync_fetch_and_add(n, -1);
        ag_count(AG_STAT_REQUEST_LOST);
        ag_error(AG_PLACE_QUOTA, -ENOSPC);
        return NULL;
}

/* ------------------------------------------------------------------- gate */

static __always_inline int ag_gate_enter(const struct ag_open *o)
{
        struct ag_gated g = {
                .inode = o->what.inode,
                .time = o->what.time,
                .start_time = o->who.start_time,
                .cgroup_id = o->who.cgroup_id,
                .tgid = o->who.tgid,
                .uid = bpf_get_current_uid_gid(),
                .traits = o->who.traits,
                .workload = o->who.workload,
                .strength = o->q.strength,
                .flags = o->what.flags,
        };
        __u32 tid = o->who.tid;
        int r;

        bpf_get_current_comm(g.comm, sizeof(g.comm));
        r = bpf_map_update_elem(&ag_gated, &tid, &g, BPF_ANY);
        if (r < 0)
                ag_error(AG_PLACE_GATED_INSERT, r);
        return r;
}

/*
 * Goes through the gate: the entry first, then another look. If the inode is
 * still gated then, the daemon keeps the mark while the entry is there; if not,
 * the mark may be gone already and fanotify would let everybody through.
 */
AG_SUBPROGRAM int ag_gate_pass(struct ag_bridge *b, const struct ag_open *o)
{
        struct ag_object *object;
        __u32 tid;

        if (!b || !o)
                return AG_BRIDGE_AGAIN;
        tid = o->who.tid;
        if (ag_gate_enter(o) < 0)
                return AG_BRIDGE_NO_ROOM;
        object = bpf_inode_storage_get(&ag_objects, b->inode, 0, 0);
        if (object && object->state == AG_OBJECT_GATED &&
            object->epoch == *(volatile __u32 *) &b->control->epoch)
                return AG_BRIDGE_GATED;
        bpf_map_delete_elem(&ag_gated, &tid);
        return AG_BRIDGE_AGAIN;
}

/* ------------------------------------------------------------------- holds */

static __always_inline bool ag_is_gated(struct inode *inode, struct ag_control *control)
{
        struct ag_object *object = bpf_inode_storage_get(&ag_objects, inode, 0, 0);

        return object && object->state == AG_OBJECT_GATED && object->epoch == control->epoch;
}

/* One try: ask, unless somebody has asked for this inode already, and wait. */
static __always_inline int ag_hold_once(struct file *file, struct ag_bridge *b, struct ag_open *o)
{
        bool writer = false;

        if (ag_offer(b->inode, &o->what.write_seq, &writer) < 0)
                return AG_BRIDGE_NO_ROOM;
        if (writer)
                o->what.flags |= AG_REQUEST_WRITER;
        b->asked = bpf_ktime_get_boot_ns();
        o->what.time = b->asked;
        o->what.kind = AG_REQUEST_HOLD;
        b->end = AG_BRIDGE_DEADLINE;
        if (!ag_is_gated(b->inode, b->control) && ag_request_send(file, &o->who, &o->what) < 0)
                return AG_BRIDGE_NO_ROOM;
        bpf_loop(AG_BRIDGE_TURNS, ag_bridge_file_turn, b, 0);
        return b->end == AG_BRIDGE_GATED ? ag_gate_pass(b, o) : (int) b->end;
}

/* One open that waits twice, for its subject and for its file, is one hold. */
static __always_inline void ag_bridge_count(struct ag_open *o, __u64 since, int end)
{
        if (!o->held)
                ag_count(AG_STAT_HELD);
        o->held = true;
        o->held_us += (bpf_ktime_get_boot_ns() - since) / 1000;
        if (end == AG_BRIDGE_DEADLINE)
                ag_count(AG_STAT_TIMED_OUT);
}

/* Holds the opener of an unknown file. Returns enum ag_bridge_end; `known` is set with AG_BRIDGE_KNOWN. */
AG_SUBPROGRAM int ag_hold(struct file *file, struct ag_control *control, struct ag_open *o,
                              struct ag_object *known)
{
        struct ag_bridge b = {};
        __u64 since = bpf_ktime_get_boot_ns();
        int end = AG_BRIDGE_AGAIN;
        __u32 *quota;

        if (!file || !control || !o || !known)
                return AG_BRIDGE_NO_ROOM;
        quota = ag_quota_take(o->who.workload);
        if (!quota)
                return AG_BRIDGE_NO_ROOM;
        b.inode = file->f_inode;
        b.control = control;
        b.known = known;
        b.tid = o->who.tid;
        b.deadline = since + control->hold_ms * 1000000ULL;
        for (int i = 0; i < AG_BRIDGE_TRIES; i++) {
                end = ag_hold_once(file, &b, o);
                if (end != AG_BRIDGE_AGAIN)
                        break;
        }
        if (end == AG_BRIDGE_AGAIN)
                end = AG_BRIDGE_DEADLINE;
        __sync_fetch_and_add(quota, -1);
        ag_bridge_count(o, since, end);
        return end;
}

/* Waits until it is known what the subject is. Returns enum ag_bridge_end. */
AG_SUBPROGRAM int ag_resolve(struct file *file, struct ag_control *control, struct ag_open *o,
                                 struct ag_subject *s)
{
        struct ag_bridge b = {};
        __u64 since = bpf_ktime_get_boot_ns();
        __u32 *quota;
        int end;

        if (!file || !control || !o || !s)
                return AG_BRIDGE_NO_ROOM;
        quota = ag_quota_take(AG_WORKLOAD_OTHER);
        if (!quota)
                return AG_BRIDGE_NO_ROOM;
        b.control = control;
        b.subject = s;
        b.tid = o->who.tid;
        b.asked = since;
        b.deadline = since + control->hold_ms * 1000000ULL;
        b.end = AG_BRIDGE_DEADLINE;
        o->what.time = since;
        o->what.kind = AG_REQUEST_RESOLVE;
        if (ag_request_send(file, &o->who, &o->what) < 0) {
                end = AG_BRIDGE_NO_ROOM;
        } else {
                bpf_loop(AG_BRIDGE_TURNS, ag_bridge_subject_turn, &b, 0);
                end = b.end;
        }
        __sync_fetch_and_add(quota, -1);
        ag_bridge_count(o, since, end);
        return end;
}

#endif
