/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_TEXT_SCAN_H
#define MODEL_TEXT_SCAN_H
/* Lines and words of a text in memory, for formats that are text. */
#include <string.h>

#include "lib/macro.h"
#include "lib/model/source.h"

typedef struct TextSpan {
        const char *s;
        size_t n;
} TextSpan;

static inline bool text_is(TextSpan x, const char *s)
{
        return x.n > 0 && x.s[0] == s[0] && x.n == strlen(s) && memcmp(x.s, s, x.n) == 0;
}

static inline bool text_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline TextSpan text_trim(TextSpan x)
{
        while (x.n > 0 && text_blank(x.s[0])) {
                x.s++;
                x.n--;
        }
        while (x.n > 0 && text_blank(x.s[x.n - 1]))
                x.n--;
        return x;
}

/* The next line, trimmed; false at the end. *rest is what is behind it. */
static inline bool text_line(TextSpan *rest, TextSpan *ret)
{
        const char *end = rest->n > 0 ? memchr(rest->s, '\n', rest->n) : NULL;
        size_t n = end ? (size_t) (end - rest->s) : rest->n;

        if (rest->n == 0)
                return false;
        *ret = text_trim((TextSpan){ rest->s, n });
        n += end != NULL;
        rest->s += n;
        rest->n -= n;
        return true;
}

/* The next word of a line, between blanks; false at the end. */
static inline bool text_word(TextSpan *rest, TextSpan *ret)
{
        size_t n = 0;

        *rest = text_trim(*rest);
        while (n < rest->n && !text_blank(rest->s[n]))
                n++;
        *ret = (TextSpan){ rest->s, n };
        rest->s += n;
        rest->n -= n;
        return n > 0;
}

/* Splits at the first `c`, both sides trimmed; false when there is none. */
static inline bool text_split(TextSpan x, char c, TextSpan *ret_left, TextSpan *ret_right)
{
        const char *at = x.n > 0 ? memchr(x.s, c, x.n) : NULL;

        if (!at)
                return false;
        *ret_left = text_trim((TextSpan){ x.s, (size_t) (at - x.s) });
        *ret_right = text_trim((TextSpan){ at + 1, x.n - (size_t) (at - x.s) - 1 });
        return true;
}

/* A number, all of the span. */
static inline bool text_integer(TextSpan x, int64_t *ret)
{
        int64_t v = 0;
        size_t i = x.n > 0 && x.s[0] == '-';

        if (x.n == i || x.n > i + 15)
                return false;
        for (size_t k = i; k < x.n; k++) {
                if (x.s[k] < '0' || x.s[k] > '9')
                        return false;
                v = v * 10 + (x.s[k] - '0');
        }
        *ret = i ? -v : v;
        return true;
}

/* Does the file begin as a text? By its first bytes; with them in *ret, trimmed at the left. */
static inline bool text_begins(Source *s, TextSpan *ret)
{
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 64, &p), i = 0;

        if (n <= 0)
                return false;
        for (int k = 0; k < n; k++)
                if (p[k] == 0x7f || (p[k] < 0x20 && (p[k] < '\t' || p[k] > '\r') && p[k] != 0x1b))
                        return false;
        if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
                i = 3;
        while (i < n && text_blank((char) p[i]))
                i++;
        *ret = (TextSpan){ (const char *) p + i, (size_t) MAX(n - i, 0) };
        return true;
}

#endif
