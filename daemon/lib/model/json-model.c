/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the models that are JSON: TensorFlow.js layers and graph
 * models, bare weights manifests, Keras, PaddlePaddle's new format.
 * Owns: the keys by which each of them is known.
 * Must not: read the shards that a manifest names.
 * Called by: hf-config.c, which has the document in memory.
 */
#include "lib/model/json-model.h"

#include <string.h>

#include "lib/model/json-walk.h"
#include "lib/model/keras-json.h"

typedef struct JsonModel {
        JsonWalk walk;
        ModelFacts *f;
        /* of the node or weight at hand */
        char name[FACTS_TEXT_MAX], op[JSON_PATH_KEY_MAX];
        FactShape shape;
        size_t n_nodes, n_weights, n_paths;
        bool topology, graph, layers, pir, package_items, package_author;
} JsonModel;

bool json_model_hint(const char *text, size_t n)
{
        static const char *const keys[] = {
                "\"modelTopology\"", "\"weightsManifest\"", "\"class_name\"",    "\"id2label\"",
                "\"label2id\"",      "\"model_type\"",      "\"architectures\"", "\"base_code\"",
                "\"weights\"",       "\"itemInfoEntries\"", "\"cells\""
        };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (memmem(text, n, keys[i], strlen(keys[i])))
                        return true;
        return false;
}

static bool is(const JsonModel *m, unsigned up, const char *key)
{
        return m->walk.level > up && strcmp(json_walk_up(&m->walk, up), key) == 0;
}

/* An element of the nodes of a graph, or of the weights of a manifest. */
static bool is_node(const JsonModel *m, unsigned up)
{
        return is(m, up, "") && is(m, up + 1, "node");
}

static bool is_weight(const JsonModel *m, unsigned up)
{
        return is(m, up, "") && is(m, up + 1, "weights");
}

static bool is_signature(const JsonModel *m, unsigned up)
{
        return (is(m, up + 1, "inputs") || is(m, up + 1, "outputs")) && is(m, up + 2, "signature");
}

static void add_dim(JsonModel *m, int token)
{
        int64_t v;

        if (m->shape.n >= FACTS_DIMS_MAX)
                return;
        if ((token != JSON_NUMBER && token != JSON_STRING) || !json_scan_integer(&m->walk.scan, &v))
                v = -1;
        m->shape.dims[m->shape.n++] = v;
}

static void copy(char *dst, size_t size, const JsonScan *j)
{
        size_t n = MIN(j->n, size - 1);

        memcpy(dst, j->text, n);
        dst[n] = 0;
}

static void on_string(JsonModel *m)
{
        const JsonWalk *w = &m->walk;

        if ((is_node(m, 0) || is_weight(m, 0)) && strcmp(w->key, "name") == 0)
                copy(m->name, sizeof(m->name), &w->scan);
        else if (is_node(m, 0) && strcmp(w->key, "op") == 0)
                copy(m->op, sizeof(m->op), &w->scan);
        else if (is(m, 0, "paths") && m->n_paths++ < 64)
                facts_add_name(m->f, FACT_METADATA, false, FACTS_WEIGHTS_PATHS, w->scan.text, w->scan.n);
        else if (is(m, 0, "base_code") && strcmp(w->key, "magic") == 0)
                m->pir = strcmp(w->scan.text, "pir") == 0;
        else if (is(m, 1, "itemInfoEntries") && strcmp(w->key, "author") == 0)
                m->package_author |= strcmp(w->scan.text, "com.apple.CoreML") == 0;
        else if (is(m, 0, "userDefinedMetadata"))
                facts_add_name(m->f, FACT_METADATA, false, "userDefinedMetadata", w->scan.text, w->scan.n);
        if (w->level != 1)
                return;
        if (strcmp(w->key, "format") == 0) {
                m->graph |= strcmp(w->scan.text, "graph-model") == 0;
                m->layers |= strcmp(w->scan.text, "layers-model") == 0;
        } else if (strcmp(w->key, "generatedBy") == 0 || strcmp(w->key, "convertedBy") == 0) {
                facts_add_name(m->f, FACT_METADATA, false, "generatedBy", w->scan.text, w->scan.n);
        }
}

