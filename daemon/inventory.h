/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef INVENTORY_H
#define INVENTORY_H
/*
 * Model number -> what is known of that model and who used it: for the log, for
 * `explain` and for `model list`, never for a verdict. Bounded: the oldest goes.
 * Any thread may call.
 */
#include "abi.h"
#include "lib/classification.h"
#include "lib/macro.h"

#define INVENTORY_MAX 4096U

#define INVENTORY_USERS_MAX 4U

typedef struct InventoryUser {
        char workload[AG_NAME_MAX]; /* "": none */
        uint64_t last_usec;         /* wall clock */
} InventoryUser;

typedef struct InventoryRecord {
        uint32_t model; /* its number; never 0 */
        struct ag_inode_key inode;
        char path[AG_EVENT_PATH_MAX]; /* as the opener named it */
        bool declared;
        uint8_t n_columns;
        uint8_t columns[AG_OBJECT_COLUMNS];
        uint64_t classified_usec; /* wall clock */
        InventoryUser users
                        [INVENTORY_USERS_MAX]; /* the latest first; inventory_put() keeps those that are there */
        Classification classification;
} InventoryRecord;

typedef struct Inventory Inventory;

/*
 * `path` is a file that lives at least as long as the kernel's tables, so that
 * what they number is still known after a restart of the daemon; NULL: none.
 */
int inventory_new(const char *path, Inventory **ret);
Inventory *inventory_free(Inventory *i);
DEFINE_CLEANUP(Inventory *, inventory_free);

/* The number that this inode has or gets. Numbers start at a random place and are not used twice in a run. */
uint32_t inventory_put(Inventory *i, const InventoryRecord *record);
/* That workload opened it, or tried to. What is not known is ignored. */
void inventory_used(Inventory *i, uint32_t model, const char *workload, uint64_t usec);
/* A copy; -ENOENT. */
int inventory_get(Inventory *i, uint32_t model, InventoryRecord *ret);
int inventory_find(Inventory *i, const struct ag_inode_key *inode, InventoryRecord *ret);
size_t inventory_size(Inventory *i);
/* Each that is known now, as a copy; the visitor may call back. */
void inventory_each(Inventory *i, void (*visit)(void *userdata, const InventoryRecord *r), void *userdata);

#endif
