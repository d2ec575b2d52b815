/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: turns what the scanner found into columns of the matrix. Called by
 * the gate when a scan is done, and by `aiguardctl explain`. Knows no map.
 */
#include "lib/object-columns.h"

/* Keeps the worst; a smaller column number of the model group is worse (identified, suspect, capable). */
static void add_column(struct ag_object *o, uint8_t column)
{
        uint8_t at = 0;

        while (at < o->n_columns && o->columns[at] < column)
                at++;
        if (at < o->n_columns && o->columns[at] == column)
                return;
        if (at >= AG_OBJECT_COLUMNS)
                return;
        for (uint8_t i = (uint8_t) MIN(o->n_columns, AG_OBJECT_COLUMNS - 1); i > at; i--)
                o->columns[i] = o->columns[i - 1];
        o->columns[at] = column;
        if (o->n_columns < AG_OBJECT_COLUMNS)
                o->n_columns++;
}

static uint8_t column_base(uint8_t certainty)
{
        switch (certainty) {
        case CERTAINTY_IDENTIFIED:
                return AG_COL_IDENTIFIED;
        case CERTAINTY_SUSPECT:
                return AG_COL_SUSPECT;
        default:
                return AG_COL_CAPABLE;
        }
}

uint32_t object_flags_from_runtime(uint8_t runtime)
{
        switch (runtime) {
        case RUNTIME_STRONG:
                return AG_OBJECT_LIBRARY_STRONG;
        case RUNTIME_WEAK:
                return AG_OBJECT_LIBRARY_WEAK;
        case RUNTIME_INTERPRETER:
                return AG_OBJECT_INTERPRETER;
        default:
                return 0;
        }
}

void object_from_classification(const Classification *c, const ModelcapSet *modelcaps, bool declared,
                                struct ag_object *ret)
{
        ret->flags = object_flags_from_runtime(c->runtime);
        ret->n_columns = 0;
        for (size_t i = 0; i < AG_OBJECT_COLUMNS; i++)
                ret->columns[i] = 0;
        if (c->status == SCAN_NOT_A_MODEL)
                return;

        /* What cannot be understood is no proof of a model; what was understood is. */
        if (c->status == SCAN_UNPARSABLE)
                add_column(ret, AG_COL_UNPARSABLE);
        else
                ret->flags |= AG_OBJECT_MODEL;
        for (size_t i = 0; i < c->n_modelcaps && i < CLASSIFICATION_MODELCAPS_MAX; i++) {
                const ModelcapFinding *f = &c->modelcaps[i];
                int n = modelcap_set_find(modelcaps, f->name);

                if (n < 0 || n >= AG_MODELCAPS_MAX)
                        add_column(ret, AG_COL_UNPARSABLE);
                else
                        add_column(ret, (uint8_t) (column_base(f->certainty) + n));
        }
        if (!declared)
                add_column(ret, AG_COL_UNDECLARED_MODEL);
}
