/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the values that a pickle makes.
 * Owns: their memory, and the bound on it: a few values for each opcode.
 * Must not: know opcodes.
 * Called by: pickle.c, and those who read what it found.
 */
#include <string.h>

#include "lib/macro.h"
#include "lib/model/pickle-internal.h"

int pickle_room(Pickle *p, void *array, size_t *room, size_t need, size_t size)
{
        void **a = array;
        size_t more = MAX(*room * 2, (size_t) 64);
        void *grown;

        if (need <= *room)
                return 0;
        more = MAX(more, need);
        if (more > PICKLE_ROOM_MAX)
                return source_fail(p->source, "more in a pickle than a model has");
        grown = reallocarray(*a, more, size);
        if (!grown)
                return source_fail(p->source, "out of memory");
        *a = grown;
        *room = more;
        return 0;
}

int pickle_new(Pickle *p, PickleType type, uint32_t *ret)
{
        int r = pickle_room(p, (void *) &p->values, &p->room_values, p->n_values + 1, sizeof(*p->values));

        if (r < 0)
                return r;
        p->values[p->n_values] = (PickleValue){ .type = type };
        *ret = (uint32_t) p->n_values++;
        return 0;
}

int pickle_new_text(Pickle *p, const char *s, size_t n, uint32_t *ret)
{
        size_t kept = MIN(n, (size_t) PICKLE_LINE_MAX);
        uint32_t v = 0;
        int r;

        r = pickle_room(p, (void *) &p->texts, &p->room_texts, p->n_texts + kept + 1, 1);
        if (r < 0)
                return r;
        r = pickle_new(p, PICKLE_TEXT, &v);
        if (r < 0)
                return r;
        p->values[v].text = (uint32_t) p->n_texts;
        p->values[v].length = (uint32_t) MIN(n, (size_t) UINT32_MAX);
        if (kept > 0)
                memcpy(p->texts + p->n_texts, s, kept);
        p->texts[p->n_texts + kept] = 0;
        p->n_texts += kept + 1;
        *ret = v;
        return 0;
}

int pickle_add(Pickle *p, uint32_t container, uint32_t key, uint32_t value)
{
        PickleValue *c;
        int r = pickle_room(p, (void *) &p->links, &p->room_links, p->n_links + 1, sizeof(*p->links));

        if (r < 0)
                return r;
        if (container == 0)
                return 0; /* None holds nothing */
        p->links[p->n_links] = (PickleLink){ .key = key, .value = value };
        c = &p->values[container];
        if (c->last)
                p->links[c->last].next = (uint32_t) p->n_links;
        else
                c->first = (uint32_t) p->n_links;
        c->last = (uint32_t) p->n_links++;
        c->n++;
        return 0;
}

const char *pickle_text(const Pickle *p, uint32_t value)
{
        const PickleValue *v = &p->values[value];

        return v->type == PICKLE_TEXT || v->type == PICKLE_GLOBAL ? p->texts + v->text : "";
}

bool pickle_is_global(const Pickle *p, uint32_t value, const char *module_and_name)
{
        return p->values[value].type == PICKLE_GLOBAL && strcmp(pickle_text(p, value), module_and_name) == 0;
}

uint32_t pickle_item(const Pickle *p, uint32_t value, unsigned i)
{
        uint32_t link = p->values[value].first;

        while (link && i-- > 0)
                link = p->links[link].next;
        return link ? p->links[link].value : 0;
}

uint32_t pickle_get(const Pickle *p, uint32_t dict, const char *key)
{
        unsigned i = 0;

        for (uint32_t link = p->values[dict].first; link && i < 256; link = p->links[link].next, i++)
                if (p->links[link].key && strcmp(pickle_text(p, p->links[link].key), key) == 0)
                        return p->links[link].value;
        return 0;
}

int pickle_begin(Pickle *p, Source *s, uint64_t pos)
{
        uint32_t none = 0;
        int r;

        *p = (Pickle){ .source = s, .pos = pos, .ops_left = PICKLE_OPS_MAX };
        /* Number 0 is None, and no link. */
        r = pickle_new(p, PICKLE_OTHER, &none);
        if (r < 0)
                return r;
        r = pickle_room(p, (void *) &p->links, &p->room_links, 1, sizeof(*p->links));
        if (r < 0)
                return r;
        p->links[0] = (PickleLink){};
        p->n_links = 1;
        return 0;
}

static void numbers_done(PickleNumbers *n)
{
        free(n->at);
        *n = (PickleNumbers){};
}

void pickle_done(Pickle *p)
{
        free(p->values);
        free(p->links);
        free(p->texts);
        numbers_done(&p->stack);
        numbers_done(&p->marks);
        numbers_done(&p->memo);
        *p = (Pickle){};
}

int pickle_run_inner(Pickle *p)
{
        const PickleNumbers stack = p->stack, marks = p->marks, memo = p->memo;
        int (*const on_build)(Pickle *, uint32_t) = p->on_build;
        int r;

        p->stack = p->marks = p->memo = (PickleNumbers){};
        p->on_build = NULL;
        r = pickle_run(p);
        numbers_done(&p->stack);
        numbers_done(&p->marks);
        numbers_done(&p->memo);
        p->stack = stack;
        p->marks = marks;
        p->memo = memo;
        p->on_build = on_build;
        return r;
}
