/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H
/* How aiguardctl's verbs print: hostile text escaped, documents as JSON, colour on a terminal only. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Takes the document; one line, or indented on a terminal. Returns an exit code. */
int out_json(json_t *o);

/* A string member, "" when there is none. Unescaped. */
const char *json_str(const json_t *o, const char *key);
long long json_int(const json_t *o, const char *key);

/* "label      value", the value escaped. */
void out_line(const char *label, const char *format, ...) __attribute__((__format__(printf, 2, 3)));

typedef enum OutColor {
        OUT_PLAIN,
        OUT_GOOD,
        OUT_BAD,
        OUT_DOUBT,
        OUT_FAINT,
} OutColor;

/* Begins or, with OUT_PLAIN, ends a colour: "" when stdout is no terminal or NO_COLOR is set. */
const char *out_color(OutColor c);

/* "aiguardctl: ..." on stderr, the text escaped. */
void out_error(const char *format, ...) __attribute__((__format__(printf, 1, 2)));

#endif
