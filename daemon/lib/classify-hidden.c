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

static size_t decode(const char *s, size_t n, int variant, unsigned char *ret, size_t size)
{
        size_t length = 0;

        if (variant == 0)
                return n % 2 == 0 && sodium_hex2bin(ret, size, s, n, NULL, &length, NULL) == 0 ? length : 0;
        return sodium_base642bin(ret, size, s, n, "\r\n", &length, NULL, variant) == 0 ? length : 0;
}

size_t text_reveal(const char *s, size_t n, char *ret, size_t size)
{
        static const int variants[] = { 0, sodium_base64_VARIANT_ORIGINAL,
                                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                                        sodium_base64_VARIANT_URLSAFE,
                                        sodium_base64_VARIANT_URLSAFE_NO_PADDING };
        unsigned char bytes[FACTS_TEXT_MAX];

        /* Nearly every name ends here: it holds a sign that neither alphabet has. */
        for (size_t i = 0; i < n; i++)
                if (!((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z') && !(s[i] >= '0' && s[i] <= '9') &&
                    (s[i] == 0 || !strchr("+/-_=\r\n", s[i])))
                        return 0;
        if (n < HIDDEN_MIN || n > FACTS_TEXT_MAX)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
                size_t length = decode(s, n, variants[i], bytes, sizeof(bytes));

                if (length == 0)
                        continue;
                length = text_narrow((const char *) bytes, length, ret, size);
                if (is_readable(ret, length))
                        return length;
        }
        return 0;
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
