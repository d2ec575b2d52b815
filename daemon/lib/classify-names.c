/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: looks up the words of a name in the sorted phrases.
 * Owns: what counts as a whole word: `remotion' holds no emotion.
 * Must not: weigh what it finds.
 * Called by: classify.c.
 */
#include "lib/classify-names.h"

#include <string.h>

#include "lib/classify-text.h"

#define PHRASE_WORDS_MAX 4

/* The first phrase that is not below the text of n bytes. */
static size_t lower_bound(const ModelcapSet *set, const char *text, size_t n)
{
        size_t low = 0, high = set->n_phrases;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int c = strncmp(set->phrases[middle].text, text, n);

                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* All phrases that are these n bytes. False when none even begins so. */
static bool find_phrase(const ModelcapSet *set, const char *text, size_t n, PhraseFound found,
                        void *userdata)
{
        size_t first = lower_bound(set, text, n), i = first;

        for (; i < set->n_phrases && strncmp(set->phrases[i].text, text, n) == 0; i++) {
                if (set->phrases[i].text[n] > ' ')
                        break;
                if (set->phrases[i].text[n] == 0)
                        found(&set->phrases[i], userdata);
        }
        return i > first;
}

static void find_in(const ModelcapSet *set, const char *tokens, PhraseFound found, void *userdata)
{
        for (const char *p = tokens; *p;) {
                size_t word = strcspn(p, " "), n = word;
                unsigned hash = word_hash(p, word);

                if (set->begins[hash / 64] & 1ULL << hash % 64)
                        for (int words = 1; words <= PHRASE_WORDS_MAX; words++) {
                                if (!find_phrase(set, p, n, found, userdata) || !p[n])
                                        break;
                                n += 1 + strcspn(p + n + 1, " ");
                        }
                p += word + (p[word] == ' ');
        }
}

/* What a name holds besides small ASCII letters, digits and signs decides in how many ways it can be cut. */
static void look_at(const char *s, size_t n, bool *ret_capitals, bool *ret_foreign)
{
        *ret_capitals = *ret_foreign = false;
        for (size_t i = 0; i < n; i++) {
                *ret_capitals = *ret_capitals || (s[i] >= 'A' && s[i] <= 'Z');
                *ret_foreign = *ret_foreign || (unsigned char) s[i] >= 0x80;
        }
}

void names_find(const ModelcapSet *set, const char *name, size_t n, PhraseFound found, void *userdata)
{
        char camel[TOKENS_SIZE], other[TOKENS_SIZE];
        bool capitals, foreign;

        if (text_tokens(name, n, TOKENS_CAMEL, camel) == 0)
                return;
        find_in(set, camel, found, userdata);
        look_at(name, n, &capitals, &foreign);
        if ((capitals || foreign) && text_tokens(name, n, 0, other) > 0 && strcmp(other, camel) != 0)
                find_in(set, other, found, userdata);
        if (foreign && text_tokens(name, n, TOKENS_CAMEL | TOKENS_SKELETON, other) > 0 &&
            strcmp(other, camel) != 0)
                find_in(set, other, found, userdata);
}
