/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps.bpf.h"

SEC("lsm/task_alloc")
int BPF_PROG(ag_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
        return 0;
}

SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(ag_exec_creds, struct linux_binprm *bprm)
{
        return 0;
}

SEC("lsm/bprm_committed_creds")
int BPF_PROG(ag_exec_committed, struct linux_binprm *bprm)
{
        return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(ag_exit, struct task_struct *task)
{
        return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(ag_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
        return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(ag_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
        return 0;
}

SEC("iter/task")
int ag_adopt_tasks(struct bpf_iter__task *ctx)
{
        return 0;
}
