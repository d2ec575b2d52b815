/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: goes over the values of a pickle, once, in the order of their
 * making, and turns them into facts: classes, label lists, tensors, texts.
 * Owns: the names of values: the key under which somebody holds them.
 * Must not: follow what holds what further than a few steps (it may be a circle).
 * Called by: the readers of PyTorch, joblib and plain pickles.
 */
#include "lib/model/pickle-facts.h"

#include <string.h>

#include "lib/macro.h"
#include "lib/model/label-find.h"

#define CLIMB_MAX 24
#define BROKEN_VALUES_MAX 65536U /* of a pickle that is unparsable anyway, looked at for what it shows */
#define CLASSES_MAX 128
#define TEXTS_MAX 256
#define SMALL_DICT 64 /* larger ones are vocabularies and weights */

typedef struct Owner {
        uint32_t value; /* who holds it first */
        uint32_t key;   /* under which name; 0: none */
} Owner;

typedef struct Walk {
        Pickle *p;
        ModelFacts *f;
        const PickleContext *c;
        PickleFound *found;
        Owner *owners;
        size_t n_owners;               /* values made later have none */
        uint32_t classes[CLASSES_MAX]; /* hashes of their names */
        size_t n_classes, n_texts;
} Walk;

/* -------------------------------------------------------------------- owners */

static void own(Walk *w, uint32_t value, uint32_t owner, uint32_t key)
{
        if (value > 0 && value < w->n_owners && w->owners[value].value == 0 && value != owner)
                w->owners[value] = (Owner){ .value = owner, .key = key };
}

/* [["weight", x], ...]: how older Pythons wrote the contents of an OrderedDict, and scikit-learn writes steps. */
static bool is_named_pair(const Pickle *p, uint32_t v)
{
        const PickleValue *value = &p->values[v];

        return (value->type == PICKLE_TUPLE || value->type == PICKLE_LIST) && value->n == 2 &&
               p->values[pickle_item(p, v, 0)].type == PICKLE_TEXT &&
               p->values[pickle_item(p, v, 1)].type >= PICKLE_TUPLE;
}

static void find_owners(Walk *w)
{
        const Pickle *p = w->p;

        for (uint32_t v = 1; v < w->n_owners; v++) {
                const PickleValue *value = &p->values[v];

                if (is_named_pair(p, v))
                        own(w, pickle_item(p, v, 1), v, pickle_item(p, v, 0));
                for (uint32_t link = value->first; link; link = p->links[link].next)
                        own(w, p->links[link].value, v, p->links[link].key);
                if (value->type == PICKLE_OBJECT) {
                        own(w, value->state, v, 0);
                        own(w, value->arguments, v, 0);
                }
        }
}

/* The nearest name: its own, or that of what holds it. */
static const char *name_of(const Walk *w, uint32_t v)
{
        for (unsigned i = 0; i < CLIMB_MAX && v > 0 && v < w->n_owners; i++, v = w->owners[v].value) {
                const char *name = pickle_text(w->p, w->owners[v].key);

                if (*name)
                        return name;
        }
        return "";
}

/* "conv1.weight": names from the outside in. False when an optimiser holds it. */
static bool path_of(const Walk *w, uint32_t v, char *buffer, size_t size)
{
        const char *parts[CLIMB_MAX] = {};
        size_t n = 0, used = 0;

        for (unsigned i = 0; i < CLIMB_MAX && v > 0 && v < w->n_owners; i++, v = w->owners[v].value) {
                const char *name = pickle_text(w->p, w->owners[v].key);

                if (strncmp(name, "optim", 5) == 0)
                        return false;
                if (*name && *name != '_')
                        parts[n++] = name;
        }
        buffer[0] = 0;
        while (n-- > 0 && used + 1 < size)
                used += (size_t) snprintf(buffer + used, size - used, "%s%s", used > 0 ? "." : "", parts[n]);
        return true;
}

static const char *where_of(const Walk *w, uint32_t v)
{
        char where[FACTS_TEXT_MAX];

        (void) snprintf(where, sizeof(where), "%s %.80s", w->c->file, name_of(w, v));
        return facts_text(w->f, where, strlen(where)) ?: w->c->file;
}

/* ------------------------------------------------------------------- classes */

static uint32_t hash_of(const char *s)
{
        uint32_t h = 2166136261U; /* FNV-1a */

        for (; *s; s++)
                h = (h ^ (unsigned char) *s) * 16777619U;
        return h;
}

static bool begins_with(const char *module, const char *const *names, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                size_t length = strlen(names[i]);

                if (strncmp(module, names[i], length) == 0 &&
                    (module[length] == '.' || module[length] == ' '))
                        return true;
        }
        return false;
}

