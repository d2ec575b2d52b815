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

static bool is_ascii(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] >= 0x80)
                        return false;
        return true;
}

void names_find(const ModelcapSet *set, const char *name, size_t n, PhraseFound found, void *userdata)
{
        char camel[TOKENS_SIZE], plain[TOKENS_SIZE];

        if (text_tokens(name, n, TOKENS_CAMEL, camel) == 0)
                return;
        find_in(set, camel, found, userdata);
        if (text_tokens(name, n, 0, plain) > 0 && strcmp(plain, camel) != 0)
                find_in(set, plain, found, userdata);
        if (!is_ascii(name, n) && text_tokens(name, n, TOKENS_CAMEL | TOKENS_SKELETON, plain) > 0 &&
            strcmp(plain, camel) != 0)
                find_in(set, plain, found, userdata);
}
