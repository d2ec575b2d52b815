/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JSON_WRITER_H
#define JSON_WRITER_H
/* Writes JSON to a stream as it comes, on one line. Text that is no UTF-8 is written as escape_new() shows it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_WRITER_DEPTH_MAX 16

typedef struct JsonWriter {
        FILE *f;
        unsigned depth;
        bool more[JSON_WRITER_DEPTH_MAX]; /* something stands before: a comma is due */
        bool after_key;
} JsonWriter;

static inline JsonWriter json_writer(FILE *f)
{
        return (JsonWriter){ .f = f };
}

void json_open(JsonWriter *w, char bracket);  /* { or [ */
void json_close(JsonWriter *w, char bracket); /* } or ] */
void json_key(JsonWriter *w, const char *key);
void json_put_string(JsonWriter *w, const char *s);
void json_put_unsigned(JsonWriter *w, uint64_t v);

#endif
