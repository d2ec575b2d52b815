/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_TRUST_H
#define GRANT_TRUST_H
/*
 * Whose signature counts, for what and until when: one file NAME.key for each
 * key in /etc/aiguard/trust.d, see aiguard-consent(5). And the keys of small
 * sites: made here, kept as PEM, so that other tools can use them too.
 */
#include <sodium.h>

#include "lib/diag.h"
#include "lib/grant.h"

#define TRUST_DIR "/etc/aiguard/trust.d"
#define TRUST_KEYS_MAX 256U
#define TRUST_KEY_ID_MAX 65U

typedef struct TrustKey {
        char *name;                /* of the file, without .key */
        char id[TRUST_KEY_ID_MAX]; /* SHA-256 of the public key, hex; "keyid" of an envelope */
        unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
        unsigned kinds;      /* bit for each GrantKind */
        char **workloads;    /* globs */
        char **capabilities; /* globs on model capabilities and kinds of sensor */
        uint64_t until_usec; /* wall clock: signs nothing new from then on */
        bool revoked;        /* nothing that it ever signed counts */
        bool host;           /* root's on this host, not of trust.d */
} TrustKey;

typedef struct Trust {
        TrustKey *keys;
        size_t n;
} Trust;

/*
 * A file that cannot be understood, or that others than its owner may write, is no key: it is in `diag`, the others
 * count. No directory: no keys.
 */
int trust_load(const char *dir, Diag *diag, Trust **ret);
int trust_new(Trust **ret); /* without keys */
Trust *trust_free(Trust *t);
DEFINE_CLEANUP(Trust *, trust_free);

const TrustKey *trust_find(const Trust *t, const char *id); /* NULL */
/* Root's key on this host: for declarations alone, whatever they are about. */
int trust_add_host(Trust *t, const unsigned char public_key[crypto_sign_PUBLICKEYBYTES]);
/* May this key sign that? -EBADMSG and *e. */
int trust_key_allows(const TrustKey *k, const Grant *g, GrantError *e);

/* A new pair: the secret one as PEM (PKCS #8), the public one as base64. `ret_pem` holds a secret: sodium_memzero() it. */
int trust_key_make(char **ret_pem, char **ret_public);
/* Reads such a PEM; others that hold an Ed25519 key do as well. -EBADMSG: none of these. */
int trust_secret_parse(const char *pem, size_t size, unsigned char ret[crypto_sign_SECRETKEYBYTES]);
void trust_key_id(const unsigned char public_key[crypto_sign_PUBLICKEYBYTES], char ret[TRUST_KEY_ID_MAX]);

#endif
