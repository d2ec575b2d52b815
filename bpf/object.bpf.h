/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_OBJECT_BPF_H
#define AG_OBJECT_BPF_H
/*
 * On what: whether a file can be a model, what is known of it, and whether that
 * is still true. A classification holds while the write sequence it was made
 * under is the inode's, and nobody can write.
 */
#include "core_fixes.bpf.h"
#include "emit.bpf.h"

#define AG_SMALLEST_MODEL 64          /* bytes: no format says anything in less */
#define AG_CANDIDATE_SIZE (64 * 1024) /* from here on a file may be a model whatever its name */

enum ag_fs {
        AG_FS_REAL,
        AG_FS_VIRTUAL, /* what the kernel shows of itself; holds no files of anybody's. tmpfs and ramfs are real */
        AG_FS_REMOTE,  /* its bytes come from elsewhere: each read may differ, and may never come */
        AG_FS_OVERLAY, /* its inodes cannot vouch for their bytes: the files behind change without them */
};

static __always_inline enum ag_fs ag_fs_of(unsigned long magic)
{
        switch (magic) {
        case 0x9fa0:     /* proc */
        case 0x62656572: /* sysfs */
        case 0x63677270: /* cgroup2 */
        case 0x27e0eb:   /* cgroup */
        case 0xcafe4a11: /* bpf */
        case 0x64626720: /* debugfs */
        case 0x74726163: /* tracefs */
        case 0x73636673: /* securityfs */
        case 0x1cd1:     /* devpts */
        case 0x50495045: /* pipefs */
        case 0x534f434b: /* sockfs */
                return AG_FS_VIRTUAL;
        case 0x6969:     /* NFS */
        case 0xff534d42: /* CIFS */
        case 0xfe534d42: /* SMB2 */
        case 0x517b:     /* SMB */
        case 0x65735546: /* FUSE */
        case 0x01021997: /* 9p */
        case 0x00c36400: /* Ceph */
        case 0x5346414f: /* AFS */
        case 0x6b414653: /* kAFS */
        case 0x0bd00bd0: /* Lustre */
        case 0x73757245: /* Coda */
        case 0x7461636f: /* OCFS2 */
        case 0x01161970: /* GFS2 */
        case 0x47504653: /* GPFS */
        case 0x786f4256: /* vboxsf */
        case 0xbacbacbc: /* vmhgfs */
        case 0x20030528: /* OrangeFS */
                return AG_FS_REMOTE;
        case 0x794c7630:
                return AG_FS_OVERLAY;
        default:
                return AG_FS_REAL;
        }
}

/* May what was found out about it once be believed again? A user's own mount is the user's word. */
static __always_inline bool ag_is_cacheable(struct inode *inode, enum ag_fs fs)
{
        return fs == AG_FS_REAL && inode->i_sb->s_user_ns->level == 0;
}

static __always_inline void ag_inode_key(struct inode *inode, struct ag_inode_key *key)
{
        key->ino = inode->i_ino;
        key->dev = inode->i_sb->s_dev;
        key->generation = inode->i_generation;
}

/* Above zero: somebody has it open for writing, or mapped so. Below: it is being executed. */
static __always_inline bool ag_has_writer(struct inode *inode)
{
        return inode->i_writecount.counter > 0;
}

/* Says that the inode may have changed. Only inodes that were ever offered have a sequence. */
static __always_inline void ag_wrote(struct inode *inode)
{
        struct ag_write *write;

        write = bpf_inode_storage_get(&ag_writes, inode, 0, 0);
        if (write)
                __sync_fetch_and_add(&write->seq, 1);
}

/*
 * Offers an inode: from now on its writes are counted. The order is what makes a
 * classification sound: sequence first, writers second. A writer that is not
 * seen here raises the sequence later; one that finished before changes nothing.
 */
static __always_inline int ag_offer(struct inode *inode, __u64 *seq, bool *writer)
{
        struct ag_write *write;

        write = bpf_inode_storage_get(&ag_writes, inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
        if (!write) {
                ag_error(AG_PLACE_WRITE_STORAGE, -ENOMEM);
                return -ENOMEM;
        }
        if (ag_is_cacheable(inode, ag_fs_of(inode->i_sb->s_magic)))
                write->flags = AG_WRITE_REAL;
        *seq = *(volatile __u64 *) &write->seq;
        *writer = ag_has_writer(inode);
        return 0;
}

/* The classification, when there is one that still holds. An open asks for AG_WRITE_REAL, a mapping for nothing. */
static __always_inline struct ag_object *ag_known(struct inode *inode, __u32 flags)
{
        struct ag_object *object;
        struct ag_write *write;

        object = bpf_inode_storage_get(&ag_objects, inode, 0, 0);
        if (!object || object->state != AG_OBJECT_KNOWN)
                return NULL;
        write = bpf_inode_storage_get(&ag_writes, inode, 0, 0);
        if (!write || write->seq != object->write_seq || (write->flags & flags) != flags ||
            ag_has_writer(inode))
                return NULL;
        return object;
}

/* A file that is no model and nothing else of ours. */
static __always_inline bool ag_object_is_plain(const struct ag_object *object)
{
        return !object->n_columns && !(object->flags & (AG_OBJECT_MODEL | AG_OBJECT_REFUSED));
}

#endif
