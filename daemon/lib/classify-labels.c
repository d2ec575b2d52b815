/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: compares one list of labels with one vocabulary.
 * Owns: the rule. A list counts when it is short, holds at least three
 * different classes, at least two of which are not ambiguous, and these cover
 * most of it; or when as a whole it is a known list of abbreviations. Words in
 * a bag (a dictionary, a tokenizer) never count.
 * Must not: look at anything but the list.
 * Called by: classify.c.
 */
#include "lib/classify-labels.h"

#include <string.h>

#include "lib/classify-text.h"
#include "lib/escape.h"
#include "lib/modelcap-vocabulary.h"

#define LIST_MAX 40
#define LABEL_WORDS_MAX 6
#define CLASSES_MAX 128

/* Takes the affixes off: "oaf angry" becomes "angry". False when nothing was to take. */
static bool strip_affixes(const Vocabulary *v, const char *tokens, char ret[TOKENS_SIZE])
{
        char word[TOKENS_SIZE];
        bool stripped = false;
        size_t used = 0, words = 0;

        for (const char *p = tokens; *p;) {
                size_t n = strcspn(p, " ");

                if (++words > LABEL_WORDS_MAX)
                        return false;

                memcpy(word, p, n);
                word[n] = 0;
                if (v->affixes && word_filter_may(&v->affix_filter, word, n) &&
                    sorted_contains(v->affixes, word)) {
                        stripped = true;
                } else {
                        if (used > 0)
                                ret[used++] = ' ';
                        memcpy(ret + used, word, n);
                        used += n;
                }
                p += n + (p[n] == ' ');
        }
        ret[used] = 0;
        return stripped && used > 0;
}

static int class_of_tokens(const Vocabulary *v, const char *tokens)
{
        char plain[TOKENS_SIZE];
        int class = vocabulary_class(v, tokens);

        if (class < 0 && strip_affixes(v, tokens, plain))
                class = vocabulary_class(v, plain);
        return class;
}

static int class_of_label(const Vocabulary *v, const LabelForms *f, size_t label)
{
        int class = -ENOENT;

        for (size_t i = 0; i < f->n[label] && class < 0; i++)
                class = class_of_tokens(v, label_form(f, label, i));
        return class;
}

static bool is_companion(const Vocabulary *v, const LabelForms *f, size_t label)
{
        char plain[TOKENS_SIZE];
        const char *tokens;

        if (f->n[label] == 0)
                return true; /* a number or a sign: <>, 7 */
        tokens = label_form(f, label, 0);
        return v->companions && (sorted_contains(v->companions, tokens) ||
                                 (strip_affixes(v, tokens, plain) && sorted_contains(v->companions, plain)));
}

static void write_detail(const LabelList *list, const char *what, LabelMatch *ret)
{
        char text[512];
        size_t used = 0;

        for (size_t i = 0; i < list->n && used < 140; i++) {
                int n = snprintf(text + used, sizeof(text) - used, "%s%.40s", i ? ", " : "",
                                 list->labels[i]);

                used += (size_t) n;
        }
        used += (size_t) snprintf(text + used, sizeof(text) - used, " (%s)", what);
        text_copy(ret->detail, sizeof(ret->detail), text, MIN(used, sizeof(text) - 1));
}

/* Every label must be in the list of abbreviations, and enough different ones. */
static bool match_code(const CodeList *code, const LabelList *list, const LabelForms *f)
{
        bool seen[FACTS_LABELS_MAX] = {};
        size_t distinct = 0;

        for (size_t i = 0; i < list->n; i++) {
                const char *tokens = label_form(f, i, 0);

                if (f->n[i] == 0)
                        continue;
                if (!sorted_contains(code->labels, tokens))
                        return false;
                for (size_t k = 0; k < FACTS_LABELS_MAX && code->labels[k]; k++)
                        if (strcmp(code->labels[k], tokens) == 0 && !seen[k]) {
                                seen[k] = true;
                                distinct++;
                        }
        }
        return distinct >= code->min;
}

static void match_codes(const Vocabulary *v, const LabelList *list, const LabelForms *f, LabelMatch *ret)
{
        for (size_t i = 0; i < v->n_codes; i++) {
                const CodeList *code = &v->codes[i];

                if (!match_code(code, list, f))
                        continue;
                ret->matches = true;
                ret->certainty = code->certainty;
                ret->confidence = code->certainty == CERTAINTY_IDENTIFIED ? 90 : 40;
                ret->modality = code->modality;
                ret->needs_modality = code->needs_modality;
                write_detail(list, code->name, ret);
                return;
        }
}

bool label_list_may_match(const LabelList *list)
{
        return list->n_total >= 2 && list->n_total <= LIST_MAX && list->n >= list->n_total;
}

void label_list_match(const Vocabulary *v, const LabelList *list, const LabelForms *f, LabelMatch *ret)
{
        size_t n_class = 0, n_companion = 0, n_distinct = 0, n_clear = 0;
        bool seen[CLASSES_MAX] = {}, same = true;
        char what[64];

        *ret = (LabelMatch){ .modality = MODELCAP_NONE };
        if (!label_list_may_match(list))
                return;
        for (size_t i = 0; i < list->n; i++) {
                int class = class_of_label(v, f, i);

                same = same && strncmp(list->labels[i], list->labels[0], 5) == 0;
                if (class < 0 || class >= CLASSES_MAX) {
                        n_companion += is_companion(v, f, i);
                        continue;
                }
                n_class++;
                if (!seen[class]) {
                        seen[class] = true;
                        n_distinct++;
                        n_clear += !v->weak[class];
                }
        }
        if (n_distinct >= 3 && n_clear >= 2 && 10 * n_class >= 4 * list->n) {
                bool most = 10 * n_class >= 6 * list->n && 4 * (n_class + n_companion) >= 3 * list->n;

                ret->matches = true;
                ret->certainty = most ? CERTAINTY_IDENTIFIED : CERTAINTY_SUSPECT;
                ret->confidence = most ? (unsigned) MIN(88 + n_distinct, (size_t) 97) : 45;
                (void) snprintf(what, sizeof(what), "%zu of %zu are classes of %s", n_class, list->n,
                                v->name);
                write_detail(list, what, ret);
                return;
        }
        match_codes(v, list, f, ret);
        ret->foreign = !ret->matches && list->n >= 3 && n_class <= 1 && !same;
}
