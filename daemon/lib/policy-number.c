/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the tables around the cells: which number is which workload, rule
 * and column, and the hash of the files. Copies everything, so that the tables
 * outlive the Policy. Called by policy-compile.c.
 */
#include "lib/policy-compile.h"
#include "lib/sha256.h"
#include "lib/util-string.h"

/* The same as `sha256sum FILE... | sha256sum` in their directory, so that a person can check it. */
static void hash_files(const Policy *p, char ret[static SHA256_HEX_SIZE])
{
        Sha256 all;

        sha256_init(&all);
        for (size_t i = 0; i < p->n_files; i++) {
                char hex[SHA256_HEX_SIZE];
                Sha256 one;

                sha256_init(&one);
                sha256_update(&one, p->files[i].data, p->files[i].size);
                sha256_final_hex(&one, hex);
                sha256_update(&all, hex, strlen(hex));
                sha256_update(&all, "  ", 2);
                sha256_update(&all, p->files[i].name, strlen(p->files[i].name));
                sha256_update(&all, "\n", 1);
        }
        sha256_final_hex(&all, ret);
}

static int name_policy(const Policy *p, char **ret)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        for (size_t i = 0; p->names && p->names[i]; i++)
                fprintf(f, "%s%s", i > 0 ? " + " : "", p->names[i]);
        if (!p->names)
                fputs("defaults only", f);
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

static int name_columns(const ModelcapSet *modelcaps, PolicyTables *t)
{
        static const char *const certainties[] = { "identified", "suspect", "capable" };
        size_t size = MIN(modelcap_set_size(modelcaps), (size_t) AG_MODELCAPS_MAX);

        t->columns = calloc(AG_COLUMNS, sizeof(*t->columns));
        if (!t->columns)
                return -ENOMEM;
        for (size_t c = 0; c < ARRAY_SIZE(certainties); c++)
                for (size_t i = 0; i < size; i++)
                        snprintf(t->columns[c * AG_MODELCAPS_MAX + i], AG_NAME_MAX, "%.40s %s",
                                 modelcap_set_name(modelcaps, i), certainties[c]);
        for (size_t i = 0; policy_object_names[i]; i++)
                snprintf(t->columns[AG_COL_CAMERA + i], AG_NAME_MAX, "%s", policy_object_names[i]);
        return 0;
}

static int copy_strv(char *const *from, char ***to)
{
        int r = 0;

        for (; from && *from && r >= 0; from++)
                r = strv_extend(to, *from);
        return r;
}

static int copy_string(const char *from, char **to)
{
        *to = from ? strdup(from) : NULL;
        return from && !*to ? -ENOMEM : 0;
}

static int copy_workload(const Policy *p, const ParsedWorkload *from, PolicyWorkload *to)
{
        const PolicyMatch *m = &from->w.match;

        to->line = from->w.line;
        to->risk = from->w.risk;
        to->autonomy = from->w.autonomy;
        to->state_equivalent = from->w.state_equivalent;
        if (copy_string(from->w.name, &to->name) < 0 || copy_string(from->w.context, &to->context) < 0 ||
            copy_string(from->w.owner, &to->owner) < 0 || copy_string(from->w.purpose, &to->purpose) < 0 ||
            copy_string(from->w.file, &to->file) < 0 || copy_strv(m->units, &to->match.units) < 0 ||
            copy_strv(m->slices, &to->match.slices) < 0 || copy_strv(m->cgroups, &to->match.cgroups) < 0 ||
            copy_strv(m->containers, &to->match.containers) < 0 || copy_strv(m->exes, &to->match.exes) < 0 ||
            copy_strv(m->users, &to->match.users) < 0)
                return -ENOMEM;
        return policy_jurisdictions_join(from->jurisdictions ? from->jurisdictions : p->jurisdictions,
                                         &to->jurisdiction);
}

static int copy_workloads(const Policy *p, PolicyTables *t)
{
        const ParsedWorkload other = { .w = { .name = (char *) "other", .context = (char *) "other" } };
        const ParsedWorkload undeclared = {
                .w = {
                        .name = (char *) "undeclared-ai",
                        .context = (char *) "other",
                        .risk = POLICY_RISK_MEDIUM,
                        .autonomy = POLICY_AUTONOMY_MEDIUM,
                },
        };
        int r;

        t->n_workloads = AG_WORKLOAD_FIRST + p->n_workloads;
        t->workloads = calloc(t->n_workloads, sizeof(*t->workloads));
        t->rows = calloc(t->n_workloads, sizeof(*t->rows));
        if (!t->workloads || !t->rows)
                return -ENOMEM;
        r = copy_workload(p, &other, &t->workloads[AG_WORKLOAD_OTHER]);
        if (r >= 0)
                r = copy_workload(p, &undeclared, &t->workloads[AG_WORKLOAD_UNDECLARED]);
        for (size_t i = 0; r >= 0 && i < p->n_workloads; i++)
                r = copy_workload(p, &p->workloads[i], &t->workloads[AG_WORKLOAD_FIRST + i]);
        return r;
}

static int copy_rule(const PolicyRule *from, PolicyRule *to)
{
        *to = (PolicyRule){ .line = from->line, .column = from->column, .builtin = from->builtin };
        if (copy_string(from->id, &to->id) < 0 || copy_string(from->law, &to->law) < 0 ||
            copy_string(from->file, &to->file) < 0 || copy_strv(from->attest, &to->attest) < 0)
                return -ENOMEM;
        return 0;
}

static int copy_rules(const Policy *p, PolicyTables *t, PolicyNumbers *ret)
{
        PolicyRule *next;
        int r = 0;

        ret->rules = 1;
        ret->defaults = (uint16_t) (ret->rules + p->n_rules);
        ret->builtin = (uint16_t) (ret->defaults + p->n_defaults);
        t->n_rules = (size_t) ret->builtin + _POLICY_DEFAULT_MAX;
        if (t->n_rules > AG_RULES_MAX)
                return -E2BIG;
        t->rules = calloc(t->n_rules, sizeof(*t->rules));
        if (!t->rules)
                return -ENOMEM;
        next = t->rules;
        r = copy_rule(&(PolicyRule){ .id = (char *) "", .law = (char *) "", .file = (char *) "" }, next++);
        for (size_t i = 0; r >= 0 && i < p->n_rules; i++)
                r = copy_rule(&p->rules[i].r, next++);
        for (size_t i = 0; r >= 0 && i < p->n_defaults; i++)
                r = copy_rule(&p->defaults[i].r, next++);
        for (size_t i = 0; r >= 0 && i < _POLICY_DEFAULT_MAX; i++)
                r = copy_rule(&(PolicyRule){ .id = (char *) policy_default_lines[i].id,
                                             .law = (char *) "",
                                             .file = (char *) "(table of defaults)",
                                             .builtin = true },
                              next++);
        return r;
}

int policy_tables_name(const Policy *p, const ModelcapSet *modelcaps, PolicyTables *t, PolicyNumbers *ret)
{
        int r;

        hash_files(p, t->hash);
        r = name_policy(p, &t->name);
        if (r >= 0)
                r = name_columns(modelcaps, t);
        if (r >= 0)
                r = copy_workloads(p, t);
        if (r >= 0)
                r = copy_rules(p, t, ret);
        if (r >= 0)
                r = copy_strv(p->masks, &t->masks);
        return r;
}
