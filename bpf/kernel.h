/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_KERNEL_H
#define AG_KERNEL_H
/*
 * The kernel types that the programs read, kept by hand: only the members that
 * are used, found on the running kernel by name (CO-RE). So a build needs no
 * BTF of the build host, and a member that a program must not rely on is not
 * here to be used by mistake. What differs between kernels is in
 * core_fixes.bpf.h.
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* A function of its own for the verifier too; in a header, so not every program uses it. */
#define AG_SUBPROGRAM static __attribute__((noinline, unused))

/*
 * One that the verifier proves once, by itself, for any arguments, instead of again
 * for each way that leads to it: what keeps file_open verifiable. Arguments can be
 * numbers and plain memory only, so pointers come without any promise.
 */
#define AG_PROVEN_ALONE __attribute__((noinline))

struct bpf_local_storage;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
        int counter;
} atomic_t;

typedef struct {
        unsigned long sig[1];
} sigset_t;

struct qstr {
        __u32 len;
        const unsigned char *name;
};

struct user_namespace {
        int level; /* 0: the initial one */
};

struct super_block {
        __u32 s_dev;
        unsigned long s_magic;
        struct user_namespace *s_user_ns;
};

struct inode {
        __u16 i_mode;
        struct super_block *i_sb;
        unsigned long i_ino;
        __u32 i_rdev;
        long long i_size;
        atomic_t i_writecount;
        __u32 i_generation;
};

struct dentry {
        struct qstr d_name;
        struct inode *d_inode;
};

struct path {
        struct dentry *dentry;
};

struct file {
        __u32 f_mode;
        __u32 f_flags;
        struct path f_path;
        struct inode *f_inode;
};

struct socket;

struct sockaddr {
        __u16 sa_family;
};

struct iattr {
        unsigned int ia_valid;
};

struct mnt_idmap {
        int unused;
};

struct kernfs_node {
        __u64 id;
};

struct cgroup_root {
        int hierarchy_id;
};

struct cgroup {
        struct kernfs_node *kn;
        struct cgroup_root *root;
};

struct css_set {
        struct cgroup *dfl_cgrp;
};

struct mm_struct {
        struct file *exe_file;
};

struct vm_area_struct {
        struct file *vm_file;
};

struct sigpending {
        sigset_t signal;
};

struct signal_struct {
        int nr_threads;
        atomic_t live;
        struct sigpending shared_pending;
};

typedef struct {
        __u32 val;
} kuid_t;

struct cred {
        kuid_t uid;
};

struct ns_common {
        unsigned int inum;
};

struct mnt_namespace {
        struct ns_common ns;
};

struct nsproxy {
        struct mnt_namespace *mnt_ns;
};

struct task_struct {
        int pid;
        int tgid;
        unsigned int flags;
        __u64 start_boottime;
        struct task_struct *group_leader;
        struct task_struct *real_parent;
        struct mm_struct *mm;
        struct css_set *cgroups;
        struct nsproxy *nsproxy;
        const struct cred *real_cred;
        struct signal_struct *signal;
        struct sigpending pending;
        char comm[16];
        struct bpf_local_storage *bpf_storage; /* NULL: no program keeps anything on this task */
};

struct linux_binprm {
        struct file *file;
};

struct bpf_iter_meta;

struct bpf_iter__task {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
};

#pragma clang attribute pop

/* From headers that user space does not get. */
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_EXEC_FLAG 0x20 /* __FMODE_EXEC, in f_flags: open(2) cannot pass it */
#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFCHR 0020000
#define AF_INET 2
#define AF_INET6 10
#define ATTR_SIZE (1 << 3)
#define CLONE_THREAD 0x00010000
#define PF_KTHREAD 0x00200000
#define PROT_WRITE 0x2
#define PROT_EXEC 0x4
#define MAP_SHARED_BIT 0x1 /* of MAP_SHARED and MAP_SHARED_VALIDATE alike */
#define SIGKILL 9

#define EPERM 1
#define EINTR 4
#define ENOMEM 12
#define EEXIST 17
#define ENOSPC 28
#define ENAMETOOLONG 36

#endif
