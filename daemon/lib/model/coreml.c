/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads Core ML models (.mlmodel, and the one inside .mlpackage):
 * labels of classifiers, inputs, outputs, names and metadata.
 * Owns: the field numbers of Model.proto, FeatureTypes.proto, NeuralNetwork.proto
 * and MIL.proto.
 * Must not: read weights, which are inside the layers.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/label-find.h"
#include "lib/model/pb-walk.h"
#include "lib/model/reader.h"

#define TEXT_MAX 16384

enum {
        T_VERSION = 1,
        T_DESCRIPTION,
        T_INPUT,
        T_OUTPUT,
        T_NAME, /* of the feature at hand */
        T_DOC,
        T_IMAGE,
        T_WIDTH,
        T_HEIGHT,
        T_COLOURS,
        T_DIM,
        T_AUTHOR,
        T_ENTRY, /* of the user's own metadata */
        T_ENTRY_KEY,
        T_ENTRY_VALUE,
        T_KIND, /* the one field that says what kind of model it is */
        T_LABELS,
        T_LABEL,
        T_LAYER,
        T_NEURAL,
        T_INSIDE,
};

static const PbRule image_rules[] = { { 1, PB_VARINT, T_WIDTH, NULL },
                                      { 2, PB_VARINT, T_HEIGHT, NULL },
                                      { 3, PB_VARINT, T_COLOURS, NULL },
                                      {} };
static const PbRule array_rules[] = { { 1, PB_VARINT, T_DIM, NULL }, { 1, PB_BYTES, T_DIM, NULL }, {} };
static const PbRule type_rules[] = { { 4, PB_BYTES, T_IMAGE, image_rules },
                                     { 5, PB_BYTES, T_INSIDE, array_rules },
                                     {} };
static const PbRule feature_rules[] = { { 1, PB_BYTES, T_NAME, NULL },
                                        { 2, PB_BYTES, T_DOC, NULL },
                                        { 3, PB_BYTES, T_INSIDE, type_rules },
                                        {} };
static const PbRule entry_rules[] = { { 1, PB_BYTES, T_ENTRY_KEY, NULL },
                                      { 2, PB_BYTES, T_ENTRY_VALUE, NULL },
                                      {} };
static const PbRule metadata_rules[] = { { 1, PB_BYTES, T_DOC, NULL },
                                         { 3, PB_BYTES, T_AUTHOR, NULL },
                                         { 100, PB_BYTES, T_ENTRY, entry_rules },
                                         {} };
static const PbRule description_rules[] = { { 1, PB_BYTES, T_INPUT, feature_rules },
                                            { 10, PB_BYTES, T_OUTPUT, feature_rules },
                                            { 100, PB_BYTES, T_INSIDE, metadata_rules },
                                            {} };
static const PbRule strings_rules[] = { { 1, PB_BYTES, T_LABEL, NULL }, {} };
static const PbRule layer_rules[] = { { 1, PB_BYTES, T_LAYER, NULL }, {} };
/* of a neural network: layers; of other classifiers field 1 is something else, and short */
static const PbRule neural_rules[] = { { 1, PB_BYTES, T_NEURAL, layer_rules },
                                       { 100, PB_BYTES, T_LABELS, strings_rules },
                                       {} };
static const PbRule classifier_rules[] = { { 100, PB_BYTES, T_LABELS, strings_rules },
                                           { 200, PB_BYTES, T_LABELS, strings_rules },
                                           {} };
/* MIL: constants of text are where a program keeps the labels of its classify operation. */
static const PbRule mil_item_tensor_rules[] = { { 4, PB_BYTES, T_INSIDE, strings_rules }, {} };
static const PbRule mil_item_immediate_rules[] = { { 1, PB_BYTES, T_INSIDE, mil_item_tensor_rules }, {} };
static const PbRule mil_item_rules[] = { { 3, PB_BYTES, T_INSIDE, mil_item_immediate_rules }, {} };
static const PbRule mil_list_rules[] = { { 1, PB_BYTES, T_INSIDE, mil_item_rules }, {} };
static const PbRule mil_tensor_rules[] = { { 4, PB_BYTES, T_LABELS, strings_rules }, {} };
static const PbRule mil_immediate_rules[] = { { 1, PB_BYTES, T_INSIDE, mil_tensor_rules },
                                              { 3, PB_BYTES, T_LABELS, mil_list_rules },
                                              {} };
