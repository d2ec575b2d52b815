/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: every struct of abi.h must lie in the programs' memory as it does in the
 * daemon's. Compares the BTF of the object with sizeof and offsetof of this build.
 * The list of structs and members is made from abi.h itself (layout.awk), so a new
 * one cannot be forgotten.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "abi.h"

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

/* NULL when it fits, else what does not. */
static const char *misfit(const struct btf *btf, const Place *p)
{
        int id = btf__find_by_name_kind(btf, p->record, BTF_KIND_STRUCT);
        const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (unsigned) id) : NULL;
        const struct btf_member *m;

        if (!t)
                return "no program knows this struct";
        if (!p->member)
                return t->size == p->size ? NULL : "size";
        m = find_member(btf, t, p->member);
        if (!m)
                return "no such member";
        if (m->offset != p->offset * 8)
                return "offset";
        return btf__resolve_size(btf, m->type) == (long) p->size ? NULL : "size of a member";
}

int main(int argc, char **argv)
{
        struct btf *btf = argc == 2 ? btf__parse(argv[1], NULL) : NULL;
        unsigned structs = 0;
        int bad = 0;

        if (!btf) {
                printf("not ok - layout # usage: bpf-layout OBJECT\n");
                return 2;
        }
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                const Place *p = &places[i];
                const char *why = misfit(btf, p);

                structs += !p->member;
                if (!why)
                        continue;
                printf("not ok - layout: %s.%s # %s\n", p->record, p->member ? p->member : "", why);
                bad++;
        }
        if (!bad)
                printf("ok - layout: %u structs of abi.h lie alike in kernel and user space\n", structs);
        btf__free(btf);
        return bad != 0;
}
