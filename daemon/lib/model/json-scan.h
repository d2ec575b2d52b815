/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_JSON_SCAN_H
#define MODEL_JSON_SCAN_H
/*
 * JSON as a stream of tokens over memory: no tree, no allocation, duplicates
 * all seen, depth bounded. Strings are decoded; what does not fit is cut.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/model/source.h"

#define JSON_DEPTH_MAX 64
#define JSON_TEXT_MAX 16384

typedef enum JsonToken {
        JSON_END, /* the document is complete; `pos` is behind it */
        JSON_OBJECT,
        JSON_OBJECT_END,
        JSON_ARRAY,
        JSON_ARRAY_END,
        JSON_KEY,
        JSON_STRING,
        JSON_NUMBER,
        JSON_LITERAL, /* true, false, null, and the NaN and Infinity that Python writes */
} JsonToken;

typedef struct JsonScan {
        Source *source; /* for the budget and the reason */
        const char *data;
        size_t size, pos;
        unsigned depth;
        bool in_object[JSON_DEPTH_MAX];
        bool want_value, want_key, started, first;
        size_t n;                     /* of text */
        char text[JSON_TEXT_MAX + 8]; /* of a key, string or number; NUL-terminated, may hold NULs */
} JsonScan;

void json_scan_init(JsonScan *j, Source *source, const char *data, size_t size);

/* A JsonToken, or -EBADMSG with the source's reason set. */
int json_scan_next(JsonScan *j);

/* The number in `text`, as an integer. */
bool json_scan_integer(const JsonScan *j, int64_t *ret);

#endif
