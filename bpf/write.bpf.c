/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps.bpf.h"

SEC("lsm/inode_setattr")
int BPF_PROG(ag_inode_setattr, struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
        return 0;
}

SEC("lsm/inode_setattr")
int BPF_PROG(ag_inode_setattr_compat, struct dentry *dentry, struct iattr *attr)
{
        return 0;
}

SEC("lsm/inode_copy_up")
int BPF_PROG(ag_inode_copy_up, struct dentry *src)
{
        return 0;
}
