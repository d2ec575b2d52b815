/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the layers out of a Keras configuration: {"class_name":
 * "Dense", "config": {"name": ..., "units": 7}}, nested as nets are.
 * Owns: which keys of a layer say how many numbers come out of it.
 * Must not: need the keys in any order, or all of them.
 * Called by: the readers of JSON, Keras HDF5, .keras and SavedModel.
 */
#include "lib/model/keras-json.h"

#include <string.h>

#include "lib/model/json-walk.h"

#define HEADS_MAX 64

/* One object with a class name: a layer, a net, or something else that has a configuration. */
typedef struct Layer {
        char class_name[JSON_PATH_KEY_MAX], name[FACTS_TEXT_MAX];
        int64_t units;
        bool has_config, is_net;
} Layer;

/* A layer that says how many numbers come out of it. */
typedef struct Head {
        char name[FACTS_TEXT_MAX];
        int64_t units;
        bool spatial; /* a map of them, not yet pooled */
} Head;

typedef struct Keras {
        JsonWalk walk;
        ModelFacts *f;
        KerasFound *found;
        Layer layers[JSON_DEPTH_MAX + 2];
        Head heads[HEADS_MAX]; /* the last ones, in a ring */
        size_t n_heads;
        char last[FACTS_TEXT_MAX]; /* name of the last layer */
        FactShape shape;
        size_t n_outputs;
} Keras;

static const char *const shape_keys[] = { "batch_input_shape", "batch_shape", "build_input_shape" };
static const char *const unit_keys[] = { "units", "filters", "output_dim", "nb_filter" };

static bool one_of(const char *s, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(s, list[i]) == 0)
                        return true;
        return false;
}

static void copy(char *dst, size_t size, const char *s, size_t n)
{
        n = MIN(n, size - 1);
        memcpy(dst, s, n);
        dst[n] = 0;
}

static void on_net(Keras *k, const Layer *l)
{
        static const char *const plain[] = { "Model", "Functional", "Sequential" };

        facts_add_name(k->f, FACT_GRAPH, false, "name of the Keras model", l->name, strlen(l->name));
        if (!one_of(l->class_name, plain, ARRAY_SIZE(plain)))
                facts_add_name(k->f, FACT_ARCHITECTURE, false, "class of the Keras model", l->class_name,
                               strlen(l->class_name));
}

static void on_layer(Keras *k, const Layer *l)
{
        k->found->n_layers++;
        facts_add_name(k->f, FACT_NODE, false, "layer", l->name, strlen(l->name));
        copy(k->last, sizeof(k->last), l->name, strlen(l->name));
        if (l->units > 0) {
                Head *h = &k->heads[k->n_heads++ % HEADS_MAX];

                copy(h->name, sizeof(h->name), l->name, strlen(l->name));
                h->units = l->units;
                h->spatial = strstr(l->class_name, "Conv") != NULL;
        } else if (k->n_heads > 0 && (strstr(l->class_name, "Global") || strstr(l->class_name, "Flatten"))) {
                k->heads[(k->n_heads - 1) % HEADS_MAX].spatial = false;
        }
}

static void add_output(Keras *k, const char *name, const Head *h)
{
        FactShape shape = { .output = true, .n = h->spatial ? 4 : 2, .dims = { -1, -1, -1, -1 } };

        shape.dims[shape.n - 1] = h->units;
        shape.name = facts_text(k->f, name, strlen(name));
        if (shape.name && k->n_outputs++ < FACTS_SHAPES_MAX / 4)
                facts_add_shape(k->f, &shape);
}

/* "output_layers": [["predictions", 0, 0]] */
static void on_output_layer(Keras *k, const char *name)
{
        facts_add_name(k->f, FACT_OUTPUT, false, "output layer", name, strlen(name));
        for (size_t i = 0; i < MIN(k->n_heads, (size_t) HEADS_MAX); i++)
                if (strcmp(k->heads[i].name, name) == 0)
                        add_output(k, name, &k->heads[i]);
}

