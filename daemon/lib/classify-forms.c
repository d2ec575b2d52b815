/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: turns the labels of a list into the words they may stand for.
 * Owns: the ways of disguise that are seen through, and a bound on what that
 * costs: a hostile file has ten thousand labels of two hundred signs.
 * Must not: know a vocabulary.
 * Called by: classify-collect.c.
 */
#include "lib/classify-forms.h"

#include <string.h>

#include "lib/classify-hidden.h"
#include "lib/classify-text.h"

#define LABEL_BYTES_MAX 80 /* no name of a class is longer, two languages and base64 included */
#define PARTS_MAX 4

static void add_form(LabelForms *f, size_t label, const char *s, size_t n, unsigned flags)
{
        char tokens[TOKENS_SIZE];
        size_t length = text_tokens(s, n, TOKENS_NO_DIGITS | flags, tokens);

        if (length == 0 || f->n[label] >= LABEL_FORMS_MAX || f->used + length + 1 > sizeof(f->store))
                return;
        /* The plain form of every label finds room. */
        if (f->n[label] > 0 && f->used > sizeof(f->store) / 2)
                return;
        for (size_t i = 0; i < f->n[label]; i++)
                if (strcmp(label_form(f, label, i), tokens) == 0)
                        return;
        memcpy(f->store + f->used, tokens, length + 1);
        f->at[label][f->n[label]++] = (uint16_t) f->used;
        f->used += length + 1;
}

static void add_ways(LabelForms *f, size_t label, const char *s, size_t n)
{
        add_form(f, label, s, n, 0);
        add_form(f, label, s, n, TOKENS_CAMEL);
        add_form(f, label, s, n, TOKENS_SKELETON);
}

/* Two languages beside each other. */
static void add_parts(LabelForms *f, size_t label, const char *s)
{
        size_t whole = strlen(s);

        for (int i = 0; i < PARTS_MAX && *s; i++) {
                size_t n = strcspn(s, "/|(),;");

                if (n < whole && n > 0)
                        add_ways(f, label, s, n);
                s += n;
                s += strspn(s, "/|(),;");
        }
}

void label_forms_make(LabelForms *f, const LabelList *list, bool thorough)
{
        char revealed[LABEL_BYTES_MAX + 1];

        f->used = 0;
        for (size_t i = 0; i < list->n; i++) {
                const char *s = list->labels[i];
                size_t n = strlen(s);

                f->n[i] = 0;
                if (n > LABEL_BYTES_MAX || !thorough) {
                        add_form(f, i, s, MIN(n, (size_t) LABEL_BYTES_MAX), 0);
                        continue;
                }
                add_ways(f, i, s, n);
                if (text_reveal(s, n, revealed, sizeof(revealed)) > 0)
                        add_ways(f, i, revealed, strlen(revealed));
                add_parts(f, i, s);
        }
}
