/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: UTF-8 checks and escaping of text that somebody hostile wrote.
 * Owns: the list of characters that may not reach a terminal or a journal.
 * Must not: know where the text comes from; use the locale (the sandboxed
 * scanner has none).
 * Called by: the classifier, aiguardctl, the daemon.
 */
#include "lib/escape.h"

#include <stdlib.h>
#include <string.h>

size_t utf8_next(const char *s, size_t n, uint32_t *ret_code)
{
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *p = (const unsigned char *) s;
        uint32_t code;
        size_t len;

        if (n == 0)
                return 0;
        if (p[0] < 0x80)
                len = 1, code = p[0];
        else if ((p[0] & 0xe0) == 0xc0)
                len = 2, code = p[0] & 0x1f;
        else if ((p[0] & 0xf0) == 0xe0)
                len = 3, code = p[0] & 0x0f;
        else if ((p[0] & 0xf8) == 0xf0)
                len = 4, code = p[0] & 0x07;
        else
                return 0;
        if (len > n)
                return 0;
        for (size_t i = 1; i < len; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (p[i] & 0x3f);
        }
        if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        if (ret_code)
                *ret_code = code;
        return len;
}

bool utf8_is_valid(const char *s, size_t n)
{
        while (n > 0) {
                size_t len = utf8_next(s, n, NULL);

                if (len == 0)
                        return false;
                s += len;
                n -= len;
        }
        return true;
}

size_t utf8_put(char *dst, uint32_t code)
{
        if (code < 0x80) {
                dst[0] = (char) code;
                return 1;
        }
        if (code < 0x800) {
                dst[0] = (char) (0xc0 | code >> 6);
                dst[1] = (char) (0x80 | (code & 0x3f));
                return 2;
        }
        if (code < 0x10000) {
                dst[0] = (char) (0xe0 | code >> 12);
                dst[1] = (char) (0x80 | (code >> 6 & 0x3f));
                dst[2] = (char) (0x80 | (code & 0x3f));
                return 3;
        }
        dst[0] = (char) (0xf0 | code >> 18);
        dst[1] = (char) (0x80 | (code >> 12 & 0x3f));
        dst[2] = (char) (0x80 | (code >> 6 & 0x3f));
        dst[3] = (char) (0x80 | (code & 0x3f));
        return 4;
}

/* Characters that move the cursor, turn the reading direction or cannot be seen. */
static bool is_printable(uint32_t c)
{
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad)
                return false;
        if (c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e))
                return false;
        if ((c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb))
                return false;
        if ((c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef))
                return false;
        return !(c >= 0xe0000 && c <= 0xe0fff);
}

char *escape_new(const char *s, size_t n)
{
        static const char hex[] = "0123456789abcdef";
        char *out, *p;

        if (n > (SIZE_MAX - 1) / 4)
                return NULL;
        out = p = malloc(4 * n + 1);
        if (!out)
                return NULL;
        while (n > 0) {
                uint32_t code = 0;
                size_t len = utf8_next(s, n, &code);

                if (len > 0 && code != '\\' && is_printable(code)) {
                        memcpy(p, s, len);
                        p += len;
                } else {
                        len = len > 0 ? len : 1;
                        for (size_t i = 0; i < len; i++) {
                                unsigned char c = (unsigned char) s[i];

                                *p++ = '\\';
                                *p++ = 'x';
                                *p++ = hex[c >> 4];
                                *p++ = hex[c & 15];
                        }
                }
                s += len;
                n -= len;
        }
        *p = 0;
        return out;
}

void text_copy(char *dst, size_t size, const char *s, size_t n)
{
        static const char replacement[] = "\xef\xbf\xbd";
        size_t used = 0;

        if (size == 0)
                return;
        while (n > 0) {
                uint32_t code = 0;
                size_t len = utf8_next(s, n, &code), skip = len > 0 ? len : 1;
                const char *from = s;

                if (len == 0 || !is_printable(code)) {
                        from = replacement;
                        len = sizeof(replacement) - 1;
                }
                if (used + len >= size)
                        break;
                memcpy(dst + used, from, len);
                used += len;
                s += skip;
                n -= skip;
        }
        dst[used] = 0;
}
