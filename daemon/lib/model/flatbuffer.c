/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: walks flatbuffers.
 * Owns: the bounds: every offset leads to a place inside the source, and every
 * table costs an item of its budget, so that a loop of offsets ends.
 * Must not: know any schema, recurse, or allocate.
 * Called by: the readers of formats that are flatbuffers.
 * Source: "FlatBuffer Internals" of the flatbuffers documentation: a table begins with
 * the signed distance back to its vtable, which lists the offsets of the fields.
 */
#include "lib/model/flatbuffer.h"

#include <string.h>

#include "lib/macro.h"
#include "lib/model/bytes.h"

static int read_u32(Source *s, uint64_t pos, uint32_t *ret)
{
        const unsigned char *p = NULL;
        int r = source_view(s, pos, 4, &p);

        if (r < 0)
                return r;
        *ret = le32(p);
        return 0;
}

/* Where the offset at `pos` leads: forward, always, and never nowhere. */
static int follow(Source *s, uint64_t pos, uint64_t *ret)
{
        uint32_t offset = 0;
        int r = read_u32(s, pos, &offset);

        if (r < 0)
                return r;
        if (offset == 0 || pos + offset > s->size - 4)
                return source_fail(s, "an offset that leads out of the file");
        *ret = pos + offset;
        return 0;
}

static int read_vtable(FbTable *t, uint64_t pos, size_t size)
{
        unsigned char raw[2 * FB_FIELDS_MAX];
        const unsigned char *p = NULL;
        int r;

        t->n_fields = (uint16_t) MIN((size - 4) / 2, (size_t) FB_FIELDS_MAX);
        if (t->n_fields == 0)
                return 0;
        r = source_view(t->source, pos + 4, 2U * t->n_fields, &p);
        if (r < 0)
                return r;
        memcpy(raw, p, 2U * t->n_fields);
        for (size_t i = 0; i < t->n_fields; i++)
                t->fields[i] = le16(raw + 2 * i);
        return 0;
}

int fb_table(Source *s, uint64_t pos, FbTable *ret)
{
        FbTable t = { .source = s };
        const unsigned char *p = NULL;
        uint32_t distance = 0;
        uint64_t vtable;
        size_t size;
        int r;

        r = source_count(s);
        if (r < 0)
                return r;
        r = follow(s, pos, &t.pos);
        if (r < 0)
                return r;
        r = read_u32(s, t.pos, &distance);
        if (r < 0)
                return r;
        vtable = t.pos - (uint64_t) (int64_t) (int32_t) distance;
        if (vtable > s->size - 4)
                return source_fail(s, "a table without description");
        r = source_view(s, vtable, 4, &p);
        if (r < 0)
                return r;
        size = le16(p);
        if (size < 4 || size % 2 != 0 || vtable + size > s->size)
                return source_fail(s, "a table without description");
        r = read_vtable(&t, vtable, size);
        if (r < 0)
                return r;
        *ret = t;
        return 0;
}

static uint64_t field_pos(const FbTable *t, unsigned field)
{
        return field < t->n_fields && t->fields[field] ? t->pos + t->fields[field] : 0;
}

int fb_field_table(const FbTable *t, unsigned field, FbTable *ret)
{
        uint64_t pos = field_pos(t, field);
        int r;

        if (pos == 0)
                return 0;
        r = fb_table(t->source, pos, ret);
        return r < 0 ? r : 1;
}

static int read_vector(Source *s, uint64_t pos, size_t size, FbVector *ret)
{
        uint64_t at = 0;
        uint32_t n = 0;
        int r;

        r = follow(s, pos, &at);
        if (r < 0)
                return r;
        r = read_u32(s, at, &n);
        if (r < 0)
                return r;
        if ((uint64_t) n * size > s->size - at - 4)
                return source_fail(s, "a list longer than the file");
        *ret = (FbVector){ .pos = at + 4, .n = n };
        return 0;
}

int fb_field_vector(const FbTable *t, unsigned field, size_t size, FbVector *ret)
{
        uint64_t pos = field_pos(t, field);
        int r;

        if (pos == 0)
                return 0;
        r = read_vector(t->source, pos, size, ret);
        return r < 0 ? r : 1;
}

static int read_string(Source *s, uint64_t pos, char *buffer, size_t max, size_t *ret_size)
{
        const unsigned char *p = NULL;
        FbVector v = {};
        size_t n;
        int r;

        r = read_vector(s, pos, 1, &v);
        if (r < 0)
                return r;
        n = MIN((size_t) v.n, MIN(max - 1, (size_t) SOURCE_WINDOW));
        if (n > 0) {
                r = source_view(s, v.pos, n, &p);
                if (r < 0)
                        return r;
                memcpy(buffer, p, n);
        }
        buffer[n] = 0;
        *ret_size = n;
        return 1;
}

int fb_field_string(const FbTable *t, unsigned field, char *buffer, size_t max, size_t *ret_size)
{
        uint64_t pos = field_pos(t, field);

        if (pos > 0)
                return read_string(t->source, pos, buffer, max, ret_size);
        buffer[0] = 0;
        *ret_size = 0;
        return 0;
}

int fb_field_number(const FbTable *t, unsigned field, size_t size, uint64_t otherwise, uint64_t *ret)
{
        uint64_t pos = field_pos(t, field), value = 0;
        const unsigned char *p = NULL;
        int r;

        if (pos > 0) {
                r = source_view(t->source, pos, size, &p);
                if (r < 0)
                        return r;
                for (size_t i = size; i-- > 0;)
                        value = value << 8 | p[i];
        }
        *ret = pos > 0 ? value : otherwise;
        return 0;
}

int fb_element_table(Source *s, const FbVector *v, uint32_t i, FbTable *ret)
{
        return fb_table(s, v->pos + 4ULL * i, ret);
}

int fb_element_string(Source *s, const FbVector *v, uint32_t i, char *buffer, size_t max, size_t *ret_size)
{
        int r = source_count(s);

        return r < 0 ? r : read_string(s, v->pos + 4ULL * i, buffer, max, ret_size);
}

int fb_element_i32(Source *s, const FbVector *v, uint32_t i, int32_t *ret)
{
        uint32_t value = 0;
        int r = read_u32(s, v->pos + 4ULL * i, &value);

        if (r < 0)
                return r;
        *ret = (int32_t) value;
        return 0;
}
