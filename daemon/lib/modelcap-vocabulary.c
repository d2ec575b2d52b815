/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads and looks up a vocabulary: classes with their words in many
 * languages, companions, affixes, and lists of abbreviations.
 * Owns: the normalised, sorted words.
 * Must not: judge a list of labels; that is classify-labels.c.
 * Called by: modelcap-load.c, classify-labels.c.
 */
#include "lib/modelcap-vocabulary.h"

#include <string.h>

#include "lib/classify-text.h"
#include "lib/modelcap-load.h"
#include "lib/util-string.h"

#define CLASSES_MAX 128
#define WORDS_MAX 8192
#define CODES_MAX 32

static int compare_text(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int compare_word(const void *a, const void *b)
{
        return strcmp(((const WordClass *) a)->word, ((const WordClass *) b)->word);
}

bool sorted_contains(char *const *list, const char *word)
{
        size_t low = 0, high = strv_length(list);

        while (low < high) {
                size_t middle = (low + high) / 2;
                int c = strcmp(word, list[middle]);

                if (c == 0)
                        return true;
                if (c < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return false;
}

int vocabulary_class(const Vocabulary *v, const char *word)
{
        const WordClass key = { .word = (char *) word };
        const WordClass *found = NULL;

        if (v->n_words && word_filter_may(&v->word_filter, word, strlen(word)))
                found = bsearch(&key, v->words, v->n_words, sizeof(key), compare_word);
        return found ? (int) found->class : -ENOENT;
}

/* A list of words, normalised as labels will be, sorted. */
static int load_sorted(const YamlNode *map, const char *key, Diag *diag, char ***ret)
{
        _cleanup_(strv_freep) char **list = NULL, **sorted = NULL;
        const YamlNode *n = yaml_node_get(map, key);
        char tokens[TOKENS_SIZE];

        if (!n)
                return 0;
        if (yaml_get_strv(n, key, diag, &list) < 0)
                return -EBADMSG;
        for (size_t i = 0; list[i]; i++) {
                if (text_tokens(list[i], strlen(list[i]), TOKENS_NO_DIGITS, tokens) == 0) {
                        yaml_node_diag(n, diag, DIAG_ERROR, NULL, "`%s' holds no letter", list[i]);
                        return -EBADMSG;
                }
                if (strv_extend(&sorted, tokens) < 0)
                        return -ENOMEM;
        }
        if (sorted)
                qsort(sorted, strv_length(sorted), sizeof(*sorted), compare_text);
        *ret = TAKE_PTR(sorted);
        return 0;
}

static int add_words(Vocabulary *v, unsigned class, const YamlNode *n, Diag *diag)
{
        _cleanup_(strv_freep) char **list = NULL;
        char tokens[TOKENS_SIZE];

        if (yaml_get_strv(n, "words", diag, &list) < 0)
                return -EBADMSG;
        for (size_t i = 0; list[i]; i++) {
                WordClass *w;

                if (text_tokens(list[i], strlen(list[i]), TOKENS_NO_DIGITS, tokens) == 0 ||
                    v->n_words >= WORDS_MAX) {
                        yaml_node_diag(n, diag, DIAG_ERROR, NULL,
                                       "`%s' holds no letter, or there are too many", list[i]);
                        return -EBADMSG;
                }
                w = reallocarray(v->words, v->n_words + 1, sizeof(WordClass));
                if (!w)
                        return -ENOMEM;
                v->words = w;
                w[v->n_words] = (WordClass){ .word = strdup(tokens), .class = class };
                if (!w[v->n_words].word)
                        return -ENOMEM;
                v->n_words++;
        }
        return 0;
}

/* Words by language; `weak: true` beside them. */
static int load_class(Vocabulary *v, const YamlNode *name, const YamlNode *n, Diag *diag)
{
        unsigned class = (unsigned) v->n_classes;
        int r, failed = 0;

        if (yaml_node_kind(n) != YAML_KIND_MAP || class >= CLASSES_MAX) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL,
                               "a class is a map from languages to words; at most %d", CLASSES_MAX);
                return -EBADMSG;
        }
        if (strv_extend(&v->classes, yaml_node_text(name)) < 0)
                return -ENOMEM;
        v->n_classes++;
        for (size_t i = 0; i < yaml_node_size(n); i++) {
                const char *key = yaml_node_text(yaml_node_key(n, i));
                const YamlNode *value = yaml_node_at(n, i);

                if (streq(key, "weak"))
                        r = yaml_get_boolean(value, "weak", diag, &v->weak[class]);
                else
                        r = add_words(v, class, value, diag);
                failed = r < 0 ? r : failed;
        }
        return failed;
}

static int load_classes(Vocabulary *v, const YamlNode *n, Diag *diag)
{
        int r, failed = 0;

        v->weak = calloc(CLASSES_MAX, sizeof(bool));
        if (!v->weak)
                return -ENOMEM;
        if (!n || yaml_node_kind(n) != YAML_KIND_MAP) {
                if (n)
                        yaml_node_diag(n, diag, DIAG_ERROR, NULL, "`classes' must be a map");
                return n ? -EBADMSG : 0;
        }
        for (size_t i = 0; i < yaml_node_size(n); i++) {
                r = load_class(v, yaml_node_key(n, i), yaml_node_at(n, i), diag);
                failed = r < 0 ? r : failed;
        }
        if (v->words)
                qsort(v->words, v->n_words, sizeof(WordClass), compare_word);
        for (size_t i = 1; v->words && i < v->n_words; i++)
                if (streq(v->words[i - 1].word, v->words[i].word) &&
                    v->words[i - 1].class != v->words[i].class) {
                        yaml_node_diag(n, diag, DIAG_ERROR, NULL, "`%s' stands in two classes, %s and %s",
                                       v->words[i].word, v->classes[v->words[i - 1].class],
                                       v->classes[v->words[i].class]);
                        failed = -EBADMSG;
                }
        return failed;
}

static int load_code(const ModelcapSet *s, CodeList *c, const YamlNode *n, Diag *diag)
{
        static const char *const keys[] = { "name",           "labels",    "min", "modality",
                                            "needs_modality", "certainty", NULL };
        static const char *const certainties[] = { "capable", "suspect", "identified", NULL };
        const YamlNode *x;
        const char *name;
        unsigned certainty = CERTAINTY_IDENTIFIED;
        uint64_t min = 3;
        int r;

        if (yaml_check_keys(n, "code list", keys, diag) < 0 ||
            yaml_get_string(yaml_node_get(n, "name") ?: n, "name", diag, &name) < 0)
                return -EBADMSG;
        c->name = strdup(name);
        if (!c->name)
                return -ENOMEM;
        if ((x = yaml_node_get(n, "min")) && yaml_get_unsigned(x, "min", 64, diag, &min) < 0)
                return -EBADMSG;
        if ((x = yaml_node_get(n, "certainty")) &&
            yaml_get_enum(x, "certainty", certainties, diag, &certainty) < 0)
                return -EBADMSG;
        if ((x = yaml_node_get(n, "needs_modality")) &&
            yaml_get_boolean(x, "needs_modality", diag, &c->needs_modality) < 0)
                return -EBADMSG;
        c->min = (size_t) min;
        c->certainty = (Certainty) certainty;
        c->modality = MODELCAP_NONE;
        if ((x = yaml_node_get(n, "modality"))) {
                c->modality = modality_find(s, yaml_node_text(x) ?: "");
                if (c->modality < 0) {
                        yaml_node_diag(x, diag, DIAG_ERROR, NULL, "there is no such modality");
                        return -EBADMSG;
                }
        }
        r = load_sorted(n, "labels", diag, &c->labels);
        if (r >= 0 && !c->labels) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "a code list needs `labels'");
                r = -EBADMSG;
        }
        return r;
}

