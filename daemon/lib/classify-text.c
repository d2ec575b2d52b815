/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: normalisation of words.
 * Owns: which letters count as the same, and where one word ends. What Unicode
 * says about a character comes from utf8proc; here is only what it does not
 * say: which letters look like others.
 * Must not: use the locale or allocate; know any vocabulary.
 * Called by: modelcap.c for the vocabularies, classify.c for the models.
 */
#include "lib/classify-text.h"

#include <string.h>
#include <utf8proc.h>

#include "lib/escape.h"
#include "lib/macro.h"

#define FOLDED_MAX 4 /* one character becomes at most so many; the few longer ones are cut */

typedef struct Pair {
        uint16_t from;
        char to;
} Pair;

/* Letters that Unicode does not take apart into a letter and a mark, and that are written without theirs. */
static const Pair plain[] = {
        { 0xe6, 'a' },  { 0xf0, 'd' },  { 0xf8, 'o' },  { 0x111, 'd' }, { 0x127, 'h' },
        { 0x131, 'i' }, { 0x142, 'l' }, { 0x153, 'o' }, { 0x167, 't' },
};

/* Letters of other alphabets, small capitals, and digits that look like a Latin letter. Sorted. */
static const Pair twins[] = {
        { '$', 's' },    { '0', 'o' },    { '1', 'i' },    { '3', 'e' },    { '4', 'a' },    { '5', 's' },
        { '7', 't' },    { '@', 'a' },    { 0x251, 'a' },  { 0x261, 'g' },  { 0x262, 'g' },  { 0x269, 'i' },
        { 0x26a, 'i' },  { 0x274, 'n' },  { 0x280, 'r' },  { 0x28b, 'u' },  { 0x28f, 'y' },  { 0x299, 'b' },
        { 0x29c, 'h' },  { 0x29f, 'l' },  { 0x391, 'a' },  { 0x392, 'b' },  { 0x395, 'e' },  { 0x396, 'z' },
        { 0x397, 'h' },  { 0x399, 'i' },  { 0x39a, 'k' },  { 0x39c, 'm' },  { 0x39d, 'n' },  { 0x39f, 'o' },
        { 0x3a1, 'p' },  { 0x3a4, 't' },  { 0x3a5, 'y' },  { 0x3a7, 'x' },  { 0x3b1, 'a' },  { 0x3b5, 'e' },
        { 0x3b9, 'i' },  { 0x3ba, 'k' },  { 0x3bd, 'v' },  { 0x3bf, 'o' },  { 0x3c1, 'p' },  { 0x3c4, 't' },
        { 0x3c5, 'u' },  { 0x3c7, 'x' },  { 0x3f2, 'c' },  { 0x405, 's' },  { 0x406, 'i' },  { 0x408, 'j' },
        { 0x410, 'a' },  { 0x412, 'b' },  { 0x415, 'e' },  { 0x41a, 'k' },  { 0x41c, 'm' },  { 0x41d, 'h' },
        { 0x41e, 'o' },  { 0x420, 'p' },  { 0x421, 'c' },  { 0x422, 't' },  { 0x423, 'y' },  { 0x425, 'x' },
        { 0x430, 'a' },  { 0x435, 'e' },  { 0x43a, 'k' },  { 0x43e, 'o' },  { 0x440, 'p' },  { 0x441, 'c' },
        { 0x442, 't' },  { 0x443, 'y' },  { 0x445, 'x' },  { 0x455, 's' },  { 0x456, 'i' },  { 0x458, 'j' },
        { 0x475, 'v' },  { 0x4af, 'y' },  { 0x4ba, 'h' },  { 0x4bb, 'h' },  { 0x4cf, 'l' },  { 0x501, 'd' },
        { 0x51b, 'q' },  { 0x51d, 'w' },  { 0x570, 'h' },  { 0x578, 'n' },  { 0x57d, 'u' },  { 0x581, 'g' },
        { 0x585, 'o' },  { 0x1d00, 'a' }, { 0x1d04, 'c' }, { 0x1d05, 'd' }, { 0x1d07, 'e' }, { 0x1d0a, 'j' },
        { 0x1d0b, 'k' }, { 0x1d0d, 'm' }, { 0x1d0f, 'o' }, { 0x1d18, 'p' }, { 0x1d1b, 't' }, { 0x1d1c, 'u' },
        { 0x1d20, 'v' }, { 0x1d21, 'w' }, { 0x1d22, 'z' }, { 0xa730, 'f' }, { 0xa731, 's' },
};

static uint32_t look_up(const Pair *table, size_t n, uint32_t c)
{
        for (size_t low = 0; low < n;) {
                size_t middle = (low + n) / 2;

                if (table[middle].from == c)
                        return (uint32_t) table[middle].to;
                if (table[middle].from < c)
                        low = middle + 1;
                else
                        n = middle;
        }
        return 0;
}

/* Arabic is typed with several characters for one letter; the long dash between letters is none. */
static uint32_t fold_arabic(uint32_t c)
{
        switch (c) {
        case 0x640:
                return 0;
        case 0x649:
        case 0x6cc:
                return 0x64a;
        case 0x671:
                return 0x627;
        case 0x629:
                return 0x647;
        case 0x6a9:
                return 0x643;
        default:
                return c;
        }
}

