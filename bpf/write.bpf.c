/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overview: the write sequence where no open for writing tells of it: a truncation
 * by path, and a copy-up, after which an overlay inode shows another real file.
 * Opens for writing are counted in file.bpf.c, shared mappings in mmap.bpf.c.
 *
 * Owns ag_writes together with them. Never refuses anything.
 */
#include "object.bpf.h"

static __always_inline int ag_resized(struct dentry *dentry, struct iattr *attr)
{
        if (attr->ia_valid & ATTR_SIZE)
                ag_wrote(dentry->d_inode);
        return 0;
}

SEC("lsm/inode_setattr")
int BPF_PROG(ag_inode_setattr, struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
        return ag_resized(dentry, attr);
}

SEC("lsm/inode_setattr")
int BPF_PROG(ag_inode_setattr_compat, struct dentry *dentry, struct iattr *attr)
{
        return ag_resized(dentry, attr);
}

SEC("lsm/inode_copy_up")
int BPF_PROG(ag_inode_copy_up, struct dentry *src)
{
        ag_wrote(src->d_inode);
        return 0;
}
