/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_HDF5_CURSOR_H
#define MODEL_HDF5_CURSOR_H
/* Numbers, addresses and signatures of HDF5, one after the other. For hdf5.c. */
#include <string.h>

#include "lib/macro.h"
#include "lib/model/hdf5.h"

/* Reads on and on; the first failure stays, and everything after it is zero. */
typedef struct Cursor {
        Hdf5 *h;
        uint64_t pos, end;
        int error;
} Cursor;

static inline Cursor cursor(Hdf5 *h, uint64_t pos, uint64_t length)
{
        Cursor c = { .h = h, .pos = pos, .end = pos + length };

        if (pos > h->s->size || length > h->s->size - pos)
                c.error = source_fail(h->s, "a block beyond the end of the file");
        return c;
}

static inline const unsigned char *view(Cursor *c, size_t n)
{
        const unsigned char *p = NULL;

        if (c->error < 0)
                return NULL;
        if (n > c->end - c->pos)
                c->error = source_fail(c->h->s, "a block that ends early");
        else
                c->error = source_view(c->h->s, c->pos, n, &p);
        if (c->error < 0)
                return NULL;
        c->pos += n;
        return p;
}

static inline uint64_t number(Cursor *c, unsigned n)
{
        const unsigned char *p = view(c, n);
        uint64_t v = 0;

        for (unsigned i = n; p && i > 0; i--)
                v = v << 8 | p[i - 1];
        return v;
}

static inline void skip(Cursor *c, uint64_t n)
{
        if (c->error >= 0 && n > c->end - c->pos)
                c->error = source_fail(c->h->s, "a block that ends early");
        else if (c->error >= 0)
                c->pos += n;
}

static inline bool expect(Cursor *c, const char *signature)
{
        const unsigned char *p = view(c, 4);

        if (p && memcmp(p, signature, 4) != 0)
                c->error = source_fail(c->h->s, "a block of another kind than it should be");
        return c->error >= 0;
}

/* An address of the file as a position in the source. */
static inline uint64_t address(Cursor *c)
{
        unsigned n = c->h->address_size;
        uint64_t v = number(c, n);

        if (c->error < 0 || v == (n == 8 ? UINT64_MAX : (1ULL << (8 * n)) - 1))
                return HDF5_NOWHERE;
        if (v > c->h->s->size || c->h->base > c->h->s->size - v) {
                c->error = source_fail(c->h->s, "an address beyond the end of the file");
                return HDF5_NOWHERE;
        }
        return c->h->base + v;
}

static inline uint64_t length(Cursor *c)
{
        return number(c, c->h->length_size);
}

#endif
