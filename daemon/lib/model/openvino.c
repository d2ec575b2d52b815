/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the XML of an OpenVINO model: net, layers, shapes, what the
 * converter noted, and labels where there are any. The numbers are in a file
 * beside it.
 * Owns: as much of XML as it takes: tags, attributes, the text in <dim>.
 * Must not: know entities other than the five, or anything outside the file.
 * Called by: scan.c through the table in readers.c.
 */
#include "lib/model/label-find.h"
#include "lib/model/reader.h"
#include "lib/model/text-scan.h"

#define XML_MAX (16U * 1024 * 1024)
#define DEPTH_MAX 64
#define VALUE_MAX 4096
#define LAYERS_MAX 20000U /* as many operators as source.h gives a model */

typedef struct OpenVino {
        Source *s;
        ModelFacts *f;
        const char *p, *end;
        unsigned depth, layer_depth; /* of the layer at hand; 0: none */
        bool closing, empty;         /* the tag at hand: </tag>, <tag/> */
        TextSpan tag;
        char name[FACTS_TEXT_MAX], type[64];
        FactShape shape;
        bool net, result_port;
        size_t n_layers, n_layers_begun; /* those that say their type, and all */
        char value[VALUE_MAX];
} OpenVino;

static size_t decode(const char *s, size_t n, char *ret, size_t size)
{
        static const struct {
                const char *name;
                char c;
        } entities[] = {
                { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&apos;", '\'' }
        };
        size_t used = 0;

        for (size_t i = 0; i < n && used + 1 < size;) {
                size_t k = 0, length = 0;

                while (s[i] == '&' && k < ARRAY_SIZE(entities)) {
                        length = strlen(entities[k].name);
                        if (n - i >= length && memcmp(s + i, entities[k].name, length) == 0)
                                break;
                        k++;
                }
                if (s[i] == '&' && k < ARRAY_SIZE(entities)) {
                        ret[used++] = entities[k].c;
                        i += length;
                } else {
                        ret[used++] = s[i++];
                }
        }
        ret[used] = 0;
        return used;
}

/* The value of an attribute of the tag at hand, decoded into o->value; NULL when it has none of that name. */
static const char *attribute(OpenVino *o, const char *name, size_t *ret_n)
{
        TextSpan rest = o->tag, left, right;

        (void) text_word(&rest, &left); /* the name of the tag */
        while (text_split(rest, '=', &left, &right)) {
                const char *close = right.n > 0 ? memchr(right.s + 1, right.s[0], right.n - 1) : NULL;

                if (!close)
                        return NULL;
                if (text_is(left, name)) {
                        *ret_n = decode(right.s + 1, (size_t) (close - right.s) - 1, o->value,
                                        sizeof(o->value));
                        return o->value;
                }
                rest = (TextSpan){ close + 1, right.n - (size_t) (close - right.s) - 1 };
        }
        return NULL;
}

static bool tag_is(const OpenVino *o, const char *name)
{
        TextSpan rest = o->tag, word;

        return text_word(&rest, &word) && text_is(word, name);
}

/* Behind what begins with `begin`, to behind `end`. */
static bool skip_to(OpenVino *o, const char *begin, const char *end)
{
        size_t n = (size_t) (o->end - o->p);
        const char *at;

        if (n < strlen(begin) || memcmp(o->p, begin, strlen(begin)) != 0)
                return false;
        at = memmem(o->p, n, end, strlen(end));
        o->p = at ? at + strlen(end) : o->end;
        return true;
}

/* The next tag: 1, 0 at the end, -EBADMSG. */
static int next_tag(OpenVino *o)
{
        for (;;) {
                const char *begin = memchr(o->p, '<', (size_t) (o->end - o->p)), *close;
                int r = source_count(o->s);

                if (r < 0 || !begin)
                        return r < 0 ? r : 0;
                o->p = begin;
                if (skip_to(o, "<!--", "-->") || skip_to(o, "<![CDATA[", "]]>") || skip_to(o, "<?", "?>") ||
                    skip_to(o, "<!", ">"))
                        continue;
                /* A > inside quotes is not written by anybody: it would be an entity. */
                close = memchr(begin, '>', (size_t) (o->end - begin));
                if (!close)
                        return source_fail(o->s, "ends early");
                o->p = close + 1;
                o->closing = begin[1] == '/';
                o->empty = !o->closing && close[-1] == '/' && close - begin > 1;
                o->tag = text_trim((TextSpan){ begin + 1 + o->closing,
                                               (size_t) (close - begin) - 1 - o->closing - o->empty });
                return 1;
        }
}

static void on_shape_text(FactShape *shape, const char *s, size_t n)
{
        TextSpan rest = { s, n }, left = {}, right = {};
        bool more = true;

        shape->n = 0;
        while (more && shape->n < FACTS_DIMS_MAX) {
                int64_t v = -1;

                more = text_split(rest, ',', &left, &right);
                if (!text_integer(more ? left : text_trim(rest), &v))
                        v = -1;
                shape->dims[shape->n++] = v;
                rest = right;
        }
}

static void add_shape(OpenVino *o, bool output)
{
        o->shape.output = output;
        o->shape.name = facts_text(o->f, o->name, strlen(o->name));
        if (o->shape.n > 0 && o->shape.name && o->f->n_shapes < FACTS_SHAPES_MAX)
                facts_add_shape(o->f, &o->shape);
}

/* <data shape="1,3,64,64" .../> of an input, or of weights */
static void on_data(OpenVino *o)
{
        size_t n = 0;
        const char *text = attribute(o, "shape", &n);

        if (!text || n == 0)
                return;
        on_shape_text(&o->shape, text, n);
        if (strcmp(o->type, "Parameter") == 0) {
                add_shape(o, false);
        } else if (strcmp(o->type, "Const") == 0) {
                FactTensor t = { .n = o->shape.n };

                memcpy(t.dims, o->shape.dims, sizeof(t.dims));
                t.name = facts_text(o->f, o->name, strlen(o->name));
                facts_add_name(o->f, FACT_TENSOR, false, "constant", o->name, strlen(o->name));
                facts_add_tensor(o->f, &t);
        }
        o->shape.n = 0;
}

static int begin_layer(OpenVino *o)
{
        FactKind kind = FACT_NODE;
        const char *text;
        size_t n = 0;

        o->layer_depth = o->depth;
        o->shape.n = 0;
        o->result_port = false;
        text = attribute(o, "type", &n);
        (void) snprintf(o->type, sizeof(o->type), "%s", text ?: "");
        text = attribute(o, "name", &n);
        (void) snprintf(o->name, sizeof(o->name), "%s", text ?: "");
        if (++o->n_layers_begun > LAYERS_MAX)
                return source_fail(o->s, "more layers than a model has");
        if (!o->type[0])
                return 0;
        o->n_layers++;
        if (strcmp(o->type, "Parameter") == 0 || strcmp(o->type, "Input") == 0)
                kind = FACT_INPUT;
        else if (strcmp(o->type, "Result") == 0)
                kind = FACT_OUTPUT;
        facts_add_name(o->f, kind, false, "layer", o->name, strlen(o->name));
        return 0;
}

/* What the converter was told, and what somebody told it to keep. */
static int on_note(OpenVino *o)
{
        static const char *const names[] = { "model_name", "input_model", "output",         "input",
                                             "model_type", "task_type",   "saved_model_dir" };
        static const char *const lists[] = { "labels", "label_names", "class_names", "classes",
                                             "label_ids" };
        size_t n = 0;
        const char *text = attribute(o, "value", &n);

        if (!text || n == 0)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (tag_is(o, names[i]))
                        facts_add_name(o->f,
                                       strcmp(names[i], "model_name") == 0 ? FACT_GRAPH : FACT_METADATA,
                                       false, names[i], text, n);
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                if (tag_is(o, lists[i]))
                        label_find_text(o->f, false, true, lists[i], text, n);
        return o->f->overflow ? source_fail(o->s, FACTS_OVERFLOW) : 0;
}

static void on_dim(OpenVino *o)
{
        const char *close = memchr(o->p, '<', (size_t) (o->end - o->p));
        int64_t v = -1;

        if (!close || o->shape.n >= FACTS_DIMS_MAX)
                return;
        if (!text_integer(text_trim((TextSpan){ o->p, (size_t) (close - o->p) }), &v))
                v = -1;
        o->shape.dims[o->shape.n++] = v;
}

static int on_open(OpenVino *o)
{
        size_t n = 0;
        const char *text;

        if (o->depth == 1 && tag_is(o, "net")) {
                text = attribute(o, "name", &n);
                if (text)
                        facts_add_name(o->f, FACT_GRAPH, false, "net name", text, n);
                o->net = attribute(o, "version", &n) != NULL;
        } else if (tag_is(o, "layer") && o->layer_depth == 0) {
                return begin_layer(o);
        } else if (o->layer_depth > 0 && tag_is(o, "data")) {
                on_data(o);
        } else if (o->layer_depth > 0 && tag_is(o, "port")) {
                o->shape.n = 0;
        } else if (o->layer_depth > 0 && tag_is(o, "dim")) {
                on_dim(o);
        } else if (o->layer_depth == 0 && o->depth > 1) {
                return on_note(o);
        }
        return 0;
}

static void on_close(OpenVino *o)
{
        if (o->layer_depth == 0)
                return;
        if (tag_is(o, "port")) {
                /* An input of the old kind says its shape only here. */
                if (strcmp(o->type, "Result") == 0 || strcmp(o->type, "Input") == 0)
                        add_shape(o, o->type[0] == 'R');
                o->shape.n = 0;
        } else if (o->depth == o->layer_depth) {
                o->layer_depth = 0;
        }
}

static int walk(OpenVino *o)
{
        int r;

        while ((r = next_tag(o)) > 0) {
                if (!o->closing) {
                        o->depth++;
                        if (o->depth > DEPTH_MAX)
                                return source_fail(o->s, "nested too deep");
                        r = on_open(o);
                        if (r < 0)
                                return r;
                }
                if (o->closing || o->empty) {
                        if (o->depth == 0)
                                return source_fail(o->s, "a tag that closes nothing");
                        on_close(o);
                        o->depth--;
                }
                o->f->is_model = o->net && o->n_layers > 0;
        }
        return r < 0 ? r : o->depth > 0 ? source_fail(o->s, "ends early") : 0;
}

static ProbeResult probe(Source *s)
{
        TextSpan text;

        if (!text_begins(s, &text))
                return PROBE_NO;
        return (text.n >= 5 && memcmp(text.s, "<?xml", 5) == 0) ||
                                               (text.n >= 5 && memcmp(text.s, "<net ", 5) == 0) ||
                                               (text.n >= 4 && memcmp(text.s, "<!--", 4) == 0)
                               ? PROBE_MAYBE
                               : PROBE_NO;
}

static int read_openvino(Source *s, ModelFacts *ret)
{
        _cleanup_free_ OpenVino *o = NULL;
        const char *text = NULL;
        int n = source_head(s, 4096, &text);

        /* The root says whether to read on: most XML is something else. */
        if (n < 0 || !memmem(text, (size_t) MIN(n, 4096), "<net ", strlen("<net ")))
                return n < 0 ? n : 0;
        n = source_head(s, XML_MAX, &text);
        if (n < 0)
                return n;
        o = calloc(1, sizeof(*o));
        if (!o)
                return source_fail(s, "out of memory");
        o->s = s;
        o->f = ret;
        o->p = text;
        o->end = text + n;
        return walk(o);
}

const ModelReader model_reader_openvino = { .name = "openvino-ir", .probe = probe, .read = read_openvino };
