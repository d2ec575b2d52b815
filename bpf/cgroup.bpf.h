/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_CGROUP_BPF_H
#define AG_CGROUP_BPF_H
/*
 * Overview: a cgroup was made: the daemon is asked which workload's it is. Both
 * backends ask by the same words. Owns no map. Included by task.bpf.c and fan.bpf.c.
 */
#include "subject.bpf.h"

/* Cgroups of the other hierarchies have numbers of their own, which say nothing here. */
static __always_inline bool ag_is_cgroup2(struct cgroup *cgroup)
{
        return cgroup->root->hierarchy_id == 0;
}

static __always_inline void ag_cgroup_made(struct cgroup *cgroup, const char *path)
{
        struct ag_control *control = ag_controls();
        struct ag_request *r;
        struct ag_who who = {};
        struct ag_what what = {};
        long n;

        if (!control || !(control->flags & AG_CONTROL_CGROUPS) || !ag_is_cgroup2(cgroup))
                return;
        r = bpf_ringbuf_reserve(&ag_requests, AG_REQUEST_HEAD + AG_PATH_MAX, 0);
        if (!r) {
                ag_count(AG_STAT_REQUEST_LOST);
                ag_error(AG_PLACE_REQUEST_RING, -ENOSPC);
                return;
        }
        who.cgroup_id = cgroup->kn->id;
        what.kind = AG_REQUEST_CGROUP;
        what.time = bpf_ktime_get_boot_ns();
        ag_request_fill(r, &who, &what);
        n = bpf_probe_read_kernel_str(r->path, AG_PATH_MAX, path);
        if (n > 0 && n <= AG_PATH_MAX)
                r->path_len = n - 1;
        else
                r->flags |= AG_REQUEST_NO_PATH;
        bpf_ringbuf_submit(r, 0);
}

#endif
