/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GATE_H
#define GATE_H
/*
 * Answers held opens (design section 3). Three threads of its own: the gate
 * (request ring, fanotify; never blocks) and the worker (subjects, cgroups,
 * background classification) at the lowest real-time priority, since openers
 * spin for them; and the scan pool (opens siblings, waits for scanner children),
 * for which they sleep.
 *
 * The rest of the daemon sees this header; the parts see gate-internal.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "counters.h"
#include "inventory.h"
#include "journal.h"
#include "loader.h"
#include "policy-store.h"

typedef struct Dossiers Dossiers;
typedef struct Gate Gate;

/* Requests about subjects. Called on the worker thread, one at a time. */
typedef struct GateHandlers {
        void *userdata;
        /* RESOLVE and MAPPED; `path_fd`: of the mapped file, when it was found already. */
        void (*on_resolve)(void *userdata, const struct ag_request *r, int path_fd);
        /* The traits of one that may be gone, if they are known. */
        bool (*on_recall)(void *userdata, const struct ag_request *r, uint32_t *ret_traits);
        void (*on_cgroup)(void *userdata, const struct ag_request *r); /* CGROUP */
        /* A sensor was opened: for the sessions. Any thread. */
        void (*on_sensor)(void *userdata, const struct ag_event *ev);
        /* A model was loaded: the traits of that process grow. Any thread. */
        void (*on_traits)(void *userdata, pid_t tgid, uint64_t start_time, uint32_t traits);
        /*
         * Is this model declared? `fd` is readable, `columns` may be shortened (a corrected
         * classification). Returns 1 declared, 0 not. Called on the scan pool's thread.
         */
        int (*on_model)(void *userdata, int fd, const struct ag_inode_key *inode, uint8_t *columns,
                        uint8_t *n_columns);
        /* A model that a rule could refuse has or keeps this number; before its opener is decided on. Same thread. */
        void (*on_numbered)(void *userdata, int fd, uint32_t model);
        /*
         * This process has a runtime open and may map it (AG_RESOLVED_OPENED), or something that may be one
         * (AG_RESOLVED_ASKED), or neither any more (0). Any thread; fanotify backend only.
         */
        void (*on_opened)(void *userdata, pid_t tgid, uint32_t flags);
        /* The scripts of this process are to be in the dossier; with `wait` before it returns. Worker thread. */
        void (*on_look)(void *userdata, pid_t tgid, uint64_t cgroup_id, bool wait);
} GateHandlers;

typedef struct GateOptions {
        const LoaderMaps *maps;
        struct ag_control *control;
        PolicyStore *store;
        Inventory *inventory;
        Dossiers *dossiers; /* what each workload has read */
        Journal *journal;
        Counters *counters;
        GateHandlers handlers;
        const int *fanotify_fds; /* of earlier runs, oldest first, from the fd store; taken */
        size_t n_fanotify_fds;
        const char *scanner_program; /* NULL: the installed one */
        const char *modelcaps_dir;   /* NULL: the installed one */
        const char *scan_cache;      /* file of what was found by earlier runs; NULL: none */
        unsigned scan_seconds;       /* longest scan of one file */
        unsigned scan_children;      /* at once; 0: default */
        unsigned delay_seconds;      /* for tests: each scan takes at least that long */
        bool watch_all;          /* no hook tells of opens: watch whole file systems (fanotify backend) */
        const char *filesystems; /* of these only: mount points, blanks between; NULL: all local ones */
} GateOptions;

typedef struct GateCounters {
        uint64_t requests;    /* records taken from the ring */
        uint64_t invalid;     /* of these, not understood */
        uint64_t gated;       /* files marked */
        uint64_t unreachable; /* holds whose file was not found: their opener meets the deadline */
        uint64_t late;        /* holds that came to the gate after their deadline */
        uint64_t scans;
        uint64_t scans_saved;   /* of the scans: answered by what an earlier one found */
        uint64_t scan_failures; /* unparsable for a reason of ours: timeout, dead child */
        uint64_t allowed;       /* held opens let go: plainly, */
        uint64_t reported;
        uint64_t audited;
        uint64_t denied;
        uint64_t passed;          /* events of openers that were not held */
        uint64_t denied_previous; /* events of earlier runs, refused at the start of the next */
        uint64_t abandoned;       /* held openers that died before they were asked about */
        uint64_t waiting;         /* asleep now */
        uint64_t marks;           /* files marked now */
        uint64_t background_reported; /* let pass in audit mode, counted as allowed by the kernel, judged after the fact */
        uint64_t background_audited;
        uint64_t seen;    /* opens that no hook has counted: the gate saw them first (fanotify backend) */
        uint64_t dropped; /* requests that the worker had no room for */
} GateCounters;

int gate_new(const GateOptions *options, Gate **ret);
Gate *gate_free(Gate *g); /* answers everything that waits, then ends the threads */
DEFINE_CLEANUP(Gate *, gate_free);

/* For a run that cannot go on: who waits in groups of earlier runs is refused, and the descriptors are closed. */
void gate_refuse_groups(const int *fds, size_t n);

/* Threads run from here on; alive_until is set. */
int gate_start(Gate *g);

/* Files are watched from here on, where no hook does it. Called when the kernel side is attached. */
int gate_watch(Gate *g);           /* again: what was mounted since */
int gate_mounts_fd(const Gate *g); /* EPOLLPRI: something was mounted; -EBADF: nobody need look */

/* Borrowed, for the fd store, oldest first: ours, and that of an earlier run as long as openers may wait in it. */
size_t gate_fanotify_fds(const Gate *g, int ret[2]);
void gate_counters(Gate *g, GateCounters *ret);
uint64_t gate_denied_previous(const Gate *g); /* by this start */
uint64_t gate_heartbeat(const Gate *g);       /* boot time of the gate thread's last turn */

/*
 * What is this file to inference? AG_OBJECT_LIBRARY_* or AG_OBJECT_INTERPRETER
 * flags, 0 for neither. `path_fd` may be O_PATH; `path` is a hint. From the
 * inode's storage when it is known, else by a scan: waits for it. Not on the
 * gate's thread. The result is stored. -EOPNOTSUPP: it can never be looked into (remote, no regular file).
 */
int gate_classify_library(Gate *g, int path_fd, const char *path, uint32_t *ret_flags);

/* O_PATH descriptor of the file that a MAPPED request is about, found as its opener named it. -errno: not that way. */
int gate_open_mapped(Gate *g, const struct ag_request *r);

/*
 * O_PATH descriptor of what that process calls `path`, an absolute one: below its
 * root, cached names only. -EAGAIN: not in the cache. Any thread.
 */
int gate_open_path(pid_t pid, const char *path);

/* For reading, when it is a regular file on a local file system. Never the gate's thread. */
int gate_reopen(int path_fd);

/*
 * Has a file scanned by itself, without what lies beside it: nothing of it goes
 * into the inode's storage. Takes `fd`. `urgent`: somebody waits. `on_done` comes
 * once, on the pool's thread, with NULL when there is no answer. -ENOBUFS: it will not come.
 */
int gate_scan(Gate *g, int fd, const char *path, bool urgent,
              void (*on_done)(void *userdata, const Classification *c), void *userdata);

/* What is known of a file, and still holds; -ENOENT, -ESTALE. Any thread. */
int gate_known(Gate *g, int path_fd, struct ag_object *ret);

/* Forgets the classification of a file (declared, or corrected): its next open is judged again. */
int gate_forget(Gate *g, int path_fd, const struct ag_inode_key *inode);

#endif
