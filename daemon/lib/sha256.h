/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SHA256_H
#define SHA256_H
/* SHA-256 in pieces, as lower-case hex. The only place that knows which library does it. */
#include <sodium.h>
#include <stddef.h>

#define SHA256_HEX_SIZE 65

typedef struct Sha256 {
        crypto_hash_sha256_state state;
} Sha256;

void sha256_init(Sha256 *s);
void sha256_update(Sha256 *s, const void *data, size_t size);
void sha256_final_hex(Sha256 *s, char ret[static SHA256_HEX_SIZE]);

#endif