static const PbRule mil_value_rules[] = { { 3, PB_BYTES, T_INSIDE, mil_immediate_rules }, {} };
static const PbRule mil_attribute_rules[] = { { 2, PB_BYTES, T_INSIDE, mil_value_rules }, {} };
static const PbRule mil_block_rules[];
static const PbRule mil_operation_rules[] = { { 3, PB_BYTES, T_NEURAL, layer_rules },
                                              { 4, PB_BYTES, T_INSIDE, mil_block_rules },
                                              { 5, PB_BYTES, T_INSIDE, mil_attribute_rules },
                                              {} };
static const PbRule mil_block_rules[] = { { 3, PB_BYTES, T_INSIDE, mil_operation_rules }, {} };
static const PbRule mil_blocks_rules[] = { { 2, PB_BYTES, T_INSIDE, mil_block_rules }, {} };
static const PbRule mil_function_rules[] = { { 3, PB_BYTES, T_INSIDE, mil_blocks_rules }, {} };
static const PbRule mil_functions_rules[] = { { 2, PB_BYTES, T_INSIDE, mil_function_rules }, {} };
static const PbRule mil_rules[] = { { 2, PB_BYTES, T_INSIDE, mil_functions_rules }, {} };

static const PbRule model_rules[];
static const PbRule pipeline_rules[] = { { 1, PB_BYTES, T_INSIDE, model_rules }, {} };
static const PbRule pipeline_of_rules[] = { { 1, PB_BYTES, T_INSIDE, pipeline_rules }, {} };
static const PbRule model_rules[] = {
        { 1, PB_VARINT, T_VERSION, NULL },
        { 2, PB_BYTES, T_DESCRIPTION, description_rules },
        { 200, PB_BYTES, T_KIND, pipeline_of_rules }, /* pipelineClassifier */
        { 201, PB_BYTES, T_KIND, pipeline_of_rules }, /* pipelineRegressor */
        { 202, PB_BYTES, T_KIND, pipeline_rules },
        { 300, PB_BYTES, T_KIND, classifier_rules }, /* regressors, which have no labels */
        { 301, PB_BYTES, T_KIND, classifier_rules },
        { 302, PB_BYTES, T_KIND, classifier_rules },
        { 303, PB_BYTES, T_KIND, neural_rules },
        { 400, PB_BYTES, T_KIND, classifier_rules }, /* linear, support vectors, trees */
        { 401, PB_BYTES, T_KIND, classifier_rules },
        { 402, PB_BYTES, T_KIND, classifier_rules },
        { 403, PB_BYTES, T_KIND, neural_rules },     /* neuralNetworkClassifier */
        { 404, PB_BYTES, T_KIND, classifier_rules }, /* nearest neighbours */
        { 500, PB_BYTES, T_KIND, neural_rules },
        { 502, PB_BYTES, T_KIND, mil_rules },
        { 2000, PB_BYTES, T_KIND, classifier_rules }, /* text, words, sound */
        { 2001, PB_BYTES, T_KIND, classifier_rules },
        { 2003, PB_BYTES, T_KIND, classifier_rules },
        { 3000, PB_BYTES, T_KIND, classifier_rules }, /* serializedModel */
        {},
};

typedef struct CoreMl {
        Source *s;
        ModelFacts *f;
        PbText name, key;
        FactShape shape;
        int64_t width, height, channels;
        bool image;
        LabelListBuilder labels;
        uint64_t version;
        size_t n_features, n_kinds;
} CoreMl;

static void add_feature(CoreMl *m, bool output)
{
        if (m->image) {
                m->shape.n = 4;
                m->shape.dims[0] = 1;
                m->shape.dims[1] = m->channels;
                m->shape.dims[2] = m->height;
                m->shape.dims[3] = m->width;
        }
        m->n_features++;
        m->shape.output = output;
        facts_add_name(m->f, output ? FACT_OUTPUT : FACT_INPUT, false, output ? "output" : "input",
                       m->name.s, m->name.n);
        m->shape.name = facts_text(m->f, m->name.s, m->name.n);
        if (m->shape.n > 0 && m->shape.name && m->f->n_shapes < FACTS_SHAPES_MAX)
                facts_add_shape(m->f, &m->shape);
}

