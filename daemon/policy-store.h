/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_STORE_H
#define POLICY_STORE_H
/*
 * The active generation of the policy and the one before it. Main loads, the
 * other threads borrow: a generation is immutable and counted, so a reload
 * never pulls a table from under the gate.
 */
#include "lib/diag.h"
#include "lib/modelcap.h"
#include "lib/policy.h"

typedef struct PolicyGeneration {
        unsigned n_ref; /* atomic */
        uint32_t generation;
        uint64_t applied_ns;   /* boot time of the flip */
        uint64_t applied_usec; /* wall clock of the flip */
        PolicyTables *tables;
        const ModelcapSet *modelcaps; /* the store's; lives as long as the daemon */
} PolicyGeneration;

typedef struct PolicyStoreOptions {
        const char *modelcaps_dir; /* NULL: the installed one */
        const char *const *files;  /* NULL: the default directories */
        PolicyMode host_mode;
        const char *jurisdiction; /* of aiguard.conf, or NULL; borrowed, must outlive the store */
} PolicyStoreOptions;

typedef struct PolicyStore PolicyStore;

int policy_store_new(const PolicyStoreOptions *options, Diag *diag, PolicyStore **ret);
PolicyStore *policy_store_free(PolicyStore *s);
DEFINE_CLEANUP(PolicyStore *, policy_store_free);

void policy_store_set_host_mode(PolicyStore *s, PolicyMode mode); /* for the next prepare */
/* For the next prepare, and borrowed until then. */
void policy_store_set_attested(PolicyStore *s, const PolicyAttested *attested, size_t n);
const ModelcapSet *policy_store_modelcaps(const PolicyStore *s);
uint32_t policy_store_names_hash(const PolicyStore *s);

/* Parses and compiles in memory; on an error the active generation stays. The result is not active yet. */
int policy_store_prepare(PolicyStore *s, Diag *diag, PolicyGeneration **ret);
/* Makes a prepared generation the active one (after policy-apply.c put it into the kernel). Takes the reference. */
void policy_store_activate(PolicyStore *s, PolicyGeneration *g, uint64_t now_ns);

/* Any thread. A reference; NULL before the first load. */
PolicyGeneration *policy_store_current(PolicyStore *s);
/* The generation that was active at that boot time, or the oldest still known. */
PolicyGeneration *policy_store_at(PolicyStore *s, uint64_t time_ns);
/* By the number an event carries; NULL when it is gone. */
PolicyGeneration *policy_store_generation(PolicyStore *s, uint32_t generation);
PolicyGeneration *policy_generation_unref(PolicyGeneration *g);
DEFINE_CLEANUP(PolicyGeneration *, policy_generation_unref);

#endif
