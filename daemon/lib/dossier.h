/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DOSSIER_H
#define DOSSIER_H
/*
 * What the workloads of this host have read, a bounded record for each. A
 * workload here is a control group: a unit, a container, a session. Pure: no
 * files, no locks.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/classification.h"
#include "lib/classify-workload.h"
#include "lib/macro.h"

#define DOSSIERS_MAX 128U
#define DOSSIER_ITEMS_MAX 32U
#define DOSSIER_LISTS_MAX 2U /* of one text */

typedef enum DossierKind {
        DOSSIER_MODEL,
        DOSSIER_TEXT,   /* label file or code that the workload opened */
        DOSSIER_SCRIPT, /* named on its command line */
        DOSSIER_SENSOR,
        _DOSSIER_KIND_MAX,
} DossierKind;

typedef struct DossierItem {
        DossierKind kind;
        uint64_t dev, ino;  /* with the kind: the same thing again takes the place of the old */
        uint64_t seen_usec; /* wall clock, last */
        uint32_t model;     /* number in the inventory; 0: none */
        int32_t pid;        /* who read it last */
        bool told;          /* it is known that the model is more here than by itself */
        char path[256];     /* its end, when it is longer; unescaped */
        size_t n_lists;
        LabelsSeen lists[DOSSIER_LISTS_MAX];
} DossierItem;

typedef struct Dossier {
        uint64_t cgroup_id;
        char cgroup[512]; /* path below the cgroup2 root; "" when unknown */
        uint64_t used;    /* for the least recently used to go */
        uint64_t dropped; /* items that went to make room */
        size_t n;
        DossierItem items[DOSSIER_ITEMS_MAX]; /* oldest first */
} Dossier;

typedef struct DossierSet DossierSet;

int dossier_set_new(DossierSet **ret);
DossierSet *dossier_set_free(DossierSet *s);
DEFINE_CLEANUP(DossierSet *, dossier_set_free);

/*
 * The dossier of that workload, made when there is none: then the least
 * recently used goes, those without a label list first. A unit that was started
 * anew (its path with another id) goes on with its old one. NULL: no memory.
 */
Dossier *dossier_get(DossierSet *s, uint64_t cgroup_id, const char *cgroup);
/* By id, or when that is 0 by path; NULL when there is none. Does not count as use. */
const Dossier *dossier_find(const DossierSet *s, uint64_t cgroup_id, const char *cgroup);
const Dossier *dossier_at(const DossierSet *s, size_t i); /* NULL behind the last */
size_t dossier_count(const DossierSet *s);

/*
 * Adds a copy. When it is full the oldest of what says least goes: what has no
 * label list, then a list that another item has as well. So nobody can flood
 * the evidence against him out of it.
 */
void dossier_add(Dossier *d, const DossierItem *item);

void dossier_item_init(DossierItem *item, DossierKind kind, const char *path);

/* What the model is to this workload: its classification with each fitting list added. True when it has risen. */
bool dossier_raise(const Dossier *d, const ModelcapSet *set, Classification *model);

const char *dossier_kind_to_string(DossierKind k); /* model, text, script, sensor */

#endif
