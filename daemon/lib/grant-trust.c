/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the files of trust.d, and what a key may sign. Keys are never
 * guessed at: a file with any mistake is no key. Called by whoever verifies.
 * Verifying itself is grant-envelope.c's.
 */
#include "lib/grant-trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/conf-parser.h"
#include "lib/date.h"
#include "lib/glob.h"
#include "lib/sha256.h"
#include "lib/util-string.h"

/* What stands before the 32 bytes of a key in DER (RFC 8410). */
static const unsigned char public_prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                               0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const unsigned char secret_prefix[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                               0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };

static void key_done(TrustKey *k)
{
        free(k->name);
        strv_free(k->workloads);
        strv_free(k->capabilities);
}

Trust *trust_free(Trust *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n; i++)
                key_done(&t->keys[i]);
        free(t->keys);
        free(t);
        return NULL;
}

void trust_key_id(const unsigned char public_key[crypto_sign_PUBLICKEYBYTES], char ret[TRUST_KEY_ID_MAX])
{
        Sha256 s;

        sha256_init(&s);
        sha256_update(&s, public_key, crypto_sign_PUBLICKEYBYTES);
        sha256_final_hex(&s, ret);
}

/* ------------------------------------------------------------- the file of a key */

/* The bare key, or what stands between the lines of a PEM. */
static int parse_public(const char *value, void *data, const char **reterr_wanted)
{
        unsigned char der[sizeof(public_prefix) + crypto_sign_PUBLICKEYBYTES];
        size_t n = 0;

        *reterr_wanted = "an Ed25519 public key in base64";
        if (sodium_base642bin(der, sizeof(der), value, strlen(value), " ", &n, NULL,
                              sodium_base64_VARIANT_ORIGINAL) < 0)
                return -EINVAL;
        if (n == crypto_sign_PUBLICKEYBYTES) {
                memcpy(data, der, n);
                return 0;
        }
        if (n != sizeof(der) || memcmp(der, public_prefix, sizeof(public_prefix)) != 0)
                return -EINVAL;
        memcpy(data, der + sizeof(public_prefix), crypto_sign_PUBLICKEYBYTES);
        return 0;
}

static int parse_list(const char *value, void *data, const char **reterr_wanted)
{
        char ***list = data;
        const char *at = value;

        *reterr_wanted = "names or patterns, with blanks between";
        while (*(at += strspn(at, " \t"))) {
                size_t n = strcspn(at, " \t");
                _cleanup_free_ char *one = strndup(at, n);

                if (!one || strv_extend(list, one) < 0)
                        return -ENOMEM;
                at += n;
        }
        return *list ? 0 : -EINVAL;
}

static int parse_kinds(const char *value, void *data, const char **reterr_wanted)
{
        _cleanup_(strv_freep) char **words = NULL;
        unsigned kinds = 0;

        if (parse_list(value, &words, reterr_wanted) < 0)
                return -EINVAL;
        *reterr_wanted = "some of consent, exception, enrolled-set, declaration and attestation";
        for (char **w = words; *w; w++) {
                unsigned k = 0;

                while (k < _GRANT_KIND_MAX && !streq(*w, grant_kind_to_string(k)))
                        k++;
                if (k == _GRANT_KIND_MAX)
                        return -EINVAL;
                kinds |= 1U << k;
        }
        *(unsigned *) data = kinds;
        return 0;
}

static int parse_until(const char *value, void *data, const char **reterr_wanted)
{
        *reterr_wanted = "a date such as 2027-12-31";
        return date_parse(value, data);
}

static int parse_revoked(const char *value, void *data, const char **reterr_wanted)
{
        int r = parse_boolean(value);

        *reterr_wanted = "yes or no";
        if (r >= 0)
                *(bool *) data = r;
        return r < 0 ? -EINVAL : 0;
}

static const ConfItem items[] = {
        { "Key", "PublicKey", parse_public, offsetof(TrustKey, public_key) },
        { "Key", "Grants", parse_kinds, offsetof(TrustKey, kinds) },
        { "Key", "Workloads", parse_list, offsetof(TrustKey, workloads) },
        { "Key", "Capabilities", parse_list, offsetof(TrustKey, capabilities) },
        { "Key", "Until", parse_until, offsetof(TrustKey, until_usec) },
        { "Key", "Revoked", parse_revoked, offsetof(TrustKey, revoked) },
        {},
};

