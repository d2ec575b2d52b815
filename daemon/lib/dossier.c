/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what each workload has read: models, texts with label lists, the
 * scripts it runs, sensors. Owns the bounds and who has to go when they are
 * reached.
 * Must not: read files or decide; classify-workload.c says what two pieces of
 * evidence are together.
 * Called by: daemon/dossiers.c under its lock, tests.
 */
#include "lib/dossier.h"

#include <string.h>

#include "lib/util-string.h"

struct DossierSet {
        uint64_t clock;
        size_t n;
        Dossier *dossiers[DOSSIERS_MAX];
};

int dossier_set_new(DossierSet **ret)
{
        DossierSet *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *ret = s;
        return 0;
}

DossierSet *dossier_set_free(DossierSet *s)
{
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n; i++)
                free(s->dossiers[i]);
        free(s);
        return NULL;
}

/* The end of a path tells more than its beginning. */
static void copy_end(char *dst, size_t size, const char *s)
{
        size_t n = strlen(s);

        if (n >= size) {
                s += n - (size - 1);
                n = size - 1;
        }
        memcpy(dst, s, n);
        dst[n] = 0;
}

static Dossier *find(const DossierSet *s, uint64_t cgroup_id, const char *cgroup)
{
        for (size_t i = 0; cgroup_id && i < s->n; i++)
                if (s->dossiers[i]->cgroup_id == cgroup_id)
                        return s->dossiers[i];
        for (size_t i = 0; cgroup && *cgroup && i < s->n; i++)
                if (streq(s->dossiers[i]->cgroup, cgroup))
                        return s->dossiers[i];
        return NULL;
}

static bool has_lists(const Dossier *d)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].n_lists > 0)
                        return true;
        return false;
}

/* The place of the one that goes. */
static size_t least(const DossierSet *s)
{
        size_t worst = 0;

        for (size_t i = 1; i < s->n; i++) {
                const Dossier *a = s->dossiers[i], *b = s->dossiers[worst];
                bool lists = has_lists(a), others = has_lists(b);

                if (lists != others ? !lists : a->used < b->used)
                        worst = i;
        }
        return worst;
}

Dossier *dossier_get(DossierSet *s, uint64_t cgroup_id, const char *cgroup)
{
        Dossier *d = find(s, cgroup_id, cgroup);

        if (!d && s->n < DOSSIERS_MAX) {
                d = calloc(1, sizeof(*d));
                if (!d)
                        return NULL;
                s->dossiers[s->n++] = d;
        } else if (!d) {
                d = s->dossiers[least(s)];
                *d = (Dossier){};
        }
        if (cgroup_id)
                d->cgroup_id = cgroup_id;
        if (cgroup && *cgroup)
                copy_end(d->cgroup, sizeof(d->cgroup), cgroup);
        d->used = ++s->clock;
        return d;
}

const Dossier *dossier_find(const DossierSet *s, uint64_t cgroup_id, const char *cgroup)
{
        return find(s, cgroup_id, cgroup);
}

const Dossier *dossier_at(const DossierSet *s, size_t i)
{
        return i < s->n ? s->dossiers[i] : NULL;
}

size_t dossier_count(const DossierSet *s)
{
        return s->n;
}

static bool same_list(const LabelsSeen *a, const LabelsSeen *b)
{
        return streq(a->modelcap, b->modelcap) && memcmp(a->classes, b->classes, sizeof(a->classes)) == 0;
}

/* Has another item what this one has? The newer of two alike stays. */
static bool is_repeated(const Dossier *d, size_t i)
{
        for (size_t l = 0; l < d->items[i].n_lists; l++) {
                bool found = false;

                for (size_t k = i + 1; k < d->n && !found; k++)
                        for (size_t m = 0; m < d->items[k].n_lists; m++)
                                found = found || same_list(&d->items[i].lists[l], &d->items[k].lists[m]);
                if (!found)
                        return false;
        }
        return true;
}

static size_t dispensable(const Dossier *d)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].n_lists == 0)
                        return i;
        for (size_t i = 0; i < d->n; i++)
                if (is_repeated(d, i))
                        return i;
        return 0;
}

static void take_out(Dossier *d, size_t i)
{
        memmove(&d->items[i], &d->items[i + 1], (d->n - i - 1) * sizeof(d->items[0]));
        d->n--;
}

void dossier_add(Dossier *d, const DossierItem *item)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].kind == item->kind && d->items[i].dev == item->dev &&
                    d->items[i].ino == item->ino) {
                        take_out(d, i);
                        break;
                }
        if (d->n >= DOSSIER_ITEMS_MAX) {
                take_out(d, dispensable(d));
                d->dropped++;
        }
        d->items[d->n++] = *item;
}

void dossier_item_init(DossierItem *item, DossierKind kind, const char *path)
{
        *item = (DossierItem){ .kind = kind };
        copy_end(item->path, sizeof(item->path), path);
}

bool dossier_raise(const Dossier *d, const ModelcapSet *set, Classification *model)
{
        bool risen = false;

        /* The newest first: that is the code which is about to use it. */
        for (size_t i = d->n; i-- > 0;)
                for (size_t l = 0; l < d->items[i].n_lists; l++)
                        risen = classify_with_labels(&d->items[i].lists[l], d->items[i].path, set, model) ||
                                risen;
        return risen;
}

const char *dossier_kind_to_string(DossierKind k)
{
        static const char *const names[_DOSSIER_KIND_MAX] = {
                [DOSSIER_MODEL] = "model",
                [DOSSIER_TEXT] = "text",
                [DOSSIER_SCRIPT] = "script",
                [DOSSIER_SENSOR] = "sensor",
        };

        return (unsigned) k < _DOSSIER_KIND_MAX ? names[k] : NULL;
}
