/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: a streaming JSON writer.
 * Owns: commas and escapes.
 * Must not: parse, or keep what it has written.
 * Called by: aiguardctl.
 */
#include "lib/json-writer.h"

#include <string.h>

#include "lib/escape.h"
#include "lib/macro.h"

static void before_value(JsonWriter *w)
{
        if (w->after_key) {
                w->after_key = false;
                return;
        }
        if (w->more[w->depth])
                fputc(',', w->f);
        w->more[w->depth] = true;
}

void json_open(JsonWriter *w, char bracket)
{
        before_value(w);
        fputc(bracket, w->f);
        if (w->depth + 1 < JSON_WRITER_DEPTH_MAX)
                w->depth++;
        w->more[w->depth] = false;
}

void json_close(JsonWriter *w, char bracket)
{
        fputc(bracket, w->f);
        if (w->depth > 0)
                w->depth--;
}

static void put_text(FILE *f, const char *s)
{
        fputc('"', f);
        for (const char *p = s; *p; p++) {
                unsigned char c = (unsigned char) *p;

                if (c == '"' || c == '\\')
                        fprintf(f, "\\%c", c);
                else if (c == '\n')
                        fputs("\\n", f);
                else if (c == '\t')
                        fputs("\\t", f);
                else if (c < 0x20 || c == 0x7f)
                        fprintf(f, "\\u%04x", c);
                else
                        fputc(c, f);
        }
        fputc('"', f);
}

void json_key(JsonWriter *w, const char *key)
{
        before_value(w);
        put_text(w->f, key);
        fputc(':', w->f);
        w->after_key = true;
}

void json_put_string(JsonWriter *w, const char *s)
{
        _cleanup_free_ char *escaped = NULL;

        before_value(w);
        if (!utf8_is_valid(s, strlen(s))) {
                escaped = escape_new(s, strlen(s));
                s = escaped ?: "";
        }
        put_text(w->f, s);
}

void json_put_unsigned(JsonWriter *w, uint64_t v)
{
        before_value(w);
        fprintf(w->f, "%llu", (unsigned long long) v);
}
