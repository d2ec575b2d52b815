/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads ncnn nets: .param, its binary form, and weights whose first
 * blob is packed (others have no mark at all).
 * Owns: the layout of both, and which parameter of a layer is its width.
 * Must not: read weights; they have no names and follow the order of the net.
 * Called by: scan.c through the table in readers.c.
 */
#include "lib/model/bytes.h"
#include "lib/model/reader.h"
#include "lib/model/text-scan.h"

#define MAGIC 7767517
#define PARAM_MAX (4U * 1024 * 1024)
#define LAYERS_MAX 100000

/* Parameters by their numbers, as far as they matter. */
typedef struct Layer {
        TextSpan type, name, out;
        int64_t p[12];
} Layer;

typedef struct Ncnn {
        Source *s;
        ModelFacts *f;
        int64_t units; /* of the last layer that has any */
        bool flat;     /* and no map of them */
        size_t n_layers;
} Ncnn;

static void add_tensor(Ncnn *k, const Layer *l, const char *what, const int64_t *dims, uint8_t n)
{
        FactTensor t = { .n = n };
        char name[FACTS_TEXT_MAX];

        memcpy(t.dims, dims, n * sizeof(*dims));
        (void) snprintf(name, sizeof(name), "%.*s.%s", (int) MIN(l->name.n, sizeof(name) - 16), l->name.s,
                        what);
        t.name = facts_text(k->f, name, strlen(name));
        facts_add_name(k->f, FACT_TENSOR, false, "weight", name, strlen(name));
        facts_add_tensor(k->f, &t);
}

/* Convolution: 0 outputs, 1 and 11 kernel, 5 bias, 6 number of weights. InnerProduct: 0 outputs, 1 bias, 2 number. */
static void on_weights(Ncnn *k, const Layer *l)
{
        bool conv = l->type.n >= 11 && memcmp(l->type.s, "Convolution", 11) == 0;
        int64_t kh = l->p[11] > 0 ? l->p[11] : l->p[1], size = conv ? l->p[6] : l->p[2], dims[4];

        if ((!conv && !text_is(l->type, "InnerProduct")) || l->p[0] <= 0 || l->p[0] > 1 << 24)
                return;
        k->units = l->p[0];
        k->flat = !conv;
        if (conv && l->p[1] > 0 && l->p[1] < 1024 && kh < 1024) {
                dims[0] = l->p[0];
                dims[1] = MAX(size / (l->p[0] * l->p[1] * kh), (int64_t) 1);
                dims[2] = kh;
                dims[3] = l->p[1];
                add_tensor(k, l, "weight", dims, 4);
        } else if (!conv) {
                dims[0] = l->p[0];
                dims[1] = size / l->p[0];
                add_tensor(k, l, "weight", dims, 2);
        }
        if (l->p[conv ? 5 : 1] == 1)
                add_tensor(k, l, "bias", l->p, 1);
}

static void on_layer(Ncnn *k, const Layer *l)
{
        bool input = text_is(l->type, "Input");
        FactShape shape = { .n = 4, .dims = { 1, l->p[2], l->p[1], l->p[0] } };

        k->n_layers++;
        facts_add_name(k->f, input ? FACT_INPUT : FACT_NODE, false, "layer", l->name.s, l->name.n);
        if (input && l->p[0] > 0 && l->p[1] > 0 && l->p[2] > 0) {
                shape.name = facts_text(k->f, l->name.s, l->name.n);
                if (shape.name && k->f->n_shapes < FACTS_SHAPES_MAX)
                        facts_add_shape(k->f, &shape);
        }
        on_weights(k, l);
        /* A global pooling makes one number of each map. */
        if ((text_is(l->type, "Pooling") && l->p[4] == 1) || text_is(l->type, "Flatten"))
                k->flat = true;
}

