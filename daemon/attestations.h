/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ATTESTATIONS_H
#define ATTESTATIONS_H
/*
 * What owners attest of their workloads (aiguard-consent(5)), for rules with
 * `unless_attested`. The compiler is told; the kernel sees the result. Main thread.
 */
#include <jansson.h>

#include "manager.h"

int attestations_new(Manager *m, Attestations **ret);
Attestations *attestations_free(Attestations *a);
DEFINE_CLEANUP(Attestations *, attestations_free);

/*
 * Reads the store and tells the policy's store what is attested at this moment; before each compilation. What cannot be
 * read is not attested: the strict side.
 */
void attestations_read(Attestations *a);

/* One was imported or has ended: the policy is compiled anew. */
void attestations_changed(Attestations *a);

/* New reference: {items, broken, until, missing[] {workload, rule, items[]}}. */
json_t *attestations_to_json(Attestations *a);
/* New reference: of one workload, [] {rule, items[]}; empty when nothing is missing. */
json_t *attestations_missing(Manager *m, size_t workload);

#endif
