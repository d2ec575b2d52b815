/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_COMPILE_H
#define POLICY_COMPILE_H
/* Between policy-compile.c, which fills the cells, and policy-number.c, which gives names and numbers. */
#include "lib/policy-internal.h"

/* First number of each kind of rule in PolicyTables.rules. */
typedef struct PolicyNumbers {
        uint16_t rules;
        uint16_t defaults; /* entries of `defaults:` */
        uint16_t builtin;  /* the table itself */
} PolicyNumbers;

/* Everything of the tables but the cells: names, hash, workloads, rules, columns, and room for the rows. */
int policy_tables_name(const Policy *p, const ModelcapSet *modelcaps, PolicyTables *t, PolicyNumbers *ret);

#endif
