/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: normalisation of words.
 * Owns: which letters count as the same, and where one word ends.
 * Must not: use the locale or allocate; know any vocabulary.
 * Called by: modelcap.c for the vocabularies, classify.c for the models.
 */
#include "lib/classify-text.h"

#include <string.h>

#include "lib/escape.h"
#include "lib/macro.h"

/* U+00C0 to U+017F without their accents; '.' where there is no ASCII letter for it. */
static const char latin[] = "aaaaaa.ceeeeiiiidnooooo.ouuuuy.saaaaaa.ceeeeiiiidnooooo.ouuuuy.y"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkkklllllll"
                            "lllnnnnnnnnnoooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static uint32_t fold_cyrillic(uint32_t c)
{
        if (c >= 0x400 && c <= 0x40f)
                c += 0x50;
        else if (c >= 0x410 && c <= 0x42f)
                c += 0x20;
        else if ((c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f))
                c |= 1;
        else if (c >= 0x4c1 && c <= 0x4ce)
                c += c & 1;
        if (c == 0x451 || c == 0x450) /* ё */
                return 0x435;
        return c == 0x439 ? 0x438 : c; /* й: its mark may be a character of its own */
}

static uint32_t fold_arabic(uint32_t c)
{
        switch (c) {
        case 0x622:
        case 0x623:
        case 0x625:
        case 0x671:
                return 0x627;
        case 0x649:
        case 0x6cc:
                return 0x64a;
        case 0x629:
                return 0x647;
        case 0x6a9:
                return 0x643;
        default:
                return c == 0x640 || (c >= 0x64b && c <= 0x65f) || c == 0x670 ? 0 : c;
        }
}

uint32_t text_fold(uint32_t c)
{
        if (c >= 'A' && c <= 'Z')
                return c + 32;
        if (c < 0x80)
                return c;
        if (c >= 0xc0 && c < 0x180 && c != 0xd7 && c != 0xf7) {
                char plain = latin[c - 0xc0];

                return plain != '.' ? (uint32_t) plain : c < 0xdf ? c + 32 : c;
        }
        if (c == 0xad || (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || c == 0x2060 ||
            c == 0xfeff || (c >= 0xfe00 && c <= 0xfe0f))
                return 0;
        if (c >= 0x391 && c <= 0x3a9)
                return c + 32;
        if (c >= 0x400 && c <= 0x52f)
                return fold_cyrillic(c);
        if (c >= 0x620 && c <= 0x6ff)
                return fold_arabic(c);
        if (c >= 0x1e00 && c <= 0x1ef9)
                return c | 1;
        if (c >= 0xff21 && c <= 0xff3a) /* full width */
                return c - 0xff21 + 'a';
        if (c >= 0xff41 && c <= 0xff5a)
                return c - 0xff41 + 'a';
        if (c >= 0xff10 && c <= 0xff19)
                return c - 0xff10 + '0';
        return c;
}

/* Cyrillic and Greek letters that look like a Latin one. */
static uint32_t skeleton(uint32_t c)
{
        static const struct {
                uint16_t from;
                char to;
        } twins[] = {
                { 0x430, 'a' }, { 0x435, 'e' }, { 0x43e, 'o' }, { 0x440, 'p' }, { 0x441, 'c' },
                { 0x443, 'y' }, { 0x445, 'x' }, { 0x456, 'i' }, { 0x455, 's' }, { 0x458, 'j' },
                { 0x4bb, 'h' }, { 0x501, 'd' }, { 0x51b, 'q' }, { 0x51d, 'w' }, { 0x3bf, 'o' },
                { 0x3b1, 'a' }, { 0x3bd, 'v' }, { 0x3c1, 'p' }, { 0x3b9, 'i' }, { 0x131, 'i' },
                { 0x261, 'g' }, { 0x578, 'n' },
        };

        for (size_t i = 0; i < ARRAY_SIZE(twins); i++)
                if (c == twins[i].from)
                        return (uint32_t) twins[i].to;
        return c;
}

typedef enum Kind {
        KIND_GAP,
        KIND_DIGIT,
        KIND_UPPER,
        KIND_LETTER,
} Kind;

static Kind kind_of(uint32_t c)
{
        if (c >= '0' && c <= '9')
                return KIND_DIGIT;
        if (c >= 'A' && c <= 'Z')
                return KIND_UPPER;
        if (c < 0x80)
                return c >= 'a' && c <= 'z' ? KIND_LETTER : KIND_GAP;
        if (c < 0xc0)
                return c == 0xad ? KIND_LETTER : KIND_GAP;
        if (c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c <= 0x200a) || (c >= 0x2010 && c <= 0x205f))
                return KIND_GAP;
        if ((c >= 0x2190 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x303f) || c >= 0x1f000)
                return KIND_GAP;
        if ((c >= 0xff00 && c <= 0xff0f) || (c >= 0xff1a && c <= 0xff20) || c == 0x60c || c == 0x61b ||
            c == 0x30fb)
                return KIND_GAP;
        return c >= 0xff10 && c <= 0xff19 ? KIND_DIGIT : KIND_LETTER;
}

/* Does a new word begin at a character of kind `now`, after `before` and in front of `next`? */
static bool is_border(Kind before, Kind now, Kind next, unsigned flags)
{
        if (before == KIND_GAP)
                return true;
        if ((before == KIND_DIGIT) != (now == KIND_DIGIT))
                return true;
        if (!(flags & TOKENS_CAMEL) || now != KIND_UPPER)
                return false;
        return before == KIND_LETTER || next == KIND_LETTER;
}

size_t text_tokens(const char *s, size_t n, unsigned flags, char ret[TOKENS_SIZE])
{
        Kind before = KIND_GAP;
        size_t used = 0;

        while (n > 0 && used + 6 < TOKENS_SIZE) {
                uint32_t code = 0, next = ' ', folded;
                size_t len = utf8_next(s, n, &code);
                Kind now;

                if (len == 0)
                        len = 1, code = ' ';
                (void) utf8_next(s + len, n - len, &next);
                now = kind_of(code);
                folded = text_fold(code);
                s += len;
                n -= len;
                if (folded == 0)
                        continue; /* invisible: as if it were not there */
                if (now == KIND_GAP || (now == KIND_DIGIT && (flags & TOKENS_NO_DIGITS))) {
                        before = KIND_GAP;
                        continue;
                }
                if (used > 0 && is_border(before, now, kind_of(next), flags))
                        ret[used++] = ' ';
                before = now;
                used += utf8_put(ret + used, flags & TOKENS_SKELETON ? skeleton(folded) : folded);
        }
        ret[used] = 0;
        return used;
}