/* "Convolution conv1 1 1 data conv1 0=16 1=3 6=432": type, name, how many inputs and outputs, which, parameters. */
static bool read_layer(TextSpan line, Layer *ret)
{
        TextSpan word, left, right;
        int64_t n_in, n_out, key, value;

        *ret = (Layer){};
        if (!text_word(&line, &ret->type) || !text_word(&line, &ret->name) || !text_word(&line, &word) ||
            !text_integer(word, &n_in) || !text_word(&line, &word) || !text_integer(word, &n_out) ||
            n_in < 0 || n_out < 0)
                return false;
        while (text_word(&line, &word)) {
                if (n_in-- > 0)
                        continue;
                if (n_out-- > 0)
                        ret->out = word;
                else if (text_split(word, '=', &left, &right) && text_integer(left, &key) &&
                         text_integer(right, &value) && key >= 0 && key < (int64_t) ARRAY_SIZE(ret->p))
                        ret->p[key] = value;
        }
        return true;
}

static int read_lines(Ncnn *k, TextSpan text)
{
        TextSpan line, word;
        Layer l = {};
        int64_t n_layers = 0;

        (void) text_line(&text, &line); /* the number that marks it */
        if (!text_line(&text, &line) || !text_word(&line, &word) || !text_integer(word, &n_layers) ||
            n_layers <= 0)
                return 0;
        while (text_line(&text, &line)) {
                int r = source_count(k->s);

                if (r < 0)
                        return r;
                if (line.n == 0)
                        continue;
                if (!read_layer(line, &l))
                        return source_fail(k->s, "a layer that is none");
                on_layer(k, &l);
                k->f->is_model = true;
        }
        facts_add_name(k->f, FACT_OUTPUT, false, "last layer", l.name.s, l.name.n);
        facts_add_name(k->f, FACT_OUTPUT, false, "last blob", l.out.s, l.out.n);
        if (k->units > 0 && k->flat && l.out.n > 0) {
                FactShape shape = { .output = true, .n = 2, .dims = { -1, k->units } };

                shape.name = facts_text(k->f, l.out.s, l.out.n);
                if (shape.name)
                        facts_add_shape(k->f, &shape);
        }
        return k->n_layers < (size_t) MIN(n_layers, (int64_t) LAYERS_MAX) ? source_fail(k->s, "ends early")
                                                                          : 0;
}

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 28, &p);

        if (n >= 8 && memcmp(p, "7767517", 7) == 0 && text_blank((char) p[7]))
                return PROBE_MAYBE;
        if (n < 28)
                return PROBE_NO;
        return le32(p) == MAGIC || le32(p) == 0x01306b47 || le32(p) == 0x000d4b38 ? PROBE_MAYBE : PROBE_NO;
}

/* Numbers only: how many layers and blobs, then of each layer its kind, inputs, outputs and parameters. */
static int read_binary(Source *s, ModelFacts *ret)
{
        const unsigned char *p = NULL;
        int r = source_view(s, 0, 28, &p);

        if (r < 0)
                return r;
        if (le32(p) == MAGIC) {
                ret->is_model = le32(p + 4) > 0 && le32(p + 4) < LAYERS_MAX && le32(p + 8) < LAYERS_MAX &&
                                le32(p + 12) < 1024 && le32(p + 16) < 1024 && le32(p + 20) < 1024;
                ret->container = "ncnn-param-bin";
        } else {
                ret->is_model = true;
                ret->container = "ncnn-bin";
        }
        return 0;
}

static int read_ncnn(Source *s, ModelFacts *ret)
{
        Ncnn k = { .s = s, .f = ret };
        const unsigned char *p = NULL;
        const char *text = NULL;
        int n = source_peek(s, 0, 1, &p);

        if (n == 1 && p[0] != '7')
                return read_binary(s, ret);
        n = source_head(s, PARAM_MAX, &text);
        if (n < 0)
                return n;
        ret->container = "ncnn-param";
        return read_lines(&k, (TextSpan){ text, (size_t) n });
}

const ModelReader model_reader_ncnn = { .name = "ncnn", .probe = probe, .read = read_ncnn };
