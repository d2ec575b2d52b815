/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MANAGER_H
#define MANAGER_H
/*
 * Owns all parts; start, reload and stop order; the one place with the full
 * picture. Everything here is called on the main thread, unless it says else.
 * Parts that are given a Manager may use the accessors, and only those.
 */
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/config.h"
#include "lib/features.h"
#include "gate.h"
#include "inventory.h"
#include "journal.h"
#include "lib/config.h"
#include "lib/diag.h"
#include "lib/policy.h"
#include "loader.h"
#include "policy-store.h"

typedef struct Manager Manager;

/* Parts of the subject side, see their own headers. */
typedef struct Attestations Attestations;
typedef struct Cgroups Cgroups;
typedef struct Consents Consents;
typedef struct Declarations Declarations;
typedef struct Devices Devices;
typedef struct Dossiers Dossiers;
typedef struct Resolve Resolve;
typedef struct Scripts Scripts;
typedef struct Subjects Subjects;

/*
 * Always: seen = decided = allowed + reported + audited + denied + pending, and
 * decided = emitted + suppressed + lost + pending. A plain allow owes no entry
 * and counts as suppressed.
 */
typedef struct ManagerCounters {
        uint64_t seen;
        uint64_t decided;
        uint64_t allowed;
        uint64_t reported;
        uint64_t audited;
        uint64_t denied;
        uint64_t pending; /* asleep in the gate at this moment, or on their way to journald */
        uint64_t held;
        uint64_t timed_out;
        uint64_t emitted;
        uint64_t suppressed;
        uint64_t lost;
        uint64_t requests_lost;
        uint64_t would_refuse; /* audited: enforcing would have refused */
} ManagerCounters;

/* Strings are the manager's, valid until the event loop turns. */
typedef struct ManagerStatus {
        const char *mode; /* enforce, audit, monitor (attached, not yet enforcing), degraded (a required hook is missing), observe (the backend refuses nothing) */
        const char *mode_reason; /* "aiguard.conf", "kernel command line", ... */
        const char *backend;     /* lsm, fanotify, observe */
        const char *backend_reason;
        const char *weaker; /* what this backend does not do, one sentence; "": it is the strong one */
        const char *fix;    /* how this host gets the strong one; "" as above */
        const LoaderHook *hooks;
        size_t n_hooks;
        const char *policy_name;
        const char *policy_hash;
        uint32_t policy_generation;
        uint64_t policy_since_usec; /* wall clock */
        uint64_t started_usec;      /* wall clock */
        uint64_t audit_since_usec;  /* wall clock; 0: not in audit mode */
        ManagerCounters counters;
        GateCounters gate;
        size_t n_models;          /* in the inventory */
        const char *reload_error; /* of the last reload, "" when it was good */
} ManagerStatus;

#define MANAGER_FANOTIFY_MAX 8

/* Everything but the config and the descriptors is for tests and may be NULL. */
typedef struct ManagerOptions {
        Config *config;                  /* taken */
        const char *const *policy_files; /* NULL: the default directories */
        const char *modelcaps_dir;
        const char *scanner_program;
        int fanotify_fds[MANAGER_FANOTIFY_MAX]; /* of earlier runs, oldest first; taken */
        size_t n_fanotify_fds;
} ManagerOptions;

int manager_new(const ManagerOptions *options, Manager **ret);
Manager *manager_free(Manager *m);
DEFINE_CLEANUP(Manager *, manager_free);

/*
 * Everything up to READY=1. Each failure is one sentence in the log. -EBADMSG: configuration or policy; -EPERM: no
 * rights; -EOPNOTSUPP: this kernel cannot.
 */
int manager_start(Manager *m);
int manager_run(Manager *m); /* until SIGTERM */

bool manager_interrupted(Manager *m); /* told to end while it still starts: what takes long should stop */

void manager_status(Manager *m, ManagerStatus *ret);
/* The new policy is in force, or -EBADMSG, the old one stays, and `diag` says why. Written to the journal. */
int manager_reload(Manager *m, Diag *diag);
/*
 * The same for a part that the policy is made of and that has changed: `who`, for the log. Declarations are read anew as
 * well, so nothing of theirs is good behind it.
 */
void manager_compile_again(Manager *m, const char *who);

/* Borrowed. */
sd_event *manager_event(Manager *m);
const Config *manager_config(Manager *m);
const LoaderMaps *manager_maps(Manager *m);
const struct ag_control *manager_control(Manager *m);
PolicyStore *manager_store(Manager *m);         /* any thread */
const PolicyTables *manager_tables(Manager *m); /* of the active generation; main thread, until it turns */
Gate *manager_gate(Manager *m);                 /* any thread */
Journal *manager_journal(Manager *m);           /* any thread */
Inventory *manager_inventory(Manager *m);       /* any thread */
Dossiers *manager_dossiers(Manager *m);         /* any thread */
Scripts *manager_scripts(Manager *m);           /* any thread */
Attestations *manager_attestations(Manager *m);
Cgroups *manager_cgroups(Manager *m);
Consents *manager_consents(Manager *m);
Declarations *manager_declarations(Manager *m);
Devices *manager_devices(Manager *m);
Subjects *manager_subjects(Manager *m);
Resolve *manager_resolve(Manager *m);                       /* any thread */
void manager_guard_sensors(Manager *m);                     /* see loader_guard_sensors() */
int manager_iterator_open(Manager *m, const char *program); /* see loader_iterator_open() */

#endif
