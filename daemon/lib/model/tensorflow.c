/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads what TensorFlow stores as protocol buffers: saved_model.pb,
 * frozen graphs, and keras_metadata.pb.
 * Owns: the field numbers of graph.proto, meta_graph.proto, saved_model.proto,
 * saved_object_graph.proto and saved_metadata.proto.
 * Must not: read tensors; walk more nodes than NODES_MAX, which are enough to
 * see the names of the layers.
 * Called by: scan.c through the table in readers.c.
 */
#include <ctype.h>
#include <string.h>

#include "lib/model/keras-json.h"
#include "lib/model/pb-walk.h"
#include "lib/model/reader.h"

#define NODES_MAX 3000
#define METADATA_MAX (2U * 1024 * 1024)

enum {
        T_SCHEMA = 1,
        T_META_GRAPH,
        T_INFO_TAG,
        T_INFO_VERSION,
        T_GRAPH,
        T_NODE,
        T_NODE_NAME,
        T_NODE_OP,
        T_ATTR,
        T_ATTR_KEY,
        T_ATTR_TEXT,
        T_ATTR_SHAPE,
        T_TENSOR,
        T_TENSOR_CONTENT,
        T_TENSOR_TEXT,
        T_FUNCTION,
        T_FUNCTION_NAME,
        T_DIM,
        T_DIM_SIZE,
        T_SIGNATURE,
        T_INPUT,
        T_OUTPUT,
        T_ENTRY_KEY,
        T_ASSET,
        T_OBJECT,
        T_IDENTIFIER,
        T_METADATA,
        T_VARIABLE,
        T_VARIABLE_NAME,
        T_INSIDE, /* a message that only holds others */
};

static const PbRule dim_rules[] = { { 1, PB_VARINT, T_DIM_SIZE, NULL }, {} };
static const PbRule shape_rules[] = { { 2, PB_BYTES, T_DIM, dim_rules }, {} };
static const PbRule tensor_rules[] = { { 2, PB_BYTES, T_INSIDE, shape_rules },
                                       { 4, PB_BYTES, T_TENSOR_CONTENT, NULL },
                                       { 8, PB_BYTES, T_TENSOR_TEXT, NULL },
                                       {} };
static const PbRule attr_list_rules[] = { { 2, PB_BYTES, T_ATTR_TEXT, NULL }, {} };
static const PbRule attr_value_rules[] = { { 1, PB_BYTES, T_INSIDE, attr_list_rules },
                                           { 2, PB_BYTES, T_ATTR_TEXT, NULL },
                                           { 7, PB_BYTES, T_ATTR_SHAPE, shape_rules },
                                           { 8, PB_BYTES, T_TENSOR, tensor_rules },
                                           {} };
static const PbRule attr_rules[] = { { 1, PB_BYTES, T_ATTR_KEY, NULL },
                                     { 2, PB_BYTES, T_INSIDE, attr_value_rules },
                                     {} };
static const PbRule node_rules[] = { { 1, PB_BYTES, T_NODE_NAME, NULL },
                                     { 2, PB_BYTES, T_NODE_OP, NULL },
                                     { 5, PB_BYTES, T_ATTR, attr_rules },
                                     {} };
static const PbRule function_name_rules[] = { { 1, PB_BYTES, T_FUNCTION_NAME, NULL }, {} };
static const PbRule function_rules[] = { { 1, PB_BYTES, T_INSIDE, function_name_rules },
                                         { 3, PB_BYTES, T_NODE, node_rules },
                                         {} };
static const PbRule library_rules[] = { { 1, PB_BYTES, T_FUNCTION, function_rules }, {} };
static const PbRule graph_rules[] = { { 1, PB_BYTES, T_NODE, node_rules },
                                      { 2, PB_BYTES, T_INSIDE, library_rules },
                                      { 4, PB_BYTES, T_INSIDE, dim_rules + 1 },
                                      {} };
