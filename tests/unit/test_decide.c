/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ag_decide(): the lines that run in the kernel, asked natively. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "decide.h"

static uint64_t state = 88172645463325252ULL;

static unsigned pick(unsigned n)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (unsigned) (state % n);
}

/* A row whose grants only ever lift, as the compiler's do. */
static void random_row(struct ag_row *row)
{
        for (unsigned c = 0; c < AG_COLUMNS; c++)
                for (unsigned g = 0; g < AG_GRANT_SETS; g++) {
                        struct ag_cell *cell = &row->cells[c];
                        uint8_t limit = g == 0 ? _AG_ACTION_MAX - 1 : cell->would[g & (g - 1)].action;

                        cell->would[g] = (struct ag_decision){ .action = (uint8_t) pick(limit + 1U),
                                                               .rule = (uint16_t) (1 + pick(1000)) };
                        cell->effective[g] = cell->would[g];
                        if (cell->would[g].action >= AG_ACTION_DENY && pick(2))
                                cell->effective[g].action = AG_ACTION_AUDIT;
                }
}

static void random_question(struct ag_question *q)
{
        *q = (struct ag_question){
                .strength = (uint8_t) (1 + pick(2)),
                .flags = (uint8_t) pick(4),
                .n_columns = (uint8_t) pick(AG_OBJECT_COLUMNS + 1),
        };
        for (unsigned i = 0; i < AG_OBJECT_COLUMNS; i++) {
                q->columns[i] = (uint8_t) pick(AG_COLUMNS);
                q->grants[i] = (uint8_t) pick(AG_GRANT_SETS);
        }
}

Test(decide, properties)
{
        static struct ag_row row;

        for (unsigned round = 0; round < 20000; round++) {
                struct ag_question q;
                struct ag_answer a;
                uint8_t effective = 0, would = 0;
                bool soft;

                if (round % 100 == 0)
                        random_row(&row);
                random_question(&q);
                ag_decide(&row, &q, &a);
                for (unsigned i = 0; i < q.n_columns; i++) {
                        const struct ag_cell *cell = &row.cells[q.columns[i]];
                        uint8_t e = cell->effective[q.grants[i]].action, w = cell->would[q.grants[i]].action;

                        effective = e > effective ? e : effective;
                        would = w > would ? w : would;
                }
                soft = q.strength == AG_STRENGTH_WEAK || q.flags;
                cr_assert_eq(a.would.action, would,
                             "the strictest wins, and nothing softens the would-be one");
                cr_assert_eq(a.effective.action,
                             soft && effective >= AG_ACTION_DENY ? AG_ACTION_AUDIT : effective);
                for (unsigned i = 0; would > AG_ACTION_ALLOW && i < q.n_columns; i++) {
                        if (row.cells[q.columns[i]].would[q.grants[i]].action != would)
                                continue;
                        cr_assert_eq(a.would_column, q.columns[i], "the first of the strictest");
                        cr_assert_eq(a.would.rule, row.cells[q.columns[i]].would[q.grants[i]].rule);
                        break;
                }
                if (effective == AG_ACTION_ALLOW)
                        cr_assert_eq(a.effective.rule, 0, "no rule is blamed for an allow");
        }
}

static struct ag_row one_cell(unsigned column, uint8_t action, uint16_t rule)
{
        struct ag_row row = {};

        for (unsigned g = 0; g < AG_GRANT_SETS; g++)
                row.cells[column].effective[g] = row.cells[column].would[g] =
                                (struct ag_decision){ .action = action, .rule = rule };
        return row;
}

Test(decide, no_columns_is_allow)
{
        struct ag_row row = one_cell(0, AG_ACTION_KILL, 7);
        struct ag_question q = { .strength = AG_STRENGTH_STRONG };
        struct ag_answer a;

        ag_decide(&row, &q, &a);
        cr_expect_eq(a.effective.action, AG_ACTION_ALLOW);
        cr_expect_eq(a.would.action, AG_ACTION_ALLOW);
        cr_expect_eq(a.effective.rule, 0);
        cr_expect_eq(a.reasons, 0);
}

