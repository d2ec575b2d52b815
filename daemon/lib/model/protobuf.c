/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: walks the fields of a protocol buffer message.
 * Owns: the bounds: a field never reaches beyond the message that holds it.
 * Must not: know any schema, recurse, or allocate.
 * Called by: the readers of formats that are protocol buffers.
 */
#include "lib/model/protobuf.h"

#include "lib/macro.h"

#define GROUP_DEPTH_MAX 64

/* Its length in n bytes, 0 when it does not end there. */
static int decode_varint(const unsigned char *p, int n, uint64_t *ret)
{
        uint64_t value = 0;

        for (int i = 0; i < n; i++) {
                value |= (uint64_t) (p[i] & 0x7f) << (7 * i);
                if (!(p[i] & 0x80)) {
                        *ret = value;
                        return i + 1;
                }
        }
        return 0;
}

int pb_varint(PbCursor *c, uint64_t *ret)
{
        size_t max = (size_t) MIN(c->end - c->pos, (uint64_t) 10);
        const unsigned char *p = NULL;
        int n, length;

        n = source_some(c->source, c->pos, max, &p);
        if (n < 0)
                return n;
        length = decode_varint(p, n, ret);
        if (length == 0) {
                n = source_peek(c->source, c->pos, max, &p);
                if (n < 0)
                        return n;
                length = decode_varint(p, n, ret);
        }
        if (length == 0)
                return source_fail(c->source, n == 10 ? "a number without end" : "ends early");
        c->pos += (uint64_t) length;
        c->source->run_end = MAX(c->source->run_end, c->pos);
        return 0;
}

/* One field, groups not skipped. */
static int next_raw(PbCursor *c, PbField *f)
{
        uint64_t tag = 0;
        int r;

        r = source_count(c->source);
        if (r < 0)
                return r;
        r = pb_varint(c, &tag);
        if (r < 0)
                return r;
        if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
                return source_fail(c->source, "a field number that cannot be");
        *f = (PbField){ .number = (uint32_t) (tag >> 3), .wire = (PbWire) (tag & 7) };
        switch (f->wire) {
        case PB_VARINT:
                return pb_varint(c, &f->value);
        case PB_BYTES:
                r = pb_varint(c, &f->length);
                if (r < 0)
                        return r;
                break;
        case PB_FIXED64:
                f->length = 8;
                break;
        case PB_FIXED32:
                f->length = 4;
                break;
        case PB_GROUP:
        case PB_GROUP_END:
                return 0;
        default:
                return source_fail(c->source, "a field type that does not exist");
        }
        if (f->length > c->end - c->pos)
                return source_fail(c->source, "a field longer than what holds it");
        f->start = c->pos;
        c->pos += f->length;
        return 0;
}

int pb_next(PbCursor *c, PbField *ret)
{
        unsigned depth = 0;
        PbField f = {};
        int r;

        do {
                if (c->pos >= c->end)
                        return depth > 0 ? source_fail(c->source, "a group without end") : 0;
                r = next_raw(c, &f);
                if (r < 0)
                        return r;
                if (f.wire == PB_GROUP) {
                        if (++depth > GROUP_DEPTH_MAX)
                                return source_fail(c->source, "nested too deep");
                } else if (f.wire == PB_GROUP_END) {
                        if (depth == 0)
                                return source_fail(c->source, "the end of a group that did not begin");
                        depth--;
                        continue;
                }
        } while (depth > 0 || f.wire == PB_GROUP_END);
        *ret = f;
        return 1;
}
