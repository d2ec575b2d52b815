/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: every struct of abi.h must lie in the programs' memory as it does in the
 * daemon's. Compares the BTF of the objects with sizeof and offsetof of this build.
 * The list of structs and members is made from abi.h itself (layout.awk), so a new
 * one cannot be forgotten.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "abi.h"

#define OBJECTS_MAX 4

typedef struct Place {
        const char *record;
        const char *member; /* NULL: the struct itself */
        size_t size;
        size_t offset;
} Place;

#define STRUCT(s) { #s, NULL, sizeof(struct s), 0 },
#define MEMBER(s, m) { #s, #m, sizeof(((struct s *) NULL)->m), offsetof(struct s, m) },
static const Place places[] = {
#include "tests/layout.inc"
};

static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *t,
                                            const char *name)
{
        const struct btf_member *m = btf_members(t);

        for (int i = 0; i < btf_vlen(t); i++, m++)
                if (!strcmp(btf__name_by_offset(btf, m->name_off), name))
                        return m;
        return NULL;
}

static const struct btf_type *find_struct(const struct btf *btf, const Place *p)
{
        int id = btf__find_by_name_kind(btf, p->record, BTF_KIND_STRUCT);

        return id > 0 ? btf__type_by_id(btf, (unsigned) id) : NULL;
}

/* NULL when it fits, else what does not. */
static const char *misfit(const struct btf *btf, const struct btf_type *t, const Place *p)
{
        const struct btf_member *m;

        if (!p->member)
                return t->size == p->size ? NULL : "size";
        m = find_member(btf, t, p->member);
        if (!m)
                return "no such member";
        if (m->offset != p->offset * 8)
                return "offset";
        return btf__resolve_size(btf, m->type) == (long) p->size ? NULL : "size of a member";
}

/* It must be known to one object, and lie alike in each that knows it. */
static const char *misfit_any(struct btf *const objects[], int n, const Place *p)
{
        const char *why = "no program knows this struct";

        for (int i = 0; i < n; i++) {
                const struct btf_type *t = find_struct(objects[i], p);

                if (!t)
                        continue;
                why = misfit(objects[i], t, p);
                if (why)
                        return why;
        }
        return why;
}

int main(int argc, char **argv)
{
        struct btf *objects[OBJECTS_MAX] = {};
        unsigned structs = 0;
        int bad = 0, n = argc - 1;

        if (n < 1 || n > OBJECTS_MAX) {
                printf("not ok - layout # usage: bpf-layout OBJECT...\n");
                return 2;
        }
        for (int i = 0; i < n; i++) {
                objects[i] = btf__parse(argv[i + 1], NULL);
                if (!objects[i]) {
                        printf("not ok - layout # %s has no BTF\n", argv[i + 1]);
                        return 2;
                }
        }
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                const Place *p = &places[i];
                const char *why = misfit_any(objects, n, p);

                structs += !p->member;
                if (!why)
                        continue;
                printf("not ok - layout: %s.%s # %s\n", p->record, p->member ? p->member : "", why);
                bad++;
        }
        if (!bad)
                printf("ok - layout: %u structs of abi.h lie alike in kernel and user space\n", structs);
        for (int i = 0; i < n; i++)
                btf__free(objects[i]);
        return bad != 0;
}
