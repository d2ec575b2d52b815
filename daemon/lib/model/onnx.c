/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads ONNX and ONNX-ML: names, label lists, shapes, tensors.
 * Owns: the field numbers of onnx.proto that matter here.
 * Must not: read weights (initializers, and tensors inside attributes and
 * subgraphs, are jumped over), trust the order of fields, or recurse without
 * counting. Fields may be repeated; a graph given twice is merged, as protocol
 * buffers do, so both are read.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/label-find.h"
#include "lib/model/protobuf.h"
#include "lib/model/reader.h"

/* Protocol buffers themselves refuse 100 messages inside each other; a subgraph takes three. */
#define GRAPH_DEPTH_MAX 33
#define TYPE_DEPTH_MAX 8
#define TEXT_READ_MAX 16384
#define STRING_READ_MAX 256

typedef struct Onnx {
        Source *s;
        ModelFacts *f;
        uint64_t ir_version;
        size_t n_nodes, n_values, n_opsets;
        bool has_graph, ml;
        char buffer[TEXT_READ_MAX];
} Onnx;

static int walk_graph(Onnx *o, PbCursor c, unsigned depth);

/* A string field, cut at `max`; buffer must hold max + 1. */
static int read_text(Onnx *o, const PbField *field, char *buffer, size_t max, size_t *ret)
{
        size_t n = (size_t) MIN(field->length, (uint64_t) max);
        const unsigned char *p = NULL;
        int r = 0;

        if (n > 0 && n <= SOURCE_WINDOW)
                r = source_view(o->s, field->start, n, &p);
        else if (n > 0)
                r = source_read(o->s, field->start, buffer, n);
        if (r < 0)
                return r;
        if (p)
                memcpy(buffer, p, n);
        buffer[n] = 0;
        *ret = n;
        return 0;
}

static int add_name(Onnx *o, FactKind kind, const char *where, const PbField *field)
{
        char text[STRING_READ_MAX + 1];
        size_t n;
        int r = read_text(o, field, text, STRING_READ_MAX, &n);

        if (r < 0)
                return r;
        facts_add_name(o->f, kind, false, where, text, n);
        return 0;
}

static int add_label(Onnx *o, LabelListBuilder *b, const PbField *field)
{
        char text[STRING_READ_MAX + 1];
        size_t n;
        int r;

        if (b->n >= FACTS_LABELS_MAX) {
                b->n_total++;
                return 0;
        }
        r = read_text(o, field, text, STRING_READ_MAX, &n);
        if (r < 0)
                return r;
        label_list_add(o->f, b, text, n);
        return 0;
}

/* ------------------------------------------------------------------ tensors */

static void add_dim(FactTensor *t, uint64_t value)
{
        if (t->n < FACTS_DIMS_MAX)
                t->dims[t->n++] = value > INT64_MAX ? -1 : (int64_t) value;
}