/* Whoever may write the file decides what this host believes. */
static int check_owner(const char *path, Diag *diag)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022)) {
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL,
                         "not taken as a key: others than root may write it (chmod 644)");
                return -EBADMSG;
        }
        return 0;
}

static int read_key(const char *path, Diag *diag, TrustKey *k)
{
        static const unsigned char none[crypto_sign_PUBLICKEYBYTES];
        size_t warnings = diag_count(diag, DIAG_WARNING);
        const char *lacks = NULL;
        int r = check_owner(path, diag);

        if (r < 0)
                return r;
        r = conf_parse_file(path, items, k, diag);
        if (r < 0)
                return r;
        /* An unknown line may be a misspelt Revoked=. */
        if (diag_count(diag, DIAG_WARNING) > warnings)
                return -EBADMSG;
        /* All must be said: a key that may sign everything for ever is not what comes of forgetting a line. */
        if (sodium_memcmp(k->public_key, none, sizeof(none)) == 0)
                lacks = "PublicKey=";
        else if (!k->kinds)
                lacks = "Grants=";
        else if (!k->workloads)
                lacks = "Workloads=";
        else if (!k->capabilities)
                lacks = "Capabilities=";
        else if (!k->until_usec)
                lacks = "Until=";
        if (lacks) {
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "not taken as a key: %s is missing", lacks);
                return -EBADMSG;
        }
        trust_key_id(k->public_key, k->id);
        return 0;
}

static int add_file(Trust *t, const char *dir, const char *file, Diag *diag)
{
        _cleanup_free_ char *path = NULL;
        TrustKey k = {};
        int r;

        if (string_printf(&path, "%s/%s", dir, file) < 0)
                return -ENOMEM;
        r = read_key(path, diag, &k);
        if (r >= 0 && trust_find(t, k.id)) {
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL,
                         "not taken as a key: another file has the same");
                r = -EBADMSG;
        }
        if (r >= 0) {
                k.name = strndup(file, strlen(file) - strlen(".key"));
                r = k.name ? 0 : -ENOMEM;
        }
        if (r < 0) {
                key_done(&k);
                return r == -ENOMEM ? r : 0;
        }
        t->keys[t->n++] = k;
        return 0;
}

static int is_key_file(const struct dirent *e)
{
        return e->d_name[0] != '.' && endswith(e->d_name, ".key");
}

int trust_new(Trust **ret)
{
        _cleanup_(trust_freep) Trust *t = calloc(1, sizeof(*t));

        if (sodium_init() < 0)
                return -ENOSYS;
        /* One more for the host's own. */
        if (!t || !(t->keys = calloc(TRUST_KEYS_MAX + 1, sizeof(*t->keys))))
                return -ENOMEM;
        *ret = TAKE_PTR(t);
        return 0;
}

