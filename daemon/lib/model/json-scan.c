/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: a pull parser for JSON that somebody hostile wrote.
 * Owns: the position, the stack of brackets (bits, not calls) and one text.
 * Must not: build a tree or recurse.
 * Called by: the readers of safetensors and configurations, and the label finder.
 */
#include "lib/model/json-scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/escape.h"

void json_scan_init(JsonScan *j, Source *source, const char *data, size_t size)
{
        j->source = source;
        j->data = data;
        j->size = size;
        j->pos = 0;
        j->depth = 0;
        j->want_value = true;
        j->want_key = j->started = j->first = false;
        j->n = 0;
        j->text[0] = 0;
        if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
                j->pos = 3;
}

static int fail(JsonScan *j, const char *reason)
{
        return source_fail(j->source, reason);
}

static void put(JsonScan *j, uint32_t code)
{
        if (j->n + 4 <= JSON_TEXT_MAX)
                j->n += utf8_put(j->text + j->n, code);
}

static int hex4(JsonScan *j, uint32_t *ret)
{
        uint32_t v = 0;

        if (j->size - j->pos < 4)
                return fail(j, "ends early");
        for (int i = 0; i < 4; i++) {
                char c = j->data[j->pos++];

                if (c >= '0' && c <= '9')
                        v = v << 4 | (uint32_t) (c - '0');
                else if ((c | 32) >= 'a' && (c | 32) <= 'f')
                        v = v << 4 | (uint32_t) ((c | 32) - 'a' + 10);
                else
                        return fail(j, "a broken escape in a string");
        }
        *ret = v;
        return 0;
}

static int scan_unicode(JsonScan *j)
{
        uint32_t code, low;
        int r = hex4(j, &code);

        if (r < 0)
                return r;
        if (code >= 0xd800 && code < 0xdc00 && j->size - j->pos >= 6 && j->data[j->pos] == '\\' &&
            j->data[j->pos + 1] == 'u') {
                j->pos += 2;
                r = hex4(j, &low);
                if (r < 0)
                        return r;
                if (low >= 0xdc00 && low < 0xe000)
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                else
                        code = 0xfffd;
        }
        put(j, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
        return 0;
}

static int scan_escape(JsonScan *j)
{
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *p;
        char c;

        if (j->pos >= j->size)
                return fail(j, "ends early");
        c = j->data[j->pos++];
        if (c == 'u')
                return scan_unicode(j);
        p = c ? strchr(from, c) : NULL;
        if (!p)
                return fail(j, "a broken escape in a string");
        put(j, (uint32_t) to[p - from]);
        return 0;
}

static int scan_string(JsonScan *j)
{
        j->pos++;
        j->n = 0;
        while (j->pos < j->size) {
                unsigned char c = (unsigned char) j->data[j->pos++];
                int r;

                if (c == '"') {
                        j->text[j->n] = 0;
                        return 0;
                }
                if (c == '\\') {
                        r = scan_escape(j);
                        if (r < 0)
                                return r;
                } else if (c < 0x20) {
                        return fail(j, "a control character in a string");
                } else if (j->n < JSON_TEXT_MAX) {
                        j->text[j->n++] = (char) c;
                }
        }
        return fail(j, "ends early");
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_word(char c)
{
        switch (c) {
        case 0:
        case ' ':
        case '\t':
        case '\r':
        case '\n':
        case ',':
        case ':':
        case ']':
        case '}':
        case '[':
        case '{':
        case '"':
                return true;
        default:
                return false;
        }
}

static int scan_word(JsonScan *j)
{
        static const char *const literals[] = { "true", "false", "null", "NaN", "Infinity", "-Infinity" };
        size_t start = j->pos;
        char *end;

        while (j->pos < j->size && !ends_word(j->data[j->pos]))
                j->pos++;
        j->n = j->pos - start;
        if (j->n == 0 || j->n > 64)
                return fail(j, "neither a number nor a word of JSON");
        memcpy(j->text, j->data + start, j->n);
        j->text[j->n] = 0;
        if (strspn(j->text, "0123456789") == j->n)
                return JSON_NUMBER; /* as nearly all are */
        for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++)
                if (strcmp(j->text, literals[i]) == 0)
                        return JSON_LITERAL;
        if (j->text[0] != '-' && (j->text[0] < '0' || j->text[0] > '9'))
                return fail(j, "neither a number nor a word of JSON");
        (void) strtod(j->text, &end);
        if (*end || strpbrk(j->text, "xXpP"))
                return fail(j, "neither a number nor a word of JSON");
        return JSON_NUMBER;
}

static int open_bracket(JsonScan *j, bool object)
{
        if (j->depth >= JSON_DEPTH_MAX)
                return fail(j, "nested too deep");
        j->in_object[j->depth++] = object;
        j->pos++;
        j->want_key = object;
        j->want_value = !object;
        j->first = true;
        return object ? JSON_OBJECT : JSON_ARRAY;
}

static int close_bracket(JsonScan *j, bool object)
{
        if (j->depth == 0 || j->in_object[j->depth - 1] != object)
                return fail(j, "a bracket that closes nothing");
        if ((j->want_key || j->want_value) && !j->first)
                return fail(j, "a value is missing");
        j->depth--;
        j->pos++;
        j->want_key = j->want_value = j->first = false;
        return object ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static int scan_key(JsonScan *j)
{
        int r = scan_string(j);

        if (r < 0)
                return r;
        while (j->pos < j->size && is_blank(j->data[j->pos]))
                j->pos++;
        if (j->pos >= j->size)
                return fail(j, "ends early");
        if (j->data[j->pos] != ':')
                return fail(j, "a key without a colon");
        j->pos++;
        j->want_key = j->first = false;
        j->want_value = true;
        return JSON_KEY;
}

static int scan_value(JsonScan *j, char c)
{
        int r;

        if (!j->want_value)
                return fail(j, "a value where none may be");
        if (c == '{' || c == '[')
                return open_bracket(j, c == '{');
        if (c == '"') {
                r = scan_string(j);
                r = r < 0 ? r : JSON_STRING;
        } else {
                r = scan_word(j);
        }
        j->want_value = j->first = false;
        return r;
}

int json_scan_next(JsonScan *j)
{
        int r;

        r = source_count(j->source);
        if (r < 0)
                return r;
        for (;;) {
                char c;

                if (j->started && j->depth == 0 && !j->want_value)
                        return JSON_END;
                if (j->pos >= j->size)
                        return fail(j, "ends early");
                c = j->data[j->pos];
                if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
                        j->pos++;
                        continue;
                }
                j->started = true;
                if (c == ',') {
                        if (j->depth == 0 || j->want_key || j->want_value)
                                return fail(j, "a comma where none may be");
                        j->want_key = j->in_object[j->depth - 1];
                        j->want_value = !j->want_key;
                        j->pos++;
                        continue;
                }
                if (c == '}' || c == ']')
                        return close_bracket(j, c == '}');
                if (j->want_key)
                        return c == '"' ? scan_key(j) : fail(j, "a key must be a string");
                return scan_value(j, c);
        }
}

bool json_scan_integer(const JsonScan *j, int64_t *ret)
{
        char *end;
        long long v;

        if (j->n == 0 || j->n > 20 || j->text[0] > '9')
                return false;
        errno = 0;
        v = strtoll(j->text, &end, 10);
        if (errno != 0 || *end || end != j->text + j->n)
                return false;
        *ret = v;
        return true;
}
