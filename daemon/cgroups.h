/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CGROUPS_H
#define CGROUPS_H
/* cgroup -> workload: keeps ag_cgroups equal to what the policy says of the cgroup2 tree. */
#include <stdint.h>

#include "manager.h"

int cgroups_new(Manager *m, Cgroups **ret);
Cgroups *cgroups_free(Cgroups *c);
DEFINE_CLEANUP(Cgroups *, cgroups_free);

/* The whole tree, and the entries of cgroups that are gone go too. Main thread: at start and after a policy flip. */
int cgroups_walk(Cgroups *c);

/* A cgroup was made. Worker thread. */
void cgroups_on_request(Cgroups *c, const struct ag_request *q);

/* Makes sure that this cgroup is in ag_cgroups. Any thread but the gate's. */
void cgroups_learn(Cgroups *c, const char *path);

/*
 * The workload of a cgroup path ("/system.slice/x.service"), 0 for none: its own, else that of the
 * nearest ancestor that has one. Pure.
 */
uint16_t cgroups_workload(const PolicyTables *t, const char *path);

#endif
