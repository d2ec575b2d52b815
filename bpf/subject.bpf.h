/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_SUBJECT_BPF_H
#define AG_SUBJECT_BPF_H
/*
 * Who acts: the subject of a task, the workload it belongs to, and how what the
 * daemon has found out since is merged in. Traits are only ever added here, but
 * for "pending", which ends when the daemon's answer covers the last mapping.
 */
#include "core_fixes.bpf.h"
#include "decide.h"
#include "emit.bpf.h"

#ifdef AG_SLEEPABLE
#define AG_SUBJECT_FUNCTION AG_PROVEN_ALONE /* the open hook is the large one */
#else
#define AG_SUBJECT_FUNCTION AG_SUBPROGRAM
#endif

static __always_inline struct ag_control *ag_controls(void)
{
        __u32 zero = 0;

        return bpf_map_lookup_elem(&ag_control, &zero);
}

/* Is there a daemon that answers? */
static __always_inline bool ag_daemon_lives(struct ag_control *control)
{
        return *(volatile __u64 *) &control->alive_until >= bpf_ktime_get_boot_ns();
}

static __always_inline struct ag_row *ag_row_of(struct ag_control *control, __u32 workload)
{
        __u32 key = (*(volatile __u32 *) &control->slot & (AG_SLOTS - 1)) * AG_WORKLOADS_MAX + workload;

        if (workload >= AG_WORKLOADS_MAX)
                return NULL;
        return bpf_map_lookup_elem(&ag_matrix, &key);
}

/* The subject of the running task: NULL when it is no AI workload and nothing else is known of it. */
static __always_inline struct ag_subject *ag_subject_now(void)
{
        return ag_leader_storage_if_any(&ag_subjects);
}

/* The same, made when it is not there. A new one has `matches` 0: its workload is looked up when it matters. */
static __always_inline struct ag_subject *ag_subject_make(void)
{
        struct ag_subject *s = ag_leader_storage(&ag_subjects, BPF_LOCAL_STORAGE_GET_F_CREATE);

        if (!s)
                ag_error(AG_PLACE_SUBJECT_STORAGE, -ENOMEM);
        return s;
}

static __always_inline void ag_subject_add(struct ag_subject *s, __u32 traits)
{
        if ((s->traits & traits) != traits)
                __sync_fetch_and_or(&s->traits, traits);
}

/* A mapping is not known yet. The number first: see ag_subject_settle(). */
static __always_inline void ag_subject_pend(struct ag_subject *s)
{
        __sync_fetch_and_add(&s->map_seq, 1);
        __sync_fetch_and_or(&s->traits, AG_TRAIT_PENDING_MAP);
}

/*
 * The daemon and its scanners read models all day, and must never wait for themselves.
 * One that starts has not said yet which process it is: root's process of that very
 * program. Nobody else's, whom LD_PRELOAD would make an exempt AI workload.
 */
static __always_inline bool ag_is_daemon(struct ag_control *control)
{
        struct task_struct *task = bpf_get_current_task_btf();
        __u32 daemon = control->daemon_tgid;
        struct inode *exe;

        if (daemon && ((__u32) task->tgid == daemon || (__u32) task->real_parent->tgid == daemon))
                return true;
        if (!control->own_ino || (__u32) bpf_get_current_uid_gid())
                return false;
        exe = task->mm->exe_file->f_inode;
        return exe->i_ino == control->own_ino && exe->i_sb->s_dev == control->own_dev;
}

/* ------------------------------------------------------------ the workload */

struct ag_match {
        __u64 cgroup_id;
        struct ag_exe_key exe;
        __u32 uid;
        __u16 workload; /* result */
        bool pending;   /* result: the cgroup is not classified yet */
        bool not_ai;    /* result */
};

/* Takes over one value; what is declared an AI workload is not hidden by what is declared none. */
static __always_inline void ag_match_take(struct ag_control *control, struct ag_match *m,
                                          const struct ag_workload_value *value)
{
        struct ag_row *row;
        bool not_ai;

        if (!value || !value->workload || (m->workload && !m->not_ai))
                return;
        row = ag_row_of(control, value->workload);
        if (!row)
                return;
        not_ai = row->flags & AG_ROW_NOT_AI;
        if (m->workload && not_ai)
                return;
        m->workload = value->workload;
        m->not_ai = not_ai;
}

/* The administrator chose the cgroup, the packager the executable: first the one, then the other, then the user. */
AG_SUBPROGRAM int ag_match_find(struct ag_control *control, struct ag_match *m)
{
        struct ag_workload_value *value;

        if (!control || !m)
                return 0;
        m->workload = 0;
        m->pending = false;
        m->not_ai = false;
        if (control->flags & AG_CONTROL_CGROUPS) {
                value = bpf_map_lookup_elem(&ag_cgroups, &m->cgroup_id);
                m->pending = !value;
                ag_match_take(control, m, value);
        }
        if (control->flags & AG_CONTROL_EXES)
                ag_match_take(control, m, bpf_map_lookup_elem(&ag_exes, &m->exe));
        if (control->flags & AG_CONTROL_USERS)
                ag_match_take(control, m, bpf_map_lookup_elem(&ag_users, &m->uid));
        return m->workload;
}

static __always_inline void ag_match_exe(struct ag_match *m, struct file *exe)
{
        m->exe.ino = exe->f_inode->i_ino;
        m->exe.dev = exe->f_inode->i_sb->s_dev;
        m->exe.reserved = 0;
}

