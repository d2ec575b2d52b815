/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the bounded store for what readers find.
 * Owns: all memory of the facts of one file, in an arena that is freed at once.
 * Must not: interpret; a name is a name, whatever it says.
 * Called by: readers (write), the classifier (reads).
 */
#include "lib/model/facts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/escape.h"

#define ARENA_BLOCK 16384
#define ARENA_MAX (2U * 1024 * 1024)

struct ArenaBlock {
        ArenaBlock *next;
        size_t used, size;
        _Alignas(16) char data[];
};

void facts_init(ModelFacts *f)
{
        *f = (ModelFacts){ .container = "" };
}

void facts_done(ModelFacts *f)
{
        while (f->arena) {
                ArenaBlock *next = f->arena->next;

                free(f->arena);
                f->arena = next;
        }
        free(f->names);
        free(f->lists);
        free(f->shapes);
        free(f->tensors);
        facts_init(f);
}

void *facts_alloc(ModelFacts *f, size_t size)
{
        ArenaBlock *b = f->arena;
        void *p;

        if (size > ARENA_MAX || f->arena_used + size > ARENA_MAX)
                goto full;
        size = (size + 15) & ~(size_t) 15;
        if (!b || b->size - b->used < size) {
                size_t block = MAX(size, (size_t) ARENA_BLOCK);

                b = malloc(sizeof(ArenaBlock) + block);
                if (!b)
                        goto full;
                *b = (ArenaBlock){ .next = f->arena, .size = block };
                f->arena = b;
        }
        p = b->data + b->used;
        b->used += size;
        f->arena_used += size;
        return p;
full:
        f->overflow = true;
        return NULL;
}

/* One character of `width` bytes; above 0x10ffff when it is none. */
static uint32_t wide_at(const unsigned char *p, unsigned width, bool big)
{
        uint32_t c = 0;

        for (unsigned i = 0; i < width; i++)
                c |= (uint32_t) p[i] << 8 * (big ? width - 1 - i : i);
        return c == 0 || (c >= 0xd800 && c < 0xe000) ? UINT32_MAX : c;
}

/* The length when all of it is text of that width; numpy pads such strings with NULs. */
static size_t narrow(const unsigned char *s, size_t n, unsigned width, bool big, char *ret, size_t size)
{
        size_t used = 0, n_low = 0;

        if (n < 2 * width || n % width != 0)
                return 0;
        for (size_t i = 0; i < n && used + 5 < size; i += width) {
                uint32_t c = wide_at(s + i, width, big);

                if (c > 0x10ffff)
                        return 0;
                n_low += c < 0x100;
                used += utf8_put(ret + used, c);
        }
        /* Any two letters make a Chinese character: that alone is no reason. */
        return width == 4 || 2 * width * n_low > n ? used : 0;
}

size_t text_narrow(const char *s, size_t n, char *ret, size_t size)
{
        const unsigned char *p = (const unsigned char *) s;
        size_t end = n, used = 0;

        while (end > 0 && p[end - 1] == 0)
                end--;
        if (memchr(s, 0, end) || end < n)
                for (unsigned width = 4; used == 0 && width >= 2; width -= 2) {
                        /* Little endian text ends with NULs of its own, big endian begins with them. */
                        size_t whole = MIN(n, (end + width - 1) / width * width);

                        used = narrow(p, whole, width, false, ret, size);
                        if (used == 0)
                                used = narrow(p, whole, width, true, ret, size);
                }
        if (used == 0)
                for (size_t i = 0; i < end && used + 1 < size; i++)
                        if (s[i])
                                ret[used++] = s[i];
        ret[used] = 0;
        return used;
}

const char *facts_text(ModelFacts *f, const char *s, size_t n)
{
        char *p, narrowed[FACTS_TEXT_MAX + 1];

        if (memchr(s, 0, n)) {
                n = text_narrow(s, n, narrowed, sizeof(narrowed));
                s = narrowed;
        }
        n = MIN(n, (size_t) FACTS_TEXT_MAX);
        p = facts_alloc(f, n + 1);
        if (!p)
                return NULL;
        memcpy(p, s, n);
        p[n] = 0;
        return p;
}

/* Room for one more in a growing array; NULL beyond the bound. */
static void *array_add(void **array, size_t *n, size_t max, size_t size)
{
        if (*n >= max)
                return NULL;
        if ((*n & (*n - 1)) == 0) {
                void *p = reallocarray(*array, *n ? *n * 2 : 1, size);

                if (!p)
                        return NULL;
                *array = p;
        }
        return (char *) *array + (*n)++ * size;
}

void facts_add_name(ModelFacts *f, FactKind kind, bool sibling, const char *where, const char *s, size_t n)
{
        const char *text;
        bool bulk = kind == FACT_NODE || kind == FACT_TENSOR;
        FactName *name;

        if (n == 0 || (bulk && f->n_bulk >= FACTS_BULK_MAX))
                return;
        f->n_bulk += bulk;
        text = facts_text(f, s, n);
        name = text ? array_add((void **) &f->names, &f->n_names, FACTS_NAMES_MAX, sizeof(FactName)) : NULL;
        if (!name) {
                f->overflow = true;
                return;
        }
        *name = (FactName){ .kind = kind, .sibling = sibling, .where = where, .text = text };
}

void facts_add_shape(ModelFacts *f, const FactShape *shape)
{
        FactShape *s = array_add((void **) &f->shapes, &f->n_shapes, FACTS_SHAPES_MAX, sizeof(FactShape));

        if (s)
                *s = *shape;
        else
                f->overflow = true;
}

void facts_add_tensor(ModelFacts *f, const FactTensor *tensor)
{
        FactTensor *t = array_add((void **) &f->tensors, &f->n_tensors, FACTS_TENSORS_MAX,
                                  sizeof(FactTensor));

        if (t)
                *t = *tensor;
}

void label_list_add(ModelFacts *f, LabelListBuilder *b, const char *s, size_t n)
{
        b->n_total++;
        if (b->n >= FACTS_LABELS_MAX)
                return;
        b->labels[b->n] = facts_text(f, s, n);
        if (b->labels[b->n])
                b->n++;
}

void label_list_finish(ModelFacts *f, LabelListBuilder *b, bool sibling, bool config, const char *where)
{
        const char **labels;
        LabelList *list;

        if (b->n < 2)
                return;
        labels = facts_alloc(f, b->n * sizeof(*labels));
        list = labels ? array_add((void **) &f->lists, &f->n_lists, FACTS_LISTS_MAX, sizeof(LabelList))
                      : NULL;
        if (!list) {
                f->overflow = true;
                return;
        }
        memcpy(labels, b->labels, b->n * sizeof(*labels));
        *list = (LabelList){
                .sibling = sibling,
                .config = config,
                .where = where,
                .n_total = b->n_total,
                .n = b->n,
                .labels = labels,
        };
}
