/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_BYTES_H
#define MODEL_BYTES_H
/* Numbers as they lie in files, at any alignment; the caller has checked that the bytes are there. */
#include <stdint.h>

static inline uint16_t le16(const unsigned char *p)
{
        return (uint16_t) (p[0] | p[1] << 8);
}

static inline uint32_t le32(const unsigned char *p)
{
        return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static inline uint64_t le64(const unsigned char *p)
{
        return (uint64_t) le32(p) | (uint64_t) le32(p + 4) << 32;
}

static inline uint32_t be32(const unsigned char *p)
{
        return (uint32_t) p[3] | (uint32_t) p[2] << 8 | (uint32_t) p[1] << 16 | (uint32_t) p[0] << 24;
}

static inline uint64_t be64(const unsigned char *p)
{
        return (uint64_t) be32(p + 4) | (uint64_t) be32(p) << 32;
}

#endif
