/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl policy matrix`: the compiled table as a person or a
 * program reads it. A line for each column of the kernel's table, because
 * there are many of them, and a workload's cells below each other.
 */
#include <jansson.h>
#include <sys/ioctl.h>

#include "ctl-policy.h"
#include "lib/policy-explain.h"
#include "lib/util-string.h"

#define WIDTH_DEFAULT 100

static size_t output_width(void)
{
        struct winsize ws;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 40)
                return ws.ws_col;
        return WIDTH_DEFAULT;
}

/* "deny ce", "audit/deny c", "-" */
static void cell_text(const struct ag_cell *cell, char *buf, size_t size)
{
        static const char *const lifts[] = {
                [POLICY_LIFT_NOTHING] = "",    [POLICY_LIFT_CONSENT] = " c", [POLICY_LIFT_EXCEPTION] = " e",
                [POLICY_LIFT_EITHER] = " c,e", [POLICY_LIFT_BOTH] = " c+e",  [POLICY_LIFT_NEEDLESS] = "",
        };
        uint8_t effective = cell->effective[0].action, would = cell->would[0].action;

        if (would == AG_ACTION_ALLOW)
                snprintf(buf, size, "-");
        else if (effective == would)
                snprintf(buf, size, "%s%s", policy_action_to_string(would), lifts[policy_cell_lift(cell)]);
        else
                snprintf(buf, size, "%s/%s%s", policy_action_to_string(effective),
                         policy_action_to_string(would), lifts[policy_cell_lift(cell)]);
}

static bool is_interesting(const PolicyTables *t, size_t column, bool all)
{
        if (!t->columns[column][0])
                return false;
        for (size_t w = 0; w < t->n_workloads && !all; w++)
                for (unsigned g = 0; g < AG_GRANT_SETS; g++)
                        if (t->rows[w].cells[column].would[g].action > AG_ACTION_ALLOW)
                                return true;
        return all;
}

static size_t name_width(const PolicyTables *t, bool all)
{
        size_t width = 0;

        for (size_t c = 0; c < AG_COLUMNS; c++)
                if (is_interesting(t, c, all))
                        width = MAX(width, strlen(t->columns[c]));
        return width;
}

/* The widest text of a workload's cells, its name included. */
static size_t workload_width(const PolicyTables *t, size_t w)
{
        size_t width = strlen(t->workloads[w].name);
        char buf[64];

        for (size_t c = 0; c < AG_COLUMNS; c++) {
                cell_text(&t->rows[w].cells[c], buf, sizeof(buf));
                width = MAX(width, strlen(buf));
        }
        return width;
}

/* As many workloads as fit beside each other, from `first` on; gives the next one. */
static size_t print_block(const PolicyTables *t, bool all, size_t first, size_t names, size_t room)
{
        size_t used = names, end = first;
        char buf[64];

        while (end < t->n_workloads && (end == first || used + 2 + workload_width(t, end) <= room))
                used += 2 + workload_width(t, end++);

        printf("%-*s", (int) names, "");
        for (size_t w = first; w < end; w++)
                printf("  %-*s", w + 1 < end ? (int) workload_width(t, w) : 0, t->workloads[w].name);
        putchar('\n');
        for (size_t c = 0; c < AG_COLUMNS; c++) {
                if (!is_interesting(t, c, all))
                        continue;
                printf("%-*s", (int) names, t->columns[c]);
                for (size_t w = first; w < end; w++) {
                        cell_text(&t->rows[w].cells[c], buf, sizeof(buf));
                        printf("  %-*s", w + 1 < end ? (int) workload_width(t, w) : 0, buf);
                }
                putchar('\n');
        }
        return end;
}

static void print_text(const PolicyTables *t, bool all)
{
        size_t names = name_width(t, all), room = output_width();

        printf("%s, host mode %s\n\n", t->name, policy_mode_to_string(t->mode));
        for (size_t w = AG_WORKLOAD_UNDECLARED; w < t->n_workloads;) {
                w = print_block(t, all, w, names, room);
                putchar('\n');
        }
        puts("X/Y: X is done, Y would be, were everything enforced. What lifts it: c a consent, e an "
             "approved\n"
             "exception, c,e either, c+e only both. What is no AI workload is never asked.");
}

/* ------------------------------------------------------------------ JSON */

static json_t *json_decision(const PolicyTables *t, const struct ag_decision *d)
{
        const PolicyRule *r = &t->rules[d->rule];

        return json_pack("{s:s, s:s?}", "action", policy_action_to_string(d->action), "rule",
                         d->rule > 0 ? r->id : NULL);
}

static json_t *json_decisions(const PolicyTables *t, const struct ag_decision d[static AG_GRANT_SETS])
{
        static const char *const sets[AG_GRANT_SETS] = { "none", "consent", "exception", "both" };
        json_t *o = json_object();

        for (unsigned g = 0; g < AG_GRANT_SETS; g++)
                json_object_set_new(o, sets[g], json_decision(t, &d[g]));
        return o;
}

static json_t *json_workload(const PolicyTables *t, size_t w, bool all)
{
        const PolicyWorkload *pw = &t->workloads[w];
        json_t *cells = json_object();

        for (size_t c = 0; c < AG_COLUMNS; c++) {
                const struct ag_cell *cell = &t->rows[w].cells[c];

                if (is_interesting(t, c, all))
                        json_object_set_new(cells, t->columns[c],
                                            json_pack("{s:o, s:o}", "effective",
                                                      json_decisions(t, cell->effective), "would",
                                                      json_decisions(t, cell->would)));
        }
        return json_pack("{s:s, s:s?, s:s?, s:s, s:s, s:b, s:b, s:o}", "name", pw->name, "jurisdiction",
                         pw->jurisdiction, "context", pw->context, "risk", policy_risk_to_string(pw->risk),
                         "autonomy", policy_autonomy_to_string(pw->autonomy), "state_equivalent",
                         pw->state_equivalent, "hold", (t->rows[w].flags & AG_ROW_HOLD) != 0, "cells",
                         cells);
}

static int print_json(const PolicyTables *t, bool all)
{
        json_t *workloads = json_array(), *root;

        for (size_t w = AG_WORKLOAD_UNDECLARED; w < t->n_workloads; w++)
                json_array_append_new(workloads, json_workload(t, w, all));
        root = json_pack("{s:s, s:s, s:s, s:o}", "name", t->name, "sha256", t->hash, "mode",
                         policy_mode_to_string(t->mode), "workloads", workloads);
        return ctl_policy_print_json(root);
}

int ctl_policy_matrix(const CtlPolicyArgs *args)
{
        _cleanup_(ctl_policy_done) CtlPolicy p = {};

        if (ctl_policy_load(args, args->files, &p) < 0)
                return EXIT_USAGE;
        if (args->json)
                return print_json(p.tables, args->all);
        print_text(p.tables, args->all);
        return EXIT_SUCCESS;
}
