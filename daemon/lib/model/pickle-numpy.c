/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: arrays of numpy in pickles: where their bytes are, and the text in them.
 * Owns: what joblib does: after the state of a NumpyArrayWrapper the bytes of the
 * array stand in the middle of the pickle, or another pickle does.
 * Must not: read the bytes of an array of numbers.
 * Called by: the readers of pickles.
 * Source: joblib/numpy_pickle.py, NumpyArrayWrapper.read_array().
 */
#include <string.h>

#include "lib/macro.h"
#include "lib/model/facts.h"
#include "lib/model/pickle-facts.h"

#define TEXT_ITEMS_MAX 1024U
#define TEXT_ITEM_SIZE 1024U /* bytes in the file */

typedef struct Dtype {
        char kind; /* U, S, O, f, ...; 0: unknown */
        uint64_t size;
} Dtype;

/* dtype("<U8") is pickled as a call of numpy.dtype with "U8", and the order of the bytes as its state. */
static Dtype dtype_of(const Pickle *p, uint32_t v)
{
        const PickleValue *object = &p->values[v];
        const char *text;
        Dtype d = {};

        if (object->type != PICKLE_OBJECT || !pickle_is_global(p, object->callable, "numpy dtype"))
                return d;
        text = pickle_text(p, pickle_item(p, object->arguments, 0));
        text += *text && strchr("<>|=", *text) ? 1 : 0;
        d.kind = *text;
        d.size = *text ? strtoull(text + 1, NULL, 10) : 0;
        if (d.kind == 'U')
                d.size = d.size > UINT32_MAX ? 0 : d.size * 4;
        return d;
}

typedef struct Elements {
        uint64_t start; /* in the source */
        uint32_t text;  /* or, when start is 0, in this value */
        uint64_t n, size;
} Elements;

static int read_element(Pickle *p, const Elements *e, uint64_t i, char *ret)
{
        int r = source_count(p->source);

        if (r < 0)
                return r;
        if (e->start > 0)
                return source_read(p->source, e->start + i * e->size, ret, e->size);
        memcpy(ret, pickle_text(p, e->text) + i * e->size, e->size);
        return 0;
}

/* Elements of fixed length, padded with NULs, become items of a value. */
static int add_items(Pickle *p, uint32_t container, const Elements *e)
{
        char raw[TEXT_ITEM_SIZE], text[PICKLE_TEXT_MAX + 1];

        if (e->n > TEXT_ITEMS_MAX || e->size == 0 || e->size > TEXT_ITEM_SIZE)
                return 0; /* no labels */
        for (uint64_t i = 0; i < e->n; i++) {
                uint32_t item = 0;
                int r = read_element(p, e, i, raw);

                if (r >= 0)
                        r = pickle_new_text(p, text, text_narrow(raw, e->size, text, sizeof(text)), &item);
                if (r >= 0)
                        r = pickle_add(p, container, 0, item);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int count_elements(Pickle *p, uint32_t shape, uint64_t *ret)
{
        uint64_t n = 1;

        for (uint32_t link = p->values[shape].first; link; link = p->links[link].next) {
                int64_t dim = p->values[p->links[link].value].type == PICKLE_INT
                                              ? p->values[p->links[link].value].integer
                                              : -1;

                if (dim < 0 || __builtin_mul_overflow(n, (uint64_t) dim, &n))
                        return source_fail(p->source, "an array of an impossible size");
        }
        *ret = n;
        return 0;
}

int pickle_numpy_inline(Pickle *p, uint32_t object)
{
        uint32_t callable = p->values[object].callable, state = p->values[object].state, alignment;
        const unsigned char *padding = NULL;
        uint64_t n = 0, size = 0;
        Dtype dtype;
        int r;

        if (p->values[object].type != PICKLE_OBJECT ||
            !strstr(pickle_text(p, callable), "numpy_pickle NumpyArrayWrapper"))
                return 0;
        dtype = dtype_of(p, pickle_get(p, state, "dtype"));
        if (dtype.kind == 'O') {
                r = pickle_run_inner(p);
                return r < 0 ? r : pickle_add(p, object, 0, p->result);
        }
        r = count_elements(p, pickle_get(p, state, "shape"), &n);
        if (r < 0)
                return r;
        alignment = pickle_get(p, state, "numpy_array_alignment_bytes");
        if (alignment && p->values[alignment].type == PICKLE_INT) {
                r = source_view(p->source, p->pos, 1, &padding);
                if (r < 0)
                        return r;
                p->pos += 1U + padding[0];
        }
        if (p->pos > p->source->size || __builtin_mul_overflow(n, dtype.size, &size) ||
            size > p->source->size - p->pos)
                return source_fail(p->source, "an array longer than the file");
        if (dtype.kind == 'U' || dtype.kind == 'S')
                r = add_items(p, object, &(Elements){ .start = p->pos, .n = n, .size = dtype.size });
        p->pos += size;
        return r;
}

/* Bytes as they are, or as protocol 2 writes them: a text, of which each character is a byte. */
static uint32_t find_bytes(const Pickle *p, uint32_t v)
{
        const PickleValue *value = &p->values[v];

        if (value->type == PICKLE_BYTES)
                return v;
        if (value->type == PICKLE_TEXT && value->length >= 2)
                return v; /* protocol 2 of Python 2 */
        if (value->type != PICKLE_OBJECT || !pickle_is_global(p, value->callable, "_codecs encode"))
                return 0;
        v = pickle_item(p, value->arguments, 0);
        return p->values[v].type == PICKLE_TEXT ? v : 0;
}

/*
 * The arguments of _frombuffer() and the state of an ndarray: a tuple with a
 * dtype and with bytes. Their text becomes a list, which the tuple then holds.
 */
int pickle_numpy_text(Pickle *p, uint32_t tuple)
{
        uint32_t bytes = 0, list = 0;
        Dtype dtype = {};
        Elements e;
        int r;

        if (p->values[tuple].type != PICKLE_TUPLE || p->values[tuple].n < 3 || p->values[tuple].n > 8)
                return 0;
        for (unsigned i = 0; i < p->values[tuple].n; i++) {
                uint32_t item = pickle_item(p, tuple, i);

                if (dtype.kind == 0)
                        dtype = dtype_of(p, item);
                if (bytes == 0)
                        bytes = find_bytes(p, item);
        }
        if ((dtype.kind != 'U' && dtype.kind != 'S') || bytes == 0 || dtype.size == 0)
                return 0;
        e = (Elements){ .start = p->values[bytes].start, .text = bytes, .size = dtype.size };
        e.n = p->values[bytes].length / dtype.size;
        if (e.start == 0)
                e.n = MIN(e.n, PICKLE_LINE_MAX / dtype.size);
        r = pickle_new(p, PICKLE_LIST, &list);
        if (r >= 0)
                r = add_items(p, list, &e);
        return r < 0 ? r : pickle_add(p, tuple, 0, list);
}