static void on_scalar(JsonModel *m, int token)
{
        if (token == JSON_STRING)
                on_string(m);
        if (is(m, 0, "shape") && is_weight(m, 1))
                add_dim(m, token);
        /* {"dim": [{"size": "-1"}, ...]}: of a signature, and of a placeholder */
        if (strcmp(m->walk.key, "size") == 0 && is(m, 1, "dim") &&
            ((is(m, 2, "tensorShape") && is_signature(m, 3)) ||
             (is(m, 2, "shape") && is(m, 3, "shape") && is(m, 4, "attr") && is_node(m, 5))))
                add_dim(m, token);
}

static void on_begin(JsonModel *m, bool object)
{
        if (is_node(m, 0) || is_weight(m, 0) || is_signature(m, 0)) {
                m->name[0] = m->op[0] = 0;
                m->shape.n = 0;
        }
        if (m->walk.level == 2) {
                m->topology |= object && is(m, 0, "modelTopology");
                m->package_items |= object && is(m, 0, "itemInfoEntries");
        }
}

static void add_shape(JsonModel *m, bool output, const char *name)
{
        if (m->shape.n == 0 || m->f->n_shapes >= FACTS_SHAPES_MAX)
                return;
        m->shape.output = output;
        m->shape.name = facts_text(m->f, name, strlen(name));
        facts_add_name(m->f, output ? FACT_OUTPUT : FACT_INPUT, false, "signature", name, strlen(name));
        if (m->shape.name)
                facts_add_shape(m->f, &m->shape);
}

static void add_weight(JsonModel *m)
{
        FactTensor t = { .n = m->shape.n };

        m->n_weights++;
        memcpy(t.dims, m->shape.dims, sizeof(t.dims));
        if (m->f->n_tensors < FACTS_TENSORS_MAX)
                t.name = facts_text(m->f, m->name, strlen(m->name));
        facts_add_name(m->f, FACT_TENSOR, false, "weight", m->name, strlen(m->name));
        facts_add_tensor(m->f, &t);
}

static void on_end(JsonModel *m)
{
        if (is_weight(m, 0) && m->name[0]) {
                add_weight(m);
        } else if (is_node(m, 0) && m->op[0]) {
                m->n_nodes++;
                facts_add_name(m->f, FACT_NODE, false, "node", m->name, strlen(m->name));
                if (strcmp(m->op, "Placeholder") == 0)
                        add_shape(m, false, m->name);
        } else if (is_signature(m, 0)) {
                add_shape(m, is(m, 1, "outputs"), json_walk_up(&m->walk, 0));
        }
}

static void decide(JsonModel *m, const KerasFound *keras)
{
        if (m->topology &&
            (m->n_nodes > 0 || keras->n_layers > 0 || m->n_weights > 0 || m->graph || m->layers))
                m->f->container =
                                m->graph || keras->n_layers == 0 ? "tfjs-graph-model" : "tfjs-layers-model";
        else if (m->n_weights > 0 && m->n_paths > 0)
                m->f->container = "tfjs-weights-manifest";
        else if (keras->is_net && keras->n_layers > 0)
                m->f->container = "keras-json";
        else if (m->pir)
                m->f->container = "paddle-pir";
        else if (m->package_items && m->package_author)
                m->f->container = "coreml-package";
        else
                return;
        m->f->is_model = true;
}

int json_model_read(ModelFacts *f, Source *s, const char *text, size_t n)
{
        _cleanup_free_ JsonModel *m = calloc(1, sizeof(JsonModel));
        KerasFound keras = {};
        int token, r = 0;

        if (!m)
                return source_fail(s, "out of memory");
        m->f = f;
        s->items_left = SOURCE_ITEMS_MAX;
        if (memmem(text, n, "\"class_name\"", strlen("\"class_name\"")))
                r = keras_json_read(f, s, text, n, &keras);
        s->items_left = SOURCE_ITEMS_MAX;
        json_walk_init(&m->walk, s, text, n);
        while ((token = json_walk_next(&m->walk)) >= 0 && token != JSON_END) {
                if (token == JSON_OBJECT || token == JSON_ARRAY)
                        on_begin(m, token == JSON_OBJECT);
                else if (token == JSON_OBJECT_END || token == JSON_ARRAY_END)
                        on_end(m);
                else
                        on_scalar(m, token);
        }
        decide(m, &keras);
        if (token < 0 || r < 0)
                return -EBADMSG;
        return 0;
}
