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

#define AG_BRIDGE_TRIES 2         /* more, after the first */
#define AG_BRIDGE_TURNS (1 << 22) /* far beyond any deadline: the clock ends it */

enum ag_bridge_end {
        AG_BRIDGE_DEADLINE,
        AG_BRIDGE_KNOWN,
        AG_BRIDGE_GATED,
        AG_BRIDGE_REFUSED,
        AG_BRIDGE_DAEMON_GONE,
        AG_BRIDGE_DYING,
        AG_BRIDGE_SETTLED, /* the subject is resolved */
        AG_BRIDGE_NO_ROOM, /* the request could not be sent, or too many wait */
};

struct ag_bridge {
        struct file *file;
        struct inode *inode;
        struct ag_control *control;
        struct ag_subject *subject;
        struct ag_open *open;
        struct ag_object *known; /* a copy goes here */
        __u64 since;
        __u64 asked; /* time of the request; 0: not asked */
        __u32 tid;
        __u16 end; /* enum ag_bridge_end */
        __u16 tries;
};

/* SIGKILL is in `pending` of each thread of a group that dies, whatever signal was fatal. */
static __always_inline bool ag_is_dying(struct task_struct *task)
{
        unsigned long pending = task->pending.signal.sig[0] | task->signal->shared_pending.signal.sig[0];

        return pending & (1UL << (SIGKILL - 1));
}

/*
 * Asked for longer than the deadline, and no sign of the gate for as long: it may be busy with those before this
 * one. The subject's side has no such queue.
 */
static __always_inline bool ag_bridge_is_late(struct ag_bridge *b, __u64 now)
{
        __u64 patience = b->control->hold_ms * 1000000ULL;
        __u64 served = *(volatile __u64 *) &b->control->served_at;

        if (now < b->asked + patience)
                return false;
        return b->subject || now >= served + patience || now >= b->since + AG_HOLD_PATIENCE * patience;
}

/*
 * Asks anew before it gives up: on a host where hundreds want the CPU this opener
 * may have been away for longer than its answer stayed. True: it has given up.
 */
static __always_inline bool ag_bridge_gives_up(struct ag_bridge *b)
{
        if (b->subject || b->tries >= AG_BRIDGE_TRIES)
                return true;
        b->tries++;
        b->asked = 0;
        return false;
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
        if (ag_bridge_is_late(b, now) && ag_bridge_gives_up(b)) {
                b->end = AG_BRIDGE_DEADLINE;
                return 1;
        }
        bpf_copy_from_user_task(&byte, sizeof(byte), NULL, task, 0);
        return 0;
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

static __always_inline bool ag_is_gated(struct ag_bridge *b)
{
        struct ag_object *object = bpf_inode_storage_get(&ag_objects, b->inode, 0, 0);

        return object && object->state == AG_OBJECT_GATED &&
               object->epoch == *(volatile __u32 *) &b->control->epoch;
}

/* Writes down who comes through the gate, for the event that fanotify will make of it. */
AG_PROVEN_ALONE int ag_gate_enter(const struct ag_open *o)
{
        struct ag_gated g = {};
        __u32 tid;
        int r;

        if (!o)
                return -EPERM;
        tid = o->who.tid;
        g.inode = o->what.inode;
        g.time = o->what.time;
        g.start_time = o->who.start_time;
        g.cgroup_id = o->who.cgroup_id;
        g.tgid = o->who.tgid;
        g.uid = bpf_get_current_uid_gid();
        g.traits = o->who.traits;
        g.workload = o->who.workload;
        g.strength = o->q.strength;
        g.flags = o->what.flags;
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
static __always_inline bool ag_gate_pass(struct ag_bridge *b)
{
        if (ag_gate_enter(b->open) < 0) {
                b->end = AG_BRIDGE_NO_ROOM;
                return true;
        }
        if (ag_is_gated(b)) {
                b->end = AG_BRIDGE_GATED;
                return true;
        }
        bpf_map_delete_elem(&ag_gated, &b->tid);
        b->asked = 0;
        return false;
}

/* ------------------------------------------------------------------- waits */

static __always_inline int ag_hold_ask(struct ag_bridge *b)
{
        struct ag_open *o = b->open;
        bool writer = false;

        if (ag_offer(b->inode, &o->what.write_seq, &writer) < 0)
                return -ENOMEM;
        if (writer)
                o->what.flags |= AG_REQUEST_WRITER;
        b->asked = bpf_ktime_get_boot_ns();
        o->what.time = b->asked;
        o->what.kind = AG_REQUEST_HOLD;
        return ag_request_send(b->file, &o->who, &o->what);
}

/*
 * One look at the file. A gate that is open for another opener of the same inode
 * serves this one too, so asking comes last; and comes again when the gate closed
 * between two looks.
 */
static int ag_bridge_file_turn(__u32 turn, struct ag_bridge *b)
{
        struct ag_object *object;

        object = ag_known(b->inode, AG_WRITE_REAL);
        if (object) {
                *b->known = *object;
                b->end = AG_BRIDGE_KNOWN;
                return 1;
        }
        if (ag_is_gated(b)) {
                if (!b->asked)
                        b->open->what.time = bpf_ktime_get_boot_ns();
                if (ag_gate_pass(b))
                        return 1;
        }
        if (!b->asked && ag_hold_ask(b) < 0) {
                b->end = AG_BRIDGE_NO_ROOM;
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

static __always_inline void ag_bridge_begin(struct ag_bridge *b, struct file *file,
                                            struct ag_control *control, struct ag_open *o, __u64 now)
{
        b->file = file;
        b->control = control;
        b->open = o;
        b->tid = o->who.tid;
        b->since = now;
        b->end = AG_BRIDGE_DEADLINE;
}

/* Holds the opener of an unknown file. Returns enum ag_bridge_end; `known` is set with AG_BRIDGE_KNOWN. */
AG_SUBPROGRAM int ag_hold(struct file *file, struct ag_control *control, struct ag_open *o,
                          struct ag_object *known)
{
        __u64 since = bpf_ktime_get_boot_ns();
        struct ag_bridge b = {};
        __u32 *quota;

        quota = ag_quota_take(o->who.workload);
        if (!quota)
                return AG_BRIDGE_NO_ROOM;
        ag_bridge_begin(&b, file, control, o, since);
        b.inode = file->f_inode;
        b.known = known;
        bpf_loop(AG_BRIDGE_TURNS, ag_bridge_file_turn, &b, 0);
        __sync_fetch_and_add(quota, -1);
        ag_bridge_count(o, since, b.end);
        return b.end;
}

/* Waits until it is known what the subject is. `file` may be NULL. Returns enum ag_bridge_end. */
AG_SUBPROGRAM int ag_resolve(struct file *file, struct ag_control *control, struct ag_open *o,
                             struct ag_subject *s)
{
        __u64 since = bpf_ktime_get_boot_ns();
        struct ag_bridge b = {};
        __u32 *quota;

        quota = ag_quota_take(AG_WORKLOAD_OTHER);
        if (!quota)
                return AG_BRIDGE_NO_ROOM;
        ag_bridge_begin(&b, file, control, o, since);
        b.subject = s;
        b.asked = since;
        o->what.time = since;
        o->what.kind = AG_REQUEST_RESOLVE;
        if (ag_request_send(file, &o->who, &o->what) < 0)
                b.end = AG_BRIDGE_NO_ROOM;
        else
                bpf_loop(AG_BRIDGE_TURNS, ag_bridge_subject_turn, &b, 0);
        __sync_fetch_and_add(quota, -1);
        ag_bridge_count(o, since, b.end);
        return b.end;
}

#endif
