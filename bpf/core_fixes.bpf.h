/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_CORE_FIXES_BPF_H
#define AG_CORE_FIXES_BPF_H
/*
 * Every difference between kernels that the programs know of, and nothing else.
 * The floor is 6.1. What is a whole hook of another shape is two programs, the
 * second named `..._compat`; the loader takes the one that fits:
 *
 *   inode_setattr   3 arguments (mnt_idmap first) since 6.9: ag_inode_setattr
 *                   2 arguments before: ag_inode_setattr_compat
 *
 * The verifier would refuse the wrong one: its first argument is of another type.
 *
 * Known and left alone: before 6.2 bpf_task_storage_get() gives NULL when another
 * task on this CPU was preempted inside it, which takes a kernel that runs with
 * preempt=full. A subject then passes as none for that one open.
 */
#include "kernel.h"

/*
 * Since 6.2 a sleepable program may follow an RCU pointer (group_leader) only
 * under this lock; before, there is no such function and no such rule. Programs
 * that cannot sleep are under it anyway. Declared in the one file that defines
 * AG_SLEEPABLE: libbpf 1.1 cannot link two objects that both name a kernel function.
 */
#ifdef AG_SLEEPABLE
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
#define AG_HAVE_RCU_LOCK (bpf_rcu_read_lock != NULL)
#define ag_rcu_lock() bpf_rcu_read_lock()
#define ag_rcu_unlock() bpf_rcu_read_unlock()
#else
#define AG_HAVE_RCU_LOCK false
#define ag_rcu_lock()
#define ag_rcu_unlock()
#endif

static __always_inline void *ag_leader_storage_of(struct task_struct *task, void *map, __u64 flags)
{
        void *value;

        if (!AG_HAVE_RCU_LOCK)
                return bpf_task_storage_get(map, task->group_leader, 0, flags);
        if (task->pid == task->tgid)
                return bpf_task_storage_get(map, task, 0, flags);
        ag_rcu_lock();
        value = bpf_task_storage_get(map, task->group_leader, 0, flags);
        ag_rcu_unlock();
        return value;
}

/* Storage of the group leader of the running task, whatever this kernel asks for to get at it. */
static __always_inline void *ag_leader_storage(void *map, __u64 flags)
{
        return ag_leader_storage_of(bpf_get_current_task_btf(), map, flags);
}

/*
 * Is there any storage on the leader? Two loads instead of a helper, for almost
 * everybody. A kernel without that member answers yes.
 */
static __always_inline bool ag_leader_has_storage(void)
{
        struct task_struct *task = bpf_get_current_task_btf();

        return !bpf_core_field_exists(task->bpf_storage) || task->group_leader->bpf_storage;
}

/* Both in one, where each load counts: a pointer of the kernel costs several instructions to follow. */
static __always_inline void *ag_leader_storage_if_any(void *map)
{
        struct task_struct *task = bpf_get_current_task_btf(), *leader = task->group_leader;

        if (bpf_core_field_exists(task->bpf_storage) && !leader->bpf_storage)
                return NULL;
        return AG_HAVE_RCU_LOCK ? ag_leader_storage_of(task, map, 0)
                                : bpf_task_storage_get(map, leader, 0, 0);
}

/*
 * Opens by the kernel for itself: the real file behind an overlay. The flag has
 * kept its bit since 4.19; FMODE_BACKING, which would say it better, has not.
 */
#define FMODE_NOACCOUNT 0x20000000

/*
 * mmap_file is called without a file for anonymous memory, but kernels between
 * 6.2 and the fix of bpf_lsm_mmap_file() take its argument for never NULL and drop
 * a test of it as dead code. The raw argument is a number, whose test stays.
 */
static __always_inline int ag_arg_is_null(void *ctx, __u32 n)
{
        __u64 value = 0;

        return bpf_get_func_arg(ctx, n, &value) || !value;
}

#endif
