/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overview: executable mappings, which is how a runtime or an interpreter enters a
 * process. What is known of the file becomes a trait; what is not known makes the
 * subject pending and is asked for, without waiting. Shared writable mappings
 * raise the write sequence.
 *
 * Never refuses anything. Here a classification of an overlay inode counts, unlike
 * at an open: each start of a container would otherwise be a question, and a lower
 * file rewritten behind an overlay can hide a runtime only, never a model.
 */
#include "object.bpf.h"
#include "subject.bpf.h"

static __always_inline int ag_map_unknown(struct file *file, struct ag_control *control,
                                          const bool with_path)
{
        struct ag_what what = {};
        struct ag_who who = {};
        struct ag_subject *s;
        struct inode *inode;
        bool writer = false;

        if (ag_is_daemon(control))
                return 0;
        inode = file->f_inode;
        if (ag_offer(inode, &what.write_seq, &writer) < 0)
                return 0;
        s = ag_subject_make();
        if (!s)
                return 0;
        ag_subject_pend(s);
        /* With nobody there to ask, it stays pending: the next daemon looks at every process first. */
        if (!ag_daemon_lives(control))
                return 0;
        ag_who_fill(&who, s);
        ag_inode_key(inode, &what.inode);
        what.kind = AG_REQUEST_MAPPED;
        what.flags = writer ? AG_REQUEST_WRITER : 0;
        what.time = bpf_ktime_get_boot_ns();
        what.fs_magic = inode->i_sb->s_magic;
        what.size = inode->i_size;
        if (with_path)
                ag_request_send(file, &who, &what);
        else
                ag_request_send_bare(&who, &what);
        return 0;
}

static __always_inline int ag_mapped(struct file *file, bool executable, bool shared, const bool with_path)
{
        struct inode *inode = file->f_inode;
        struct ag_control *control;
        struct ag_object *known;
        struct ag_subject *s;
        __u32 traits;

        if ((inode->i_mode & S_IFMT) != S_IFREG)
                return 0;
        if (shared && file->f_mode & FMODE_WRITE)
                ag_wrote(inode);
        if (!executable)
                return 0;
        known = ag_known(inode, 0);
        if (!known) {
                control = ag_controls();
                return control ? ag_map_unknown(file, control, with_path) : 0;
        }
        traits = ag_traits_of(known->flags);
        if (!traits)
                return 0;
        s = ag_subject_make();
        if (s)
                ag_subject_add(s, traits);
        return 0;
}

SEC("lsm/mmap_file")
int BPF_PROG(ag_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
        if (ag_arg_is_null(ctx, 0) || !file)
                return 0;
        return ag_mapped(file, prot & PROT_EXEC, flags & MAP_SHARED_BIT, true);
}

SEC("lsm/file_mprotect")
int BPF_PROG(ag_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
        struct file *file = vma->vm_file;

        if (!(prot & PROT_EXEC) || !file)
                return 0;
        return ag_mapped(file, true, false, false);
}