/* "classes" of Create ML and of converters: a text with commas, or JSON. */
static int on_entry_value(CoreMl *m, const PbField *field)
{
        size_t n = (size_t) MIN(field->length, (uint64_t) TEXT_MAX);
        _cleanup_free_ char *text = malloc(n + 1);
        char where[PB_TEXT_MAX + 16];
        const char *name;
        int r;

        if (!text)
                return source_fail(m->s, "out of memory");
        r = source_read(m->s, field->start, text, n);
        if (r < 0)
                return r;
        (void) snprintf(where, sizeof(where), "userDefined %s", m->key.s);
        name = facts_text(m->f, where, strlen(where)) ?: "userDefined";
        facts_add_name(m->f, FACT_METADATA, false, name, text, n);
        label_find_text(m->f, false, true, name, text, n);
        return m->f->overflow ? source_fail(m->s, FACTS_OVERFLOW) : 0;
}

static int on_value(CoreMl *m, int tag, const PbField *field)
{
        switch (tag) {
        case T_VERSION:
                m->version = field->value;
                return 0;
        case T_NAME:
                return pb_text(m->s, field, &m->name);
        case T_DOC:
                return pb_add_name(m->s, m->f, FACT_DOC, "description", field);
        case T_AUTHOR:
                return pb_add_name(m->s, m->f, FACT_PRODUCER, "author", field);
        case T_WIDTH:
                m->width = (int64_t) MIN(field->value, (uint64_t) 1 << 30);
                return 0;
        case T_HEIGHT:
                m->height = (int64_t) MIN(field->value, (uint64_t) 1 << 30);
                return 0;
        case T_COLOURS:
                m->channels = field->value == 10 || field->value == 40 ? 1
                                                                       : 3; /* grey, as bytes or halves */
                return 0;
        case T_DIM:
                return pb_add_dims(m->s, field, m->shape.dims, &m->shape.n);
        case T_ENTRY_KEY:
                return pb_text(m->s, field, &m->key);
        case T_ENTRY_VALUE:
                return on_entry_value(m, field);
        case T_LABEL:
                return pb_add_label(m->s, m->f, &m->labels, field);
        case T_LAYER:
                return pb_add_name(m->s, m->f, FACT_NODE, "layer", field);
        default:
                return 0;
        }
}

static int visit(void *userdata, PbStep step, int tag, const PbField *field)
{
        CoreMl *m = userdata;

        if (step == PB_VALUE)
                return on_value(m, tag, field);
        if (step == PB_BEGIN && (tag == T_INPUT || tag == T_OUTPUT)) {
                m->shape.n = 0;
                m->image = false;
                pb_text_clear(&m->name);
        } else if (step == PB_BEGIN && tag == T_IMAGE) {
                m->image = true;
                m->width = m->height = m->channels = -1;
        } else if (step == PB_BEGIN && tag == T_LABELS) {
                label_list_begin(&m->labels);
        } else if (step == PB_BEGIN && tag == T_KIND) {
                m->n_kinds++;
                /* From here on a fault is a fault of a model. */
                m->f->is_model = m->version > 0 && m->n_features > 0;
        } else if (step == PB_END && tag == T_LABELS) {
                label_list_finish(m->f, &m->labels, false, true, "class labels");
        } else if (step == PB_END && (tag == T_INPUT || tag == T_OUTPUT)) {
                add_feature(m, tag == T_OUTPUT);
        }
        return 0;
}

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;

        if (!pb_may_begin(s, model_rules) || source_peek(s, 0, 4, &p) < 4)
                return PROBE_NO;
        /* A graph of ONNX begins with a version as well, and then says who made it: that is no message. */
        return p[0] == 0x08 && p[2] == 0x12 && p[3] == 0 ? PROBE_NO : PROBE_MAYBE;
}

static int read_coreml(Source *s, ModelFacts *ret)
{
        _cleanup_free_ CoreMl *m = calloc(1, sizeof(CoreMl));
        int r;

        if (!m)
                return source_fail(s, "out of memory");
        m->s = s;
        m->f = ret;
        r = pb_walk(pb_cursor(s, 0, s->size), model_rules, visit, m);
        ret->is_model = ret->is_model || (m->version > 0 && m->version < 100 && m->n_features > 0 &&
                                          (m->n_kinds > 0 || r < 0));
        return r;
}

const ModelReader model_reader_coreml = { .name = "coreml", .probe = probe, .read = read_coreml };
