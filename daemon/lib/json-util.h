/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JSON_UTIL_H
#define JSON_UTIL_H
/* Jansson refuses what is not UTF-8, and paths need not be: hostile text goes in escaped. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/escape.h"

/* New reference: the text, escaped. Never NULL but without memory. */
static inline json_t *json_text(const char *s)
{
        char *escaped = escape_new(s, strlen(s));
        json_t *v = json_string(escaped ? escaped : "");

        free(escaped);
        return v;
}

#endif
