/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: declarations as grants: root's word is a signature by the host's
 * key, a key of trust.d can stand beside it, and only two lift what is identified.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "grant-fixture.h"
#include "lib/grant-declare.h"
#include "lib/grant-fold.h"
#include "temporary.h"

#define NOW 1790000000000000ULL /* 2026-09-21T14:13:20Z */
#define HOUR 3600000000ULL

typedef struct World {
        char dir[64];
        char *path;
        GrantStore *store;
        Trust *trust;
        unsigned char secret[crypto_sign_SECRETKEYBYTES]; /* of somebody in trust.d */
} World;

static void load_trust(World *w)
{
        trust_free(w->trust);
        w->trust = NULL;
        cr_assert_eq(trust_new(&w->trust), 0);
        cr_assert_eq(grant_host_trust(w->store, w->trust), 0);
}

/* A key of trust.d, which may sign declarations. */
static TrustKey *add_key(World *w)
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };
        TrustKey *k = &w->trust->keys[w->trust->n++];

        k->name = strdup("officer");
        k->kinds = 1U << GRANT_DECLARATION;
        k->until_usec = NOW + 100 * HOUR;
        cr_assert_eq(strv_extend(&k->workloads, "*"), 0);
        cr_assert_eq(strv_extend(&k->capabilities, "*"), 0);
        crypto_sign_seed_keypair(k->public_key, w->secret, seed);
        trust_key_id(k->public_key, k->id);
        return k;
}

static void begin(World *w)
{
        *w = (World){ .dir = "/tmp/aiguard-test-XXXXXX" };
        cr_assert_not_null(mkdtemp(w->dir));
        cr_assert_eq(string_printf(&w->path, "%s/store", w->dir), 0);
        cr_assert_eq(grant_store_open(w->path, true, &w->store, NULL), 0);
        load_trust(w);
}

static void reopen(World *w)
{
        w->store = grant_store_free(w->store);
        cr_assert_eq(grant_store_open(w->path, true, &w->store, NULL), 0);
        load_trust(w);
}

static void end(World *w)
{
        grant_store_free(w->store);
        trust_free(w->trust);
        free(w->path);
        remove_tree(w->dir);
}

#define HEAD(kind)                   \
        "{'aiguard':1,'kind':'" kind \
        "','reason':'tested','made':'2026-09-21T14:00:00Z','until':'2027-01-01','by_uid':0,"
#define MODEL HEAD("model") "'model':{'path':'/m','sha256':'" DIGEST_0 "','size':7,'as':'none'}}"

static Declaration *document(const char *text)
{
        _cleanup_free_ char *json = grant_changed(text, NULL), *why = NULL;
        Declaration *d = NULL;

        cr_assert_eq(declaration_parse(json, strlen(json), &d, &why), 0, "%s", why);
        return d;
}

static void declare(World *w, const char *text, uint64_t now)
{
        _cleanup_(declaration_freep) Declaration *d = document(text);
        GrantError e = {};

        cr_assert_eq(grant_declare(w->store, d, now, 0, &e), 0, "%s %s", grant_reason_sentence(e.reason),
                     e.field);
}

/* Those in force, of which there must be `n`. */
static Declaration **all(World *w, size_t n, size_t broken)
{
        Declaration **list = NULL;
        size_t found = 0, bad = 0;

        cr_assert_eq(grant_declarations(w->store, w->trust, &list, &found, &bad), 0);
        cr_assert_eq(found, n);
        cr_assert_eq(bad, broken);
        return list;
}

