/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_INFLATE_H
#define MODEL_INFLATE_H
/* Inflates a part of a hostile file, with a bound on what comes out. */
#include <stdbool.h>

#include "lib/model/source.h"

typedef enum InflateKind {
        INFLATE_RAW,  /* a member of a zip */
        INFLATE_ZLIB, /* two bytes before it, a checksum behind it; RFC 1950 */
        INFLATE_GZIP, /* RFC 1952 */
} InflateKind;

/*
 * Reads from `pos`, at most `length` bytes, until the stream ends or `max` bytes
 * came out: 0 and a buffer that the caller frees (a NUL stands behind it).
 * *ret_complete: the stream ended within `max`. Checksums are not compared, as
 * readers of models do not. -EBADMSG with the source's reason set.
 */
int inflate_part(Source *s, InflateKind kind, uint64_t pos, uint64_t length, size_t max, char **ret,
                 size_t *ret_size, bool *ret_complete);

#endif
