/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overview: the life of a subject. A child gets what its parent is, an exec keeps
 * it and looks the workload up again, a move to another cgroup too. Exit cleans
 * up what only the kernel can know to be over, the daemon's own life first.
 *
 * Owns ag_subjects together with mmap.bpf.c and file.bpf.c. Never refuses anything.
 */
#include "cgroup.bpf.h"
#include "subject.bpf.h"

/* What is not known of the parent is not known of the child either. From whom it has that is for the log. */
static __always_inline void ag_inherit_pending(struct ag_subject *child, const struct ag_subject *s)
{
        struct task_struct *task = bpf_get_current_task_btf();
        __u64 start = task->group_leader->start_boottime;
        __u32 tgid = task->tgid, seq = s->map_seq;

        barrier_var(start); /* or the compiler makes one load of two kinds of pointer */
        barrier_var(tgid);
        if (seq == 1 && s->from_tgid) {
                /* The parent has mapped nothing itself: there is nothing to be known of it. */
                tgid = s->from_tgid;
                seq = s->from_seq;
                start = s->from_start_time;
        }
        child->map_seq = 1;
        child->from_tgid = tgid;
        child->from_seq = seq;
        child->from_start_time = start;
}

/* A new thread shares its leader's subject; only a new thread group needs a copy. */
SEC("lsm/task_alloc")
int BPF_PROG(ag_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
        struct ag_control *control;
        struct ag_subject *s, *child;

        if (clone_flags & CLONE_THREAD)
                return 0;
        s = ag_subject_now();
        if (!s)
                return 0;
        control = ag_controls();
        if (!control)
                return 0;
        ag_subject_refresh(control, s);
        if (!s->traits && !s->workload)
                return 0;
        child = bpf_task_storage_get(&ag_subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
        if (!child) {
                ag_error(AG_PLACE_SUBJECT_STORAGE, -ENOMEM);
                return 0;
        }
        child->cgroup_id = s->cgroup_id;
        child->workload = s->workload;
        child->matches = s->matches;
        child->traits = s->traits;
        if (s->traits & AG_TRAIT_PENDING_MAP)
                ag_inherit_pending(child, s);
        return 0;
}

/*
 * A thread that is no leader becomes the leader by exec, and the old leader's
 * storage goes with its task: take the subject along before.
 */
SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(ag_exec_creds, struct linux_binprm *bprm)
{
        struct task_struct *task = bpf_get_current_task_btf();
        struct ag_control *control;
        struct ag_subject *s, *mine;

        if (task->pid == task->tgid)
                return 0;
        control = ag_controls();
        s = ag_subject_now();
        if (!s || !control)
                return 0;
        ag_subject_refresh(control, s);
        mine = bpf_task_storage_get(&ag_subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
        if (!mine) {
                ag_error(AG_PLACE_SUBJECT_STORAGE, -ENOMEM);
                return 0;
        }
        mine->cgroup_id = s->cgroup_id;
        mine->workload = s->workload;
        mine->matches = s->matches;
        mine->from_tgid = s->from_tgid;
        mine->from_seq = s->from_seq;
        mine->from_start_time = s->from_start_time;
        mine->map_seq = s->map_seq;
        mine->traits = s->traits;
        return 0;
}

/* The new program is certain, and not mapped yet. */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(ag_exec_committed, struct linux_binprm *bprm)
{
        struct ag_control *control = ag_controls();
        struct ag_match m = {};
        struct ag_subject *s;
        __u32 matches;

        if (!control)
                return 0;
        matches = *(volatile __u32 *) &control->matches;
        s = ag_subject_now();
        m.cgroup_id = bpf_get_current_cgroup_id();
        m.uid = bpf_get_current_uid_gid();
        ag_match_exe(&m, bprm->file);
        ag_match_find(control, &m);
        if (m.pending && ag_is_daemon(control))
                m.pending = false;
        if (!s && !m.workload && !m.pending)
                return 0;
        if (s)
                ag_subject_refresh(control, s);
        else
                s = ag_subject_make();
        if (s) {
                ag_match_apply(control, s, &m, true);
                s->matches = matches;
        }
        return 0;
}

/*
 * An opener that was killed on its way to fanotify leaves an entry that no event
 * will come for. And when the daemon's last thread goes, nobody answers: said here,
 * at once, since those in the bridge would otherwise wait for their deadline.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(ag_exit, struct task_struct *task)
{
        struct ag_control *control = ag_controls();
        __u32 tid = task->pid;

        if (bpf_map_lookup_elem(&ag_gated, &tid))
                bpf_map_delete_elem(&ag_gated, &tid);
        if (control && control->daemon_tgid && (__u32) task->tgid == control->daemon_tgid &&
            task->signal->live.counter == 0) {
                *(volatile __u64 *) &control->alive_until = 0;
                control->daemon_tgid = 0; /* its number will be somebody else's, who is not exempt */
        }
        return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(ag_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
        ag_cgroup_made(cgroup, path);
        return 0;
}

/* A process was moved. One thread alone (threaded cgroups) moves nothing: a subject is a thread group. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(ag_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
        struct ag_control *control = ag_controls();
        struct ag_match m = {};
        struct ag_subject *s;
        __u32 matches;

        if (!control || task->pid != task->tgid || !ag_is_cgroup2(cgroup))
                return 0;
        matches = *(volatile __u32 *) &control->matches;
        m.cgroup_id = cgroup->kn->id;
        m.uid = task->real_cred->uid.val;
        ag_match_exe(&m, task->mm->exe_file);
        ag_match_find(control, &m);
        s = bpf_task_storage_get(&ag_subjects, task, 0, 0);
        if (!s && !m.workload && !m.pending)
                return 0;
        if (!s)
                s = bpf_task_storage_get(&ag_subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
        if (!s) {
                ag_error(AG_PLACE_SUBJECT_STORAGE, -ENOMEM);
                return 0;
        }
        ag_match_apply(control, s, &m, false);
        s->matches = matches;
        /* The process may have dropped an empty subject meanwhile: see ag_subject_drop_empty(). */
        if (!bpf_task_storage_get(&ag_subjects, task, 0, 0)) {
                s = bpf_task_storage_get(&ag_subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
                if (s) {
                        ag_match_apply(control, s, &m, false);
                        s->matches = matches;
                }
        }
        return 0;
}

/*
 * What was running before the hooks were attached: every process is pending until
 * the daemon has looked at it. Read once, after attaching.
 */
SEC("iter/task")
int ag_adopt_tasks(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        struct ag_control *control = ag_controls();
        struct ag_subject *s;

        if (!task || !control || task->pid != task->tgid || task->flags & PF_KTHREAD)
                return 0;
        if (control->daemon_tgid && ((__u32) task->tgid == control->daemon_tgid ||
                                     (__u32) task->real_parent->tgid == control->daemon_tgid))
                return 0;
        s = bpf_task_storage_get(&ag_subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
        if (!s)
                ag_error(AG_PLACE_SUBJECT_STORAGE, -ENOMEM);
        else if (!s->traits)
                ag_subject_pend(s);
        return 0;
}
