/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BUS_STATUS_H
#define BUS_STATUS_H
/* What the bus tells, as JSON documents. New references; NULL without memory. For manager-bus.c. */
#include <jansson.h>
#include <sys/types.h>

#include "manager.h"

/*
 * {version, mode, mode_reason, backend, backend_reason, started, audit_since,
 *  hooks[] {name, section, required, attached, why_not},
 *  policy {name, hash, generation, since, reload_error},
 *  counters {seen, decided, ...}, gate {...}, models,
 *  older[], sessions[], declarations[], emergencies[]}
 */
json_t *bus_status(Manager *m);

/* {pid, exe, cgroup, unit, uid, workload, traits[], strength, complete, known_to_kernel, evidence[] {trait, text}, dossier: null or as below, attestation_missing[]}; -ESRCH */
int bus_explain(Manager *m, pid_t pid, json_t **ret);
/* {unit, dossiers[] {cgroup, unit, cgroup_id, dropped, items[], the newest first}} */
int bus_explain_unit(Manager *m, const char *unit, json_t **ret);

#endif