/* "module name" becomes "module.name". What is of a library says how the net is built, what is not says what it is. */
static void add_class(Walk *w, uint32_t v)
{
        static const char *const frameworks[] = {
                "torch",
                "torchvision",
                "torchaudio",
                "sklearn",
                "joblib",
                "keras",
                "tensorflow",
                "xgboost",
                "lightgbm",
                "catboost",
                "fastai",
                "timm",
                "mxnet",
                "transformers",
                "chainer",
                "theano",
                "lasagne",
                "hmmlearn",
                "onnx",
                "paddle",
                "speechbrain",
                "imblearn",
                "pytorch_lightning",
                "lightning",
                "ultralytics",
                "__torch__",
                "opensmile",
                "fasttext",
        };
        static const char *const libraries[] = {
                "collections", "numpy", "builtins", "__builtin__", "_codecs", "copyreg",
                "copy_reg",    "scipy", "pandas",   "argparse",    "pathlib", "datetime",
                "functools",   "re",    "torch",    "torchvision", "joblib",
        };
        const char *text = pickle_text(w->p, v);
        char name[FACTS_TEXT_MAX + 1];
        uint32_t hash = hash_of(text);
        char *space;

        for (size_t i = 0; i < w->n_classes; i++)
                if (w->classes[i] == hash)
                        return;
        if (w->n_classes >= CLASSES_MAX) {
                w->f->overflow = true;
                return;
        }
        w->classes[w->n_classes++] = hash;
        w->found->framework = w->found->framework || begins_with(text, frameworks, ARRAY_SIZE(frameworks));
        (void) snprintf(name, sizeof(name), "%s", text);
        space = strchr(name, ' ');
        if (space)
                *space = '.';
        facts_add_name(w->f,
                       begins_with(text, libraries, ARRAY_SIZE(libraries)) ? FACT_NODE : FACT_ARCHITECTURE,
                       false, "class", name, strlen(name));
}

/* --------------------------------------------------------------------- lists */

/* The place of a class: from 0 on, each one once. What is counted otherwise is a setting: "epochs": 10. */
static bool is_place(const Walk *w, uint32_t v, size_t n)
{
        const PickleValue *value = &w->p->values[v];

        if (value->type == PICKLE_OBJECT)
                return strstr(pickle_text(w->p, value->callable), "multiarray scalar") != NULL;
        return value->type == PICKLE_INT && value->integer >= 0 && value->integer <= (int64_t) n;
}

/* A list of texts, a map from numbers to texts or from texts to numbers. */
static void add_list(Walk *w, uint32_t v)
{
        const PickleValue *value = &w->p->values[v];
        bool texts = true, names = true, numbers = true;
        LabelListBuilder b;
        size_t n = 0;

        for (uint32_t link = value->first; link && (texts || names || numbers) && n < 2 * FACTS_LABELS_MAX;
             n++) {
                const PickleLink *l = &w->p->links[link];
                PickleType key = w->p->values[l->key].type, type = w->p->values[l->value].type;

                texts = texts && l->key == 0 && type == PICKLE_TEXT;
                names = names && l->key > 0 && key == PICKLE_INT && type == PICKLE_TEXT;
                numbers = numbers && l->key > 0 && key == PICKLE_TEXT && is_place(w, l->value, value->n);
                link = l->next;
        }
        /* Pairs of texts are steps of a tokenizer by the thousand. */
        if (value->n < 3 || !(texts || names || numbers))
                return;
        label_list_begin(&b);
        for (uint32_t link = value->first; link && b.n_total < 2 * FACTS_LABELS_MAX;
             link = w->p->links[link].next) {
                const char *text =
                                pickle_text(w->p, numbers ? w->p->links[link].key : w->p->links[link].value);

                label_list_add(w->f, &b, text, strlen(text));
        }
        b.n_total = value->n;
        label_list_finish(w->f, &b, false, true, where_of(w, v));
}

/* ------------------------------------------------------------------- texts */

static void add_number(Walk *w, const char *key, int64_t number)
{
        static const char *const classes[] = { "num_classes", "num_labels", "n_classes", "n_classes_" };

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (strcmp(key, classes[i]) == 0 && number > 0 && number < 1 << 20)
                        w->f->num_labels = number;
        if (strcmp(key, "n_features_in_") == 0 && number > 0 && w->f->n_shapes < FACTS_SHAPES_MAX / 2)
                facts_add_shape(w->f,
                                &(FactShape){ .name = "n_features_in_", .n = 2, .dims = { -1, number } });
}

/* The small dictionaries: what the author noted down beside the weights. */
static void add_entries(Walk *w, uint32_t v)
{
        const PickleValue *value = &w->p->values[v];

        if (value->n > SMALL_DICT)
                return;
        for (uint32_t link = value->first; link; link = w->p->links[link].next) {
                const PickleLink *l = &w->p->links[link];
                const char *key = pickle_text(w->p, l->key), *text = pickle_text(w->p, l->value);
                char where[FACTS_TEXT_MAX];
                const char *kept;

                if (*key && w->p->values[l->value].type == PICKLE_INT)
                        add_number(w, key, w->p->values[l->value].integer);
                if (!*key || w->n_texts >= TEXTS_MAX)
                        continue;
                w->n_texts++;
                facts_add_name(w->f, FACT_KEY, false, w->c->file, key, strlen(key));
                if (w->p->values[l->value].type != PICKLE_TEXT || !*text)
                        continue;
                (void) snprintf(where, sizeof(where), "%s %.80s", w->c->file, key);
                kept = facts_text(w->f, where, strlen(where)) ?: w->c->file;
                facts_add_name(w->f, FACT_METADATA, false, kept, text, strlen(text));
                if (strlen(text) >= 8)
                        label_find_text(w->f, false, true, kept, text, strlen(text));
        }
}

