/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JSON_UTIL_H
#define JSON_UTIL_H
/* Values of our own kinds. Jansson refuses what is not UTF-8, and paths need not be: hostile text goes in escaped. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/date.h"
#include "lib/escape.h"

/* New reference: the text, escaped. Never NULL but without memory. */
static inline json_t *json_text(const char *s)
{
        char *escaped = escape_new(s, strlen(s));
        json_t *v = json_string(escaped ? escaped : "");

        free(escaped);
        return v;
}

/* New reference: the moment as people write it, null for 0. */
static inline json_t *json_date(uint64_t usec)
{
        char text[DATE_TEXT_MAX];

        if (usec == 0)
                return json_null();
        date_format(usec, text);
        return json_string(text);
}

#endif