Test(decide, what_softens)
{
        const struct {
                uint8_t strength, flags, action, wanted, reasons;
        } cases[] = {
                { AG_STRENGTH_STRONG, 0, AG_ACTION_DENY, AG_ACTION_DENY, 0 },
                { AG_STRENGTH_WEAK, 0, AG_ACTION_DENY, AG_ACTION_AUDIT, AG_REASON_WEAK },
                { AG_STRENGTH_WEAK, 0, AG_ACTION_KILL, AG_ACTION_AUDIT, AG_REASON_WEAK },
                { AG_STRENGTH_STRONG, AG_ASK_EMERGENCY, AG_ACTION_SUSPEND, AG_ACTION_AUDIT,
                  AG_REASON_EMERGENCY },
                { AG_STRENGTH_STRONG, AG_ASK_MONITOR, AG_ACTION_DENY, AG_ACTION_AUDIT, AG_REASON_MONITOR },
                { AG_STRENGTH_WEAK, AG_ASK_MONITOR | AG_ASK_EMERGENCY, AG_ACTION_DENY, AG_ACTION_AUDIT,
                  AG_REASON_WEAK | AG_REASON_MONITOR | AG_REASON_EMERGENCY },
                { AG_STRENGTH_WEAK, AG_ASK_MONITOR, AG_ACTION_AUDIT, AG_ACTION_AUDIT, 0 },
                { AG_STRENGTH_WEAK, AG_ASK_MONITOR, AG_ACTION_REPORT, AG_ACTION_REPORT, 0 },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct ag_row row = one_cell(AG_COL_CAMERA, cases[i].action, 7);
                struct ag_question q = {
                        .strength = cases[i].strength,
                        .flags = cases[i].flags,
                        .n_columns = 1,
                        .columns = { AG_COL_CAMERA },
                };
                struct ag_answer a;

                ag_decide(&row, &q, &a);
                cr_expect_eq(a.effective.action, cases[i].wanted, "case %zu", i);
                cr_expect_eq(a.effective.rule, 7, "the rule stays named");
                cr_expect_eq(a.would.action, cases[i].action);
                cr_expect_eq(a.reasons, cases[i].reasons, "case %zu", i);
                cr_expect_eq(a.column, AG_COL_CAMERA);
        }
}

Test(decide, grants_are_of_their_column)
{
        struct ag_row row = {};
        struct ag_question q = { .strength = AG_STRENGTH_STRONG, .n_columns = 2, .columns = { 0, 1 } };
        struct ag_answer a;

        row.cells[0].effective[0] = row.cells[0].would[0] =
                        (struct ag_decision){ .action = AG_ACTION_DENY, .rule = 1 };
        row.cells[1].effective[0] = row.cells[1].would[0] =
                        (struct ag_decision){ .action = AG_ACTION_DENY, .rule = 2 };
        q.grants[0] = AG_GRANT_CONSENT;
        ag_decide(&row, &q, &a);
        cr_expect_eq(a.effective.rule, 2, "the other column is not lifted");
        cr_expect_eq(a.column, 1);
        cr_expect_eq(a.reasons, AG_REASON_GRANTED);
        q.grants[1] = AG_GRANT_CONSENT;
        ag_decide(&row, &q, &a);
        cr_expect_eq(a.effective.action, AG_ACTION_ALLOW);
        cr_expect_eq(a.reasons, AG_REASON_GRANTED);
}

Test(decide, first_of_equals_names_the_rule)
{
        struct ag_row row = {};
        struct ag_question q = { .strength = AG_STRENGTH_STRONG, .n_columns = 2, .columns = { 5, 4 } };
        struct ag_answer a;

        row.cells[4] = one_cell(4, AG_ACTION_DENY, 44).cells[4];
        row.cells[5] = one_cell(5, AG_ACTION_DENY, 55).cells[5];
        ag_decide(&row, &q, &a);
        cr_expect_eq(a.effective.rule, 55);
        cr_expect_eq(a.column, 5);
}

Test(decide, nonsense_is_bounded)
{
        struct ag_row row = one_cell(3, AG_ACTION_DENY, 9);
        struct ag_question q = { .strength = AG_STRENGTH_STRONG,
                                 .n_columns = 255,
                                 .columns = { 250, 3, 255 } };
        struct ag_answer a;

        memset(q.grants, 0xff, sizeof(q.grants));
        ag_decide(&row, &q, &a);
        cr_expect_eq(a.effective.rule, 9,
                     "columns and grants out of range neither crash nor hide the others");
}

Test(decide, strength)
{
        cr_expect_eq(ag_strength(0), AG_STRENGTH_NONE);
        cr_expect_eq(ag_strength(AG_TRAIT_INTERPRETER), AG_STRENGTH_NONE);
        cr_expect_eq(ag_strength(AG_TRAIT_RUNTIME_WEAK), AG_STRENGTH_WEAK);
        cr_expect_eq(ag_strength(AG_TRAIT_ACCELERATOR), AG_STRENGTH_WEAK);
        cr_expect_eq(ag_strength(AG_TRAIT_RUNTIME_WEAK | AG_TRAIT_ACCELERATOR), AG_STRENGTH_STRONG);
        cr_expect_eq(ag_strength(AG_TRAIT_RUNTIME), AG_STRENGTH_STRONG);
        cr_expect_eq(ag_strength(AG_TRAIT_MODEL), AG_STRENGTH_STRONG);
        cr_expect_eq(ag_strength(AG_TRAIT_DECLARED), AG_STRENGTH_STRONG);
        cr_expect_eq(ag_strength(AG_TRAIT_PENDING_MAP), AG_STRENGTH_STRONG);
        cr_expect_eq(ag_strength(AG_TRAIT_PENDING_CGROUP | AG_TRAIT_INTERPRETER), AG_STRENGTH_STRONG);
}