/* ------------------------------------------------------------------- tensors */

uint64_t pickle_element_size(const char *storage)
{
        static const struct {
                const char *name;
                uint64_t size;
        } sizes[] = {
                { "Float", 4 }, { "Half", 2 },  { "BFloat16", 2 }, { "Double", 8 }, { "Long", 8 },
                { "Int", 4 },   { "Short", 2 }, { "Byte", 1 },     { "Char", 1 },   { "Bool", 1 },
        };
        const char *name = strchr(storage, ' ');

        for (size_t i = 0; name && i < ARRAY_SIZE(sizes); i++)
                if (strncmp(name + 1, sizes[i].name, strlen(sizes[i].name)) == 0 &&
                    strcmp(name + 1 + strlen(sizes[i].name), "Storage") == 0)
                        return sizes[i].size;
        return 0;
}

/* The storage is ("storage", type, key, where, how many elements). */
static void find_data(const Walk *w, uint32_t storage, int64_t offset, FactTensor *t)
{
        const Pickle *p = w->p;
        uint32_t id = p->values[storage].type == PICKLE_PERSISTENT ? p->values[storage].arguments : 0;
        uint64_t size = pickle_element_size(pickle_text(p, pickle_item(p, id, 1))), n = size, start = 0,
                 length = 0;

        for (unsigned i = 0; i < t->n; i++)
                if (t->dims[i] < 0 || __builtin_mul_overflow(n, (uint64_t) t->dims[i], &n))
                        return;
        if (size == 0 || offset < 0 || !w->c->locate ||
            !w->c->locate(w->c->userdata, pickle_text(p, pickle_item(p, id, 2)), &start, &length) ||
            (uint64_t) offset > length / size || n > length - (uint64_t) offset * size)
                return;
        t->data_start = start + (uint64_t) offset * size;
        t->data_length = n;
}

/* _rebuild_tensor_v2(storage, offset, size, stride, ...) */
static void add_tensor(Walk *w, uint32_t v)
{
        const Pickle *p = w->p;
        const PickleValue *object = &p->values[v];
        uint32_t size = pickle_item(p, object->arguments, 2), offset = pickle_item(p, object->arguments, 1);
        char path[FACTS_TEXT_MAX + 1];
        FactTensor t = {};

        if (strncmp(pickle_text(p, object->callable), "torch._utils _rebuild_tensor", 28) != 0 ||
            !path_of(w, v, path, sizeof(path)))
                return;
        for (uint32_t link = p->values[size].first; link && t.n < FACTS_DIMS_MAX;
             link = p->links[link].next) {
                const PickleValue *dim = &p->values[p->links[link].value];

                t.dims[t.n++] = dim->type == PICKLE_INT ? dim->integer : -1;
        }
        facts_add_name(w->f, FACT_TENSOR, false, "tensor", path, strlen(path));
        if (w->f->n_tensors >= FACTS_TENSORS_MAX)
                return;
        t.name = facts_text(w->f, path, strlen(path));
        if (p->values[offset].type == PICKLE_INT)
                find_data(w, pickle_item(p, object->arguments, 0), p->values[offset].integer, &t);
        facts_add_tensor(w->f, &t);
}

/* ---------------------------------------------------------------------- all */

static void add_value(Walk *w, uint32_t v)
{
        const PickleValue *value = &w->p->values[v];

        if (value->type == PICKLE_GLOBAL)
                add_class(w, v);
        if (value->type == PICKLE_OBJECT)
                add_tensor(w, v);
        if (value->n > 0) {
                add_list(w, v);
                add_entries(w, v);
        }
}

int pickle_facts(Pickle *p, ModelFacts *f, const PickleContext *c, PickleFound *ret)
{
        _cleanup_free_ Walk *w = calloc(1, sizeof(Walk));
        _cleanup_free_ Owner *owners = NULL;
        size_t max = p->source->reason ? BROKEN_VALUES_MAX : SIZE_MAX, n = MIN(p->n_values, max), made = n;
        int r;

        *ret = (PickleFound){};
        for (uint32_t v = 1; v < n; v++) {
                r = pickle_numpy_text(p, v);
                if (r < 0)
                        return r;
        }
        n = MIN(p->n_values, max); /* what was just found stands behind the rest */
        owners = calloc(n, sizeof(Owner));
        if (!w || !owners)
                return source_fail(p->source, "out of memory");
        *w = (Walk){ .p = p, .f = f, .c = c, .found = ret, .owners = owners, .n_owners = n };
        find_owners(w);
        for (uint32_t v = MAX(c->first, 1U);
             v < n && (c->end == 0 || v < c->end || v >= made) && !f->overflow; v++)
                add_value(w, v);
        return f->overflow ? source_fail(p->source, FACTS_OVERFLOW) : 0;
}
