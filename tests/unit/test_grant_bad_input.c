/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: each kind of bad input, through all that an import goes through:
 * its own reason and its own sentence, nothing stored, and what was in force
 * before is in force after it.
 */
#include <dirent.h>
#include <fcntl.h>

#include "grant-world.h"

#define POLICY                                                                                          \
        "aiguard: 1\nworkloads:\n  clinic:\n    jurisdiction: kz\n    match: { unit: \"a.service\" }\n" \
        "    context: other\n"

typedef struct Site {
        World w;
        Trust *trust;
        unsigned char expired[crypto_sign_SECRETKEYBYTES], revoked[crypto_sign_SECRETKEYBYTES],
                        unknown[crypto_sign_SECRETKEYBYTES];
} Site;

static TrustKey *add_key(Site *s, const char *name, unsigned char seed_byte,
                         unsigned char secret[crypto_sign_SECRETKEYBYTES])
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { seed_byte };
        TrustKey *k = &s->trust->keys[s->trust->n++];

        crypto_sign_seed_keypair(k->public_key, secret, seed);
        trust_key_id(k->public_key, k->id);
        k->name = strdup(name);
        k->kinds = 1U << GRANT_CONSENT | 1U << GRANT_SET;
        k->until_usec = UINT64_MAX;
        cr_assert_eq(strv_extend(&k->workloads, "*"), 0);
        cr_assert_eq(strv_extend(&k->capabilities, "*"), 0);
        return k;
}

/* One consent is in force, another was withdrawn. */
static void begin_site(Site *s)
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { 9 }, public_key[crypto_sign_PUBLICKEYBYTES];

        *s = (Site){};
        begin(&s->w, POLICY, KZ);
        cr_assert_eq(trust_new(&s->trust), 0);
        add_key(s, "good", 1, s->w.secret);
        add_key(s, "old", 2, s->expired)->until_usec = NOW - HOUR;
        add_key(s, "stolen", 3, s->revoked)->revoked = true;
        crypto_sign_seed_keypair(public_key, s->unknown, seed);
        add(&s->w, GRANT_CONSENT, grant_changed(CONSENT, "events.0.time", "'2026-09-01T00:00:00Z'", NULL),
            NOW);
        add(&s->w, GRANT_CONSENT,
            grant_changed(CONSENT, "record_id", "'" ID_B "'", "binding.devices", "['microphone']",
                          "binding.model_capabilities", "['emotion.voice']", NULL),
            NOW);
        cr_assert_eq(grant_store_end(s->w.store, ID_B, GRANT_STATE_WITHDRAWN, NOW, 0), 0);
        fold(&s->w, NOW);
        cr_assert_eq(s->w.n_keys, 4);
}

static void end_site(Site *s)
{
        trust_free(s->trust);
        end(&s->w);
}