static int load_codes(const ModelcapSet *s, Vocabulary *v, const YamlNode *list, Diag *diag)
{
        int r, failed = 0;

        if (!list)
                return 0;
        if (yaml_node_kind(list) != YAML_KIND_LIST || yaml_node_size(list) > CODES_MAX) {
                yaml_node_diag(list, diag, DIAG_ERROR, NULL, "`codes' must be a list of at most %d",
                               CODES_MAX);
                return -EBADMSG;
        }
        v->codes = calloc(yaml_node_size(list) + 1, sizeof(CodeList));
        if (!v->codes)
                return -ENOMEM;
        for (size_t i = 0; i < yaml_node_size(list); i++) {
                r = load_code(s, &v->codes[v->n_codes++], yaml_node_at(list, i), diag);
                failed = r < 0 ? r : failed;
        }
        return failed;
}

static void filter_add(WordFilter *f, const char *word)
{
        unsigned hash = word_hash(word, strlen(word)) & 0x3fff;

        f->bits[hash / 64] |= 1ULL << hash % 64;
}

static void fill_filters(Vocabulary *v)
{
        for (size_t i = 0; i < v->n_words; i++)
                filter_add(&v->word_filter, v->words[i].word);
        for (size_t i = 0; v->affixes && v->affixes[i]; i++)
                filter_add(&v->affix_filter, v->affixes[i]);
}

int vocabulary_load(ModelcapSet *s, const YamlNode *root, Diag *diag)
{
        static const char *const keys[] = { "aiguard", "vocabulary", "classes", "companions", "affixes",
                                            "codes",   "names",      "hints",   "contrary",   NULL };
        const YamlNode *name = yaml_node_get(root, "vocabulary");
        int index = (int) s->n_vocabularies, r, failed = 0;
        const char *text;
        Vocabulary *v;

        if (yaml_get_string(name, "vocabulary", diag, &text) < 0)
                return -EBADMSG;
        if (index >= MODELCAP_VOCABULARIES_MAX || vocabulary_find(s, text) >= 0) {
                yaml_node_diag(name, diag, DIAG_ERROR, NULL,
                               "a second vocabulary of that name, or too many");
                return -EBADMSG;
        }
        v = &s->vocabularies[s->n_vocabularies];
        v->name = strdup(text);
        if (!v->name)
                return -ENOMEM;
        s->n_vocabularies++;
        if (yaml_check_keys(root, "vocabulary", keys, diag) < 0)
                failed = -EBADMSG;
        if ((r = load_classes(v, yaml_node_get(root, "classes"), diag)) < 0 ||
            (r = load_sorted(root, "companions", diag, &v->companions)) < 0 ||
            (r = load_sorted(root, "affixes", diag, &v->affixes)) < 0 ||
            (r = load_codes(s, v, yaml_node_get(root, "codes"), diag)) < 0 ||
            (r = modelcap_load_phrases(s, root, "names", PHRASE_VOCABULARY_NAME, index, diag)) < 0 ||
            (r = modelcap_load_phrases(s, root, "hints", PHRASE_VOCABULARY_HINT, index, diag)) < 0 ||
            (r = modelcap_load_phrases(s, root, "contrary", PHRASE_VOCABULARY_CONTRARY, index, diag)) < 0)
                failed = r;
        fill_filters(v);
        return failed;
}
