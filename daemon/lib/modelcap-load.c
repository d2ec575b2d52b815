/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads one model capability, and the documents capabilities share.
 * Owns: the keys of the format, see aiguard-modelcap(5).
 * Must not: stop at the first mistake, or keep a word that is not normalised.
 * Called by: modelcap.c. The vocabulary is in modelcap-vocabulary.c.
 */
#include "lib/modelcap-load.h"

#include <string.h>

#include "lib/classify-text.h"
#include "lib/modelcap-vocabulary.h"
#include "lib/util-string.h"

#define PHRASES_MAX 8192

int modelcap_load_phrases(ModelcapSet *s, const YamlNode *map, const char *key, PhraseUse use, int index,
                          Diag *diag)
{
        _cleanup_(strv_freep) char **list = NULL;
        const YamlNode *n = yaml_node_get(map, key);
        char tokens[TOKENS_SIZE];

        if (!n)
                return 0;
        if (yaml_get_strv(n, key, diag, &list) < 0)
                return -EBADMSG;
        for (size_t i = 0; list[i]; i++) {
                Phrase *p;

                if (text_tokens(list[i], strlen(list[i]), TOKENS_CAMEL, tokens) == 0 ||
                    s->n_phrases >= PHRASES_MAX) {
                        yaml_node_diag(n, diag, DIAG_ERROR, NULL,
                                       "`%s' holds no word, or there are too many", list[i]);
                        return -EBADMSG;
                }
                p = reallocarray(s->phrases, s->n_phrases + 1, sizeof(Phrase));
                if (!p)
                        return -ENOMEM;
                s->phrases = p;
                p[s->n_phrases] = (Phrase){ .text = strdup(tokens), .use = use, .index = index };
                if (!p[s->n_phrases].text)
                        return -ENOMEM;
                s->n_phrases++;
        }
        return 0;
}

static int load_modalities(ModelcapSet *s, const YamlNode *map, Diag *diag)
{
        static const char *const keys[] = { "architectures", "inputs", "keys", "names", NULL };
        int r, failed = 0;

        if (yaml_node_kind(map) != YAML_KIND_MAP) {
                yaml_node_diag(map, diag, DIAG_ERROR, NULL, "`modalities' must be a map");
                return -EBADMSG;
        }
        for (size_t i = 0; i < yaml_node_size(map); i++) {
                const YamlNode *n = yaml_node_at(map, i);
                int index = (int) s->n_modalities;

                if (s->n_modalities >= MODELCAP_MODALITIES_MAX) {
                        yaml_node_diag(n, diag, DIAG_ERROR, NULL, "more than %d modalities",
                                       MODELCAP_MODALITIES_MAX);
                        return -EBADMSG;
                }
                s->modalities[index] = strdup(yaml_node_text(yaml_node_key(map, i)));
                if (!s->modalities[index])
                        return -ENOMEM;
                s->n_modalities++;
                if (yaml_check_keys(n, "modality", keys, diag) < 0)
                        failed = -EBADMSG;
                r = modelcap_load_phrases(s, n, "architectures", PHRASE_MODALITY_ARCHITECTURE, index, diag);
                failed = r < 0 ? r : failed;
                r = modelcap_load_phrases(s, n, "inputs", PHRASE_MODALITY_INPUT, index, diag);
                failed = r < 0 ? r : failed;
                r = modelcap_load_phrases(s, n, "keys", PHRASE_MODALITY_KEY, index, diag);
                failed = r < 0 ? r : failed;
                r = modelcap_load_phrases(s, n, "names", PHRASE_MODALITY_NAME, index, diag);
                failed = r < 0 ? r : failed;
        }
        return failed;
}

int modelcap_load_shared(ModelcapSet *s, const YamlNode *root, Diag *diag)
{
        static const char *const keys[] = { "aiguard", "modalities", NULL };
        const YamlNode *n;

        if (yaml_node_get(root, "vocabulary"))
                return vocabulary_load(s, root, diag);
        n = yaml_node_get(root, "modalities");
        if (!n) {
                yaml_node_diag(root, diag, DIAG_ERROR, NULL,
                               "neither `modelcap' nor `vocabulary', `modalities' or `catalog' is here");
                return -EBADMSG;
        }
        if (yaml_check_keys(root, "modalities file", keys, diag) < 0)
                return -EBADMSG;
        return load_modalities(s, n, diag);
}

static int load_numbers(const YamlNode *map, const char *key, int64_t *ret, size_t max, Diag *diag)
{
        const YamlNode *list = yaml_node_get(map, key);

        if (!list)
                return 0;
        if (yaml_node_kind(list) != YAML_KIND_LIST || yaml_node_size(list) >= max) {
                yaml_node_diag(list, diag, DIAG_ERROR, NULL, "`%s' must be a list of at most %zu numbers",
                               key, max - 1);
                return -EBADMSG;
        }
        for (size_t i = 0; i < yaml_node_size(list); i++) {
                uint64_t v;

                if (yaml_get_unsigned(yaml_node_at(list, i), key, 1 << 20, diag, &v) < 0)
                        return -EBADMSG;
                ret[i] = (int64_t) v;
        }
        return 0;
}

