/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: envelopes on anything, with one trusted key: only what that key signed verifies. Then it is signed anew. */
#include <stdint.h>
#include <string.h>

#include "lib/grant-envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char secret[crypto_sign_SECRETKEYBYTES];
static TrustKey key;
static char *any[] = { (char *) "*", NULL };

static const Trust *trust(void)
{
        static Trust t = { .keys = &key, .n = 1 };
        static const unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };

        if (!key.name) {
                if (sodium_init() < 0)
                        abort();
                crypto_sign_seed_keypair(key.public_key, secret, seed);
                trust_key_id(key.public_key, key.id);
                key.name = (char *) "fuzz";
                key.kinds = ~0U;
                key.workloads = key.capabilities = any;
                key.until_usec = UINT64_MAX;
        }
        return &t;
}

/* What was parsed, signed by the trusted key, verifies; with one bit changed it does not. */
static void again(const Envelope *v)
{
        Envelope *signed_v = NULL;
        const TrustKey *k = NULL;
        char *text = NULL;
        GrantError e = {};

        if (envelope_make(v->kind, v->payload, v->payload_size, secret, &text) < 0 ||
            strlen(text) > GRANT_BYTES_MAX) {
                free(text);
                return;
        }
        if (envelope_parse(text, strlen(text), &signed_v, &e) < 0 ||
            envelope_verify(signed_v, trust(), 1, &k, &e) < 0 || k != &key ||
            signed_v->payload_size != v->payload_size ||
            memcmp(signed_v->payload, v->payload, v->payload_size) != 0)
                abort();
        signed_v->signatures[0].bytes[0] ^= 1;
        if (envelope_verify(signed_v, trust(), 1, &k, &e) >= 0)
                abort();
        envelope_free(signed_v);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Envelope *v = NULL;
        const TrustKey *k = NULL;
        unsigned char parsed[crypto_sign_SECRETKEYBYTES];
        GrantError e = {};
        Grant *g = NULL;

        if (envelope_parse((const char *) data, size, &v, &e) >= 0) {
                if (v->n_signatures == 0 || v->n_signatures > ENVELOPE_SIGNATURES_MAX ||
                    v->payload[v->payload_size])
                        abort();
                trust();
                again(v);
        } else if (v || e.reason == GRANT_OK)
                abort();
        envelope_free(v);
        (void) grant_verify((const char *) data, size, trust(), 1, &g, &k, &e);
        grant_free(g);
        (void) trust_secret_parse((const char *) data, size, parsed);
        return 0;
}
