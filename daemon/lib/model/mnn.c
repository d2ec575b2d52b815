/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads MNN nets, flatbuffers without a mark of their own.
 * Owns: the field numbers of MNN.fbs and CaffeOp.fbs that matter, and what
 * makes a flatbuffer a net: operators, and names for their tensors.
 * Must not: read weights.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/bytes.h"
#include "lib/model/flatbuffer.h"
#include "lib/model/reader.h"

#define OPERATORS_MAX 4096
#define OPERATOR_TYPE_MAX 2048
#define TEXT_SIZE 256

/* Of the union of parameters. */
enum {
        PARAMETER_CONVOLUTION = 9,
        PARAMETER_INNER_PRODUCT = 20,
        PARAMETER_INPUT = 21,
};

typedef struct Mnn {
        Source *s;
        ModelFacts *f;
        size_t n_operators;
        int64_t units; /* of the last layer that has any */
        bool flat;     /* and no map of them */
        char name[TEXT_SIZE], text[TEXT_SIZE];
        SourcePages pages; /* tables lie apart, with weights between them */
} Mnn;

static int add_tensor(Mnn *m, const FbTable *t, unsigned field, FactTensor *tensor)
{
        FbVector data = {};
        int r = fb_field_vector(t, field, 4, &data);

        if (r < 0)
                return r;
        if (r > 0) {
                tensor->data_start = data.pos;
                tensor->data_length = 4ULL * data.n;
        }
        tensor->name = facts_text(m->f, m->name, strlen(m->name));
        facts_add_name(m->f, FACT_TENSOR, false, "operator", m->name, strlen(m->name));
        facts_add_tensor(m->f, tensor);
        return 0;
}

/* Convolution2D: common 0, weight 1, bias 2. Its common part: kernel 2 and 3, outputs 10, inputs 11. */
static int read_convolution(Mnn *m, const FbTable *t)
{
        FactTensor weight = { .n = 4 };
        FbTable common;
        uint64_t kx = 1, ky = 1, out = 0, in = 0;
        int r = fb_field_table(t, 0, &common);

        if (r <= 0)
                return r;
        if ((r = fb_field_number(&common, 2, 4, 1, &kx)) < 0 ||
            (r = fb_field_number(&common, 3, 4, 1, &ky)) < 0 ||
            (r = fb_field_number(&common, 10, 4, 0, &out)) < 0 ||
            (r = fb_field_number(&common, 11, 4, 0, &in)) < 0)
                return r;
        if (out == 0 || out > INT32_MAX)
                return 0;
        m->units = (int64_t) out;
        m->flat = kx == 1 && ky == 1; /* what was a matrix before the conversion */
        weight.dims[0] = (int64_t) out;
        weight.dims[1] = (int64_t) in;
        weight.dims[2] = (int64_t) ky;
        weight.dims[3] = (int64_t) kx;
        return add_tensor(m, t, 1, &weight);
}

/* InnerProduct: outputs 0, number of weights 2, weight 3. */
static int read_inner_product(Mnn *m, const FbTable *t)
{
        FactTensor weight = { .n = 2 };
        uint64_t out = 0, size = 0;
        int r = fb_field_number(t, 0, 4, 0, &out);

        if (r >= 0)
                r = fb_field_number(t, 2, 4, 0, &size);
        if (r < 0 || out == 0 || out > INT32_MAX)
                return r;
        m->units = (int64_t) out;
        m->flat = true;
        weight.dims[0] = (int64_t) out;
        weight.dims[1] = (int64_t) (size / out);
        return add_tensor(m, t, 3, &weight);
}

static int read_input(Mnn *m, const FbTable *t)
{
        FactShape shape = {};
        FbVector dims = {};
        int r = fb_field_vector(t, 0, 4, &dims);

        for (uint32_t i = 0; r >= 0 && i < dims.n && shape.n < FACTS_DIMS_MAX; i++) {
                int32_t v = 0;

                r = fb_element_i32(m->s, &dims, i, &v);
                shape.dims[shape.n++] = v;
        }
        if (r < 0)
                return r;
        shape.name = facts_text(m->f, m->name, strlen(m->name));
        facts_add_name(m->f, FACT_INPUT, false, "input", m->name, strlen(m->name));
        if (shape.n > 0 && shape.name && m->f->n_shapes < FACTS_SHAPES_MAX)
                facts_add_shape(m->f, &shape);
        return 0;
}

