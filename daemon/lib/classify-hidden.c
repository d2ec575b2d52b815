/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: undresses values that are not written as text.
 * Owns: what counts as readable. One layer is taken off, not two: who hides
 * twice does not want to be understood by anything.
 * Must not: judge.
 * Called by: classify-labels.c for labels, classify-collect.c for names.
 */
#include "lib/classify-hidden.h"

#include <sodium.h>
#include <string.h>

#include "lib/escape.h"
#include "lib/model/label-find.h"

#define HIDDEN_MIN 4
#define REVEALED_MAX 64 /* of one file */

/* Mostly letters, no control characters. */
static bool is_readable(const char *s, size_t n)
{
        size_t letters = 0;

        if (!utf8_is_valid(s, n))
                return false;
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char) s[i];

                if (c < ' ' && c != '\n' && c != '\t' && c != '\r')
                        return false;
                letters += c >= 0x80 || ((c | 32) >= 'a' && (c | 32) <= 'z');
        }
        return n >= 2 && 2 * letters >= n;
}

/* Nearly every name ends here: it holds a sign that no such alphabet has, or it is cut where none is. */
static int variant_of(const char *s, size_t n)
{
        bool hex = true, url = false, original = false;
        size_t padding = 0;

        for (size_t i = 0; i < n; i++) {
                char low = (char) (s[i] | 32);
                bool digit = s[i] >= '0' && s[i] <= '9';

                hex = hex && (digit || (low >= 'a' && low <= 'f'));
                url = url || s[i] == '-' || s[i] == '_';
                original = original || s[i] == '+' || s[i] == '/';
                padding += s[i] == '=';
                if (!digit && !(low >= 'a' && low <= 'z') && (s[i] == 0 || !strchr("+/-_=", s[i])))
                        return -1;
        }
        if (hex && n % 2 == 0)
                return 0;
        if (padding > 0 ? n % 4 != 0 : n % 4 == 1)
                return -1;
        if (url)
                return original      ? -1
                       : padding > 0 ? sodium_base64_VARIANT_URLSAFE
                                     : sodium_base64_VARIANT_URLSAFE_NO_PADDING;
        return padding > 0 ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

size_t text_reveal(const char *s, size_t n, char *ret, size_t size)
{
        unsigned char bytes[FACTS_TEXT_MAX];
        int variant = n >= HIDDEN_MIN && n <= FACTS_TEXT_MAX ? variant_of(s, n) : -1;
        size_t length = 0;

        if (variant < 0)
                return 0;
        if (variant == 0 ? sodium_hex2bin(bytes, sizeof(bytes), s, n, NULL, &length, NULL) < 0
                         : sodium_base642bin(bytes, sizeof(bytes), s, n, NULL, &length, NULL, variant) < 0)
                return 0;
        length = text_narrow((const char *) bytes, length, ret, size);
        return is_readable(ret, length) ? length : 0;
}

void facts_reveal(const ModelFacts *facts, ModelFacts *ret)
{
        char text[FACTS_TEXT_MAX + 1];
        unsigned revealed = 0;

        for (size_t i = 0; i < facts->n_names && revealed < REVEALED_MAX; i++) {
                const FactName *name = &facts->names[i];
                size_t n = name->kind == FACT_NODE || name->kind == FACT_TENSOR || name->kind == FACT_KEY
                                           ? 0
                                           : text_reveal(name->text, strlen(name->text), text, sizeof(text));

                if (n == 0)
                        continue;
                revealed++;
                facts_add_name(ret, name->kind, name->sibling, name->where, text, n);
                label_find_text(ret, name->sibling, false, name->where, text, n);
        }
}
