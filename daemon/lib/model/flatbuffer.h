/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_FLATBUFFER_H
#define MODEL_FLATBUFFER_H
/*
 * Tables, vectors and strings of a flatbuffer at any place of a source; nothing
 * is copied but strings. Positions count from the beginning of the source.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/model/source.h"

#define FB_FIELDS_MAX 64

typedef struct FbTable {
        Source *source;
        uint64_t pos;
        uint16_t n_fields;
        uint16_t fields[FB_FIELDS_MAX]; /* offsets from pos, 0: not there */
} FbTable;

typedef struct FbVector {
        uint64_t pos; /* of the first element */
        uint32_t n;
} FbVector;

/* The table that the offset at `pos` points to. -EBADMSG with the source's reason set. */
int fb_table(Source *s, uint64_t pos, FbTable *ret);

/* A field that is a table, a vector or a string: 1, 0 when it is not there, or -EBADMSG. */
int fb_field_table(const FbTable *t, unsigned field, FbTable *ret);
/* `size`: of an element; all of them lie in the source. */
int fb_field_vector(const FbTable *t, unsigned field, size_t size, FbVector *ret);
/* At most max - 1 bytes and a NUL; *ret_size without it. "" when it is not there. */
int fb_field_string(const FbTable *t, unsigned field, char *buffer, size_t max, size_t *ret_size);

/* A number in the table itself, of 1, 2, 4 or 8 bytes; `otherwise` when it is not there. */
int fb_field_number(const FbTable *t, unsigned field, size_t size, uint64_t otherwise, uint64_t *ret);

/* Element `i` of a vector of tables, of strings, of numbers. */
int fb_element_table(Source *s, const FbVector *v, uint32_t i, FbTable *ret);
int fb_element_string(Source *s, const FbVector *v, uint32_t i, char *buffer, size_t max, size_t *ret_size);
int fb_element_i32(Source *s, const FbVector *v, uint32_t i, int32_t *ret);

#endif
