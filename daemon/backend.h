/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BACKEND_H
#define BACKEND_H
/*
 * What enforces: one interface, whatever the kernel allows. The rest of the
 * daemon does not know which one runs. Today there is one, the BPF LSM.
 */
#include <stdbool.h>

#include "abi.h"
#include "loader.h"

typedef struct Backend Backend;

typedef struct BackendOps {
        const char *name; /* lsm */
        /* -EOPNOTSUPP: this kernel cannot; `reason` says in one sentence what is missing and the fix. */
        int (*open)(Backend *b, uint32_t names_hash);
        int (*attach)(Backend *b);
        void (*close)(Backend *b);
} BackendOps;

struct Backend {
        const BackendOps *ops;
        Loader *loader;
        char reason[240]; /* why this one */
};

extern const BackendOps backend_lsm_ops;

int backend_new(uint32_t names_hash, Backend **ret);
Backend *backend_free(Backend *b);
DEFINE_CLEANUP(Backend *, backend_free);

/* -EOPNOTSUPP: a required hook is missing; what an earlier run attached stays attached. */
int backend_attach(Backend *b);

#endif
