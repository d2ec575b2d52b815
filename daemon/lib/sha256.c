/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: SHA-256 by libsodium. Owns no state beyond the caller's. Called by policy loading and inventories. */
#include "lib/sha256.h"

void sha256_init(Sha256 *s)
{
        crypto_hash_sha256_init(&s->state);
}

void sha256_update(Sha256 *s, const void *data, size_t size)
{
        crypto_hash_sha256_update(&s->state, data, size);
}

void sha256_final_hex(Sha256 *s, char ret[static SHA256_HEX_SIZE])
{
        unsigned char digest[crypto_hash_sha256_BYTES];

        crypto_hash_sha256_final(&s->state, digest);
        sodium_bin2hex(ret, SHA256_HEX_SIZE, digest, sizeof(digest));
}
