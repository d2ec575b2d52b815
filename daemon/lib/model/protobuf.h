/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_PROTOBUF_H
#define MODEL_PROTOBUF_H
/* Protocol buffers as a stream of fields, in any order, any number of times; nothing is copied. */
#include <stdint.h>

#include "lib/model/source.h"

typedef enum PbWire {
        PB_VARINT = 0,
        PB_FIXED64 = 1,
        PB_BYTES = 2,
        PB_GROUP = 3,
        PB_GROUP_END = 4,
        PB_FIXED32 = 5,
} PbWire;

typedef struct PbCursor {
        Source *source;
        uint64_t pos, end;
} PbCursor;

typedef struct PbField {
        uint32_t number;
        PbWire wire;
        uint64_t value;         /* of a varint */
        uint64_t start, length; /* of bytes */
} PbField;

static inline PbCursor pb_cursor(Source *s, uint64_t start, uint64_t length)
{
        return (PbCursor){ .source = s, .pos = start, .end = start + length };
}

/* 1 and a field, 0 at the end, -EBADMSG with the source's reason set. Groups are skipped. */
int pb_next(PbCursor *c, PbField *ret);

/* A varint inside a packed field. */
int pb_varint(PbCursor *c, uint64_t *ret);

#endif