Test(grant_declare, roots_word_is_signed_stored_and_told)
{
        Declaration **list;
        const StoreEntry *e;
        struct stat st;
        World w;

        begin(&w);
        declare(&w, MODEL, NOW);
        declare(&w, HEAD("workload") "'workload':{'exe':'/usr/bin/qr'}}", NOW);
        declare(&w, HEAD("sensor") "'sensor':{'path':'/dev/video0','major':81,'minor':0,'hardware':'/x'}}",
                NOW);
        declare(&w, HEAD("emergency") "'emergency':{'workload':'clinic'}}", NOW);
        reopen(&w);
        list = all(&w, 4, 0);
        for (size_t i = 0; i < 4; i++) {
                cr_assert_eq(list[i]->kind, (DeclarationKind) i);
                cr_assert(list[i]->by_root && !list[i]->second);
                cr_assert_str_eq(list[i]->reason, "tested");
        }
        declarations_free_many(list, 4);
        e = grant_store_get(w.store, 0);
        cr_assert_eq(e->kind, GRANT_DECLARATION);
        cr_assert_eq(e->imported_usec, NOW);
        cr_assert_eq(fstatat(grant_store_dir_fd(w.store), "host.pem", &st, 0), 0);
        cr_assert_eq(st.st_mode & 0777, 0600, "the secret is root's alone");
        end(&w);
}

Test(grant_declare, revoked_is_gone_and_may_be_said_again)
{
        char id[GRANT_ID_MAX];
        Declaration **list;
        World w;

        begin(&w);
        declare(&w, MODEL, NOW);
        strcpy(id, grant_store_get(w.store, 0)->id);
        declare(&w, MODEL, NOW);
        declarations_free_many(all(&w, 0, 1), 0); /* the host's key is not in this trust yet */
        load_trust(&w);
        declarations_free_many(all(&w, 1, 0), 1);
        cr_assert_eq(grant_store_end(w.store, id, GRANT_STATE_REVOKED, NOW, 7), 0);
        declarations_free_many(all(&w, 0, 0), 0);
        declare(&w, MODEL, NOW);
        reopen(&w);
        list = all(&w, 1, 0);
        cr_assert_str_eq(list[0]->id, id);
        declarations_free_many(list, 1);
        end(&w);
}

/* As it is imported: signed by somebody else, then by root. */
static int import_signed(World *w, const char *text, GrantError *e)
{
        _cleanup_free_ char *json = grant_changed(text, NULL), *first = NULL, *both = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        const TrustKey *key = NULL;
        size_t n = 0;
        int r = envelope_make(GRANT_DECLARATION, json, strlen(json), w->secret, &first);

        if (r >= 0)
                r = grant_verify(first, strlen(first), w->trust, NOW, &g, &key, e);
        if (r < 0)
                return r;
        cr_assert(!g->declaration->by_root && g->declaration->second);
        cr_assert_eq(grant_countersign(w->store, first, strlen(first), &both, &n, e), 0);
        return grant_store_import(w->store, both, n, g, key, NOW, 0, e);
}

Test(grant_declare, a_second_signature_counts_until_its_key_is_revoked)
{
        uint8_t columns[AG_OBJECT_COLUMNS] = { AG_COL_IDENTIFIED + 2 }, n = 1;
        Declaration **list;
        GrantError e = {};
        World w;

        begin(&w);
        declare(&w, HEAD("workload") "'workload':{'exe':'/usr/bin/qr'}}", NOW); /* makes the key */
        load_trust(&w);
        add_key(&w);
        cr_assert_eq(import_signed(&w, MODEL, &e), 0);
        list = all(&w, 2, 0);
        cr_assert(list[1]->by_root && list[1]->second);
        declaration_apply_columns(list[1], NULL, columns, &n);
        cr_assert_eq(n, 0, "two lift what is identified");
        declarations_free_many(list, 2);

        w.trust->keys[w.trust->n - 1].revoked = true;
        list = all(&w, 2, 0);
        cr_assert(list[1]->by_root && !list[1]->second, "root's word stays, and is root's alone");
        n = 1;
        declaration_apply_columns(list[1], NULL, columns, &n);
        cr_assert_eq(n, 1);
        declarations_free_many(list, 2);
        end(&w);
}

Test(grant_declare, one_key_is_one_person)
{
        Declaration **list;
        TrustKey *k;
        World w;

        begin(&w);
        declare(&w, MODEL, NOW);
        load_trust(&w);
        k = add_key(&w);
        memcpy(k->public_key, w.trust->keys[0].public_key, sizeof(k->public_key));
        strcpy(k->id, w.trust->keys[0].id);
        list = all(&w, 1, 0);
        cr_assert(list[0]->by_root && !list[0]->second, "the host's own key in trust.d is no second one");
        declarations_free_many(list, 1);
        end(&w);
}