/* Lower case, without accents, full width and ligatures undone. Gives how many; 0 for what is invisible. */
static size_t fold(uint32_t c, utf8proc_int32_t ret[FOLDED_MAX])
{
        int boundary = UTF8PROC_BOUNDCLASS_START;
        utf8proc_ssize_t n;
        size_t kept = 0;

        if (c < 0x80) {
                ret[0] = (utf8proc_int32_t) (c >= 'A' && c <= 'Z' ? c + 32 : c);
                return 1;
        }
        n = utf8proc_decompose_char((utf8proc_int32_t) c, ret, FOLDED_MAX,
                                    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                                    UTF8PROC_IGNORE | UTF8PROC_STRIPMARK,
                                    &boundary);
        for (utf8proc_ssize_t i = 0; i < MIN(n, (utf8proc_ssize_t) FOLDED_MAX); i++) {
                uint32_t letter = fold_arabic((uint32_t) ret[i]),
                         without = look_up(plain, ARRAY_SIZE(plain), letter);

                letter = without ? without : letter;
                if (letter)
                        ret[kept++] = (utf8proc_int32_t) letter;
        }
        return kept;
}

typedef enum Kind {
        KIND_GAP,
        KIND_DIGIT,
        KIND_UPPER,
        KIND_LETTER,
} Kind;

/* One character; what is no UTF-8 is a gap. Nearly all of it is ASCII. */
static inline size_t next_char(const char *s, size_t n, uint32_t *ret)
{
        size_t len = 1;

        *ret = ' ';
        if (n > 0 && (unsigned char) *s < 0x80)
                *ret = (unsigned char) *s;
        else if (n > 0)
                len = utf8_next(s, n, ret);
        return MAX(len, (size_t) 1);
}

static const uint8_t ascii_kinds[0x80] = {
        ['0' ... '9'] = KIND_DIGIT,
        ['A' ... 'Z'] = KIND_UPPER,
        ['a' ... 'z'] = KIND_LETTER,
};

static Kind kind_of(uint32_t c)
{
        if (c < 0x80)
                return (Kind) ascii_kinds[c];
        switch (utf8proc_category((utf8proc_int32_t) c)) {
        case UTF8PROC_CATEGORY_LU:
                return KIND_UPPER;
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_CF:
                return KIND_LETTER;
        case UTF8PROC_CATEGORY_ND:
                return KIND_DIGIT;
        default:
                return KIND_GAP;
        }
}

/* A digit or sign is a disguise only where a letter stands beside it: h4ppy, and not class 4. */
static uint32_t see_through(uint32_t c, Kind before, Kind next)
{
        uint32_t twin = look_up(twins, ARRAY_SIZE(twins), c);

        return c >= 0x80 || before >= KIND_UPPER || next >= KIND_UPPER ? twin : 0;
}

/* Does a new word begin at a character of kind `now`, after `before` and in front of the rest? */
static bool is_border(Kind before, Kind now, const char *rest, size_t n, unsigned flags)
{
        uint32_t next;

        if (before == KIND_GAP)
                return true;
        if ((before == KIND_DIGIT) != (now == KIND_DIGIT))
                return true;
        if (!(flags & TOKENS_CAMEL) || now != KIND_UPPER)
                return false;
        (void) next_char(rest, n, &next);
        return before == KIND_LETTER || kind_of(next) == KIND_LETTER;
}

typedef struct Tokens {
        unsigned flags;
        Kind before;
        size_t used;
        char *text;
} Tokens;

static bool begin_letter(Tokens *t, Kind now, const char *rest, size_t n)
{
        if (now == KIND_GAP || (now == KIND_DIGIT && (t->flags & TOKENS_NO_DIGITS))) {
                t->before = KIND_GAP;
                return false;
        }
        if (t->used > 0 && is_border(t->before, now, rest, n, t->flags))
                t->text[t->used++] = ' ';
        t->before = now;
        return true;
}

/* Everything but plain ASCII. */
static void add_char(Tokens *t, uint32_t code, const char *rest, size_t n)
{
        utf8proc_int32_t folded[FOLDED_MAX];
        size_t n_folded = fold(code, folded);
        uint32_t next, twin = 0;

        if (n_folded == 0)
                return; /* invisible: as if it were not there */
        if (t->flags & TOKENS_SKELETON) {
                (void) next_char(rest, n, &next);
                twin = see_through(code, t->before, kind_of(next));
        }
        if (twin) {
                folded[0] = (utf8proc_int32_t) twin;
                n_folded = 1;
        }
        if (begin_letter(t, twin ? KIND_LETTER : kind_of(code), rest, n))
                for (size_t i = 0; i < n_folded; i++)
                        t->used += utf8_put(t->text + t->used, (uint32_t) folded[i]);
}

size_t text_tokens(const char *s, size_t n, unsigned flags, char ret[TOKENS_SIZE])
{
        Tokens t = { .flags = flags, .before = KIND_GAP, .text = ret };

        while (n > 0 && t.used + 4 * FOLDED_MAX + 2 < TOKENS_SIZE) {
                uint32_t code;
                size_t len = next_char(s, n, &code);

                s += len;
                n -= len;
                if (code >= 0x80 || flags & TOKENS_SKELETON)
                        add_char(&t, code, s, n);
                else if (begin_letter(&t, (Kind) ascii_kinds[code], s, n))
                        ret[t.used++] = (char) (ascii_kinds[code] == KIND_UPPER ? code + 32 : code);
        }
        ret[t.used] = 0;
        return t.used;
}
