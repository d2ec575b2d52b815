/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_H
#define CLASSIFY_H
/* Facts -> model capabilities, with certainty and reasons. Pure: no files, no state. */
#include "lib/classification.h"
#include "lib/model/facts.h"
#include "lib/modelcap-internal.h"

/*
 * Adds the findings for one set of facts to *ret, whose other members stay as
 * they are. `path` is a hint and may be "". Called once for each format a file
 * is of; of two findings for one capability the surer one stays.
 */
int classify(const ModelFacts *facts, const char *path, const ModelcapSet *set, Classification *ret);

/* Kind of the evidence that takes certainty away. */
#define EVIDENCE_CONTRARY "contrary"
/* Of the evidence that a workload adds, classify-workload.c. */
#define EVIDENCE_WORKLOAD_CODE "workload-code"

#endif
