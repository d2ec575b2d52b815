/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_SUFFIX_BPF_H
#define AG_SUFFIX_BPF_H
/*
 * Does a file's name end as names of models do? Asked for interpreters only, and
 * never alone: a large file is looked into whatever its name.
 */
#include "maps.bpf.h"

/* The end of a name: the longest suffix with its dot, and a NUL. */
struct ag_tail {
        char name[AG_SUFFIX_MAX + 1];
};

static __always_inline char ag_lower(char c)
{
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Where the suffix begins, behind the last dot; 0: there is none. */
AG_PROVEN_ALONE int ag_suffix_start(const struct ag_tail *tail)
{
        int start = 0;

        if (!tail)
                return 0;
        for (int i = 0; i < AG_SUFFIX_MAX; i++) {
                if (!tail->name[i])
                        break;
                if (tail->name[i] == '.')
                        start = i + 1;
        }
        return start;
}

AG_PROVEN_ALONE int ag_suffix_lookup(const struct ag_suffix *suffix)
{
        struct ag_suffix key;

        if (!suffix)
                return false;
        for (int i = 0; i < AG_SUFFIX_MAX; i++)
                key.name[i] = ag_lower(suffix->name[i]);
        return bpf_map_lookup_elem(&ag_suffixes, &key) != NULL;
}

AG_SUBPROGRAM bool ag_suffix_is_known(struct file *file)
{
        const unsigned char *name = file->f_path.dentry->d_name.name;
        __u32 len = file->f_path.dentry->d_name.len;
        struct ag_suffix suffix = {};
        struct ag_tail tail = {};
        int start;

        if (len > AG_SUFFIX_MAX)
                name += len - AG_SUFFIX_MAX;
        if (bpf_probe_read_kernel_str(tail.name, sizeof(tail.name), name) < 0)
                return false;
        start = ag_suffix_start(&tail);
        if (start <= 0 || start > AG_SUFFIX_MAX)
                return false;
        if (bpf_probe_read_kernel_str(suffix.name, sizeof(suffix.name), name + start) <= 0)
                return false;
        return ag_suffix_lookup(&suffix);
}

#endif
