/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONSENTS_INTERNAL_H
#define CONSENTS_INTERNAL_H
/* For consents*.c only. */
#include <pthread.h>

#include "consents.h"

#define CONSENT_MODELS_MAX 4096U

/* A model that has a number in the kernel's tables and was digested. */
typedef struct ConsentModel {
        uint32_t number;
        char digest[SHA256_HEX_SIZE];
} ConsentModel;

/* A key that is open for a model, by digest: its number comes when it is classified. */
typedef struct ConsentWanted {
        struct ag_consent_key key; /* model is not filled */
        char digest[SHA256_HEX_SIZE];
        uint64_t until_usec;
} ConsentWanted;

struct Consents {
        Manager *m;
        GrantStore *store; /* NULL: cannot be used, nothing holds */
        GrantClaims claims;
        Trust *trust;
        size_t n_loaded; /* of the store's entries */
        size_t n_void;
        size_t n_fresh;                    /* verified by this run, and not in the index yet */
        char verified_by[SHA256_HEX_SIZE]; /* digest of the trust that the claims were verified with */
        bool complete;                     /* all are verified; before, nothing new is opened */
        GrantKey *keys;                    /* what is in the map, sorted */
        size_t n_keys;
        uint64_t closed_ns;    /* boot time when the last keys that closed were gone from the kernel */
        uint64_t checked_usec; /* ends up to here have been told */
        int clock_fd;
        sd_event_source *load;
        sd_event_source *timer;
        sd_event_source *clock;

        char **digests; /* of models, while folding: a digest is its place in here */

        pthread_mutex_t lock; /* these; the pool's threads share them */
        ConsentModel *models;
        size_t n_models;
        ConsentWanted *wanted;
        size_t n_wanted;
};

int consents_open(Consents *c); /* the store, or a sentence in the log */
/* trust.d and this host's own key, as they are now: revoked meanwhile, added meanwhile. `tell`: what is no key, and why. */
int consents_load_trust(const Consents *c, bool tell, Trust **ret);
void consents_begin(Consents *c); /* verifies for a moment, the rest in the background */
size_t consents_models(void *userdata, const char *digest, uint32_t *ret, size_t max);
/* Puts the numbers of models in the place of their digests. Takes and replaces *keys, which stay sorted. */
int consents_resolve_models(Consents *c, GrantKey **keys, size_t *n);
size_t consents_devices(void *userdata, const char *kind, const char *name, uint32_t *ret, size_t max);
/* Closes every key of a workload, and what runs on it. */
void consents_close_workload(Consents *c, uint16_t workload);
int consents_map_put(const Consents *c, const GrantKey *key);
#endif
