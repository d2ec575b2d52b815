/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: inflates, a piece of input at a time, into a buffer that grows.
 * Owns: the bound on the output: a bomb costs what its first `max` bytes cost.
 * Must not: believe a stated size.
 * Called by: the reader of zip files, and of pickles that were compressed.
 */
#include "lib/model/inflate.h"

#include <zlib.h>

#include "lib/macro.h"

#define INPUT_SIZE 16384U
#define OUTPUT_FIRST 16384U
#define BOMB_SIZE (2U * 1024 * 1024) /* as much may come out of anything */
#define BOMB_RATIO 64                /* sparse weights get a tenth as small */

typedef struct Output {
        unsigned char *data;
        size_t n, room, max;
} Output;

static int grow(Output *o)
{
        size_t room = MIN(MAX(o->room * 2, (size_t) OUTPUT_FIRST), o->max);
        unsigned char *p = realloc(o->data, room + 1);

        if (!p)
                return -ENOMEM;
        o->data = p;
        o->room = room;
        return 0;
}

static bool is_bomb(const z_stream *z, const Output *o)
{
        return o->n > BOMB_SIZE && o->n / BOMB_RATIO > z->total_in;
}

/* Takes what is in the stream's input: Z_OK when it is used up or the output is full, Z_STREAM_END at the end. */
static int drain(z_stream *z, Output *o)
{
        int r = Z_OK;

        while (r == Z_OK && o->n < o->max && !is_bomb(z, o)) {
                if (o->n == o->room && grow(o) < 0)
                        return Z_MEM_ERROR;
                z->next_out = o->data + o->n;
                z->avail_out = (uInt) (o->room - o->n);
                r = inflate(z, Z_NO_FLUSH);
                o->n = o->room - z->avail_out;
                if (r == Z_OK && z->avail_in == 0 && z->avail_out > 0)
                        return Z_OK;
        }
        return r == Z_BUF_ERROR ? Z_OK : r;
}

static int run(Source *s, z_stream *z, uint64_t pos, uint64_t length, Output *o, bool *ret_complete)
{
        unsigned char input[INPUT_SIZE];
        int r = Z_OK;

        while (r == Z_OK && o->n < o->max && length > 0) {
                /* Hardly more than what a small output can need. */
                size_t n = (size_t) MIN(MIN(length, (uint64_t) INPUT_SIZE),
                                        (uint64_t) (o->max - o->n) + 512);

                r = source_read(s, pos, input, n);
                if (r < 0)
                        return r;
                r = source_count(s);
                if (r < 0)
                        return r;
                pos += n;
                length -= n;
                z->next_in = input;
                z->avail_in = (uInt) n;
                r = drain(z, o);
                if (is_bomb(z, o))
                        return source_fail(s, "more comes out of a compressed part than was ever in it");
        }
        if (r != Z_OK && r != Z_STREAM_END)
                return source_fail(s,
                                   r == Z_MEM_ERROR ? "out of memory" : "a compressed part that is broken");
        *ret_complete = r == Z_STREAM_END;
        return 0;
}

int inflate_part(Source *s, InflateKind kind, uint64_t pos, uint64_t length, size_t max, char **ret,
                 size_t *ret_size, bool *ret_complete)
{
        static const int window_bits[] = {
                [INFLATE_RAW] = -MAX_WBITS,
                [INFLATE_ZLIB] = MAX_WBITS,
                [INFLATE_GZIP] = MAX_WBITS + 16,
        };
        Output output = { .max = max };
        z_stream z = {};
        bool complete = false;
        int r;

        if (pos > s->size)
                return source_fail(s, "ends early");
        if (grow(&output) < 0 || inflateInit2(&z, window_bits[kind]) != Z_OK) {
                free(output.data);
                return source_fail(s, "out of memory");
        }
        r = run(s, &z, pos, MIN(length, s->size - pos), &output, &complete);
        (void) inflateEnd(&z);
        if (r < 0) {
                free(output.data);
                return r;
        }
        output.data[output.n] = 0;
        *ret = (char *) output.data;
        *ret_size = output.n;
        *ret_complete = complete;
        return 0;
}
