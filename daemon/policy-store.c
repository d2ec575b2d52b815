/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: holds the model capabilities, the active generation of the policy
 * and the one before. Parsing and compiling are the library's, putting it into
 * the kernel is policy-apply.c's. Called by the manager (load) and by every
 * thread that has to name or decide something (borrow).
 */
#include "policy-store.h"

#include <string.h>

#include "lib/log.h"
#include "lock.h"

struct PolicyStore {
        PolicyStoreOptions options;
        ModelcapSet *modelcaps;
        const PolicyAttested *attested; /* borrowed */
        size_t n_attested;
        uint32_t names_hash;
        uint32_t next;
        pthread_mutex_t lock; /* the two below */
        PolicyGeneration *current;
        PolicyGeneration *previous;
};

/* FNV-1a over the names with their ends: another order or name is another numbering of the columns. */
static uint32_t hash_names(const ModelcapSet *set)
{
        uint32_t h = 2166136261U;

        for (size_t i = 0; i < modelcap_set_size(set); i++) {
                const char *name = modelcap_set_name(set, i);

                for (size_t k = 0; k <= strlen(name); k++)
                        h = (h ^ (unsigned char) name[k]) * 16777619U;
        }
        return h;
}

int policy_store_new(const PolicyStoreOptions *options, Diag *diag, PolicyStore **ret)
{
        _cleanup_(policy_store_freep) PolicyStore *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        lock_init(&s->lock);
        s->options = *options;
        s->next = 1;
        r = modelcap_set_load(options->modelcaps_dir ? options->modelcaps_dir : MODELCAPS_DIR, diag,
                              &s->modelcaps);
        if (r < 0)
                return r;
        s->names_hash = hash_names(s->modelcaps);
        *ret = TAKE_PTR(s);
        return 0;
}

PolicyStore *policy_store_free(PolicyStore *s)
{
        if (!s)
                return NULL;
        policy_generation_unref(s->current);
        policy_generation_unref(s->previous);
        modelcap_set_free(s->modelcaps);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}

void policy_store_set_host_mode(PolicyStore *s, PolicyMode mode)
{
        s->options.host_mode = mode;
}

void policy_store_set_attested(PolicyStore *s, const PolicyAttested *attested, size_t n)
{
        s->attested = attested;
        s->n_attested = n;
}

const ModelcapSet *policy_store_modelcaps(const PolicyStore *s)
{
        return s->modelcaps;
}

uint32_t policy_store_names_hash(const PolicyStore *s)
{
        return s->names_hash;
}

int policy_store_prepare(PolicyStore *s, Diag *diag, PolicyGeneration **ret)
{
        PolicySources sources = {
                .files = (char **) s->options.files, /* not written to */
                .host_mode = s->options.host_mode,
                .jurisdiction = s->options.jurisdiction,
                .attested = s->attested,
                .n_attested = s->n_attested,
        };
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g = calloc(1, sizeof(*g));
        _cleanup_(policy_freep) Policy *p = NULL;
        int r;

        if (!g)
                return -ENOMEM;
        g->n_ref = 1;
        g->modelcaps = s->modelcaps;
        r = policy_load(&sources, s->modelcaps, diag, &p);
        if (r < 0)
                return r;
        r = policy_compile(p, s->modelcaps, diag, &g->tables);
        if (r < 0)
                return r;
        if (g->tables->n_workloads < AG_WORKLOAD_FIRST || g->tables->n_workloads > AG_WORKLOADS_MAX)
                return -E2BIG;
        g->generation = s->next++;
        *ret = TAKE_PTR(g);
        return 0;
}

void policy_store_activate(PolicyStore *s, PolicyGeneration *g, uint64_t now_ns)
{
        PolicyGeneration *old;

        g->applied_ns = now_ns;
        g->applied_usec = realtime_usec();
        pthread_mutex_lock(&s->lock);
        old = s->previous;
        s->previous = s->current;
        s->current = g;
        pthread_mutex_unlock(&s->lock);
        policy_generation_unref(old);
}

static PolicyGeneration *ref(PolicyGeneration *g)
{
        if (g)
                __atomic_add_fetch(&g->n_ref, 1, __ATOMIC_RELAXED);
        return g;
}

PolicyGeneration *policy_store_current(PolicyStore *s)
{
        LOCK_SCOPE(&s->lock);
        return ref(s->current);
}

PolicyGeneration *policy_store_at(PolicyStore *s, uint64_t time_ns)
{
        LOCK_SCOPE(&s->lock);
        if (s->previous && s->current && time_ns < s->current->applied_ns)
                return ref(s->previous);
        return ref(s->current);
}

PolicyGeneration *policy_store_generation(PolicyStore *s, uint32_t generation)
{
        LOCK_SCOPE(&s->lock);
        if (s->current && s->current->generation == generation)
                return ref(s->current);
        if (s->previous && s->previous->generation == generation)
                return ref(s->previous);
        return NULL;
}

PolicyGeneration *policy_generation_unref(PolicyGeneration *g)
{
        if (!g || __atomic_sub_fetch(&g->n_ref, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        policy_tables_free(g->tables);
        free(g);
        return NULL;
}
