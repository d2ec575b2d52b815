/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: who opens a file, put together from what the tracepoints wrote and
 * what the daemon has found out: in the daemon what subject.bpf.h is in the
 * kernel. Reads maps and one file of /proc. Owns nothing. Called by fan-gate.c
 * on the gate's thread.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "decide.h"
#include "fan-internal.h"
#include "lib/proc.h"

/* Takes over one value, as ag_match_take() does. */
static void take(const PolicyTables *t, const struct ag_workload_value *v, uint16_t *workload, bool *not_ai)
{
        bool is_not;

        if (!v->workload || v->workload >= t->n_workloads || (*workload && !*not_ai))
                return;
        is_not = t->rows[v->workload].flags & AG_ROW_NOT_AI;
        if (*workload && is_not)
                return;
        *workload = v->workload;
        *not_ai = is_not;
}

static void match(Fan *f, const PolicyTables *t, struct ag_process *p)
{
        const LoaderMaps *maps = f->gate->maps;
        uint32_t flags = __atomic_load_n(&f->gate->control->flags, __ATOMIC_ACQUIRE);
        struct ag_workload_value v;
        uint16_t workload = 0;
        bool not_ai = false, pending = false;

        if (flags & AG_CONTROL_CGROUPS) {
                if (bpf_map_lookup_elem(maps->cgroups, &p->subject.cgroup_id, &v) == 0)
                        take(t, &v, &workload, &not_ai);
                else
                        pending = true;
        }
        if (flags & AG_CONTROL_EXES && bpf_map_lookup_elem(maps->exes, &p->exe, &v) == 0)
                take(t, &v, &workload, &not_ai);
        if (flags & AG_CONTROL_USERS && bpf_map_lookup_elem(maps->users, &p->uid, &v) == 0)
                take(t, &v, &workload, &not_ai);
        if (workload && !not_ai)
                p->subject.traits |= AG_TRAIT_DECLARED;
        p->subject.traits &= ~(uint32_t) AG_TRAIT_PENDING_CGROUP;
        if (pending)
                p->subject.traits |= AG_TRAIT_PENDING_CGROUP;
        p->subject.workload = workload;
}

/* What the daemon has found out since. */
static void merge(const struct ag_resolved *r, struct ag_process *p)
{
        p->subject.traits |= r->traits & (AG_TRAITS_STRONG | AG_TRAITS_WEAK | AG_TRAIT_INTERPRETER);
        if (r->map_seq == p->subject.map_seq)
                p->subject.traits &= ~(uint32_t) AG_TRAIT_PENDING_MAP;
        if (r->flags & (AG_RESOLVED_OPENED | AG_RESOLVED_ASKED))
                p->subject.traits |= AG_TRAIT_PENDING_MAP;
}

static void read_comm(pid_t tgid, char ret[16])
{
        _cleanup_close_ int proc = proc_open(tgid), fd = -EBADF;
        ssize_t n;

        if (proc < 0)
                return;
        fd = openat(proc, "comm", O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, ret, 15);
        ret[n > 0 ? n : 0] = 0;
        if (n > 0 && ret[n - 1] == '\n')
                ret[n - 1] = 0;
}

bool fan_who(Fan *f, pid_t tgid, struct ag_gated *ret, bool *ret_opened)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g =
                        policy_store_current(f->gate->options.store);
        struct ag_resolved r = {};
        struct ag_process p;

        if (!g || bpf_map_lookup_elem(f->gate->maps->subjects, &tgid, &p) < 0 || p.flags & AG_PROCESS_EXEMPT)
                return false;
        if (bpf_map_lookup_elem(f->gate->maps->resolved, &tgid, &r) == 0)
                merge(&r, &p);
        if (p.subject.matches != f->gate->control->matches || p.subject.traits & AG_TRAIT_PENDING_CGROUP)
                match(f, g->tables, &p);
        if (!p.subject.traits && !p.subject.workload)
                return false;
        *ret = (struct ag_gated){
                .time = boottime_ns(),
                .start_time = p.start_time,
                .cgroup_id = p.subject.cgroup_id,
                .tgid = (uint32_t) tgid,
                .uid = p.uid,
                .traits = p.subject.traits,
                .workload = p.subject.workload,
                .strength = ag_strength(p.subject.traits),
        };
        if (ret->workload == AG_WORKLOAD_OTHER && ret->strength != AG_STRENGTH_NONE)
                ret->workload = AG_WORKLOAD_UNDECLARED;
        read_comm(tgid, ret->comm);
        *ret_opened = r.flags & (AG_RESOLVED_OPENED | AG_RESOLVED_ASKED);
        return true;
}
