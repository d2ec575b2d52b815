/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads Caffe nets as text: name: "net" layer { name: "conv1" type:
 * "Convolution" ... }.
 * Owns: as much of the text form of protocol buffers as that takes.
 * Must not: take a program for one: braces and colons are everywhere, layers
 * with names and types are not.
 * Called by: scan.c through the table in readers.c.
 */
#include <ctype.h>

#include "lib/model/reader.h"
#include "lib/model/text-scan.h"

#define NET_MAX (2U * 1024 * 1024)
#define DEPTH_MAX 32

typedef struct Prototxt {
        Source *s;
        ModelFacts *f;
        const char *p, *end;
        unsigned depth;
        TextSpan path[DEPTH_MAX + 1];
        TextSpan net, name, type, top;
        FactShape input;
        int64_t units;
        size_t n_layers;
} Prototxt;

/* A word, a quoted text (without the quotes), or one sign; false at the end. */
static bool next_token(Prototxt *t, TextSpan *ret)
{
        while (t->p < t->end && (text_blank(*t->p) || *t->p == ',' || *t->p == ';' || *t->p == '#'))
                if (*t->p == '#') {
                        const char *line = memchr(t->p, '\n', (size_t) (t->end - t->p));

                        t->p = line ?: t->end;
                } else {
                        t->p++;
                }
        if (t->p >= t->end)
                return false;
        if (*t->p == '"' || *t->p == '\'') {
                const char *close = memchr(t->p + 1, *t->p, (size_t) (t->end - t->p) - 1);

                close = close ?: t->end;
                *ret = (TextSpan){ t->p + 1, (size_t) (close - t->p) - 1 };
                t->p = MIN(close + 1, t->end);
                return true;
        }
        *ret = (TextSpan){ t->p, 0 };
        while (t->p < t->end && (isalnum((unsigned char) *t->p) || strchr("_.-+/", *t->p)) && *t->p)
                t->p++;
        if (t->p == ret->s)
                t->p++;
        ret->n = (size_t) (t->p - ret->s);
        return true;
}

static bool is_layer(TextSpan x)
{
        return text_is(x, "layer") || text_is(x, "layers");
}

static void end_layer(Prototxt *t)
{
        if (t->name.n == 0 || t->type.n < 2)
                return;
        t->n_layers++;
        facts_add_name(t->f, FACT_NODE, false, "layer", t->name.s, t->name.n);
}

static void on_value(Prototxt *t, TextSpan key, TextSpan value)
{
        int64_t v;

        if (t->depth == 0) {
                if (text_is(key, "name"))
                        t->net = value;
                else if (text_is(key, "input"))
                        facts_add_name(t->f, FACT_INPUT, false, "input", value.s, value.n);
        } else if (t->depth == 1 && is_layer(t->path[1])) {
                if (text_is(key, "name"))
                        t->name = value;
                else if (text_is(key, "type"))
                        t->type = value;
                else if (text_is(key, "top"))
                        t->top = value;
        }
        if (!text_integer(value, &v))
                return;
        if (text_is(key, "num_output"))
                t->units = v;
        else if ((text_is(key, "input_dim") || text_is(key, "dim")) && t->input.n < 4 && t->units == 0)
                t->input.dims[t->input.n++] = v;
}

static int walk(Prototxt *t)
{
        TextSpan key, sign;

        while (next_token(t, &key)) {
                TextSpan value = {};
                int r = source_count(t->s);

                if (r < 0)
                        return r;
                if (text_is(key, "}")) {
                        if (t->depth == 0)
                                return source_fail(t->s, "a brace that closes nothing");
                        if (t->depth == 1 && is_layer(t->path[1]))
                                end_layer(t);
                        t->depth--;
                        t->f->is_model = t->n_layers >= 2;
                        continue;
                }
                if (!next_token(t, &sign))
                        break;
                if (text_is(sign, ":") && next_token(t, &value) && !text_is(value, "{")) {
                        on_value(t, key, value);
                        continue;
                }
                if (!text_is(sign, "{") && !(text_is(sign, ":") && text_is(value, "{")))
                        return source_fail(t->s, "neither a value nor a message");
                if (t->depth >= DEPTH_MAX)
                        return source_fail(t->s, "nested too deep");
                t->path[++t->depth] = key;
                if (t->depth == 1)
                        t->name = t->type = (TextSpan){};
        }
        return t->depth > 0 ? source_fail(t->s, "ends early") : 0;
}

static void add_net(Prototxt *t)
{
        FactShape out = { .output = true, .name = "last layer", .n = 2, .dims = { -1, t->units } };

        facts_add_name(t->f, FACT_GRAPH, false, "name of the net", t->net.s, t->net.n);
        facts_add_name(t->f, FACT_OUTPUT, false, "last layer", t->name.s, t->name.n);
        facts_add_name(t->f, FACT_OUTPUT, false, "last blob", t->top.s, t->top.n);
        t->input.name = "input";
        if (t->input.n == 4)
                facts_add_shape(t->f, &t->input);
        if (t->units > 0)
                facts_add_shape(t->f, &out);
}

static ProbeResult probe(Source *s)
{
        static const char *const begins[] = { "name", "layer", "input", "#", "force_backward", "state" };
        TextSpan text;

        if (!text_begins(s, &text))
                return PROBE_NO;
        for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
                if (text.n >= strlen(begins[i]) && memcmp(text.s, begins[i], strlen(begins[i])) == 0)
                        return PROBE_MAYBE;
        return PROBE_NO;
}

static int read_prototxt(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Prototxt *t = NULL;
        const char *text = NULL;
        int n = source_head(s, 4096, &text), r;

        if (n < 0)
                return n;
        n = MIN(n, 4096);
        if (!memmem(text, (size_t) n, "layer", strlen("layer")) || !memchr(text, '{', (size_t) n))
                return 0;
        n = source_head(s, NET_MAX, &text);
        if (n < 0)
                return n;
        t = calloc(1, sizeof(*t));
        if (!t)
                return source_fail(s, "out of memory");
        t->s = s;
        t->f = ret;
        t->p = text;
        t->end = text + n;
        r = walk(t);
        if (ret->is_model)
                add_net(t);
        return r;
}

const ModelReader model_reader_prototxt = { .name = "caffe-prototxt",
                                            .probe = probe,
                                            .read = read_prototxt };