/* Op: kind of its parameter 1, parameter 2, name 3, type 5. */
static int read_operator(Mnn *m, const FbVector *operators, uint32_t i)
{
        FbTable op, parameter;
        uint64_t kind = 0, type = 0;
        size_t n = 0;
        int r = fb_element_table(m->s, operators, i, &op);

        if (r >= 0)
                r = fb_field_number(&op, 1, 1, 0, &kind);
        if (r >= 0)
                r = fb_field_number(&op, 5, 4, 0, &type);
        if (r >= 0)
                r = fb_field_string(&op, 3, m->name, sizeof(m->name), &n);
        if (r < 0)
                return r;
        if (type > OPERATOR_TYPE_MAX)
                return source_fail(m->s, "an operator that does not exist");
        m->n_operators++;
        if (n > 0)
                facts_add_name(m->f, FACT_NODE, false, "operator", m->name, n);
        if (kind != PARAMETER_CONVOLUTION && kind != PARAMETER_INNER_PRODUCT && kind != PARAMETER_INPUT)
                return 0;
        r = fb_field_table(&op, 2, &parameter);
        if (r <= 0)
                return r;
        return kind == PARAMETER_CONVOLUTION     ? read_convolution(m, &parameter)
               : kind == PARAMETER_INNER_PRODUCT ? read_inner_product(m, &parameter)
                                                 : read_input(m, &parameter);
}

static bool is_text(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] < 0x20)
                        return false;
        return n > 0;
}

/* "prob", and what the last layer makes of it */
static int read_outputs(Mnn *m, const FbTable *net)
{
        FactShape shape = { .output = true, .n = 2, .dims = { -1, m->units } };
        FbVector names = {};
        size_t n = 0;
        int r = fb_field_vector(net, 4, 4, &names);

        for (uint32_t i = 0; r >= 0 && i < MIN(names.n, 64U); i++) {
                r = fb_element_string(m->s, &names, i, m->text, sizeof(m->text), &n);
                if (r >= 0)
                        facts_add_name(m->f, FACT_OUTPUT, false, "outputName", m->text, n);
        }
        if (r < 0)
                return r;
        shape.name = facts_text(m->f, m->text, strlen(m->text));
        if (m->units > 0 && m->flat && shape.name && m->f->n_shapes < FACTS_SHAPES_MAX)
                facts_add_shape(m->f, &shape);
        return 0;
}

/* Net: bizCode 0, oplists 3, outputName 4, tensorName 7. The first name and operator tell whether it is one. */
static int read_net(Mnn *m)
{
        FbVector operators = {}, tensors = {};
        FbTable net;
        size_t n = 0;
        int r = fb_table(m->s, 0, &net);

        if (r >= 0)
                r = fb_field_vector(&net, 3, 4, &operators);
        if (r > 0)
                r = fb_field_vector(&net, 7, 4, &tensors);
        if (r <= 0 || operators.n == 0 || tensors.n == 0)
                return r < 0 ? r : 0;
        r = fb_element_string(m->s, &tensors, 0, m->text, sizeof(m->text), &n);
        if (r < 0 || !is_text(m->text, n))
                return r < 0 ? r : 0;
        r = read_operator(m, &operators, 0);
        if (r < 0)
                return r;
        m->f->is_model = true;
        r = fb_field_string(&net, 0, m->text, sizeof(m->text), &n);
        if (r > 0)
                facts_add_name(m->f, FACT_GRAPH, false, "bizCode", m->text, n);
        for (uint32_t i = 1; r >= 0 && i < MIN(operators.n, (uint32_t) OPERATORS_MAX); i++)
                r = read_operator(m, &operators, i);
        return r < 0 ? r : read_outputs(m, &net);
}

/* The root table follows its own description, so it is near; numbers that small begin many a file. */
static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;
        uint32_t root;

        if (s->size < 64 || source_peek(s, 0, 8, &p) < 8)
                return PROBE_NO;
        root = le32(p);
        return root >= 16 && root <= 64 && root % 4 == 0 && memcmp(p + 4, "TFL3", 4) != 0 ? PROBE_MAYBE
                                                                                          : PROBE_NO;
}

static int read_mnn(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Mnn *m = calloc(1, sizeof(Mnn));
        int r;

        if (!m)
                return source_fail(s, "out of memory");
        m->s = s;
        m->f = ret;
        s->pages = &m->pages;
        r = read_net(m);
        s->pages = NULL;
        return r;
}

const ModelReader model_reader_mnn = { .name = "mnn", .probe = probe, .read = read_mnn };