static const PbRule tensor_info_rules[] = { { 3, PB_BYTES, T_INSIDE, shape_rules }, {} };
static const PbRule entry_rules[] = { { 1, PB_BYTES, T_ENTRY_KEY, NULL },
                                      { 2, PB_BYTES, T_INSIDE, tensor_info_rules },
                                      {} };
static const PbRule signature_rules[] = { { 1, PB_BYTES, T_INPUT, entry_rules },
                                          { 2, PB_BYTES, T_OUTPUT, entry_rules },
                                          {} };
static const PbRule signature_map_rules[] = { { 2, PB_BYTES, T_SIGNATURE, signature_rules }, {} };
static const PbRule info_rules[] = { { 4, PB_BYTES, T_INFO_TAG, NULL },
                                     { 5, PB_BYTES, T_INFO_VERSION, NULL },
                                     {} };
static const PbRule asset_rules[] = { { 2, PB_BYTES, T_ASSET, NULL }, {} };
static const PbRule user_object_rules[] = { { 1, PB_BYTES, T_IDENTIFIER, NULL },
                                            { 3, PB_BYTES, T_METADATA, NULL },
                                            {} };
static const PbRule variable_rules[] = { { 2, PB_BYTES, T_INSIDE, shape_rules },
                                         { 6, PB_BYTES, T_VARIABLE_NAME, NULL },
                                         {} };
static const PbRule object_rules[] = { { 4, PB_BYTES, T_OBJECT, user_object_rules },
                                       { 7, PB_BYTES, T_VARIABLE, variable_rules },
                                       {} };
static const PbRule object_graph_rules[] = { { 1, PB_BYTES, T_INSIDE, object_rules }, {} };
static const PbRule meta_graph_rules[] = {
        { 1, PB_BYTES, T_INSIDE, info_rules },          { 2, PB_BYTES, T_GRAPH, graph_rules },
        { 5, PB_BYTES, T_INSIDE, signature_map_rules }, { 6, PB_BYTES, T_INSIDE, asset_rules },
        { 7, PB_BYTES, T_INSIDE, object_graph_rules },  {}
};
static const PbRule saved_model_rules[] = { { 1, PB_VARINT, T_SCHEMA, NULL },
                                            { 2, PB_BYTES, T_META_GRAPH, meta_graph_rules },
                                            {} };
static const PbRule metadata_node_rules[] = { { 4, PB_BYTES, T_IDENTIFIER, NULL },
                                              { 5, PB_BYTES, T_METADATA, NULL },
                                              {} };
static const PbRule metadata_rules[] = { { 1, PB_BYTES, T_OBJECT, metadata_node_rules }, {} };

typedef struct TensorFlow {
        Source *s;
        ModelFacts *f;
        PbText name, op, key, identifier;
        bool constant; /* a node whose attributes matter */
        int64_t dims[FACTS_DIMS_MAX];
        uint8_t n;
        uint64_t data_start, data_length;
        LabelListBuilder labels;
        uint64_t schema;
        size_t n_nodes, n_graphs, n_objects, n_signatures;
} TensorFlow;

/* What the name of an operator or of a class may be made of. */
static bool is_identifier(const PbText *t)
{
        if (t->n == 0 || t->n > 64)
                return false;
        for (size_t i = 0; i < t->n; i++)
                if (!isalnum((unsigned char) t->s[i]) && !strchr("_>.", t->s[i]))
                        return false;
        return true;
}

static void add_tensor(TensorFlow *t)
{
        FactTensor tensor = { .n = t->n, .data_start = t->data_start, .data_length = t->data_length };

        memcpy(tensor.dims, t->dims, sizeof(tensor.dims));
        if (t->f->n_tensors < FACTS_TENSORS_MAX)
                tensor.name = facts_text(t->f, t->name.s, t->name.n);
        facts_add_name(t->f, FACT_TENSOR, false, "weight", t->name.s, t->name.n);
        facts_add_tensor(t->f, &tensor);
}

