/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_DIFF_H
#define POLICY_DIFF_H
/* What changes for whom between two policies, in words. Compares what is in force, not how it is written. */
#include "lib/policy.h"

typedef enum PolicyChange {
        POLICY_CHANGE_TIGHTER,
        POLICY_CHANGE_LOOSER,
        POLICY_CHANGE_MIXED, /* some of it tighter, some looser */
        POLICY_CHANGE_OTHER, /* neither: another rule says the same, an owner's name */
        _POLICY_CHANGE_MAX,
} PolicyChange;

typedef struct PolicyDiffEntry {
        PolicyChange change;
        char *workload; /* NULL: the whole host */
        char *text;
} PolicyDiffEntry;

typedef struct PolicyDiff {
        PolicyDiffEntry *entries;
        size_t n;
        size_t counts[_POLICY_CHANGE_MAX];
} PolicyDiff;

/* Both compiled with one set of model capabilities. */
int policy_diff(const PolicyTables *a, const PolicyTables *b, PolicyDiff *ret);
void policy_diff_done(PolicyDiff *d);
void policy_diff_print(const PolicyDiff *d, FILE *f);

const char *policy_change_to_string(PolicyChange c); /* tighter, looser, mixed, other */

#endif
