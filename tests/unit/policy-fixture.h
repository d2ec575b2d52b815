/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_FIXTURE_H
#define POLICY_FIXTURE_H
/* For tests of the policy: texts in, compiled tables and messages out. Run from the top of the tree. */
#include <criterion/criterion.h>
#include <sys/stat.h>

#include "lib/policy.h"
#include "lib/util-string.h"
#include "temporary.h"

#define FIXTURE_MODELCAPS "policies/modelcaps"
#define BASELINE "policies/baseline.yaml"
#define KZ "policies/kz.yaml"
#define EU "policies/eu.yaml"

typedef struct Fixture {
        char dir[64];
        char **files;
        Diag *diag;
        ModelcapSet *modelcaps;
        Policy *policy;
        PolicyTables *tables;
        const char *root; /* instead of files */
        PolicyMode host_mode;
        const char *jurisdiction;
        const PolicyAttested *attested;
        size_t n_attested;
        int result; /* of policy_load() */
} Fixture;

static inline void fixture_write(const char *dir, const char *name, const char *text)
{
        _cleanup_free_ char *path = NULL;
        FILE *f;

        cr_assert_eq(string_printf(&path, "%s/%s", dir, name), 0);
        f = fopen(path, "we");
        cr_assert_not_null(f, "%s", path);
        cr_assert_geq(fputs(text, f), 0);
        cr_assert_eq(fclose(f), 0);
}

static inline void fixture_begin(Fixture *f)
{
        *f = (Fixture){ .host_mode = POLICY_MODE_ENFORCE };
        strcpy(f->dir, "/tmp/aiguard-test-XXXXXX");
        cr_assert_not_null(mkdtemp(f->dir));
        cr_assert_eq(diag_new(&f->diag), 0);
        cr_assert_eq(modelcap_set_load(FIXTURE_MODELCAPS, f->diag, &f->modelcaps), 0);
}

static inline void fixture_add(Fixture *f, const char *path)
{
        cr_assert_eq(strv_extend(&f->files, path), 0);
}

/* A file of the fixture's own with this text. */
static inline void fixture_add_text(Fixture *f, const char *name, const char *text)
{
        _cleanup_free_ char *path = NULL;

        fixture_write(f->dir, name, text);
        cr_assert_eq(string_printf(&path, "%s/%s", f->dir, name), 0);
        fixture_add(f, path);
}

static inline int fixture_compile(Fixture *f)
{
        PolicySources s = {
                .files = f->root ? NULL : f->files,
                .root = f->root,
                .host_mode = f->host_mode,
                .jurisdiction = f->jurisdiction,
                .attested = f->attested,
                .n_attested = f->n_attested,
        };

        f->result = policy_load(&s, f->modelcaps, f->diag, &f->policy);
        if (f->result < 0)
                return f->result;
        cr_assert_eq(policy_compile(f->policy, f->modelcaps, f->diag, &f->tables), 0);
        return 0;
}

static inline void fixture_end(Fixture *f)
{
        policy_tables_free(f->tables);
        policy_free(f->policy);
        modelcap_set_free(f->modelcaps);
        diag_free(f->diag);
        strv_free(f->files);
        remove_tree(f->dir);
}

static inline const struct ag_cell *fixture_cell(const Fixture *f, const char *workload, const char *column)
{
        int w = policy_tables_find(f->tables, workload), c = policy_column_parse(f->modelcaps, column);

        cr_assert_geq(w, 0, "%s", workload);
        cr_assert_geq(c, 0, "%s", column);
        return &f->tables->rows[w].cells[c];
}

/* All messages, each "line:col: text", one a line; the directory and the level are left out. */
static inline char *fixture_messages(const Diag *d, DiagLevel level)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        const DiagEntry *e;

        cr_assert_not_null(f);
        for (size_t i = 0; (e = diag_get(d, i)); i++) {
                if (e->level != level)
                        continue;
                fprintf(f, "%u:%u: %s", e->line, e->column, e->message);
                if (e->hint)
                        fprintf(f, " (%s)", e->hint);
                fputs("\n", f);
        }
        cr_assert_eq(fclose(f), 0);
        return text;
}

#endif
