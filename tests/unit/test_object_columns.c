/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: a classification becomes columns of the matrix, worst first, and what cannot be said is not clean. */
#include <criterion/criterion.h>
#include <string.h>

#include "lib/object-columns.h"

static ModelcapSet *set;

static void setup(void)
{
        Diag *diag = NULL;

        cr_assert_eq(diag_new(&diag), 0);
        cr_assert_eq(modelcap_set_load("policies/modelcaps", diag, &set), 0);
        diag_free(diag);
}

static void teardown(void)
{
        set = modelcap_set_free(set);
}

TestSuite(object_columns, .init = setup, .fini = teardown);

static Classification classification(ScanStatus status)
{
        return (Classification){ .version = CLASSIFICATION_VERSION, .status = (uint8_t) status };
}

static void find(Classification *c, const char *name, Certainty certainty)
{
        ModelcapFinding *f = &c->modelcaps[c->n_modelcaps++];

        snprintf(f->name, sizeof(f->name), "%s", name);
        f->certainty = (uint8_t) certainty;
}

Test(object_columns, what_is_no_model_asks_nothing)
{
        Classification c = classification(SCAN_NOT_A_MODEL);
        struct ag_object o = { .n_columns = 3 };

        object_from_classification(&c, set, false, &o);
        cr_assert_eq(o.n_columns, 0);
        cr_assert_eq(o.flags, 0);
}

Test(object_columns, a_library_is_flagged)
{
        Classification c = classification(SCAN_NOT_A_MODEL);
        struct ag_object o = {};

        c.runtime = RUNTIME_STRONG;
        object_from_classification(&c, set, false, &o);
        cr_assert_eq(o.flags, AG_OBJECT_LIBRARY_STRONG);
        c.runtime = RUNTIME_WEAK;
        object_from_classification(&c, set, false, &o);
        cr_assert_eq(o.flags, AG_OBJECT_LIBRARY_WEAK);
        c.runtime = RUNTIME_INTERPRETER;
        object_from_classification(&c, set, false, &o);
        cr_assert_eq(o.flags, AG_OBJECT_INTERPRETER);
}

Test(object_columns, a_clean_model_is_undeclared_until_somebody_declares_it)
{
        Classification c = classification(SCAN_CLEAN);
        struct ag_object o = {};

        object_from_classification(&c, set, false, &o);
        cr_assert_eq(o.n_columns, 1);
        cr_assert_eq(o.columns[0], AG_COL_UNDECLARED_MODEL);
        cr_assert(o.flags & AG_OBJECT_MODEL);
        object_from_classification(&c, set, true, &o);
        cr_assert_eq(o.n_columns, 0);
        cr_assert(o.flags & AG_OBJECT_MODEL);
}

Test(object_columns, the_worst_comes_first)
{
        Classification c = classification(SCAN_IDENTIFIED);
        struct ag_object o = {};
        int voice = modelcap_set_find(set, "emotion.voice"), face = modelcap_set_find(set, "emotion.face");

        cr_assert_geq(voice, 0);
        cr_assert_geq(face, 0);
        find(&c, "emotion.voice", CERTAINTY_SUSPECT);
        find(&c, "emotion.face", CERTAINTY_IDENTIFIED);
        object_from_classification(&c, set, false, &o);
        cr_assert_eq(o.n_columns, 3);
        cr_assert_eq(o.columns[0], AG_COL_IDENTIFIED + face);
        cr_assert_eq(o.columns[1], AG_COL_SUSPECT + voice);
        cr_assert_eq(o.columns[2], AG_COL_UNDECLARED_MODEL);
}

Test(object_columns, what_is_not_understood_is_not_clean)
{
        Classification c = classification(SCAN_UNPARSABLE);
        struct ag_object o = {};

        object_from_classification(&c, set, true, &o);
        cr_assert_eq(o.n_columns, 1);
        cr_assert_eq(o.columns[0], AG_COL_UNPARSABLE);
        cr_assert_eq(o.flags & AG_OBJECT_MODEL, 0);
}

Test(object_columns, a_capability_nobody_knows_is_not_dropped)
{
        Classification c = classification(SCAN_IDENTIFIED);
        struct ag_object o = {};

        find(&c, "no.such.thing", CERTAINTY_IDENTIFIED);
        object_from_classification(&c, set, true, &o);
        cr_assert_eq(o.n_columns, 1);
        cr_assert_eq(o.columns[0], AG_COL_UNPARSABLE);
}

Test(object_columns, too_many_findings_keep_the_worst)
{
        Classification c = classification(SCAN_IDENTIFIED);
        struct ag_object o = {};
        size_t n = modelcap_set_size(set);

        for (size_t i = 0; i < CLASSIFICATION_MODELCAPS_MAX; i++)
                find(&c, modelcap_set_name(set, i % n), i < n ? CERTAINTY_CAPABLE : CERTAINTY_IDENTIFIED);
        object_from_classification(&c, set, false, &o);
        cr_assert_leq(o.n_columns, AG_OBJECT_COLUMNS);
        for (size_t i = 1; i < o.n_columns; i++)
                cr_assert_lt(o.columns[i - 1], o.columns[i]);
}
