/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the set of model capabilities: loads the directory, gives names
 * and numbers.
 * Owns: the set, and the two passes over the files: first vocabularies and
 * modalities, then the capabilities that refer to them.
 * Must not: know what a capability means; that is in the files.
 * Called by: the policy compiler (names and numbers), scan.c (everything).
 */
#include "lib/modelcap.h"

#include <dirent.h>
#include <string.h>

#include "lib/modelcap-catalog.h"
#include "lib/modelcap-load.h"
#include "lib/util-string.h"

#define MODELCAP_LIMIT 32 /* AG_MODELCAPS_MAX */
#define FILES_MAX 128

int vocabulary_find(const ModelcapSet *s, const char *name)
{
        for (size_t i = 0; i < s->n_vocabularies; i++)
                if (streq(s->vocabularies[i].name, name))
                        return (int) i;
        return -ENOENT;
}

int modality_find(const ModelcapSet *s, const char *name)
{
        for (size_t i = 0; i < s->n_modalities; i++)
                if (streq(s->modalities[i], name))
                        return (int) i;
        return -ENOENT;
}

static int is_yaml(const struct dirent *d)
{
        return d->d_name[0] != '.' && endswith(d->d_name, ".yaml");
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const Modelcap *) a)->name, ((const Modelcap *) b)->name);
}

static int by_text(const void *a, const void *b)
{
        return strcmp(((const Phrase *) a)->text, ((const Phrase *) b)->text);
}

typedef struct Documents {
        YamlDoc *docs[FILES_MAX];
        size_t n;
} Documents;

static void documents_done(Documents *d)
{
        for (size_t i = 0; i < d->n; i++)
                yaml_doc_free(d->docs[i]);
}

static int load_documents(const char *dir, Diag *diag, Documents *ret)
{
        struct dirent **names = NULL;
        int n, r = 0, failed = 0;

        n = scandir(dir, &names, is_yaml, alphasort);
        if (n < 0)
                return errno == ENOENT || errno == ENOTDIR ? -ENOENT : -errno;
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = NULL;

                if (ret->n >= FILES_MAX) {
                        diag_add(diag, DIAG_ERROR, dir, 0, 0, NULL, "more than %d files", FILES_MAX);
                        failed = -EBADMSG;
                        break;
                }
                r = string_printf(&path, "%s/%s", dir, names[i]->d_name);
                if (r >= 0)
                        r = yaml_doc_load_file(path, diag, &ret->docs[ret->n]);
                if (r >= 0) {
                        ret->n++;
                        continue;
                }
                if (r != -EBADMSG)
                        diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "cannot be read: %s", strerror(-r));
                failed = r == -ENOMEM ? r : -EBADMSG;
        }
        for (int i = 0; i < n; i++)
                free(names[i]);
        free(names);
        return failed;
}

/* Every word of both lists in one sorted table: one look per word of a model. */
static int sort_and_check(ModelcapSet *s, const char *dir, Diag *diag)
{
        int r = 0;

        if (s->phrases)
                qsort(s->phrases, s->n_phrases, sizeof(Phrase), by_text);
        for (size_t i = 0; s->phrases && i < s->n_phrases; i++) {
                const char *p = s->phrases[i].text;
                unsigned hash = word_hash(p, strcspn(p, " "));

                s->begins[hash / 64] |= 1ULL << hash % 64;
        }
        for (size_t i = 1; i < s->n_caps; i++)
                if (streq(s->caps[i - 1].name, s->caps[i].name)) {
                        diag_add(diag, DIAG_ERROR, dir, 0, 0, NULL, "model capability %s is defined twice",
                                 s->caps[i].name);
                        r = -EBADMSG;
                }
        if (s->n_caps == 0) {
                diag_add(diag, DIAG_ERROR, dir, 0, 0, NULL, "no model capability is defined here");
                r = -EBADMSG;
        }
        return r;
}

/* They name capabilities, so all of those are there before. */
static int load_catalogs(ModelcapSet *s, const Documents *docs, Diag *diag)
{
        int failed = 0;

        for (size_t i = 0; i < docs->n; i++) {
                const YamlNode *root = yaml_doc_root(docs->docs[i]);
                int r;

                if (yaml_node_get(root, "modelcap") || !yaml_node_get(root, "catalog"))
                        continue;
                r = catalog_load(s, root, diag);
                if (r == -ENOMEM)
                        return r;
                failed = r < 0 ? r : failed;
        }
        return failed;
}

