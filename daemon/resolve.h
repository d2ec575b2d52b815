/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RESOLVE_H
#define RESOLVE_H
/*
 * Who is this process? Looks at what it has mapped executable, at its cgroup,
 * its executable and its user, and writes the answer to ag_resolved.
 */
#include <stdint.h>
#include <sys/types.h>

#include "manager.h"

#define RESOLVE_EVIDENCE_MAX 24

typedef struct ResolveEvidence {
        uint32_t trait; /* one bit of enum ag_trait */
        char text[256]; /* unescaped: may hold a hostile path */
} ResolveEvidence;

/* All that is known of one process, for `explain PID` and for the list of older workloads. */
typedef struct Resolution {
        pid_t tgid;
        uint32_t traits; /* of ag_subjects and ag_resolved together */
        uint32_t map_seq;
        uint16_t workload;
        uint32_t uid;
        uint64_t cgroup_id;
        uint64_t start_ticks; /* of /proc/PID/stat */
        bool has_subject;     /* the kernel side knows it already */
        bool complete;        /* every executable mapping was classified */
        char workload_name[AG_NAME_MAX];
        char cgroup[1024]; /* path below the cgroup2 root; "" when unknown */
        char exe[1024];    /* "" when it has none or it cannot be read */
        size_t n_evidence;
        ResolveEvidence evidence[RESOLVE_EVIDENCE_MAX];
} Resolution;

typedef struct Resolve Resolve;

int resolve_new(Manager *m, Resolve **ret);
Resolve *resolve_free(Resolve *r);
DEFINE_CLEANUP(Resolve *, resolve_free);

/* RESOLVE and MAPPED. Worker thread. `path_fd`: O_PATH, of the file that was mapped; -EBADF: not found yet. */
void resolve_on_request(Resolve *r, const struct ag_request *q, int path_fd);

/* The traits of a process that may be gone, if all is known that it had mapped when it made this request. Worker thread. */
bool resolve_recall(Resolve *r, const struct ag_request *q, uint32_t *ret_traits);

/* Any thread, the gate's too: never blocks but for a short lock. Traits only grow. */
void resolve_add_traits(Resolve *r, pid_t tgid, uint64_t start_time, uint32_t traits);
/* AG_RESOLVED_OPENED, AG_RESOLVED_ASKED, or 0: it has none of that any more. Any thread. */
void resolve_set_opened(Resolve *r, pid_t tgid, uint32_t flags);

/* Can it run code that is a text, or has it a runtime? By what is known of it. Any thread. */
bool resolve_runs_code(Resolve *r, pid_t tgid);

/* Looks at the process now and writes ag_resolved. `ret` may be NULL. -ESRCH: gone. */
int resolve_process(Resolve *r, pid_t tgid, Resolution *ret);

/* The same without writing anything; never waits for a scan. */
int resolve_explain(Resolve *r, pid_t tgid, Resolution *ret);

/* "runtime", "accelerator", ...: one bit. */
const char *resolve_trait_to_string(uint32_t trait);

#endif
