/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads Darknet configurations: [net], then a section for each layer.
 * Owns: which sections there are.
 * Must not: take another file of sections for one: it begins with the net, and
 * its layers are known.
 * Called by: scan.c through the table in readers.c.
 */
#include "lib/model/reader.h"
#include "lib/model/text-scan.h"

#define CONFIG_MAX (512U * 1024)

static const char *const layers[] = {
        "convolutional",
        "conv",
        "deconvolutional",
        "connected",
        "maxpool",
        "avgpool",
        "softmax",
        "cost",
        "crop",
        "dropout",
        "normalization",
        "batchnorm",
        "route",
        "shortcut",
        "local",
        "reorg",
        "upsample",
        "detection",
        "region",
        "yolo",
        "rnn",
        "gru",
        "lstm",
        "crnn",
        "active",
        "activation",
        "logistic",
        "l2norm",
        "iseg",
        "sam",
        "scale_channels",
        "local_avgpool",
        "reorg3d",
        "contrastive",
        "Gaussian_yolo",
};

typedef struct Darknet {
        Source *s;
        ModelFacts *f;
        TextSpan section;
        int64_t width, height, channels, units;
        bool classifies; /* ends in one number for each class */
        size_t n_layers, n_unknown;
} Darknet;

static void on_section(Darknet *d, TextSpan name)
{
        d->section = name;
        if (text_is(name, "net") || text_is(name, "network"))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
                if (text_is(name, layers[i])) {
                        d->n_layers++;
                        facts_add_name(d->f, FACT_NODE, false, "section", name.s, name.n);
                        if (text_is(name, "softmax") || text_is(name, "cost") || text_is(name, "connected"))
                                d->classifies = true;
                        return;
                }
        d->n_unknown++;
}

static void on_key(Darknet *d, TextSpan key, TextSpan value)
{
        bool net = text_is(d->section, "net") || text_is(d->section, "network");
        int64_t v;

        if (text_is(key, "names") || text_is(key, "labels"))
                facts_add_name(d->f, FACT_METADATA, false, "names", value.s, value.n);
        if (!text_integer(value, &v) || v <= 0)
                return;
        if (net && text_is(key, "width"))
                d->width = v;
        else if (net && text_is(key, "height"))
                d->height = v;
        else if (net && text_is(key, "channels"))
                d->channels = v;
        else if (!net && (text_is(key, "filters") || text_is(key, "output")))
                d->units = v;
}

static void add_shapes(Darknet *d)
{
        FactShape in = { .name = "net", .n = 4, .dims = { -1, d->channels, d->height, d->width } };
        FactShape out = { .name = "last layer", .output = true, .n = 2, .dims = { -1, d->units } };

        if (d->width > 0 && d->height > 0 && d->channels > 0)
                facts_add_shape(d->f, &in);
        if (d->units > 0 && d->classifies)
                facts_add_shape(d->f, &out);
}

static ProbeResult probe(Source *s)
{
        TextSpan text;

        return text_begins(s, &text) && (text.n == 0 || strchr("[#;", text.s[0])) ? PROBE_MAYBE : PROBE_NO;
}

static bool is_comment(TextSpan line)
{
        return line.n == 0 || line.s[0] == '#' || line.s[0] == ';';
}

static int read_darknet(Source *s, ModelFacts *ret)
{
        Darknet d = { .s = s, .f = ret };
        const char *head = NULL;
        int n = source_head(s, 4096, &head);
        TextSpan text = { head, n > 0 ? (size_t) MIN(n, 4096) : 0 }, line = {}, left, right;

        while (text_line(&text, &line) && is_comment(line))
                ;
        if (n < 0 || (!text_is(line, "[net]") && !text_is(line, "[network]")))
                return n < 0 ? n : 0;
        n = source_head(s, CONFIG_MAX, &head);
        if (n < 0)
                return n;
        text = (TextSpan){ head, (size_t) n };
        while (text_line(&text, &line)) {
                n = source_count(s);
                if (n < 0)
                        return n;
                if (is_comment(line))
                        continue;
                if (line.s[0] == '[' && line.s[line.n - 1] == ']')
                        on_section(&d, text_trim((TextSpan){ line.s + 1, line.n - 2 }));
                else if (text_split(line, '=', &left, &right))
                        on_key(&d, left, right);
                ret->is_model = d.n_layers > 0 && d.n_layers > d.n_unknown;
        }
        if (ret->is_model)
                add_shapes(&d);
        return s->size > CONFIG_MAX ? source_fail(s, "longer than a network is") : 0;
}

const ModelReader model_reader_darknet = { .name = "darknet", .probe = probe, .read = read_darknet };
