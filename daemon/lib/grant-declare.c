/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: declarations as grants: the key of the host, root's signature by
 * it, and reading them back. The document is declaration.c's, the store is
 * grant-store.c's. Called by the daemon, and by aiguardctl with the daemon dead.
 */
#include "lib/grant-declare.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/util-string.h"

#define SECRET_FILE "host.pem"
#define PUBLIC_FILE "host.pub"
#define TEMPORARY ".host.new"
#define KEY_BYTES_MAX 4096U

/* -------------------------------------------------------------- the host's key */

static int write_public(int dir_fd, const unsigned char secret[crypto_sign_SECRETKEYBYTES])
{
        unsigned char key[crypto_sign_PUBLICKEYBYTES];
        char text[sodium_base64_ENCODED_LEN(sizeof(key), sodium_base64_VARIANT_ORIGINAL)];

        if (crypto_sign_ed25519_sk_to_pk(key, secret) < 0)
                return -EINVAL;
        sodium_bin2base64(text, sizeof(text), key, sizeof(key), sodium_base64_VARIANT_ORIGINAL);
        return write_file_synced(dir_fd, PUBLIC_FILE, TEMPORARY, text, strlen(text), 0640);
}

static int make_secret(int dir_fd)
{
        _cleanup_free_ char *pem = NULL, *public_key = NULL;
        int r = trust_key_make(&pem, &public_key);

        if (r >= 0)
                r = write_file_synced(dir_fd, SECRET_FILE, TEMPORARY, pem, strlen(pem), 0600);
        if (pem)
                sodium_memzero(pem, strlen(pem));
        return r;
}

/* Made when first needed. After a power cut between the two files the second is made from the first. */
static int read_secret(const GrantStore *s, unsigned char ret[crypto_sign_SECRETKEYBYTES])
{
        int dir_fd = grant_store_dir_fd(s), r;
        _cleanup_free_ char *pem = NULL;
        size_t n = 0;

        r = read_file_capped(dir_fd, SECRET_FILE, KEY_BYTES_MAX, &pem, &n);
        if (r == -ENOENT) {
                r = make_secret(dir_fd);
                if (r >= 0)
                        r = read_file_capped(dir_fd, SECRET_FILE, KEY_BYTES_MAX, &pem, &n);
        }
        if (r >= 0)
                r = trust_secret_parse(pem, n, ret);
        if (pem)
                sodium_memzero(pem, n);
        if (r >= 0 && faccessat(dir_fd, PUBLIC_FILE, F_OK, 0) < 0)
                r = write_public(dir_fd, ret);
        return r == -EBADMSG ? -EKEYREJECTED : r;
}

int grant_host_trust(const GrantStore *s, Trust *t)
{
        unsigned char key[crypto_sign_PUBLICKEYBYTES];
        _cleanup_free_ char *text = NULL;
        size_t size = 0, n = 0;
        int r = read_file_capped(grant_store_dir_fd(s), PUBLIC_FILE, KEY_BYTES_MAX, &text, &size);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        if (sodium_base642bin(key, sizeof(key), text, size, "\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL) <
                            0 ||
            n != sizeof(key))
                return -EKEYREJECTED;
        return trust_add_host(t, key);
}

/* ------------------------------------------------------------------- signing */

int grant_countersign(GrantStore *s, const char *text, size_t size, char **ret, size_t *ret_size,
                      GrantError *e)
{
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        int r = read_secret(s, secret);

        if (r >= 0)
                r = envelope_add_signature(text, size, secret, ret, e);
        sodium_memzero(secret, sizeof(secret));
        if (r >= 0)
                *ret_size = strlen(*ret);
        return r;
}

static int sign(GrantStore *s, const Declaration *d, char **ret)
{
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        json_t *o = declaration_to_json(d);
        _cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
        int r;

        json_decref(o);
        if (!text)
                return -ENOMEM;
        r = read_secret(s, secret);
        if (r >= 0)
                r = envelope_make(GRANT_DECLARATION, text, strlen(text), secret, ret);
        sodium_memzero(secret, sizeof(secret));
        return r;
}

int grant_declare(GrantStore *s, Declaration *d, uint64_t now_usec, uint32_t uid, GrantError *e)
{
        _cleanup_(trust_freep) Trust *t = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *text = NULL;
        const StoreEntry *before = grant_store_find(s, d->id);
        const TrustKey *key = NULL;
        int r;

        /* Dates have seconds. Said twice in one second, the later one is the later one all the same. */
        d->made_usec -= d->made_usec % 1000000;
        if (before && d->made_usec <= before->made_usec)
                d->made_usec = before->made_usec + 1000000;
        r = sign(s, d, &text);
        if (r >= 0)
                r = trust_new(&t);
        if (r >= 0)
                r = grant_host_trust(s, t);
        if (r >= 0)
                r = grant_verify(text, strlen(text), t, now_usec, &g, &key, e);
        if (r >= 0)
                r = grant_store_import(s, text, strlen(text), g, key, now_usec, uid, e);
        return r;
}

/* ------------------------------------------------------------------- reading */

static int read_one(const GrantStore *s, const StoreEntry *entry, const Trust *t, Declaration **ret)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        int r = grant_store_verify(s, entry, t, &g);

        if (r >= 0 && (!g->declaration || !g->declaration->by_root))
                r = -EBADMSG;
        if (r >= 0)
                *ret = TAKE_PTR(g->declaration);
        return r;
}

int grant_declarations(const GrantStore *s, const Trust *t, Declaration ***ret, size_t *ret_n,
                       size_t *ret_broken)
{
        Declaration **all = calloc(DECLARATIONS_MAX, sizeof(*all));
        size_t n = 0, broken = 0;

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < grant_store_size(s); i++) {
                const StoreEntry *entry = grant_store_get(s, i);
                int r;

                if (entry->kind != GRANT_DECLARATION || entry->ended_usec)
                        continue;
                r = n < DECLARATIONS_MAX ? read_one(s, entry, t, &all[n]) : -E2BIG;
                if (r == -ENOMEM) {
                        declarations_free_many(all, n);
                        return r;
                }
                if (r < 0)
                        broken++;
                else
                        n++;
        }
        *ret = all;
        *ret_n = n;
        *ret_broken = broken;
        return 0;
}
