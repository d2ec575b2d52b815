/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads one opcode of a pickle and what follows it.
 * Owns: the table of what follows which opcode.
 * Must not: know what an opcode does; read the bytes of a text or an array.
 * Called by: pickle.c.
 * Source: pickletools.py of CPython.
 */
#include <string.h>

#include "lib/macro.h"
#include "lib/model/pickle-internal.h"

/* What follows an opcode. */
typedef enum Follows {
        FOLLOWS_ILLEGAL,
        FOLLOWS_NOTHING,
        FOLLOWS_1,
        FOLLOWS_2,
        FOLLOWS_4,
        FOLLOWS_8,
        FOLLOWS_LINE,
        FOLLOWS_LINES, /* two of them */
        FOLLOWS_SIZED_1,
        FOLLOWS_SIZED_4,
        FOLLOWS_SIZED_8, /* as many bytes as a number of that size says */
} Follows;

static const uint8_t follows[256] = {
        ['('] = FOLLOWS_NOTHING,  ['.'] = FOLLOWS_NOTHING,  ['0'] = FOLLOWS_NOTHING,
        ['1'] = FOLLOWS_NOTHING,  ['2'] = FOLLOWS_NOTHING,  ['F'] = FOLLOWS_LINE,
        ['I'] = FOLLOWS_LINE,     ['J'] = FOLLOWS_4,        ['K'] = FOLLOWS_1,
        ['L'] = FOLLOWS_LINE,     ['M'] = FOLLOWS_2,        ['N'] = FOLLOWS_NOTHING,
        ['P'] = FOLLOWS_LINE,     ['Q'] = FOLLOWS_NOTHING,  ['R'] = FOLLOWS_NOTHING,
        ['S'] = FOLLOWS_LINE,     ['T'] = FOLLOWS_SIZED_4,  ['U'] = FOLLOWS_SIZED_1,
        ['V'] = FOLLOWS_LINE,     ['X'] = FOLLOWS_SIZED_4,  ['a'] = FOLLOWS_NOTHING,
        ['b'] = FOLLOWS_NOTHING,  ['c'] = FOLLOWS_LINES,    ['d'] = FOLLOWS_NOTHING,
        ['}'] = FOLLOWS_NOTHING,  ['e'] = FOLLOWS_NOTHING,  ['g'] = FOLLOWS_LINE,
        ['h'] = FOLLOWS_1,        ['i'] = FOLLOWS_LINES,    ['j'] = FOLLOWS_4,
        ['l'] = FOLLOWS_NOTHING,  [']'] = FOLLOWS_NOTHING,  ['o'] = FOLLOWS_NOTHING,
        ['p'] = FOLLOWS_LINE,     ['q'] = FOLLOWS_1,        ['r'] = FOLLOWS_4,
        ['s'] = FOLLOWS_NOTHING,  ['t'] = FOLLOWS_NOTHING,  [')'] = FOLLOWS_NOTHING,
        ['u'] = FOLLOWS_NOTHING,  ['G'] = FOLLOWS_8,        ['B'] = FOLLOWS_SIZED_4,
        ['C'] = FOLLOWS_SIZED_1,  [0x80] = FOLLOWS_1,       [0x81] = FOLLOWS_NOTHING,
        [0x82] = FOLLOWS_1,       [0x83] = FOLLOWS_2,       [0x84] = FOLLOWS_4,
        [0x85] = FOLLOWS_NOTHING, [0x86] = FOLLOWS_NOTHING, [0x87] = FOLLOWS_NOTHING,
        [0x88] = FOLLOWS_NOTHING, [0x89] = FOLLOWS_NOTHING, [0x8a] = FOLLOWS_SIZED_1,
        [0x8b] = FOLLOWS_SIZED_4, [0x8c] = FOLLOWS_SIZED_1, [0x8d] = FOLLOWS_SIZED_8,
        [0x8e] = FOLLOWS_SIZED_8, [0x8f] = FOLLOWS_NOTHING, [0x90] = FOLLOWS_NOTHING,
        [0x91] = FOLLOWS_NOTHING, [0x92] = FOLLOWS_NOTHING, [0x93] = FOLLOWS_NOTHING,
        [0x94] = FOLLOWS_NOTHING, [0x95] = FOLLOWS_8,       [0x96] = FOLLOWS_SIZED_8,
        [0x97] = FOLLOWS_NOTHING, [0x98] = FOLLOWS_NOTHING,
};

