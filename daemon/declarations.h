/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DECLARATIONS_H
#define DECLARATIONS_H
/*
 * Corrections of fact by the owner of the host: a model is for something else,
 * a workload is no AI, a sensor sees no persons. They are grants: signed, kept
 * and told with the others (lib/grant-declare.h); this is what they change.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/declaration.h"
#include "manager.h"

/* After the consents, who have the store. What an earlier version kept in a folder is taken into it. */
int declarations_new(Manager *m, Declarations **ret);
Declarations *declarations_free(Declarations *d);
DEFINE_CLEANUP(Declarations *, declarations_free);

/* Reads and verifies them anew, since keys may have been revoked. Before each policy: see declarations_amend(). */
int declarations_reload(Declarations *d);

/*
 * Is the file behind `fd` a declared model? Returns 1 or 0. Shortens or changes
 * `columns` to what the declaration leaves; identified columns stay, unless two signed. The
 * file is digested only when a declaration of its size exists. Pool thread.
 */
int declarations_model(Declarations *d, int fd, const struct ag_inode_key *inode, uint8_t *columns,
                       uint8_t *n_columns);

/* Adds the not-ai workloads to freshly compiled tables, before they are applied. Main thread. */
int declarations_amend(Declarations *d, PolicyTables *t);

/* Is that sensor declared to see no persons, now and on this very device? Main thread. */
bool declarations_sensor_no_persons(Declarations *d, uint32_t dev);

/* The file is judged again at its next open. Copies of it elsewhere are when they change or are new to the kernel. */
void model_forget(Manager *m, const char *path);

/* Checks, stores, journals, applies. `uid` is who says so. On -EBADMSG and -EPERM *reterr_message says why. */
int declarations_add(Declarations *d, const char *json, uid_t uid, char **ret_id, char **reterr_message);
int declarations_revoke(Declarations *d, const char *id, uid_t uid);

/* For consents.c: may it be taken (as above); it was stored, takes it; its end was stored, whatever is known of it. */
int declarations_check(Declarations *d, const Declaration *one, char **reterr_message);
void declarations_take(Declarations *d, Declaration *one, uid_t uid);
void declarations_drop(Declarations *d, const char *id, uid_t uid);

/* New reference: an array of all, the expired ones marked. */
json_t *declarations_to_json(Declarations *d);

#endif
