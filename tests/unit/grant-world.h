/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_WORLD_H
#define GRANT_WORLD_H
/* For tests of what grants do: a compiled policy, a store, and the keys that come of both. */
#include "grant-fixture.h"
#include "lib/grant-fold.h"
#include "policy-fixture.h"

#define NOW 1790000000000000ULL /* 2026-09-21T14:13:20Z */
#define HOUR 3600000000ULL
#define VIDEO0 AG_DEV(81, 0)
#define VIDEO1 AG_DEV(81, 1)

typedef struct World {
        Fixture f;
        char *path;
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        TrustKey key;
        GrantStore *store;
        GrantClaims claims;
        GrantKey *keys;
        size_t n_keys;
        uint64_t next;
} World;

static inline void begin(World *w, const char *policy, const char *law)
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };

        *w = (World){};
        fixture_begin(&w->f);
        cr_assert_geq(sodium_init(), 0);
        crypto_sign_seed_keypair(w->key.public_key, w->secret, seed);
        trust_key_id(w->key.public_key, w->key.id);
        cr_assert_eq(string_printf(&w->path, "%s/store", w->f.dir), 0);
        cr_assert_eq(grant_store_open(w->path, true, &w->store, NULL), 0);
        fixture_add(&w->f, BASELINE);
        fixture_add(&w->f, law);
        fixture_add_text(&w->f, "90.yaml", policy);
        cr_assert_eq(fixture_compile(&w->f), 0);
}

static inline void end(World *w)
{
        grant_claims_done(&w->claims);
        grant_store_free(w->store);
        free(w->path);
        free(w->keys);
        fixture_end(&w->f);
}

/* Takes the payload. */
static inline void add(World *w, GrantKind kind, char *payload, uint64_t now)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *text = NULL, *owned = payload;
        char code[GRANT_CODE_MAX];
        GrantError e = {};
        int r = grant_parse(kind, owned, strlen(owned), &g, &e);

        if (r >= 0)
                r = envelope_make(kind, owned, strlen(owned), w->secret, &text);
        if (r >= 0)
                r = grant_store_import(w->store, text, strlen(text), g, &w->key, now, 0, &e);
        grant_error_code(&e, code);
        cr_assert_eq(r, 0, "%s", code);
        cr_assert_eq(grant_claims_set(&w->claims,
                                      (size_t) (grant_store_find(w->store, g->id) -
                                                grant_store_get(w->store, 0)),
                                      g),
                     0);
}

static inline size_t devices(void *userdata, const char *kind, const char *name, uint32_t *ret, size_t max)
{
        if (!streq(kind, "camera"))
                return 0;
        ret[0] = streq(name, "video0") ? VIDEO0 : VIDEO1;
        return 1;
}

static inline size_t models(void *userdata, const char *digest, uint32_t *ret, size_t max)
{
        ret[0] = 7;
        ret[1] = 9;
        return streq(digest, DIGEST_1) ? 2 : 0;
}

static inline void fold(World *w, uint64_t now)
{
        GrantFoldInput in = { .claims = &w->claims,
                              .store = w->store,
                              .tables = w->f.tables,
                              .modelcaps = w->f.modelcaps,
                              .now_usec = now,
                              .devices = devices,
                              .models = models };

        free(w->keys);
        w->keys = NULL;
        cr_assert_eq(grant_fold(&in, &w->keys, &w->n_keys, &w->next), 0);
}

/* Until when; 0: closed. */
static inline uint64_t until(const World *w, const char *workload, const char *column, unsigned grant,
                             uint32_t object)
{
        int workload_number = policy_tables_find(w->f.tables, workload);
        int c = policy_column_parse(w->f.modelcaps, column);

        cr_assert_geq(workload_number, 0);
        cr_assert_geq(c, 0);
        for (size_t i = 0; i < w->n_keys; i++)
                if (w->keys[i].key.workload == workload_number && w->keys[i].key.column == c &&
                    w->keys[i].key.grant == grant && w->keys[i].key.model == object)
                        return w->keys[i].until_usec;
        return 0;
}

#endif