static int load_all(ModelcapSet *s, const Documents *docs, const char *dir, Diag *diag)
{
        _cleanup_free_ YamlDoc **caps = calloc(docs->n + 1, sizeof(YamlDoc *));
        size_t n = 0;
        int r, failed = 0;

        if (!caps)
                return -ENOMEM;
        for (size_t i = 0; i < docs->n; i++)
                if (yaml_node_get(yaml_doc_root(docs->docs[i]), "modelcap"))
                        caps[n++] = docs->docs[i];
        /* Modalities first, vocabularies refer to them. */
        for (int pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < docs->n; i++) {
                        const YamlNode *root = yaml_doc_root(docs->docs[i]);

                        if (yaml_node_get(root, "modelcap") || yaml_node_get(root, "catalog") ||
                            (yaml_node_get(root, "modalities") != NULL) != (pass == 0))
                                continue;
                        r = modelcap_load_shared(s, root, diag);
                        if (r == -ENOMEM)
                                return r;
                        failed = r < 0 ? r : failed;
                }
        s->caps = calloc(n + 1, sizeof(Modelcap));
        if (!s->caps)
                return -ENOMEM;
        /* Numbers are given by name, so that they do not depend on the names of the files. */
        for (size_t i = 0; i < n; i++) {
                const char *name = yaml_node_text(yaml_node_get(yaml_doc_root(caps[i]), "modelcap"));

                s->caps[s->n_caps].name = strdup(name ?: "");
                if (!s->caps[s->n_caps++].name)
                        return -ENOMEM;
        }
        qsort(s->caps, s->n_caps, sizeof(Modelcap), by_name);
        if (s->n_caps > MODELCAP_LIMIT) {
                diag_add(diag, DIAG_ERROR, dir, 0, 0, NULL, "more than %d model capabilities",
                         MODELCAP_LIMIT);
                return -EBADMSG;
        }
        for (size_t i = 0; i < n; i++) {
                r = modelcap_load_one(s, yaml_doc_root(caps[i]), diag);
                if (r == -ENOMEM)
                        return r;
                failed = r < 0 ? r : failed;
        }
        r = load_catalogs(s, docs, diag);
        if (r == -ENOMEM)
                return r;
        failed = r < 0 ? r : failed;
        r = sort_and_check(s, dir, diag);
        return failed < 0 ? failed : r;
}

static int load_runtimes(ModelcapSet *s, const char *dir, Diag *diag)
{
        _cleanup_free_ char *path = NULL;
        int r;

        r = string_printf(&path, "%s/../runtimes.yaml", dir);
        if (r < 0)
                return r;
        r = runtime_rules_load(path, diag, &s->runtimes);
        return r == -ENOENT ? 0 : r;
}

int modelcap_set_load(const char *dir, Diag *diag, ModelcapSet **ret)
{
        _cleanup_(modelcap_set_freep) ModelcapSet *s = NULL;
        _cleanup_(documents_done) Documents docs = {};
        int r, q;

        r = load_documents(dir, diag, &docs);
        if (r < 0 && r != -EBADMSG)
                return r;
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        q = load_all(s, &docs, dir, diag);
        r = q < 0 ? q : r;
        if (r != -ENOMEM) {
                q = load_runtimes(s, dir, diag);
                r = q < 0 ? q : r;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

static void vocabulary_done(Vocabulary *v)
{
        free(v->name);
        strv_free(v->classes);
        free(v->weak);
        for (size_t i = 0; i < v->n_words; i++)
                free(v->words[i].word);
        free(v->words);
        strv_free(v->companions);
        strv_free(v->affixes);
        for (size_t i = 0; i < v->n_codes; i++) {
                free(v->codes[i].name);
                strv_free(v->codes[i].labels);
        }
        free(v->codes);
}

static void modelcap_done(Modelcap *c)
{
        free(c->name);
        free(c->title);
        strv_free(c->laws);
        free(c->shapes);
        catalog_forget(c);
}

void modelcap_set_forget_catalog(ModelcapSet *s)
{
        for (size_t i = 0; i < s->n_caps; i++)
                catalog_forget(&s->caps[i]);
}

ModelcapSet *modelcap_set_free(ModelcapSet *s)
{
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_caps; i++)
                modelcap_done(&s->caps[i]);
        free(s->caps);
        for (size_t i = 0; i < s->n_vocabularies; i++)
                vocabulary_done(&s->vocabularies[i]);
        for (size_t i = 0; i < s->n_modalities; i++)
                free(s->modalities[i]);
        for (size_t i = 0; i < s->n_phrases; i++)
                free(s->phrases[i].text);
        free(s->phrases);
        runtime_rules_free(s->runtimes);
        free(s);
        return NULL;
}

size_t modelcap_set_size(const ModelcapSet *s)
{
        return s->n_caps;
}

const char *modelcap_set_name(const ModelcapSet *s, size_t i)
{
        return s->caps[i].name;
}

const char *modelcap_set_title(const ModelcapSet *s, size_t i)
{
        return s->caps[i].title;
}

int modelcap_set_find(const ModelcapSet *s, const char *name)
{
        for (size_t i = 0; i < s->n_caps; i++)
                if (streq(s->caps[i].name, name))
                        return (int) i;
        return -ENOENT;
}
