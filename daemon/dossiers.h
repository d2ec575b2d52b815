/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DOSSIERS_H
#define DOSSIERS_H
/*
 * What each workload has read, and what a model is in its hands. Bounded; any
 * thread may call; waits for nobody.
 */
#include <jansson.h>
#include <stdbool.h>

#include "abi.h"
#include "inventory.h"
#include "lib/classification.h"
#include "lib/macro.h"
#include "policy-store.h"

typedef struct Dossiers Dossiers;
typedef struct Journal Journal;

/* Borrows both. */
int dossiers_new(Inventory *inventory, PolicyStore *store, Dossiers **ret);
Dossiers *dossiers_free(Dossiers *d);
DEFINE_CLEANUP(Dossiers *, dossiers_free);

/* Borrowed: what was read before it was known what it is goes there. */
void dossiers_set_journal(Dossiers *d, Journal *journal);

/* Something was opened: a model, a text with labels in it, a sensor. */
void dossiers_on_event(Dossiers *d, const struct ag_event *ev);

/* A program of that workload, as the scanner saw it. `cgroup_id` 0: by its path. */
typedef struct DossierScript {
        uint64_t cgroup_id;
        const char *cgroup;
        pid_t pid;
        uint64_t dev, ino;
        const char *path;
} DossierScript;
void dossiers_add_script(Dossiers *d, const DossierScript *s, const Classification *c);

/* Could what a workload has read make more of this than a suspicion? Then it is asked anew at each open. */
bool dossiers_may_raise(const Dossiers *d, const struct ag_object *object);
/*
 * Makes the columns of `object` those of the workload of that opener, whose cgroup's path may
 * be given. A model that is declared stays what was declared. True when it has risen.
 */
bool dossiers_raise(Dossiers *d, const struct ag_gated *who, const char *cgroup, struct ag_object *object);
/* The same for what is shown: certainty and reasons. */
bool dossiers_raise_shown(Dossiers *d, uint64_t cgroup_id, Classification *c);

/* New reference: {"cgroup", "unit", "items": [...]}; null when nothing is known of that workload. */
json_t *dossiers_to_json(Dossiers *d, uint64_t cgroup_id, const char *cgroup);
/* New reference: an array of the same, of every cgroup of that unit. */
json_t *dossiers_of_unit(Dossiers *d, const char *unit);

#endif