static size_t count_records(const Site *s)
{
        int fd = openat(grant_store_dir_fd(s->w.store), "records", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fdopendir(fd);
        size_t n = 0;

        cr_assert_not_null(d);
        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

static int import(Site *s, const char *text, size_t size, GrantError *e)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        const TrustKey *key = NULL;
        int r = grant_verify(text, size, s->trust, NOW, &g, &key, e);

        if (r >= 0)
                r = grant_check_policy(g, s->w.f.tables, s->w.f.modelcaps, e);
        return r < 0 ? r : grant_store_import(s->w.store, text, size, g, key, NOW, 0, e);
}

static const char *seen[64];
static size_t n_seen;

/* Is it refused with that code, in words of its own, and is everything as it was? */
static void refused(Site *s, const char *text, size_t size, const char *wanted)
{
        size_t stored = grant_store_size(s->w.store), records = count_records(s);
        char hash[SHA256_HEX_SIZE], code[GRANT_CODE_MAX];
        _cleanup_free_ GrantKey *before = TAKE_PTR(s->w.keys);
        size_t n_before = s->w.n_keys;
        GrantError e = {};

        strcpy(hash, grant_store_hash(s->w.store));
        cr_assert_eq(import(s, text, size, &e), -EBADMSG, "%s is taken", wanted);
        grant_error_code(&e, code);
        cr_assert_str_eq(code, wanted);
        cr_assert_eq(grant_store_size(s->w.store), stored, "%s", wanted);
        cr_assert_eq(count_records(s), records, "%s leaves a record", wanted);
        cr_assert_str_eq(grant_store_hash(s->w.store), hash, "%s is in the ledger", wanted);
        fold(&s->w, NOW);
        cr_assert_eq(s->w.n_keys, n_before);
        for (size_t i = 0; i < n_before; i++)
                cr_assert(memcmp(&before[i].key, &s->w.keys[i].key, sizeof(before[i].key)) == 0 &&
                                          before[i].until_usec == s->w.keys[i].until_usec,
                          "%s changes what holds", wanted);
        for (size_t i = 0; i < n_seen; i++)
                cr_assert_str_neq(grant_reason_sentence(e.reason), seen[i], "%s has another's sentence",
                                  wanted);
        seen[n_seen++] = grant_reason_sentence(e.reason);
}

/* Takes the payload. Signed as it is, whatever it is. */
static void signed_and_refused(Site *s, const unsigned char *secret, char *payload, size_t size,
                               const char *wanted)
{
        _cleanup_free_ char *owned = payload, *text = NULL;

        cr_assert_eq(envelope_make(GRANT_CONSENT, owned, size ? size : strlen(owned), secret, &text), 0);
        refused(s, text, strlen(text), wanted);
}

static void document_refused(Site *s, char *payload, const char *wanted)
{
        signed_and_refused(s, s->w.secret, payload, 0, wanted);
}

Test(grant_bad_input, of_the_bytes)
{
        _cleanup_free_ char *big = malloc(GRANT_BYTES_MAX + 2), *whole = grant_changed(CONSENT, NULL);
        char deep[64] = "", where[64];
        Site s;

        begin_site(&s);
        snprintf(where, sizeof(where), "truncated:line 1 column %zu", strlen(whole) / 2);
        signed_and_refused(&s, s.w.secret, strdup(whole), strlen(whole) / 2, where);
        memset(big, ' ', GRANT_BYTES_MAX + 1);
        big[GRANT_BYTES_MAX + 1] = '\0';
        refused(&s, big, GRANT_BYTES_MAX + 1, "too_large");
        strcpy(deep, "{'a':[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}");
        deep[1] = deep[3] = '"';
        document_refused(&s, strdup(deep), "too_deep");
        document_refused(&s, strdup("{\"a\":1,\"a\":2}"), "duplicate_key:line 1 column 10");
        document_refused(&s, strdup("{\"a\":\"\xff\"}"), "not_utf8:byte 6");
        end_site(&s);
}

Test(grant_bad_input, of_the_document)
{
        Site s;

        begin_site(&s);
        document_refused(&s, grant_changed(CONSENT, "publication", "'no'", NULL), "wrong_type:publication");
        document_refused(&s, grant_changed(CONSENT, "valid.until", "'2025-01-01T00:00:00Z'", NULL),
                         "time_reversed:valid.until");
        document_refused(&s, grant_changed(CONSENT, "operator.bin", NULL, NULL),
                         "consent_incomplete:operator.bin");
        document_refused(&s, grant_changed(CONSENT, "binding.subject_scope", "'public'", NULL),
                         "scope_public:binding.subject_scope");
        document_refused(&s, grant_changed(CONSENT, "valid.until", "'EndlessDuration'", NULL),
                         "endless_duration:valid.until");
        end_site(&s);
}

Test(grant_bad_input, of_the_signature)
{
        _cleanup_free_ char *whole = grant_changed(CONSENT, "record_id", "'" ID_C "'", NULL), *text = NULL;
        json_t *o;
        Site s;

        begin_site(&s);
        refused(&s, whole, strlen(whole), "unsigned");
        cr_assert_eq(envelope_make(GRANT_CONSENT, whole, strlen(whole), s.unknown, &text), 0);
        o = json_loads(text, 0, NULL);
        (void) json_object_del(json_array_get(json_object_get(o, "signatures"), 0), "keyid");
        free(text);
        text = grant_text(o);
        refused(&s, text, strlen(text), "key_unknown");
        signed_and_refused(&s, s.expired, strdup(whole), 0, "key_expired:old");
        signed_and_refused(&s, s.revoked, strdup(whole), 0, "key_revoked:stolen");
        free(text);
        cr_assert_eq(envelope_make(GRANT_CONSENT, whole, strlen(whole), s.w.secret, &text), 0);
        o = json_loads(text, 0, NULL);
        {
                _cleanup_free_ char *other = NULL;

                cr_assert_eq(string_printf(&other, "%s", json_string_value(json_object_get(o, "payload"))),
                             0);
                other[40] = other[40] == 'A' ? 'B' : 'A';
                (void) json_object_set_new(o, "payload", json_string(other));
        }
        free(text);
        text = grant_text(o);
        refused(&s, text, strlen(text), "bad_signature");
        end_site(&s);
}

Test(grant_bad_input, of_the_history_and_the_policy)
{
        Site s;

        begin_site(&s);
        /* the very record that was withdrawn, and an older version of the one in force */
        document_refused(&s,
                         grant_changed(CONSENT, "record_id", "'" ID_B "'", "binding.devices",
                                       "['microphone']", "binding.model_capabilities", "['emotion.voice']",
                                       NULL),
                         "replayed:" ID_B);
        n_seen--;
        document_refused(&s, grant_changed(CONSENT, NULL), "replayed:" ID_A);
        /* a new version under the id of the withdrawn one */
        document_refused(&s,
                         grant_changed(CONSENT, "record_id", "'" ID_B "'", "events.0.time",
                                       "'2026-09-02T00:00:00Z'", NULL),
                         "withdrawn:" ID_B);
        document_refused(&s,
                         grant_changed(CONSENT, "record_id", "'" ID_C "'", "binding.system_id", "'nobody'",
                                       NULL),
                         "unknown_workload:nobody");
        document_refused(&s,
                         grant_changed(CONSENT, "record_id", "'" ID_C "'", "binding.context", "'workplace'",
                                       NULL),
                         "context_mismatch:workplace");
        document_refused(&s,
                         grant_changed(CONSENT, "record_id", "'" ID_C "'", "events.0.time",
                                       "'2026-12-01T00:00:00Z'", NULL),
                         "from_the_future");
        document_refused(&s,
                         grant_changed(CONSENT, "record_id", "'" ID_C "'", "valid.until",
                                       "'2026-03-01T00:00:00Z'", NULL),
                         "expired");
        end_site(&s);
}
