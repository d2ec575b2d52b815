/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
#ifndef AG_DECIDE_H
#define AG_DECIDE_H
/*
 * The verdict. Pure: no map, no helper, no clock. Compiled for BPF, where it
 * decides, and natively, where the gate and `policy explain` use the same lines.
 *
 * Includes nothing but abi.h. The caller looks up the row, and for each column
 * which grants hold; what a column means is not known here.
 */
#include "abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

enum ag_question_flag {
        AG_ASK_EMERGENCY = 1 << 0,
        AG_ASK_MONITOR = 1 << 1,
};

struct ag_question {
        __u8 strength; /* enum ag_strength */
        __u8 flags;    /* enum ag_question_flag */
        __u8 n_columns;
        __u8 reserved;
        __u8 columns[AG_OBJECT_COLUMNS];
        __u8 grants[AG_OBJECT_COLUMNS]; /* enum ag_grant, beside each column */
};

struct ag_answer {
        struct ag_decision effective;
        struct ag_decision would;
        __u8 column;
        __u8 would_column;
        __u8 reasons; /* enum ag_reason */
        __u8 reserved;
};

/* What mapping a file makes of a process, by the object's flags (enum ag_object_flag). */
static __always_inline __u32 ag_traits_of(__u32 flags)
{
        __u32 traits = 0;

        if (flags & AG_OBJECT_LIBRARY_STRONG)
                traits |= AG_TRAIT_RUNTIME;
        if (flags & AG_OBJECT_LIBRARY_WEAK)
                traits |= AG_TRAIT_RUNTIME_WEAK;
        if (flags & AG_OBJECT_INTERPRETER)
                traits |= AG_TRAIT_INTERPRETER;
        return traits;
}

/* Strong: one strong trait, or two weak ones, or not known yet (design section 4). */
static __always_inline __u8 ag_strength(__u32 traits)
{
        __u32 weak = traits & AG_TRAITS_WEAK;

        if (traits & (AG_TRAITS_STRONG | AG_TRAITS_PENDING))
                return AG_STRENGTH_STRONG;
        if (weak & (weak - 1))
                return AG_STRENGTH_STRONG;
        return weak ? AG_STRENGTH_WEAK : AG_STRENGTH_NONE;
}

/* A refusal becomes an audit entry when something softens it; what softened it is a reason in the log. */
static __always_inline void ag_soften(const struct ag_question *q, struct ag_answer *a)
{
        if (a->effective.action < AG_ACTION_DENY)
                return;
        if (q->strength == AG_STRENGTH_WEAK)
                a->reasons |= AG_REASON_WEAK;
        if (q->flags & AG_ASK_EMERGENCY)
                a->reasons |= AG_REASON_EMERGENCY;
        if (q->flags & AG_ASK_MONITOR)
                a->reasons |= AG_REASON_MONITOR;
        if (a->reasons & (AG_REASON_WEAK | AG_REASON_EMERGENCY | AG_REASON_MONITOR))
                a->effective.action = AG_ACTION_AUDIT;
}

/* Decides one open. Strictest column wins, the first of equals names the rule. No columns: allow. */
static __always_inline void ag_decide(const struct ag_row *row, const struct ag_question *q,
                                      struct ag_answer *a)
{
        struct ag_answer r = {};

        for (int i = 0; i < AG_OBJECT_COLUMNS; i++) {
                const struct ag_cell *cell;
                __u8 column, grants;

                if (i >= q->n_columns)
                        break;
                column = q->columns[i];
                if (column >= AG_COLUMNS)
                        continue;
                grants = q->grants[i] & (AG_GRANT_SETS - 1);
                cell = &row->cells[column];

                if (cell->effective[grants].action > r.effective.action) {
                        r.effective = cell->effective[grants];
                        r.column = column;
                }
                if (cell->would[grants].action > r.would.action) {
                        r.would = cell->would[grants];
                        r.would_column = column;
                }
                if (cell->would[grants].action < cell->would[0].action)
                        r.reasons |= AG_REASON_GRANTED;
        }

        ag_soften(q, &r);
        *a = r;
}

#endif