/*
 * Writes a match into the subject. Its `matches` is the caller's to set, from before the look-up: should the policy
 * change meanwhile, it is looked up again. `keep`: what it belonged to stays when nothing else is found.
 */
static __always_inline void ag_match_apply(struct ag_control *control, struct ag_subject *s,
                                           const struct ag_match *m, bool keep)
{
        __u16 workload = m->workload;
        __u32 pending;

        if (!workload && keep && s->workload) {
                struct ag_row *row = ag_row_of(control, s->workload);

                /* Being no AI workload was said of the old program, not of the new one. */
                if (row && !(row->flags & AG_ROW_NOT_AI))
                        workload = s->workload;
        }
        if (workload && !(m->workload && m->not_ai))
                ag_subject_add(s, AG_TRAIT_DECLARED);
        pending = s->traits & AG_TRAIT_PENDING_CGROUP;
        if (m->pending && (!pending || s->cgroup_id != m->cgroup_id))
                /* Without a number: what ends it is the cgroup's entry in ag_cgroups, no answer about this process. */
                ag_subject_add(s, AG_TRAIT_PENDING_CGROUP);
        else if (!m->pending && pending)
                __sync_fetch_and_and(&s->traits, ~AG_TRAIT_PENDING_CGROUP);
        s->workload = workload;
        s->cgroup_id = m->cgroup_id;
}

/* Looks the running task up again: the policy has changed, or it was never looked up. */
AG_SUBJECT_FUNCTION int ag_subject_rematch(struct ag_control *control, struct ag_subject *s)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct ag_match m = {};

        if (!control || !s)
                return 0;
        s->matches = *(volatile __u32 *) &control->matches;
        m.cgroup_id = bpf_get_current_cgroup_id();
        m.uid = bpf_get_current_uid_gid();
        ag_match_exe(&m, task->mm->exe_file);
        ag_match_find(control, &m);
        ag_match_apply(control, s, &m, false);
        return 0;
}

/* ------------------------------------------------------------- what is new */

/*
 * Ends "pending" when the daemon's answer is about the last mapping. A thread may
 * map something new meanwhile: it raises the number before it sets the trait, so
 * looking at the number again after clearing finds it.
 */
static __always_inline void ag_subject_settle(struct ag_subject *s, const struct ag_resolved *resolved)
{
        __u32 seq = resolved->map_seq;

        if (!(s->traits & AG_TRAIT_PENDING_MAP) || *(volatile __u32 *) &s->map_seq != seq)
                return;
        __sync_fetch_and_and(&s->traits, ~AG_TRAIT_PENDING_MAP);
        if (*(volatile __u32 *) &s->map_seq != seq)
                __sync_fetch_and_or(&s->traits, AG_TRAIT_PENDING_MAP);
}

/*
 * A subject of which nothing is left need not be, and costs every open a lookup.
 * Never one that asked for something: its successor would count from the start again,
 * and a late answer to the old question would be taken for one to the new.
 * Only while there is one thread: another could be about to add a trait to what is
 * deleted here. The cgroup hook comes from outside, so both sides look again after
 * what they did: it for the storage, this one for what came into it.
 */
static __always_inline void ag_subject_drop_empty(const struct ag_subject *s)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct ag_subject *again;

        if (s->traits || s->workload || s->map_seq || task->signal->nr_threads != 1)
                return;
        /* The answer that said so goes too: any storage at all on a task makes its opens slower. */
        bpf_task_storage_delete(&ag_subjects, task);
        bpf_task_storage_delete(&ag_resolved, task);
        if (*(volatile __u32 *) &s->traits || *(volatile __u16 *) &s->workload) {
                again = ag_subject_make();
                if (!again)
                        return;
                again->cgroup_id = s->cgroup_id;
                again->workload = s->workload;
                ag_subject_add(again, s->traits);
        }
}

/* Merges what the daemon has found out and what the policy now says. Returns the traits. */
AG_SUBJECT_FUNCTION __u32 ag_subject_refresh(struct ag_control *control, struct ag_subject *s)
{
        struct ag_resolved *resolved;
        __u32 traits;

        if (!control || !s)
                return 0;
        if (s->matches != control->matches)
                ag_subject_rematch(control, s);
        if ((s->traits & (AG_TRAIT_MODEL | AG_TRAITS_PENDING)) == AG_TRAIT_MODEL)
                return s->traits;

        resolved = ag_leader_storage(&ag_resolved, 0);
        if (resolved) {
                ag_subject_add(s, resolved->traits & (AG_TRAITS_STRONG | AG_TRAITS_WEAK |
                                                      AG_TRAIT_INTERPRETER));
                if (s->traits & AG_TRAITS_PENDING)
                        ag_subject_settle(s, resolved);
        }
        if (s->traits & AG_TRAIT_PENDING_CGROUP) {
                /* Its cgroup may have been classified since, without anybody asking for this process. */
                ag_subject_rematch(control, s);
        }
        traits = s->traits;
        if (!traits)
                ag_subject_drop_empty(s);
        return traits;
}

static __always_inline void ag_who_fill(struct ag_who *who, const struct ag_subject *s)
{
        struct task_struct *task = bpf_get_current_task_btf();

        who->start_time = task->group_leader->start_boottime;
        who->cgroup_id = bpf_get_current_cgroup_id();
        who->tgid = task->tgid;
        who->tid = task->pid;
        who->traits = s->traits;
        who->map_seq = s->map_seq;
        who->workload = s->workload;
        who->strength = ag_strength(s->traits);
        who->reserved = 0;
        who->reserved2 = 0;
}

#endif
