/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads pickles that are files of their own, as pickle.dump() and
 * joblib.dump() write them: plain, zlib, gzip.
 * Owns: the decision whether a pickle is a model; most pickles are not.
 * Must not: inflate without a bound.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/inflate.h"
#include "lib/model/pickle-facts.h"
#include "lib/model/reader.h"

#define INFLATED_MAX (48U * 1024 * 1024)
#define HEAD_SIZE 64U
#define STREAMS_MAX 8
#define CONVINCING_OPS 24U /* nothing but a pickle has so many opcodes in a row */

static bool is_identifier(const unsigned char *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!((p[i] | 32) >= 'a' && (p[i] | 32) <= 'z') && !(p[i] >= '0' && p[i] <= '9') &&
                    p[i] != '_' && p[i] != '.')
                        return false;
        return n > 0;
}

/* Protocol 0 and 1 have no magic: "(dp0\n", "(lp1\n", "ccopy_reg\n_reconstructor\n", "}q\0". */
static bool begins_old_pickle(const unsigned char *p, size_t n)
{
        const unsigned char *line, *second;

        if (n < 4)
                return false;
        if (p[0] == '(' && strchr("dlit", p[1]) && p[1])
                return p[2] == 'p' && p[3] >= '0' && p[3] <= '9';
        if (p[0] == '}' || p[0] == ']')
                return p[1] == 'q' && p[2] == 0;
        if (p[0] != 'c')
                return false;
        line = memchr(p, '\n', n);
        second = line ? memchr(line + 1, '\n', n - (size_t) (line + 1 - p)) : NULL;
        return second && is_identifier(p + 1, (size_t) (line - p - 1)) &&
               is_identifier(line + 1, (size_t) (second - line - 1));
}

static bool begins_pickle(const unsigned char *p, size_t n)
{
        if (n >= 3 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5)
                return n < 15 || memcmp(p + 2, "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12) != 0;
        return begins_old_pickle(p, n);
}

/* Which compression a file begins with; false when with none. */
static bool compression_of(const unsigned char *p, size_t n, InflateKind *ret)
{
        if (n < 16)
                return false;
        *ret = p[0] == 0x78 ? INFLATE_ZLIB : INFLATE_GZIP;
        return (p[0] == 0x78 && (p[0] << 8 | p[1]) % 31 == 0) || (p[0] == 0x1f && p[1] == 0x8b && p[2] == 8);
}

static ProbeResult probe(Source *s)
{
        _cleanup_free_ char *head = NULL;
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, HEAD_SIZE, &p);
        InflateKind kind;
        size_t size = 0;
        bool complete;

        if (n < 4)
                return PROBE_NO;
        if (begins_pickle(p, (size_t) n))
                return PROBE_MAYBE;
        if (!compression_of(p, (size_t) n, &kind) ||
            inflate_part(s, kind, 0, 512, HEAD_SIZE, &head, &size, &complete) < 0)
                return PROBE_NO;
        return begins_pickle((const unsigned char *) head, size) ? PROBE_MAYBE : PROBE_NO;
}

/* All the pickles that stand one behind the other. */
static int run_streams(Pickle *p)
{
        const unsigned char *at = NULL;
        int r = 0;

        for (unsigned i = 0; i < STREAMS_MAX; i++) {
                r = pickle_run(p);
                if (r < 0 || source_peek(p->source, p->pos, 3, &at) < 3 || at[0] != 0x80 || at[1] < 2 ||
                    at[1] > 5)
                        break;
        }
        return r;
}

static int read_pickle(Source *s, ModelFacts *f)
{
        const PickleContext context = { .file = "pickle" };
        _cleanup_pickle_ Pickle p = {};
        const unsigned char *head = NULL;
        bool magic = source_peek(s, 0, 1, &head) == 1 && head[0] == 0x80;
        PickleFound found;
        int r = pickle_begin(&p, s, 0), q;

        if (r < 0)
                return r;
        p.on_build = pickle_numpy_inline;
        r = run_streams(&p);
        q = pickle_facts(&p, f, &context, &found);
        if (found.framework || (r < 0 && magic && p.n_ops >= CONVINCING_OPS))
                f->is_model = true;
        else if (r >= 0) {
                f->is_model = true;
                f->standing = STANDS_AS_LABELS;
        }
        return r < 0 ? r : q;
}

static int read_joblib(Source *s, ModelFacts *ret)
{
        _cleanup_free_ char *data = NULL;
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, HEAD_SIZE, &p), r;
        InflateKind kind;
        bool complete = true;
        size_t size = 0;
        Source part;

        if (n <= 0)
                return n;
        if (begins_pickle(p, (size_t) n) || !compression_of(p, (size_t) n, &kind))
                return read_pickle(s, ret);
        r = inflate_part(s, kind, 0, s->size, INFLATED_MAX, &data, &size, &complete);
        if (r < 0) {
                ret->is_model = true; /* the probe saw a pickle in it */
                return r;
        }
        source_begin_memory(&part, s, data, size);
        r = read_pickle(&part, ret);
        source_end_part(s, &part);
        ret->container = kind == INFLATE_ZLIB ? "pickle-zlib" : "pickle-gzip";
        return r;
}

const ModelReader model_reader_pickle = { .name = "pickle", .probe = probe, .read = read_joblib };
