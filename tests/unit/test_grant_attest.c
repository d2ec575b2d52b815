/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: attestations read back from the store: by a trusted key, in their time, until they are ended. */
#include "grant-fixture.h"
#include "lib/grant-attest.h"
#include "temporary.h"

#define NOW 1790000000000000ULL   /* 2026-09-21T14:13:20Z */
#define FROM 1769904000000000ULL  /* 2026-02-01T00:00:00Z */
#define UNTIL 2101161600000000ULL /* 2036-08-01T00:00:00Z */

typedef struct World {
        char dir[64];
        char *path;
        GrantStore *store;
        Trust *trust;
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
} World;

static void begin(World *w)
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };
        TrustKey *k;

        *w = (World){ .dir = "/tmp/aiguard-test-XXXXXX" };
        cr_assert_not_null(mkdtemp(w->dir));
        cr_assert_eq(string_printf(&w->path, "%s/store", w->dir), 0);
        cr_assert_eq(grant_store_open(w->path, true, &w->store, NULL), 0);
        cr_assert_eq(trust_new(&w->trust), 0);
        k = &w->trust->keys[w->trust->n++];
        k->name = strdup("owner");
        k->kinds = 1U << GRANT_ATTESTATION;
        k->until_usec = UNTIL;
        cr_assert_eq(strv_extend(&k->workloads, "clinic"), 0);
        cr_assert_eq(strv_extend(&k->capabilities, "none"), 0);
        crypto_sign_seed_keypair(k->public_key, w->secret, seed);
        trust_key_id(k->public_key, k->id);
}

static void end(World *w)
{
        grant_store_free(w->store);
        trust_free(w->trust);
        free(w->path);
        remove_tree(w->dir);
}

/* "ok", or why it was not taken. Takes the text. */
static const char *import(World *w, char *taken)
{
        _cleanup_free_ char *text = taken, *envelope = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        static char code[GRANT_CODE_MAX];
        const TrustKey *key = NULL;
        GrantError e = {};
        int r;

        cr_assert_eq(envelope_make(GRANT_ATTESTATION, text, strlen(text), w->secret, &envelope), 0);
        r = grant_verify(envelope, strlen(envelope), w->trust, NOW, &g, &key, &e);
        if (r >= 0)
                r = grant_store_import(w->store, envelope, strlen(envelope), g, key, NOW, 0, &e);
        grant_error_code(&e, code);
        return r >= 0 ? "ok" : code;
}

static size_t count(const World *w, uint64_t now, uint64_t next)
{
        AttestedList l;
        size_t n;

        cr_assert_eq(grant_attested(w->store, w->trust, now, &l), 0);
        cr_assert_eq(l.next_usec, next);
        n = l.n;
        for (size_t i = 0; i < n; i++) {
                cr_assert_str_eq(l.items[i].workload, "clinic");
                cr_assert_str_eq(l.items[i].context, "other");
        }
        attested_done(&l);
        return n;
}

Test(grant_attest, in_its_time)
{
        World w;

        begin(&w);
        cr_assert_eq(count(&w, NOW, UINT64_MAX), 0U);
        cr_assert_str_eq(import(&w, grant_changed(ATTESTATION, NULL)), "ok");
        cr_assert_eq(count(&w, NOW, UNTIL), 4U);
        cr_assert_eq(count(&w, FROM - 1, FROM), 0U);
        cr_assert_eq(count(&w, UNTIL, UINT64_MAX), 0U);
        end(&w);
}

Test(grant_attest, ended)
{
        World w;

        begin(&w);
        cr_assert_str_eq(import(&w, grant_changed(ATTESTATION, NULL)), "ok");
        cr_assert_eq(grant_store_end(w.store, ID_ATTESTATION, GRANT_STATE_REVOKED, NOW, 0), 0);
        cr_assert_eq(count(&w, NOW, UINT64_MAX), 0U);
        end(&w);
}

/* A key that is revoked or may not sign such a thing takes what it signed with it. */
Test(grant_attest, by_a_trusted_key_only)
{
        AttestedList l;
        World w;

        begin(&w);
        cr_assert_str_eq(import(&w, grant_changed(ATTESTATION, "binding.system_id", "'shop'", NULL)),
                         "key_scope:shop");
        cr_assert_str_eq(import(&w, grant_changed(ATTESTATION, NULL)), "ok");
        w.trust->keys[0].kinds = 1U << GRANT_CONSENT;
        cr_assert_str_eq(import(&w, grant_changed(ATTESTATION, "record_id", "'" ID_A "'", NULL)),
                         "key_scope:attestation");
        cr_assert_eq(grant_attested(w.store, w.trust, NOW, &l), 0);
        cr_assert_eq(l.n, 0U);
        cr_assert_eq(l.broken, 1U);
        attested_done(&l);
        end(&w);
}

/* Two that say a part each are a whole. */
Test(grant_attest, parts)
{
        World w;

        begin(&w);
        cr_assert_str_eq(import(&w, grant_changed(ATTESTATION, "items",
                                                  "[" ATTESTED_ITEM("KZ-AI-17-3-1") "]", NULL)),
                         "ok");
        cr_assert_eq(count(&w, NOW, UNTIL), 1U);
        cr_assert_str_eq(import(&w, grant_changed(ATTESTATION, "record_id", "'" ID_A "'", "items",
                                                  "[" ATTESTED_ITEM("KZ-AI-17-3-2") "]", "valid.until",
                                                  "'2027-01-01T00:00:00Z'", NULL)),
                         "ok");
        cr_assert_eq(count(&w, NOW, 1798761600000000ULL), 2U);
        end(&w);
}
