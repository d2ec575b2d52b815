/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads JSON documents: the configuration that lies beside a model
 * (config.json as Transformers, timm and diffusers write it), the formats that
 * are JSON themselves, and files of labels.
 * Owns: the decision whether a JSON document is a configuration, and how much
 * of a document is read.
 * Must not: read a document longer than DOCUMENT_MAX.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/json-model.h"
#include "lib/model/label-find.h"
#include "lib/model/reader.h"

#define DOCUMENT_MAX (8U * 1024 * 1024) /* a graph of twenty thousand operators, or as many labels */
#define UNKNOWN_MAX (96U * 1024)        /* of a document whose beginning has no key of ours */
#define LABELS_MAX (16U * 1024)         /* a longer one is data in which there may be a list */

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 64, &p);
        int i = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

        while (i < n && p[i] && strchr(" \t\r\n", p[i]))
                i++;
        if (i == n && n == 64)
                return PROBE_MAYBE; /* nothing but blanks so far */
        return i < n && (p[i] == '{' || p[i] == '[') ? PROBE_MAYBE : PROBE_NO;
}

/* One key may be an accident of another kind of document; labels alone are what some publish. */
static bool is_config(const ModelFacts *f, const JsonFound *found)
{
        for (size_t i = 0; i < f->n_lists; i++)
                if (strcmp(f->lists[i].where, "id2label") == 0 || strcmp(f->lists[i].where, "label2id") == 0)
                        return true;
        return found->model_keys >= 2;
}

static int read_document(Source *s, ModelFacts *f, const char *text, size_t n)
{
        JsonFound found = {};
        const char *reason;
        int r = label_find_json(f, s, false, "", text, n, &found), q;

        if (is_config(f, &found)) {
                f->is_model = true;
                f->container = "hf-config";
                return r;
        }
        reason = s->reason;
        q = json_model_read(f, s, text, n);
        if (f->is_model)
                return r < 0 ? r : q;
        s->reason = reason;
        if (f->n_lists == 0)
                return r;
        f->is_model = true;
        f->container = "labels-json";
        f->standing = r == 0 && n <= LABELS_MAX ? STANDS_AS_LABELS : STANDS_AS_TEXT;
        return 0;
}

static int read_hf_config(Source *s, ModelFacts *ret)
{
        const char *text = NULL;
        int n = source_head(s, UNKNOWN_MAX, &text), r;

        if (n < 0)
                return n;
        n = (int) MIN((size_t) n, (size_t) UNKNOWN_MAX);
        if (s->size > UNKNOWN_MAX && json_model_hint(text, (size_t) n)) {
                n = source_head(s, DOCUMENT_MAX, &text);
                if (n < 0)
                        return n;
        }
        r = read_document(s, ret, text, (size_t) n);
        if (r < 0 && s->size > DOCUMENT_MAX)
                s->reason = "longer than the limit";
        return r;
}

const ModelReader model_reader_hf_config = { .name = "hf-config", .probe = probe, .read = read_hf_config };
