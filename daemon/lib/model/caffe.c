/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads Caffe models: .caffemodel (protocol buffers), and .prototxt
 * (the same net as text, without numbers).
 * Owns: the field numbers and words of caffe.proto, of the old layers (V1) and
 * of the new.
 * Must not: read blobs.
 * Called by: scan.c through the table in readers.c.
 */
#include <ctype.h>
#include <string.h>

#include "lib/model/pb-walk.h"
#include "lib/model/reader.h"

enum {
        T_NET = 1,
        T_INPUT,
        T_INPUT_DIM,
        T_LAYER,
        T_NAME,
        T_TYPE,
        T_OLD_TYPE,
        T_BOTTOM,
        T_TOP,
        T_BLOB,
        T_DIM,
        T_DATA,
        T_UNITS,
        T_SHAPE,
        T_INSIDE,
};

static const PbRule dims_rules[] = { { 1, PB_VARINT, T_DIM, NULL }, { 1, PB_BYTES, T_DIM, NULL }, {} };
/* num, channels, height, width are from before there were shapes */
static const PbRule blob_rules[] = { { 1, PB_VARINT, T_DIM, NULL },
                                     { 2, PB_VARINT, T_DIM, NULL },
                                     { 3, PB_VARINT, T_DIM, NULL },
                                     { 4, PB_VARINT, T_DIM, NULL },
                                     { 5, PB_BYTES, T_DATA, NULL },
                                     { 7, PB_BYTES, T_INSIDE, dims_rules },
                                     {} };
static const PbRule units_rules[] = { { 1, PB_VARINT, T_UNITS, NULL }, {} };
static const PbRule shape_rules[] = { { 1, PB_BYTES, T_SHAPE, dims_rules }, {} };
static const PbRule layer_rules[] = { { 1, PB_BYTES, T_NAME, NULL },
                                      { 2, PB_BYTES, T_TYPE, NULL },
                                      { 4, PB_BYTES, T_TOP, NULL },
                                      { 7, PB_BYTES, T_BLOB, blob_rules },
                                      { 106, PB_BYTES, T_INSIDE, units_rules }, /* convolution_param */
                                      { 117, PB_BYTES, T_INSIDE, units_rules }, /* inner_product_param */
                                      { 143, PB_BYTES, T_INSIDE, shape_rules }, /* input_param */
                                      {} };
static const PbRule old_layer_rules[] = {
        { 2, PB_BYTES, T_BOTTOM, NULL },         { 3, PB_BYTES, T_TOP, NULL },
        { 4, PB_BYTES, T_NAME, NULL },           { 5, PB_VARINT, T_OLD_TYPE, NULL },
        { 6, PB_BYTES, T_BLOB, blob_rules },     { 10, PB_BYTES, T_INSIDE, units_rules },
        { 17, PB_BYTES, T_INSIDE, units_rules }, {}
};
static const PbRule net_rules[] = { { 1, PB_BYTES, T_NET, NULL },
                                    { 2, PB_BYTES, T_LAYER, old_layer_rules },
                                    { 3, PB_BYTES, T_INPUT, NULL },
                                    { 4, PB_VARINT, T_INPUT_DIM, NULL },
                                    { 8, PB_BYTES, T_SHAPE, dims_rules },
                                    { 100, PB_BYTES, T_LAYER, layer_rules },
                                    {} };

typedef struct Caffe {
        Source *s;
        ModelFacts *f;
        PbText name, type, top, input;
        uint64_t old_type;
        FactTensor tensor;
        FactShape input_shape;
        int64_t units; /* of the last layer that has any */
        size_t n_layers;
        bool net_ok;
} Caffe;

static bool is_name(const PbText *t)
{
        for (size_t i = 0; i < t->n; i++)
                if ((unsigned char) t->s[i] < 0x20)
                        return false;
        return t->n > 0;
}

static bool is_type(const PbText *t)
{
        for (size_t i = 0; i < t->n; i++)
                if (!isalnum((unsigned char) t->s[i]) && t->s[i] != '_')
                        return false;
        return t->n > 1 && t->n < 64;
}

static void end_blob(Caffe *c)
{
        if (c->f->n_tensors < FACTS_TENSORS_MAX)
                c->tensor.name = facts_text(c->f, c->name.s, c->name.n);
        facts_add_tensor(c->f, &c->tensor);
}

