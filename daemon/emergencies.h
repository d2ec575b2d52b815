/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EMERGENCIES_H
#define EMERGENCIES_H
/* Emergencies as the daemon sees them: begun, ended, and kept over a policy whose numbers are others. */
#include <jansson.h>

#include "manager.h"

/*
 * Workload numbers belong to one compiled policy. Called before new tables are
 * applied: each emergency moves to its workload's new number, or ends with it.
 */
void emergencies_renumber(const LoaderMaps *maps, const PolicyTables *next);

/* 0 seconds ends it. Journaled at alert. -ENOENT: no such workload, or none to end. -ERANGE: too long. */
int emergencies_set(Manager *m, const char *workload, uint64_t seconds, const char *reason, uid_t uid);

/*
 * Each is a record in the store of grants too, so that it is listed and told with the others; what counts is the
 * kernel's map. Ends the records of those that it has not: it was booted anew, or the workload is gone.
 */
void emergencies_settle(Manager *m);
/* That record was ended by hand: so is the emergency. */
void emergencies_drop(Manager *m, const char *id, uid_t uid);

json_t *emergencies_to_json(Manager *m); /* new reference */

#endif