static void add_shape(TensorFlow *t, bool output, const PbText *name)
{
        FactShape shape = { .output = output, .n = t->n };

        facts_add_name(t->f, output ? FACT_OUTPUT : FACT_INPUT, false, "signature", name->s, name->n);
        memcpy(shape.dims, t->dims, sizeof(shape.dims));
        shape.name = facts_text(t->f, name->s, name->n);
        if (t->n > 0 && shape.name && t->f->n_shapes < FACTS_SHAPES_MAX)
                facts_add_shape(t->f, &shape);
}

/* The description of the whole net; those of its layers say the same again. */
static int read_metadata(TensorFlow *t, const PbField *field)
{
        static const char *const nets[] = { "_tf_keras_model", "_tf_keras_sequential", "_tf_keras_network" };
        _cleanup_free_ char *text = NULL;
        KerasFound found;
        bool net = false;
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(nets); i++)
                net |= strcmp(t->identifier.s, nets[i]) == 0;
        if (!net || field->length > METADATA_MAX)
                return 0;
        text = malloc(field->length + 1);
        if (!text)
                return source_fail(t->s, "out of memory");
        r = source_read(t->s, field->start, text, field->length);
        if (r < 0)
                return r;
        /* A text that is no JSON says nothing, and harms nothing. */
        if (keras_json_read(t->f, t->s, text, field->length, &found) < 0)
                t->s->reason = NULL;
        return 0;
}

static int on_begin(TensorFlow *t, int tag)
{
        switch (tag) {
        case T_NODE:
                t->name.n = t->op.n = 0;
                t->constant = false;
                return t->n_nodes >= NODES_MAX ? PB_SKIP : 0;
        case T_FUNCTION:
                return t->n_nodes >= NODES_MAX ? PB_SKIP : 0;
        case T_ATTR:
                t->n = 0;
                t->data_start = t->data_length = 0;
                label_list_begin(&t->labels);
                t->key.n = 0;
                return t->constant ? 0 : PB_SKIP;
        case T_INPUT:
        case T_OUTPUT:
        case T_VARIABLE:
                t->n = 0;
                pb_text_clear(&t->name);
                return 0;
        case T_DIM:
                if (t->n < FACTS_DIMS_MAX)
                        t->dims[t->n++] = 0;
                return 0;
        case T_OBJECT:
                pb_text_clear(&t->identifier);
                return 0;
        default:
                return 0;
        }
}

static int on_value(TensorFlow *t, int tag, const PbField *field)
{
        switch (tag) {
        case T_SCHEMA:
                t->schema = field->value;
                return 0;
        case T_NODE_NAME:
        case T_ENTRY_KEY:
        case T_VARIABLE_NAME:
                return pb_text(t->s, field, &t->name);
        case T_NODE_OP: {
                int r = pb_text(t->s, field, &t->op);

                t->constant = strcmp(t->op.s, "Const") == 0 || strcmp(t->op.s, "Placeholder") == 0;
                return r;
        }
        case T_ATTR_KEY:
                return pb_text(t->s, field, &t->key);
        case T_DIM_SIZE:
                if (t->n > 0)
                        t->dims[t->n - 1] = (int64_t) field->value < 0 ? -1 : (int64_t) field->value;
                return 0;
        case T_TENSOR_CONTENT:
                t->data_start = field->start;
                t->data_length = field->length;
                return 0;
        case T_TENSOR_TEXT:
        case T_ATTR_TEXT:
                return pb_add_label(t->s, t->f, &t->labels, field);
        case T_FUNCTION_NAME:
                return pb_add_name(t->s, t->f, FACT_NODE, "function", field);
        case T_ASSET:
                return pb_add_name(t->s, t->f, FACT_METADATA, "asset", field);
        case T_INFO_TAG:
                return pb_add_name(t->s, t->f, FACT_METADATA, "tag", field);
        case T_INFO_VERSION:
                return pb_add_name(t->s, t->f, FACT_PRODUCER, "tensorflow_version", field);
        case T_IDENTIFIER: {
                int r = pb_text(t->s, field, &t->identifier);

                t->n_objects += strncmp(t->identifier.s, "_tf_keras_", 10) == 0;
                return r;
        }
        case T_METADATA:
                return read_metadata(t, field);
        default:
                return 0;
        }
}