static int load_shapes(Modelcap *c, const YamlNode *list, Diag *diag)
{
        static const char *const keys[] = { "channels", "sizes", "widths", "outputs", "confidence", NULL };
        int failed = 0;

        if (yaml_node_kind(list) != YAML_KIND_LIST) {
                yaml_node_diag(list, diag, DIAG_ERROR, NULL, "`shapes' must be a list");
                return -EBADMSG;
        }
        c->shapes = calloc(yaml_node_size(list) + 1, sizeof(ShapeHint));
        if (!c->shapes)
                return -ENOMEM;
        for (size_t i = 0; i < yaml_node_size(list); i++) {
                const YamlNode *n = yaml_node_at(list, i);
                ShapeHint *h = &c->shapes[c->n_shapes++];
                uint64_t confidence = 0;

                if (yaml_check_keys(n, "shape", keys, diag) < 0 ||
                    load_numbers(n, "channels", h->channels, ARRAY_SIZE(h->channels), diag) < 0 ||
                    load_numbers(n, "sizes", h->sizes, ARRAY_SIZE(h->sizes), diag) < 0 ||
                    load_numbers(n, "widths", h->widths, ARRAY_SIZE(h->widths), diag) < 0 ||
                    load_numbers(n, "outputs", h->outputs, ARRAY_SIZE(h->outputs), diag) < 0 ||
                    yaml_get_unsigned(yaml_node_get(n, "confidence") ?: n, "confidence", 70, diag,
                                      &confidence) < 0)
                        failed = -EBADMSG;
                h->confidence = (unsigned) confidence;
        }
        return failed;
}

/* The index of what a key refers to. */
static int load_reference(const ModelcapSet *s, const YamlNode *root, const char *key,
                          int (*find)(const ModelcapSet *, const char *), Diag *diag, int *ret)
{
        const YamlNode *n = yaml_node_get(root, key);
        const char *name;
        int i;

        *ret = MODELCAP_NONE;
        if (!n)
                return 0;
        if (yaml_get_string(n, key, diag, &name) < 0)
                return -EBADMSG;
        i = find(s, name);
        if (i < 0) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "there is no %s `%s'", key, name);
                return -EBADMSG;
        }
        *ret = i;
        return 0;
}

static bool is_good_name(const char *name)
{
        size_t n = strlen(name);

        return n > 0 && n < sizeof(((ModelcapFinding *) 0)->name) &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

static int load_plain_keys(ModelcapSet *s, Modelcap *c, const YamlNode *root, Diag *diag)
{
        static const char *const ceilings[] = { "capable", "suspect", "identified", NULL };
        const YamlNode *n;
        const char *title;
        unsigned ceiling = CERTAINTY_IDENTIFIED;
        int failed = 0;

        if (yaml_get_string(yaml_node_get(root, "title") ?: root, "title", diag, &title) < 0)
                return -EBADMSG;
        c->title = strdup(title);
        if (!c->title)
                return -ENOMEM;
        if ((n = yaml_node_get(root, "law")) && yaml_get_strv(n, "law", diag, &c->laws) < 0)
                failed = -EBADMSG;
        if ((n = yaml_node_get(root, "ceiling")) &&
            yaml_get_enum(n, "ceiling", ceilings, diag, &ceiling) < 0)
                failed = -EBADMSG;
        c->ceiling = (Certainty) ceiling;
        if ((n = yaml_node_get(root, "when_unknown")) &&
            yaml_get_boolean(n, "when_unknown", diag, &c->when_unknown) < 0)
                failed = -EBADMSG;
        if (load_reference(s, root, "vocabulary", vocabulary_find, diag, &c->vocabulary) < 0 ||
            load_reference(s, root, "modality", modality_find, diag, &c->modality) < 0)
                failed = -EBADMSG;
        return failed;
}

int modelcap_load_one(ModelcapSet *s, const YamlNode *root, Diag *diag)
{
        static const char *const keys[] = { "aiguard",    "modelcap", "title",         "law",
                                            "vocabulary", "modality", "when_unknown",  "ceiling",
                                            "names",      "hints",    "architectures", "shapes",
                                            NULL };
        const YamlNode *name = yaml_node_get(root, "modelcap"), *n;
        int i, r, failed = 0;
        Modelcap *c;

        if (!yaml_node_text(name) || !is_good_name(yaml_node_text(name))) {
                yaml_node_diag(name, diag, DIAG_ERROR, NULL,
                               "a model capability is named in lower case, as emotion.face is");
                return -EBADMSG;
        }
        i = modelcap_set_find(s, yaml_node_text(name));
        if (i < 0)
                return i;
        c = &s->caps[i];
        if (c->title) {
                yaml_node_diag(name, diag, DIAG_ERROR, NULL, "model capability %s is defined twice",
                               c->name);
                return -EBADMSG;
        }
        if (yaml_check_keys(root, "model capability", keys, diag) < 0)
                failed = -EBADMSG;
        r = load_plain_keys(s, c, root, diag);
        failed = r < 0 ? r : failed;
        if ((n = yaml_node_get(root, "shapes")) && (r = load_shapes(c, n, diag)) < 0)
                failed = r;
        if ((r = modelcap_load_phrases(s, root, "names", PHRASE_MODELCAP_NAME, i, diag)) < 0 ||
            (r = modelcap_load_phrases(s, root, "hints", PHRASE_MODELCAP_HINT, i, diag)) < 0 ||
            (r = modelcap_load_phrases(s, root, "architectures", PHRASE_MODELCAP_ARCHITECTURE, i, diag)) < 0)
                failed = r;
        return failed;
}
