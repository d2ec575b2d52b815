/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads PaddlePaddle programs (.pdmodel, __model__) and parameters
 * (.pdiparams). Its newest format is JSON: json-model.c.
 * Owns: the field numbers of framework.proto, and the layout of parameters.
 * Must not: read numbers.
 * Called by: scan.c through the table in readers.c.
 */
#include <ctype.h>
#include <string.h>

#include "lib/model/bytes.h"
#include "lib/model/pb-walk.h"
#include "lib/model/reader.h"

enum {
        T_BLOCK = 1,
        T_INDEX,
        T_PARENT,
        T_VARIABLE,
        T_VARIABLE_NAME,
        T_DIM,
        T_ELEMENT,
        T_PERSISTABLE,
        T_CHECK_FEED,
        T_OPERATOR,
        T_OPERATOR_TYPE,
        T_IN,
        T_OUT,
        T_ARGUMENT,
        T_ATTRIBUTE,
        T_TEXT,
        T_INSIDE,
};

static const PbRule tensor_rules[] = {
        { 1, PB_VARINT, T_ELEMENT, NULL }, { 2, PB_VARINT, T_DIM, NULL }, { 2, PB_BYTES, T_DIM, NULL }, {}
};
static const PbRule lod_rules[] = { { 1, PB_BYTES, T_INSIDE, tensor_rules }, {} };
static const PbRule type_rules[] = { { 3, PB_BYTES, T_INSIDE, lod_rules }, {} };
static const PbRule variable_rules[] = { { 1, PB_BYTES, T_VARIABLE_NAME, NULL },
                                         { 2, PB_BYTES, T_INSIDE, type_rules },
                                         { 3, PB_VARINT, T_PERSISTABLE, NULL },
                                         { 4, PB_VARINT, T_CHECK_FEED, NULL },
                                         {} };
static const PbRule argument_rules[] = { { 2, PB_BYTES, T_ARGUMENT, NULL }, {} };
static const PbRule attribute_rules[] = { { 8, PB_BYTES, T_TEXT, NULL }, {} };
static const PbRule operator_rules[] = { { 1, PB_BYTES, T_IN, argument_rules },
                                         { 2, PB_BYTES, T_OUT, argument_rules },
                                         { 3, PB_BYTES, T_OPERATOR_TYPE, NULL },
                                         { 4, PB_BYTES, T_ATTRIBUTE, attribute_rules },
                                         {} };
static const PbRule block_rules[] = { { 1, PB_VARINT, T_INDEX, NULL },
                                      { 2, PB_VARINT, T_PARENT, NULL },
                                      { 3, PB_BYTES, T_VARIABLE, variable_rules },
                                      { 4, PB_BYTES, T_OPERATOR, operator_rules },
                                      {} };
static const PbRule program_rules[] = { { 1, PB_BYTES, T_BLOCK, block_rules }, {} };

typedef struct Paddle {
        Source *s;
        ModelFacts *f;
        PbText name, type, in, out;
        FactTensor tensor;
        bool persistable, check_feed, in_argument, index, parent, numbered;
        uint64_t element;
        LabelListBuilder labels;
        size_t n_variables, n_operators;
} Paddle;

static bool is_type(const PbText *t)
{
        for (size_t i = 0; i < t->n; i++)
                if (!isalnum((unsigned char) t->s[i]) && !strchr("_.", t->s[i]))
                        return false;
        return t->n > 0 && t->n < 80;
}

static void add_shape(Paddle *p, bool output, const char *name)
{
        FactShape shape = { .output = output, .n = p->tensor.n, .name = name };

        memcpy(shape.dims, p->tensor.dims, sizeof(shape.dims));
        facts_add_name(p->f, output ? FACT_OUTPUT : FACT_INPUT, false, "variable", name, strlen(name));
        if (shape.n > 0 && p->f->n_shapes < FACTS_SHAPES_MAX)
                facts_add_shape(p->f, &shape);
}

static void end_variable(Paddle *p)
{
        if (p->name.n == 0)
                return;
        p->n_variables++;
        p->tensor.name = facts_text(p->f, p->name.s, p->name.n);
        if (!p->tensor.name)
                return;
        if (p->check_feed)
                add_shape(p, false, p->tensor.name);
        if (p->persistable && p->tensor.n > 0) {
                facts_add_name(p->f, FACT_TENSOR, false, "parameter", p->name.s, p->name.n);
                facts_add_tensor(p->f, &p->tensor);
        } else {
                facts_add_name(p->f, FACT_NODE, false, "variable", p->name.s, p->name.n);
        }
}

/* What is fetched is the output; what it looks like, a variable said earlier, if it said so. */
static void end_operator(Paddle *p)
{
        if (!is_type(&p->type))
                return;
        p->n_operators++;
        if (strcmp(p->type.s, "fetch") == 0)
                facts_add_name(p->f, FACT_OUTPUT, false, "fetch", p->in.s, p->in.n);
        else if (strcmp(p->type.s, "feed") == 0)
                facts_add_name(p->f, FACT_INPUT, false, "feed", p->out.s, p->out.n);
}

static void on_begin(Paddle *p, int tag)
{
        switch (tag) {
        case T_BLOCK:
                p->index = p->parent = false;
                return;
        case T_VARIABLE:
                p->tensor = (FactTensor){};
                p->persistable = p->check_feed = false;
                p->name.n = 0;
                return;
        case T_OPERATOR:
                p->type.n = p->in.n = p->out.n = 0;
                return;
        case T_IN:
        case T_OUT:
                p->in_argument = tag == T_IN;
                return;
        case T_ATTRIBUTE:
                label_list_begin(&p->labels);
                return;
        }
}