int trust_load(const char *dir, Diag *diag, Trust **ret)
{
        _cleanup_(trust_freep) Trust *t = NULL;
        struct dirent **files = NULL;
        int n, r = trust_new(&t);

        if (r < 0)
                return r;
        n = scandir(dir, &files, is_key_file, alphasort);
        if (n < 0 && errno != ENOENT)
                return -errno;
        for (int i = 0; i < n; i++) {
                if (r >= 0 && t->n == TRUST_KEYS_MAX) {
                        diag_add(diag, DIAG_ERROR, dir, 0, 0, NULL, "more than %u keys", TRUST_KEYS_MAX);
                        r = -E2BIG;
                }
                if (r >= 0)
                        r = add_file(t, dir, files[i]->d_name, diag);
                free(files[i]);
        }
        free(files);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

int trust_add_host(Trust *t, const unsigned char public_key[crypto_sign_PUBLICKEYBYTES])
{
        TrustKey k = { .kinds = 1U << GRANT_DECLARATION, .until_usec = UINT64_MAX, .host = true };

        k.name = strdup("this host");
        if (!k.name || strv_extend(&k.workloads, "*") < 0 || strv_extend(&k.capabilities, "*") < 0) {
                key_done(&k);
                return -ENOMEM;
        }
        memcpy(k.public_key, public_key, sizeof(k.public_key));
        trust_key_id(public_key, k.id);
        t->keys[t->n++] = k;
        return 0;
}

const TrustKey *trust_find(const Trust *t, const char *id)
{
        for (size_t i = 0; i < t->n; i++)
                if (streq(t->keys[i].id, id))
                        return &t->keys[i];
        return NULL;
}

/* ----------------------------------------------------------------- its scope */

static bool any_matches(char *const *globs, const char *s)
{
        for (char *const *g = globs; *g; g++)
                if (glob_match(*g, s))
                        return true;
        return false;
}

static int check_names(const TrustKey *k, const json_t *names, GrantError *e)
{
        json_t *one;
        size_t i;

        json_array_foreach(names, i, one)
        {
                const char *s = json_string_value(one);
                /* "camera:video0": the kind is what a key is trusted with. */
                _cleanup_free_ char *name = strndup(s, strcspn(s, ":"));

                if (!name)
                        return -ENOMEM;
                if (!any_matches(k->capabilities, name))
                        return grant_fail(e, GRANT_KEY_SCOPE, name);
        }
        return 0;
}

int trust_key_allows(const TrustKey *k, const Grant *g, GrantError *e)
{
        int r;

        if (!(k->kinds & (1U << g->kind)))
                return grant_fail(e, GRANT_KEY_SCOPE, grant_kind_to_string(g->kind));
        if (g->workload ? !any_matches(k->workloads, g->workload) : !strv_contains(k->workloads, "*"))
                return grant_fail(e, GRANT_KEY_SCOPE, g->workload ? g->workload : "workloads");
        /* What a model or a sensor is declared not to be is not in the declaration: it could be anything. */
        if (g->declaration && g->declaration->kind != DECLARATION_WORKLOAD &&
            !strv_contains(k->capabilities, "*"))
                return grant_fail(e, GRANT_KEY_SCOPE, "capabilities");
        r = check_names(k, g->modelcaps, e);
        return r < 0 ? r : check_names(k, g->devices, e);
}

/* --------------------------------------------------------------- making keys */

#define PEM_BEGIN "-----BEGIN PRIVATE KEY-----\n"
#define PEM_END "\n-----END PRIVATE KEY-----\n"

int trust_key_make(char **ret_pem, char **ret_public)
{
        unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
        unsigned char der[sizeof(secret_prefix) + crypto_sign_SEEDBYTES];
        char text[sodium_base64_ENCODED_LEN(sizeof(der), sodium_base64_VARIANT_ORIGINAL)];
        char public_text[sodium_base64_ENCODED_LEN(sizeof(public_key), sodium_base64_VARIANT_ORIGINAL)];
        _cleanup_free_ char *pem = NULL, *public_copy = NULL;
        int r;

        if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret) < 0)
                return -ENOSYS;
        memcpy(der, secret_prefix, sizeof(secret_prefix));
        crypto_sign_ed25519_sk_to_seed(der + sizeof(secret_prefix), secret);
        sodium_bin2base64(text, sizeof(text), der, sizeof(der), sodium_base64_VARIANT_ORIGINAL);
        sodium_bin2base64(public_text, sizeof(public_text), public_key, sizeof(public_key),
                          sodium_base64_VARIANT_ORIGINAL);
        r = string_printf(&pem, PEM_BEGIN "%s" PEM_END, text);
        sodium_memzero(der, sizeof(der));
        sodium_memzero(secret, sizeof(secret));
        sodium_memzero(text, sizeof(text));
        public_copy = strdup(public_text);
        if (r < 0 || !public_copy)
                return -ENOMEM;
        *ret_pem = TAKE_PTR(pem);
        *ret_public = TAKE_PTR(public_copy);
        return 0;
}

int trust_secret_parse(const char *pem, size_t size, unsigned char ret[crypto_sign_SECRETKEYBYTES])
{
        unsigned char der[sizeof(secret_prefix) + crypto_sign_SEEDBYTES],
                        public_key[crypto_sign_PUBLICKEYBYTES];
        const char *begin = memmem(pem, size, PEM_BEGIN, strlen(PEM_BEGIN)), *end;
        size_t n = 0;
        int r = -EBADMSG;

        if (sodium_init() < 0)
                return -ENOSYS;
        if (!begin)
                return -EBADMSG;
        begin += strlen(PEM_BEGIN);
        end = memmem(begin, size - (size_t) (begin - pem), PEM_END, strlen(PEM_END));
        if (!end)
                return -EBADMSG;
        if (sodium_base642bin(der, sizeof(der), begin, (size_t) (end - begin), "\r\n", &n, NULL,
                              sodium_base64_VARIANT_ORIGINAL) >= 0 &&
            n == sizeof(der) && memcmp(der, secret_prefix, sizeof(secret_prefix)) == 0 &&
            crypto_sign_seed_keypair(public_key, ret, der + sizeof(secret_prefix)) >= 0)
                r = 0;
        sodium_memzero(der, sizeof(der));
        return r;
}
