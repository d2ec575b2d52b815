/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BACKEND_H
#define BACKEND_H
/*
 * What enforces: one interface, whatever the kernel allows. The rest of the
 * daemon does not know which one runs: it is handed maps, and a gate that
 * answers opens. lsm is the strong one; fanotify is for kernels without the BPF
 * LSM; observe refuses nothing and says so.
 */
#include <stdbool.h>

#include "abi.h"
#include "lib/config.h"
#include "lib/features.h"
#include "loader.h"

typedef struct Backend Backend;

typedef struct BackendOps {
        const char *name;   /* as in Backend= */
        bool watches_files; /* no hook sees opens: the gate watches file systems */
        bool enforces;
        bool automatic;     /* Backend=auto may choose it, when those before it are not possible */
        const char *weaker; /* what it does not do, in one sentence; NULL: nothing is missing */
        /* -EOPNOTSUPP: this kernel cannot; `reason` says in one sentence what is missing and the fix. */
        int (*open)(Backend *b, uint32_t names_hash);
        int (*attach)(Backend *b);
        void (*close)(Backend *b);
} BackendOps;

struct Backend {
        const BackendOps *ops;
        Loader *loader;
        char reason[700]; /* why this one */
        char fix[400];    /* how to get the strong one */
};

extern const BackendOps backend_lsm_ops;
extern const BackendOps backend_fanotify_ops;
extern const BackendOps backend_observe_ops;

/* Auto: the first that this kernel can run, the strongest first. */
int backend_new(ConfigBackend which, uint32_t names_hash, Backend **ret);
Backend *backend_free(Backend *b);
DEFINE_CLEANUP(Backend *, backend_free);

/* For the backends: is all there that this kind needs? -EOPNOTSUPP or -EPERM, and `reason` says what and the fix. */
int backend_check(Backend *b, FeaturesBackend kind);

/* How this host would get the strong backend: one sentence; "" when it runs already. */
const char *backend_fix(const Backend *b);

/* -EOPNOTSUPP: a required hook is missing; what an earlier run attached stays attached. */
int backend_attach(Backend *b);

#endif
