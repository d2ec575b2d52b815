/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the configuration that lies beside a model (config.json as
 * Transformers, timm and diffusers write it), as a file of its own.
 * Owns: the decision whether a JSON document is such a configuration.
 * Must not: read a document longer than CONFIG_MAX.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/label-find.h"
#include "lib/model/reader.h"

#define CONFIG_MAX (2U * 1024 * 1024) /* twenty thousand labels */

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 64, &p);
        int i = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

        while (i < n && p[i] && strchr(" \t\r\n", p[i]))
                i++;
        if (i == n && n == 64)
                return PROBE_MAYBE; /* nothing but blanks so far */
        return i < n && p[i] == '{' ? PROBE_MAYBE : PROBE_NO;
}

static int read_hf_config(Source *s, ModelFacts *ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size = (size_t) MIN(s->size, (uint64_t) CONFIG_MAX);
        JsonFound found = {};
        int r;

        text = malloc(size + 1);
        if (!text)
                return source_fail(s, "out of memory");
        r = source_read(s, 0, text, size);
        if (r < 0)
                return r;
        r = label_find_json(ret, s, false, "", text, size, &found);
        /* One key may be an accident of another kind of document; labels alone are what some publish. */
        ret->is_model = found.model_keys >= 2;
        for (size_t i = 0; i < ret->n_lists; i++)
                if (strcmp(ret->lists[i].where, "id2label") == 0 ||
                    strcmp(ret->lists[i].where, "label2id") == 0)
                        ret->is_model = true;
        if (r < 0 && s->size > CONFIG_MAX)
                s->reason = "longer than the limit";
        return r;
}

const ModelReader model_reader_hf_config = { .name = "hf-config", .probe = probe, .read = read_hf_config };
