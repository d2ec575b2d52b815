/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_ENVELOPE_H
#define GRANT_ENVELOPE_H
/*
 * DSSE (Dead Simple Signing Envelope, protocol version 1) with Ed25519: the
 * signature is over the very bytes of the document, and over what kind it is.
 */
#include "lib/grant-trust.h"

#define ENVELOPE_SIGNATURES_MAX 8U

typedef struct EnvelopeSignature {
        unsigned char bytes[crypto_sign_BYTES];
        char key_id[TRUST_KEY_ID_MAX]; /* a hint, "" when there is none or it is longer */
} EnvelopeSignature;

typedef struct Envelope {
        GrantKind kind;
        char *payload; /* with a NUL behind it */
        size_t payload_size;
        EnvelopeSignature signatures[ENVELOPE_SIGNATURES_MAX];
        size_t n_signatures; /* that could be Ed25519 */
} Envelope;

int envelope_parse(const char *text, size_t size, Envelope **ret, GrantError *e);
Envelope *envelope_free(Envelope *v);
DEFINE_CLEANUP(Envelope *, envelope_free);

/*
 * The first trusted key that signed it, borrowed from `t`. The key's time is
 * asked at `at_usec`: that of the import. A revoked key has signed nothing.
 */
int envelope_verify(const Envelope *v, const Trust *t, uint64_t at_usec, const TrustKey **ret,
                    GrantError *e);

/* Makes one. New string. */
int envelope_make(GrantKind kind, const char *payload, size_t size,
                  const unsigned char secret[crypto_sign_SECRETKEYBYTES], char **ret);

/* The envelope with one signature more. New string. */
int envelope_add_signature(const char *text, size_t size,
                           const unsigned char secret[crypto_sign_SECRETKEYBYTES], char **ret,
                           GrantError *e);

/*
 * Envelope, signature, document, and whether the key may sign that: the one way by which a grant comes to count. For
 * a declaration every signature is looked at, and whose they are stands in it; *ret_key is trust.d's, if there is one.
 */
int grant_verify(const char *text, size_t size, const Trust *t, uint64_t at_usec, Grant **ret,
                 const TrustKey **ret_key, GrantError *e);

#endif