static int walk_tensor(Onnx *o, PbCursor c, const char *where, bool initializer)
{
        FactTensor t = {};
        LabelListBuilder strings;
        PbField field, name = {};
        char text[STRING_READ_MAX + 1];
        uint64_t value;
        size_t n;
        int r;

        label_list_begin(&strings);
        while ((r = pb_next(&c, &field)) > 0) {
                if (field.number == 1 && field.wire == PB_VARINT) {
                        add_dim(&t, field.value);
                } else if (field.number == 1 && field.wire == PB_BYTES) {
                        PbCursor packed = pb_cursor(o->s, field.start, MIN(field.length, (uint64_t) 80));

                        while (packed.pos < packed.end && (r = pb_varint(&packed, &value)) >= 0)
                                add_dim(&t, value);
                } else if (field.number == 8 && field.wire == PB_BYTES) {
                        name = field;
                } else if (field.number == 6 && field.wire == PB_BYTES) {
                        r = add_label(o, &strings, &field);
                } else if ((field.number == 4 || field.number == 5 || field.number == 7 ||
                            field.number >= 9) &&
                           field.number <= 11 && field.wire == PB_BYTES && t.data_length == 0) {
                        t.data_start = field.start;
                        t.data_length = field.length;
                }
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        label_list_finish(o->f, &strings, false, true, where);
        if (!initializer)
                return 0;
        if (name.length > 0) {
                r = read_text(o, &name, text, STRING_READ_MAX, &n);
                if (r < 0)
                        return r;
                facts_add_name(o->f, FACT_TENSOR, false, "initializer", text, n);
                if (o->f->n_tensors < FACTS_TENSORS_MAX)
                        t.name = facts_text(o->f, text, n);
        }
        facts_add_tensor(o->f, &t);
        return 0;
}

/* ------------------------------------------------------------------- values */

/* TypeProto.Tensor.shape: dimensions, -1 when symbolic. */
static int walk_shape(Onnx *o, PbCursor c, FactShape *shape)
{
        PbField dim, field;
        int r, q;

        while ((r = pb_next(&c, &dim)) > 0) {
                PbCursor inner = pb_cursor(o->s, dim.start, dim.length);
                int64_t value = -1;

                if (dim.number != 1 || dim.wire != PB_BYTES)
                        continue;
                while ((q = pb_next(&inner, &field)) > 0)
                        if (field.number == 1 && field.wire == PB_VARINT)
                                value = field.value > INT64_MAX ? -1 : (int64_t) field.value;
                if (q < 0)
                        return q;
                if (shape->n < FACTS_DIMS_MAX)
                        shape->dims[shape->n++] = value;
        }
        return r;
}

/* Sequences, maps and optionals hold a type again: all of it is one walk, as deep as it may go. */
static int walk_type(Onnx *o, PbCursor c, FactShape *shape, unsigned depth)
{
        PbField field;
        int r;

        if (depth > TYPE_DEPTH_MAX)
                return source_fail(o->s, "nested too deep");
        while ((r = pb_next(&c, &field)) > 0) {
                if (field.wire != PB_BYTES)
                        continue;
                if (field.number == 2 && depth == 1)
                        r = walk_shape(o, pb_cursor(o->s, field.start, field.length), shape);
                else if (field.number == 1 || field.number == 4 || field.number == 5 || field.number == 9)
                        r = walk_type(o, pb_cursor(o->s, field.start, field.length), shape, depth + 1);
                if (r < 0)
                        return r;
        }
        return r;
}

static int walk_value(Onnx *o, PbCursor c, bool output, unsigned depth)
{
        FactShape shape = { .output = output };
        const char *where = output ? "graph output" : "graph input";
        char text[STRING_READ_MAX + 1] = "";
        PbField field;
        size_t n = 0;
        int r;

        while ((r = pb_next(&c, &field)) > 0) {
                if (field.wire != PB_BYTES)
                        continue;
                if (field.number == 1) {
                        r = read_text(o, &field, text, STRING_READ_MAX, &n);
                } else if (field.number == 2) {
                        shape.n = 0;
                        r = walk_type(o, pb_cursor(o->s, field.start, field.length), &shape, 0);
                }
                if (r < 0)
                        return r;
        }
        if (r < 0 || depth > 0)
                return r;
        o->n_values++;
        /* Old exporters list every weight as an input: the first ones are the real ones. */
        if (!output && o->n_values > FACTS_SHAPES_MAX / 2)
                return 0;
        shape.name = facts_text(o->f, text, n);
        facts_add_name(o->f, output ? FACT_OUTPUT : FACT_INPUT, false, where, text, n);
        if (shape.name)
                facts_add_shape(o->f, &shape);
        return 0;
}

/* -------------------------------------------------------------------- nodes */

static int walk_attribute(Onnx *o, PbCursor c, unsigned depth)
{
        char name[64], where[FACTS_TEXT_MAX];
        const char *text = "attribute";
        LabelListBuilder strings;
        PbField field;
        size_t n;
        int r;

        name[0] = 0;
        label_list_begin(&strings);
        while ((r = pb_next(&c, &field)) > 0) {
                if (field.wire != PB_BYTES)
                        continue;
                switch (field.number) {
                case 1:
                        r = read_text(o, &field, name, sizeof(name) - 1, &n);
                        break;
                case 4: /* s */
                        r = read_text(o, &field, o->buffer, TEXT_READ_MAX, &n);
                        if (r >= 0 && n >= 8)
                                label_find_text(o->f, false, true, "attribute", o->buffer, n);
                        break;
                case 5:  /* t */
                case 10: /* tensors */
                        r = walk_tensor(o, pb_cursor(o->s, field.start, field.length),
                                        "tensor of an attribute", false);
                        break;
                case 6:  /* g */
                case 11: /* graphs */
                        r = walk_graph(o, pb_cursor(o->s, field.start, field.length), depth + 1);
                        break;
                case 9: /* strings */
                        r = add_label(o, &strings, &field);
                        break;
                }
                if (r < 0)
                        return r;
        }
        if (r < 0 || strings.n < 2)
                return r;
        (void) snprintf(where, sizeof(where), "attribute %s", name);
        text = facts_text(o->f, where, strlen(where));
        label_list_finish(o->f, &strings, false, true, text ?: "attribute");
        return 0;
}

/* Most nodes of a net. Their attributes are numbers of a kernel, half of the bytes of the graph. */
static bool has_plain_attributes(const char *op)
{
        static const char *const ops[] = {
                "Conv", "ConvTranspose", "MaxPool", "AveragePool", "BatchNormalization",
                "Gemm", "Clip",          "Resize"
        };

        for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
                if (strcmp(op, ops[i]) == 0)
                        return true;
        return false;
}

static int walk_node(Onnx *o, PbCursor c, unsigned depth)
{
        char op[STRING_READ_MAX + 1], domain[32];
        PbField field;
        size_t n;
        int r;

        op[0] = 0;
        while ((r = pb_next(&c, &field)) > 0) {
                if (field.wire != PB_BYTES)
                        continue;
                if (field.number == 5 && has_plain_attributes(op))
                        break;
                if (field.number == 3)
                        r = add_name(o, FACT_NODE, "node", &field);
                else if (field.number == 4)
                        r = read_text(o, &field, op, STRING_READ_MAX, &n);
                else if (field.number == 5)
                        r = walk_attribute(o, pb_cursor(o->s, field.start, field.length), depth);
                else if (field.number == 7 && field.length == strlen("ai.onnx.ml")) {
                        r = read_text(o, &field, domain, sizeof(domain) - 1, &n);
                        o->ml = o->ml || (r >= 0 && strcmp(domain, "ai.onnx.ml") == 0);
                }
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        o->n_nodes += op[0] != 0;
        return 0;
}

static int walk_graph(Onnx *o, PbCursor c, unsigned depth)
{
        PbField field;
        int r;

        if (depth > GRAPH_DEPTH_MAX)
                return source_fail(o->s, "nested too deep");
        while ((r = pb_next(&c, &field)) > 0) {
                PbCursor inner = pb_cursor(o->s, field.start, field.length);

                if (field.wire != PB_BYTES)
                        continue;
                switch (field.number) {
                case 1:
                        r = walk_node(o, inner, depth);
                        break;
                case 2:
                        r = add_name(o, FACT_GRAPH, "graph name", &field);
                        break;
                case 5:
                        r = walk_tensor(o, inner, "initializer", true);
                        break;
                case 10:
                        r = add_name(o, FACT_DOC, "graph doc_string", &field);
                        break;
                case 11:
                case 12:
                        r = walk_value(o, inner, field.number == 12, depth);
                        break;
                }
                if (r < 0)
                        return r;
        }
        return r;
}

/* -------------------------------------------------------------------- model */

static int walk_metadata(Onnx *o, PbCursor c)
{
        char key[64] = "", where[FACTS_TEXT_MAX];
        PbField field, value = {};
        const char *text;
        size_t n;
        int r;

        while ((r = pb_next(&c, &field)) > 0) {
                if (field.wire != PB_BYTES)
                        continue;
                if (field.number == 1)
                        r = read_text(o, &field, key, sizeof(key) - 1, &n);
                else if (field.number == 2)
                        value = field;
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = read_text(o, &value, o->buffer, TEXT_READ_MAX, &n);
        if (r < 0)
                return r;
        (void) snprintf(where, sizeof(where), "metadata_props %s", key);
        text = facts_text(o->f, where, strlen(where)) ?: "metadata_props";
        facts_add_name(o->f, FACT_METADATA, false, text, o->buffer, n);
        label_find_text(o->f, false, true, text, o->buffer, n);
        return o->f->overflow ? source_fail(o->s, FACTS_OVERFLOW) : 0;
}

/* FunctionProto: nodes 7, name 1. */
static int walk_function(Onnx *o, PbCursor c)
{
        PbField field;
        int r;

        while ((r = pb_next(&c, &field)) > 0) {
                if (field.wire == PB_BYTES && field.number == 7)
                        r = walk_node(o, pb_cursor(o->s, field.start, field.length), 0);
                else if (field.wire == PB_BYTES && field.number == 1)
                        r = add_name(o, FACT_NODE, "function", &field);
                if (r < 0)
                        return r;
        }
        return r;
}

static int walk_model_field(Onnx *o, const PbField *field)
{
        PbCursor inner = pb_cursor(o->s, field->start, field->length);

        switch (field->number) {
        case 2:
                return add_name(o, FACT_PRODUCER, "producer_name", field);
        case 4:
                return add_name(o, FACT_GRAPH, "domain", field);
        case 6:
                return add_name(o, FACT_DOC, "doc_string", field);
        case 7:
                o->has_graph = true;
                return walk_graph(o, inner, 0);
        case 8:
                o->n_opsets++;
                return 0;
        case 14:
                return walk_metadata(o, inner);
        case 25:
                return walk_function(o, inner);
        default:
                return 0;
        }
}

static bool is_ir_version(uint64_t v)
{
        return v >= 1 && v <= 64;
}

static int walk_model(Onnx *o, PbCursor c)
{
        PbField field;
        int r;

        while ((r = pb_next(&c, &field)) > 0) {
                if (field.number == 1 && field.wire == PB_VARINT)
                        o->ir_version = field.value;
                if (field.wire == PB_BYTES)
                        r = walk_model_field(o, &field);
                /* From here on a fault is a fault of a model. */
                if (is_ir_version(o->ir_version) && (o->n_nodes > 0 || (o->has_graph && o->n_opsets > 0)))
                        o->f->is_model = true;
                if (r < 0)
                        return r;
        }
        return r;
}

/* Short of bytes or lying about them, but begun as only ONNX begins: version, then producer or graph. */
static bool begins_like_onnx(Source *s)
{
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 32, &p);

        if (n < 4 || p[0] != 0x08 || p[1] < 3 || p[1] > 32)
                return false;
        if (p[2] == 0x3a)
                return n >= 8;
        if (p[2] != 0x12 || p[3] == 0 || p[3] > 64)
                return false;
        for (int i = 4; i < n && i < 4 + p[3]; i++)
                if (p[i] < 0x20 || p[i] > 0x7e)
                        return false;
        n = source_peek(s, 4U + p[3], 1, &p);
        return n == 0 || (n == 1 && (p[0] == 0x1a || p[0] == 0x22 || p[0] == 0x28 || p[0] == 0x32 ||
                                     p[0] == 0x3a || p[0] == 0x42 || p[0] == 0x72));
}

/* Any field may come first, so only the first tag is looked at; a repeated field of bytes needs a length that fits. */
static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 16, &p);
        unsigned number, wire;

        if (n < 4)
                return PROBE_NO;
        number = p[0] >> 3;
        wire = p[0] & 7;
        if (number == 0 || wire == 6 || wire == 7 || wire == PB_GROUP_END)
                return PROBE_NO;
        return PROBE_MAYBE;
}

static int read_onnx(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Onnx *o = calloc(1, sizeof(Onnx));
        int r;

        if (!o)
                return source_fail(s, "out of memory");
        o->s = s;
        o->f = ret;
        r = walk_model(o, pb_cursor(s, 0, s->size));
        if (r < 0) {
                ret->is_model = ret->is_model || begins_like_onnx(s);
                return r;
        }
        if (!ret->is_model)
                return 0;
        ret->container = o->ml ? "onnx-ml" : "onnx";
        return 0;
}

const ModelReader model_reader_onnx = { .name = "onnx", .probe = probe, .read = read_onnx };
