/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H
/*
 * Why a decision is what it is, in words. The decision itself is ag_decide()'s,
 * the same lines that run in the kernel; nothing is decided here.
 */
#include "lib/policy.h"

/* How much of a refusal the grants take away, asked of one cell. */
typedef enum PolicyLift {
        POLICY_LIFT_NOTHING, /* no grant lifts it */
        POLICY_LIFT_CONSENT,
        POLICY_LIFT_EXCEPTION,
        POLICY_LIFT_EITHER,   /* one of them is enough */
        POLICY_LIFT_BOTH,     /* only the two together */
        POLICY_LIFT_NEEDLESS, /* there is nothing to lift */
} PolicyLift;

PolicyLift policy_cell_lift(const struct ag_cell *cell);
const char *policy_lift_sentence(PolicyLift l); /* "a consent or an approved exception lifts it" */

/*
 * One sentence for a log, without the opener and the file, which the caller knows:
 * "refused by rule kz-17-3-6 (KZ-AI-17-3-6), on emotion.face identified: a consent lifts it"
 * "would be refused by rule ..., not enforced: the host is in audit mode"
 */
int policy_explain_sentence(const PolicyTables *t, unsigned workload, const struct ag_answer *a, char **ret);

/* The whole story for a person: who is asked about, verdict, rule, place, law, would-be verdict, grants. */
int policy_explain_print(const PolicyTables *t, unsigned workload, const struct ag_question *q,
                         const struct ag_answer *a, FILE *f);

/* Why an effective decision is milder than the would-be one; NULL when it is not. */
const char *policy_softened_by(const PolicyTables *t, const struct ag_answer *a);

/* The policy as one normalised file: what is in force, with the table of defaults as a comment. */
int policy_show(const Policy *p, const PolicyTables *t, FILE *f);

#endif