static void on_scalar(Keras *k, int token)
{
        const JsonWalk *w = &k->walk;
        const char *container = json_walk_up(w, 0);
        int64_t number;

        if (token == JSON_STRING && strcmp(w->key, "class_name") == 0)
                copy(k->layers[w->level].class_name, sizeof(k->layers[0].class_name), w->scan.text,
                     w->scan.n);
        if (token == JSON_STRING && !w->key[0] &&
            (strcmp(container, "output_layers") == 0 || strcmp(json_walk_up(w, 1), "output_layers") == 0))
                on_output_layer(k, w->scan.text);
        if (strcmp(container, "config") == 0 && w->level > 0) {
                Layer *l = &k->layers[w->level - 1];

                if (token == JSON_STRING && strcmp(w->key, "name") == 0)
                        copy(l->name, sizeof(l->name), w->scan.text, w->scan.n);
                else if (token == JSON_NUMBER && one_of(w->key, unit_keys, ARRAY_SIZE(unit_keys)) &&
                         json_scan_integer(&w->scan, &number) && number > 0)
                        l->units = number;
        } else if (w->level > 1 && strcmp(json_walk_up(w, 1), "config") == 0 && !w->key[0]) {
                if (one_of(container, shape_keys, ARRAY_SIZE(shape_keys)) && k->shape.n < FACTS_DIMS_MAX)
                        k->shape.dims[k->shape.n++] =
                                        token == JSON_NUMBER && json_scan_integer(&w->scan, &number) ? number
                                                                                                     : -1;
        }
}

static void on_begin(Keras *k, bool object)
{
        const JsonWalk *w = &k->walk;
        const char *key = json_walk_up(w, 0);

        memset(&k->layers[w->level], 0, sizeof(Layer));
        k->shape.n = 0;
        if (strcmp(key, "config") == 0) {
                k->layers[w->level - 1].has_config = true;
                /* The first versions wrote the layers of a Sequential without a name for the list. */
                k->layers[w->level - 1].is_net |= !object;
                k->found->is_net |= !object;
        } else if (!object && w->level > 1 && strcmp(key, "layers") == 0 &&
                   strcmp(json_walk_up(w, 1), "config") == 0) {
                k->layers[w->level - 2].is_net = true;
                k->found->is_net = true;
        }
}

static void on_end(Keras *k)
{
        const JsonWalk *w = &k->walk;
        const Layer *l = &k->layers[w->level];

        if (k->shape.n > 1 && one_of(json_walk_up(w, 0), shape_keys, ARRAY_SIZE(shape_keys)) &&
            w->level > 1) {
                const Layer *owner = &k->layers[w->level - 2];

                k->shape.name = facts_text(k->f, owner->name, strlen(owner->name));
                if (k->shape.name && k->f->n_shapes < FACTS_SHAPES_MAX / 2)
                        facts_add_shape(k->f, &k->shape);
                facts_add_name(k->f, FACT_INPUT, false, "input layer", owner->name, strlen(owner->name));
        }
        k->shape.n = 0;
        if (!l->class_name[0] || !l->has_config)
                return;
        if (l->is_net)
                on_net(k, l);
        else if (l->name[0] && strcmp(json_walk_up(w, 0), "dtype") != 0)
                on_layer(k, l); /* initialisers and the like have no name */
}

int keras_json_read(ModelFacts *f, Source *s, const char *text, size_t n, KerasFound *ret)
{
        _cleanup_free_ Keras *k = calloc(1, sizeof(Keras));
        int token;

        *ret = (KerasFound){};
        if (!k)
                return source_fail(s, "out of memory");
        k->f = f;
        k->found = ret;
        json_walk_init(&k->walk, s, text, n);
        while ((token = json_walk_next(&k->walk)) >= 0 && token != JSON_END) {
                if (token == JSON_OBJECT || token == JSON_ARRAY)
                        on_begin(k, token == JSON_OBJECT);
                else if (token == JSON_OBJECT_END || token == JSON_ARRAY_END)
                        on_end(k);
                else
                        on_scalar(k, token);
        }
        if (k->n_heads > 0 && k->n_outputs == 0)
                add_output(k, k->last, &k->heads[(k->n_heads - 1) % HEADS_MAX]);
        return token < 0 ? token : 0;
}
