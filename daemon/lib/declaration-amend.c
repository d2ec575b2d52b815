/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: puts a not-ai declaration into compiled tables. By name it flags
 * the row of that workload; by executable or unit it appends a row that asks
 * nothing. Appended, because a workload that the policy declares is matched
 * first. Called before the tables are applied.
 */
#include "lib/declaration.h"

#include <string.h>

#include "lib/policy-internal.h"
#include "lib/util-string.h"

static int amend_named(const Declaration *d, PolicyTables *t)
{
        int w = policy_tables_find(t, d->workload);

        if (w < AG_WORKLOAD_FIRST)
                return -ENOENT;
        if (t->workloads[w].state_equivalent && !d->second)
                return -EPERM;
        t->workloads[w].not_ai = true;
        t->rows[w].flags = AG_ROW_NOT_AI;
        memset(t->rows[w].cells, 0, sizeof(t->rows[w].cells));
        return 0;
}

static int fill(const Declaration *d, PolicyWorkload *w)
{
        if (asprintf(&w->name, "not-ai-%.16s", d->id + strlen("workload-")) < 0)
                return -ENOMEM;
        if (asprintf(&w->file, "declaration %s", d->id) < 0)
                return -ENOMEM;
        w->purpose = strdup(d->reason);
        w->jurisdiction = strdup("");
        w->context = strdup("other");
        w->owner = strdup("");
        if (!w->purpose || !w->jurisdiction || !w->context || !w->owner)
                return -ENOMEM;
        w->not_ai = true;
        return d->exe ? strv_extend(&w->match.exes, d->exe) : strv_extend(&w->match.units, d->unit);
}

int declaration_amend_tables(const Declaration *d, PolicyTables *t)
{
        PolicyWorkload *workloads, w = {};
        struct ag_row *rows;
        int r;

        if (d->kind != DECLARATION_WORKLOAD)
                return 0;
        if (d->workload)
                return amend_named(d, t);
        if (t->n_workloads >= AG_WORKLOADS_MAX)
                return -ENOSPC;
        workloads = realloc(t->workloads, (t->n_workloads + 1) * sizeof(*workloads));
        if (!workloads)
                return -ENOMEM;
        t->workloads = workloads;
        rows = realloc(t->rows, (t->n_workloads + 1) * sizeof(*rows));
        if (!rows)
                return -ENOMEM;
        t->rows = rows;
        r = fill(d, &w);
        if (r < 0) {
                policy_workload_done(&w);
                return r;
        }
        t->workloads[t->n_workloads] = w;
        t->rows[t->n_workloads] = (struct ag_row){ .flags = AG_ROW_NOT_AI };
        t->n_workloads++;
        return 0;
}