static int on_value(Paddle *p, int tag, const PbField *field)
{
        switch (tag) {
        case T_INDEX:
                p->index = true;
                return 0;
        case T_PARENT:
                p->parent = true;
                p->numbered |= p->index;
                return 0;
        case T_VARIABLE_NAME:
                return pb_text(p->s, field, &p->name);
        case T_ELEMENT:
                p->element = field->value;
                return 0;
        case T_DIM:
                return pb_add_dims(p->s, field, p->tensor.dims, &p->tensor.n);
        case T_PERSISTABLE:
                p->persistable = field->value;
                return 0;
        case T_CHECK_FEED:
                p->check_feed = field->value;
                return 0;
        case T_OPERATOR_TYPE:
                return pb_text(p->s, field, &p->type);
        case T_ARGUMENT:
                return pb_text(p->s, field, p->in_argument ? &p->in : &p->out);
        case T_TEXT:
                return pb_add_label(p->s, p->f, &p->labels, field);
        default:
                return 0;
        }
}

static int visit(void *userdata, PbStep step, int tag, const PbField *field)
{
        Paddle *p = userdata;

        if (step == PB_VALUE)
                return on_value(p, tag, field);
        if (step == PB_BEGIN) {
                on_begin(p, tag);
                return 0;
        }
        if (tag == T_VARIABLE)
                end_variable(p);
        else if (tag == T_OPERATOR)
                end_operator(p);
        else if (tag == T_ATTRIBUTE)
                label_list_finish(p->f, &p->labels, false, true, "attribute");
        /* From here on a fault is a fault of a model. */
        p->f->is_model = p->numbered && p->n_operators > 0 && p->n_variables > 0;
        return 0;
}

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;

        /* A program begins with its first block, and that with its number. */
        return source_peek(s, 0, 16, &p) == 16 && p[0] == 0x0a && memchr(p + 2, 0x08, 6) ? PROBE_MAYBE
                                                                                         : PROBE_NO;
}

static int read_paddle(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Paddle *p = calloc(1, sizeof(Paddle));

        if (!p)
                return source_fail(s, "out of memory");
        p->s = s;
        p->f = ret;
        return pb_walk(pb_cursor(s, 0, s->size), program_rules, visit, p);
}

const ModelReader model_reader_paddle = { .name = "paddle", .probe = probe, .read = read_paddle };

/* --------------------------------------------------------------- parameters */

#define PARAMETER_HEAD 20 /* version, levels of detail (none), version again, length of the description */

/* Bytes of one number of VarType; 0: not a number. */
static uint64_t element_size(uint64_t type)
{
        static const unsigned char sizes[] = { 1, 2, 4, 8, 2, 4, 8 };

        if (type < ARRAY_SIZE(sizes))
                return sizes[type];
        return type == 20 || type == 21 ? 1 : type == 19 ? 8 : type == 22 ? 2 : 0;
}

static ProbeResult probe_parameters(Source *s)
{
        const unsigned char *p = NULL;
        static const unsigned char zeros[16];

        if (source_peek(s, 0, PARAMETER_HEAD + 4, &p) < PARAMETER_HEAD + 4 || memcmp(p, zeros, 16) != 0)
                return PROBE_NO;
        return le32(p + 16) >= 4 && le32(p + 16) < 128 && p[20] == 0x08 && p[22] == 0x10 ? PROBE_MAYBE
                                                                                         : PROBE_NO;
}

/* One after the other, without names; that all of them fit the file is what makes it one. */
static int read_parameters(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Paddle *k = calloc(1, sizeof(Paddle));
        uint64_t pos = 0;
        int r;

        if (!k)
                return source_fail(s, "out of memory");
        k->s = s;
        k->f = ret;
        while (pos < s->size) {
                const unsigned char *p = NULL;
                uint64_t length, bytes;

                if ((r = source_count(s)) < 0 || (r = source_view(s, pos, PARAMETER_HEAD, &p)) < 0)
                        return r;
                length = le32(p + 16);
                if (le32(p) != 0 || le64(p + 4) != 0 || length > 256)
                        return source_fail(s, "a parameter that does not begin as one");
                pos += PARAMETER_HEAD;
                k->tensor = (FactTensor){};
                if (length > s->size - pos)
                        return source_fail(s, "ends early");
                r = pb_walk(pb_cursor(s, pos, length), tensor_rules, visit, k);
                if (r < 0)
                        return r;
                pos += length;
                bytes = element_size(k->element);
                for (unsigned i = 0; i < k->tensor.n; i++)
                        if (__builtin_mul_overflow(bytes, (uint64_t) k->tensor.dims[i], &bytes))
                                return source_fail(s, "a size that cannot be");
                if (bytes == 0 || bytes > s->size - pos)
                        return source_fail(s, "a parameter longer than the file");
                k->tensor.data_start = pos;
                k->tensor.data_length = bytes;
                facts_add_tensor(ret, &k->tensor);
                pos += bytes;
                ret->is_model = true;
        }
        return 0;
}

const ModelReader model_reader_paddle_parameters = { .name = "paddle-params",
                                                     .probe = probe_parameters,
                                                     .read = read_parameters };