Test(grant_declare, who_may_not_sign_it_is_no_second)
{
        static const struct {
                const char *what, *code;
        } cases[] = { { "kinds", "key_scope:declaration" },
                      { "capabilities", "key_scope:capabilities" },
                      { "until", "key_expired:officer" },
                      { "revoked", "key_revoked:officer" } };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char code[GRANT_CODE_MAX];
                GrantError e = {};
                TrustKey *k;
                World w;

                begin(&w);
                k = add_key(&w);
                if (i == 0)
                        k->kinds = 1U << GRANT_CONSENT;
                else if (i == 1)
                        strcpy(k->capabilities[0], "e");
                else if (i == 2)
                        k->until_usec = NOW;
                else
                        k->revoked = true;
                cr_assert_eq(import_signed(&w, MODEL, &e), -EBADMSG, "%s", cases[i].what);
                grant_error_code(&e, code);
                cr_assert_str_eq(code, cases[i].code);
                cr_assert_eq(grant_store_size(w.store), 0, "nothing is stored");
                end(&w);
        }
}

/* What only a key of trust.d signed is no declaration of this host: root has not said so. */
Test(grant_declare, without_root_it_does_not_count)
{
        _cleanup_free_ char *json = grant_changed(MODEL, NULL), *text = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        const TrustKey *key = NULL;
        GrantClaims claims = {};
        GrantError e = {};
        World w;

        begin(&w);
        add_key(&w);
        cr_assert_eq(envelope_make(GRANT_DECLARATION, json, strlen(json), w.secret, &text), 0);
        cr_assert_eq(grant_verify(text, strlen(text), w.trust, NOW, &g, &key, &e), 0);
        cr_assert_eq(grant_store_import(w.store, text, strlen(text), g, key, NOW, 0, &e), 0);
        declarations_free_many(all(&w, 0, 1), 0);
        cr_assert_eq(grant_claims_load(&claims, 0, w.store, w.trust, &e), -EBADMSG);
        cr_assert_eq(e.reason, GRANT_UNSIGNED);
        cr_assert_eq(grant_claim_holds(&claims, w.store, 0, NOW, NULL), GRANT_UNSIGNED);
        grant_claims_done(&claims);
        end(&w);
}

/* A consent by root's key is none: the host cannot consent for a person. */
Test(grant_declare, the_hosts_key_signs_no_consent)
{
        _cleanup_free_ char *json = grant_changed(CONSENT, NULL), *pem = NULL, *text = NULL;
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        _cleanup_(grant_freep) Grant *g = NULL;
        const TrustKey *key = NULL;
        GrantError e = {};
        size_t n = 0;
        World w;

        begin(&w);
        declare(&w, MODEL, NOW);
        load_trust(&w);
        cr_assert_eq(read_file_capped(grant_store_dir_fd(w.store), "host.pem", 4096, &pem, &n), 0);
        cr_assert_eq(trust_secret_parse(pem, n, secret), 0);
        cr_assert_eq(envelope_make(GRANT_CONSENT, json, strlen(json), secret, &text), 0);
        cr_assert_eq(grant_verify(text, strlen(text), w.trust, NOW, &g, &key, &e), -EBADMSG);
        cr_assert_eq(e.reason, GRANT_KEY_SCOPE);
        end(&w);
}

Test(grant_declare, a_lost_public_half_is_made_again)
{
        World w;

        begin(&w);
        declare(&w, MODEL, NOW);
        cr_assert_eq(unlinkat(grant_store_dir_fd(w.store), "host.pub", 0), 0);
        reopen(&w);
        declarations_free_many(all(&w, 0, 1), 0);
        declare(&w, HEAD("workload") "'workload':{'exe':'/usr/bin/qr'}}", NOW);
        load_trust(&w);
        declarations_free_many(all(&w, 2, 0), 2);
        end(&w);
}
