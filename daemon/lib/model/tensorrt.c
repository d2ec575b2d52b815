/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: recognises a plan of TensorRT. Its layout is nobody's but NVIDIA's:
 * what can be had is the names of layers and bindings, which stand in it as text.
 * Owns: the magic, and how much is looked through.
 * Must not: pretend to understand more; a name is evidence, its absence is none.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/reader.h"

#define PART_SIZE (32U * 1024) /* of the beginning, and of the end */
#define NAME_MIN 4U

static bool is_name(unsigned char c)
{
        return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '-' && c <= ':') || c == '_';
}

static void find_names(ModelFacts *f, const char *data, size_t n)
{
        size_t start = 0;

        for (size_t i = 0; i <= n; i++) {
                if (i < n && is_name((unsigned char) data[i]))
                        continue;
                if (i - start >= NAME_MIN)
                        facts_add_name(f, FACT_NODE, false, "text in the plan", data + start, i - start);
                start = i + 1;
        }
}

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;

        return source_peek(s, 0, 4, &p) == 4 && memcmp(p, "ftrt", 4) == 0 ? PROBE_MAYBE : PROBE_NO;
}

static int read_plan(Source *s, ModelFacts *ret)
{
        _cleanup_free_ char *data = malloc(PART_SIZE);
        size_t n = (size_t) MIN(s->size, (uint64_t) PART_SIZE);
        int r;

        if (!data)
                return source_fail(s, "out of memory");
        r = source_read(s, 0, data, n);
        if (r < 0)
                return r;
        if (n < 32)
                return 0; /* not even a header: some text */
        ret->is_model = true;
        find_names(ret, data, n);
        if (s->size <= PART_SIZE)
                return 0;
        r = source_read(s, s->size - n, data, n);
        if (r < 0)
                return r;
        find_names(ret, data, n);
        return 0;
}

const ModelReader model_reader_tensorrt = { .name = "tensorrt-plan", .probe = probe, .read = read_plan };