static void end_layer(Caffe *c)
{
        if (!is_name(&c->name) || (!is_type(&c->type) && c->old_type == 0))
                return;
        c->n_layers++;
        facts_add_name(c->f, FACT_NODE, false, "layer", c->name.s, c->name.n);
}

static void add_shapes(Caffe *c)
{
        FactShape out = { .output = true, .n = 2, .dims = { -1, c->units } };

        if (c->input_shape.n > 0) {
                c->input_shape.name = facts_text(c->f, c->input.s, c->input.n);
                if (c->input_shape.name)
                        facts_add_shape(c->f, &c->input_shape);
        }
        facts_add_name(c->f, FACT_INPUT, false, "input", c->input.s, c->input.n);
        facts_add_name(c->f, FACT_OUTPUT, false, "last layer", c->name.s, c->name.n);
        if (strcmp(c->top.s, c->name.s) != 0)
                facts_add_name(c->f, FACT_OUTPUT, false, "last blob", c->top.s, c->top.n);
        out.name = facts_text(c->f, c->top.s, c->top.n);
        if (c->units > 0 && out.name)
                facts_add_shape(c->f, &out);
}

static int on_begin(Caffe *c, int tag)
{
        if (tag == T_LAYER) {
                pb_text_clear(&c->name);
                pb_text_clear(&c->type);
                c->old_type = 0;
        } else if (tag == T_BLOB) {
                c->tensor = (FactTensor){};
        } else if (tag == T_SHAPE) {
                c->input_shape.n = c->tensor.n = 0;
                if (c->n_layers == 0 && c->name.n > 0)
                        c->input = c->name;
        }
        return 0;
}

static int on_value(Caffe *c, int tag, const PbField *field)
{
        switch (tag) {
        case T_NET: {
                int r = pb_text(c->s, field, &c->name);

                c->net_ok = is_name(&c->name);
                facts_add_name(c->f, FACT_GRAPH, false, "name of the net", c->name.s, c->name.n);
                c->name.n = 0;
                return r;
        }
        case T_INPUT:
                return pb_text(c->s, field, &c->input);
        case T_INPUT_DIM:
                return pb_add_dims(c->s, field, c->input_shape.dims, &c->input_shape.n);
        case T_NAME:
                return pb_text(c->s, field, &c->name);
        case T_TYPE:
                return pb_text(c->s, field, &c->type);
        case T_TOP:
                return pb_text(c->s, field, &c->top);
        case T_OLD_TYPE:
                c->old_type = field->value;
                return 0;
        case T_DIM:
                return pb_add_dims(c->s, field, c->tensor.dims, &c->tensor.n);
        case T_DATA:
                c->tensor.data_start = field->start;
                c->tensor.data_length = field->length;
                return 0;
        case T_UNITS:
                c->units = (int64_t) MIN(field->value, (uint64_t) 1 << 30);
                return 0;
        default:
                return 0;
        }
}

static int visit(void *userdata, PbStep step, int tag, const PbField *field)
{
        Caffe *c = userdata;

        if (step == PB_BEGIN)
                return on_begin(c, tag);
        if (step == PB_VALUE)
                return on_value(c, tag, field);
        if (tag == T_BLOB) {
                end_blob(c);
        } else if (tag == T_LAYER) {
                end_layer(c);
                if (c->n_layers >= 2)
                        c->f->is_model = true; /* from here on a fault is a fault of a model */
        } else if (tag == T_SHAPE && c->tensor.n > 0) {
                memcpy(c->input_shape.dims, c->tensor.dims, sizeof(c->input_shape.dims));
                c->input_shape.n = c->tensor.n;
        }
        return 0;
}

static ProbeResult probe(Source *s)
{
        return pb_may_begin(s, net_rules) ? PROBE_MAYBE : PROBE_NO;
}

static int read_caffe(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Caffe *c = calloc(1, sizeof(Caffe));
        int r;

        if (!c)
                return source_fail(s, "out of memory");
        c->s = s;
        c->f = ret;
        r = pb_walk(pb_cursor(s, 0, s->size), net_rules, visit, c);
        ret->is_model = ret->is_model || (c->n_layers > 0 && c->net_ok && r >= 0);
        if (ret->is_model)
                add_shapes(c);
        return r;
}

const ModelReader model_reader_caffe = { .name = "caffe", .probe = probe, .read = read_caffe };