/* Where the line ends that begins at `pos`: an array of protocol 0 is one line, however long. */
static int find_line_end(Pickle *p, uint64_t *ret)
{
        const unsigned char *at = NULL, *end = NULL;
        size_t want = 64;

        for (uint64_t pos = p->pos;; want = PICKLE_LINE_MAX) {
                int n = source_peek(p->source, pos, want, &at);

                if (n < 0)
                        return n;
                end = n > 0 ? memchr(at, '\n', (size_t) n) : NULL;
                if (end) {
                        *ret = pos + (uint64_t) (end - at);
                        return 0;
                }
                if ((size_t) n < want)
                        return pickle_broken(p);
                pos += want;
        }
}

/* The first PICKLE_LINE_MAX bytes are kept. */
static int read_line(Pickle *p, char *buffer, size_t *ret_size)
{
        const unsigned char *at = NULL;
        uint64_t end = 0;
        size_t n;
        int r = find_line_end(p, &end);

        if (r < 0)
                return r;
        n = (size_t) MIN(end - p->pos, (uint64_t) PICKLE_LINE_MAX);
        if (n > 0) {
                r = source_view(p->source, p->pos, n, &at);
                if (r < 0)
                        return r;
                memcpy(buffer, at, n);
        }
        buffer[n] = 0;
        *ret_size = n;
        p->pos = end + 1;
        return 0;
}

static int read_lines(Pickle *p, PickleOp *op)
{
        size_t n = 0, more = 0;
        int r = read_line(p, op->line, &n);

        if (r < 0)
                return r;
        op->line[n] = ' ';
        r = read_line(p, op->line + n + 1, &more);
        op->length = n + 1 + more;
        return r;
}

static int read_number(Pickle *p, size_t size, uint64_t *ret)
{
        const unsigned char *at = NULL;
        uint64_t v = 0;
        int r = source_view(p->source, p->pos, size, &at);

        if (r < 0)
                return r;
        for (size_t i = size; i-- > 0;)
                v = v << 8 | at[i];
        p->pos += size;
        *ret = v;
        return 0;
}

static int read_sized(Pickle *p, size_t size, PickleOp *op)
{
        int r = read_number(p, size, &op->length);

        if (r < 0)
                return r;
        if (op->length > p->source->size - p->pos)
                return source_fail(p->source, "a text longer than the file");
        op->start = p->pos;
        p->pos += op->length;
        return 0;
}

int pickle_read_op(Pickle *p, PickleOp *op)
{
        static const uint8_t sizes[] = {
                [FOLLOWS_1] = 1,       [FOLLOWS_2] = 2,       [FOLLOWS_4] = 4,       [FOLLOWS_8] = 8,
                [FOLLOWS_SIZED_1] = 1, [FOLLOWS_SIZED_4] = 4, [FOLLOWS_SIZED_8] = 8,
        };
        const unsigned char *at = NULL;
        int r = source_view(p->source, p->pos, 1, &at);
        size_t n = 0;

        if (r < 0)
                return r;
        op->code = at[0];
        p->pos++;
        switch ((Follows) follows[op->code]) {
        case FOLLOWS_NOTHING:
                return 0;
        case FOLLOWS_1:
        case FOLLOWS_2:
        case FOLLOWS_4:
        case FOLLOWS_8:
                return read_number(p, sizes[follows[op->code]], &op->number);
        case FOLLOWS_LINE:
                r = read_line(p, op->line, &n);
                op->length = n;
                return r;
        case FOLLOWS_LINES:
                return read_lines(p, op);
        case FOLLOWS_SIZED_1:
        case FOLLOWS_SIZED_4:
        case FOLLOWS_SIZED_8:
                return read_sized(p, sizes[follows[op->code]], op);
        default:
                return pickle_broken(p);
        }
}