static void on_end(TensorFlow *t, int tag)
{
        switch (tag) {
        case T_NODE:
                if (t->name.n == 0 || !is_identifier(&t->op))
                        return;
                t->n_nodes++;
                facts_add_name(t->f, FACT_NODE, false, "node", t->name.s, t->name.n);
                return;
        case T_ATTR:
                label_list_finish(t->f, &t->labels, false, true, "constant of the graph");
                return;
        case T_ATTR_SHAPE:
                if (strcmp(t->op.s, "Placeholder") == 0)
                        add_shape(t, false, &t->name);
                return;
        case T_TENSOR:
                if (t->n > 0)
                        add_tensor(t);
                return;
        case T_GRAPH:
                t->n_graphs++;
                return;
        case T_INPUT:
        case T_OUTPUT:
                t->n_signatures++;
                add_shape(t, tag == T_OUTPUT, &t->name);
                return;
        case T_VARIABLE:
                if (t->name.n > 0)
                        add_tensor(t);
                return;
        default:
                return;
        }
}

static int visit(void *userdata, PbStep step, int tag, const PbField *field)
{
        TensorFlow *t = userdata;

        if (step == PB_BEGIN)
                return on_begin(t, tag);
        if (step == PB_VALUE)
                return on_value(t, tag, field);
        on_end(t, tag);
        return 0;
}

static int walk(Source *s, ModelFacts *f, const PbRule *rules, TensorFlow *t)
{
        t->s = s;
        t->f = f;
        return pb_walk(pb_cursor(s, 0, s->size), rules, visit, t);
}

static ProbeResult probe_saved_model(Source *s)
{
        return pb_may_begin(s, saved_model_rules) ? PROBE_MAYBE : PROBE_NO;
}

static int read_saved_model(Source *s, ModelFacts *ret)
{
        _cleanup_free_ TensorFlow *t = calloc(1, sizeof(TensorFlow));
        int r;

        if (!t)
                return source_fail(s, "out of memory");
        r = walk(s, ret, saved_model_rules, t);
        ret->is_model = t->schema > 0 && (t->n_graphs > 0 || t->n_nodes > 1 || t->n_signatures > 0) &&
                        (t->n_nodes > 0 || t->n_signatures > 0 || t->n_objects > 0);
        return r;
}

static ProbeResult probe_graph(Source *s)
{
        return pb_may_begin(s, graph_rules) ? PROBE_MAYBE : PROBE_NO;
}

static int read_graph(Source *s, ModelFacts *ret)
{
        _cleanup_free_ TensorFlow *t = calloc(1, sizeof(TensorFlow));
        int r;

        if (!t)
                return source_fail(s, "out of memory");
        r = walk(s, ret, graph_rules, t);
        if (t->n_nodes >= 2) {
                ret->is_model = true;
                /* Nothing is said about outputs; what is written last is one. */
                facts_add_name(ret, FACT_OUTPUT, false, "last node", t->name.s, t->name.n);
                return r;
        }
        s->reason = NULL;
        memset(t, 0, sizeof(*t));
        if (walk(s, ret, metadata_rules, t) >= 0 && t->n_objects > 0) {
                ret->is_model = true;
                ret->container = "tf-keras-metadata";
        }
        return 0;
}

const ModelReader model_reader_saved_model = { .name = "tf-saved-model",
                                               .probe = probe_saved_model,
                                               .read = read_saved_model };
const ModelReader model_reader_tf_graph = { .name = "tf-frozen-graph",
                                            .probe = probe_graph,
                                            .read = read_graph };
