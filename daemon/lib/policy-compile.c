/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: Policy -> PolicyTables, the very bytes the kernel reads. Owns
 * composition: strictest wins, inside one rule any grant, across rules each.
 * Pure and deterministic: the same files give the same bytes. The rules' table
 * is in policy-number.c. Called by the daemon's policy store and by aiguardctl.
 */
#include "lib/policy-compile.h"
#include "lib/util-string.h"

/* One rule's word on one column, the composition's smallest part. */
typedef struct Word {
        uint16_t rule;
        uint8_t action;
        uint8_t unless;
        bool enforced;
} Word;

typedef struct RuleUse {
        bool matched;
        bool counts; /* somewhere nothing is stricter */
} RuleUse;

typedef struct Compiler {
        const Policy *policy;
        PolicyTables *tables;
        PolicyNumbers numbers;
        bool *matches; /* by rule: speaks of the workload in hand */
        RuleUse *use;  /* by rule, for the warnings */
} Compiler;

/*
 * A cell of a set of grants is the strictest of the words that none of these
 * grants lifts; the first of equals names the rule.
 */
static void cell_add(struct ag_cell *cell, const Word *w)
{
        uint8_t effective = w->enforced || w->action < AG_ACTION_DENY ? w->action : AG_ACTION_AUDIT;

        for (unsigned g = 0; g < AG_GRANT_SETS; g++) {
                if (g & w->unless)
                        continue;
                if (effective > cell->effective[g].action)
                        cell->effective[g] = (struct ag_decision){ .action = effective, .rule = w->rule };
                if (w->action > cell->would[g].action)
                        cell->would[g] = (struct ag_decision){ .action = w->action, .rule = w->rule };
        }
}

static bool is_enforced(const Policy *p, PolicyMode mode)
{
        return p->host_mode == POLICY_MODE_ENFORCE && mode == POLICY_MODE_ENFORCE;
}

static void add_rule(const Policy *p, const ParsedRule *r, uint16_t number, struct ag_row *row)
{
        Word w = {
                .rule = number,
                .action = r->action,
                .unless = r->unless,
                .enforced = is_enforced(p, r->mode),
        };

        for (unsigned c = 0; c < AG_COLUMNS; c++)
                if (r->columns[c])
                        cell_add(&row->cells[c], &w);
}

/*
 * One line of the table for the capabilities that rule `r` refuses: who may do
 * the identified thing by a grant may do the suspected one by it, and a rule
 * that only watches makes a line that only watches.
 */
static void add_following(const Policy *p, const ParsedRule *r, Word w, PolicyMode mode, PolicyDefault line,
                          struct ag_row *row)
{
        const PolicyDefaultLine *l = &policy_default_lines[line];

        w.unless = r->unless;
        w.enforced = is_enforced(p, MIN(mode, r->mode));
        for (unsigned i = 0; i < l->n_columns; i++)
                if (r->columns[AG_COL_IDENTIFIED + i])
                        cell_add(&row->cells[l->first_column + i], &w);
}

static bool is_following(PolicyDefault line)
{
        return line <= POLICY_DEFAULT_SUSPECT;
}

/* A line as it is in the table, or as an entry of `defaults:` has it. */
static void add_line(const Compiler *c, Word w, PolicyMode mode, PolicyDefault line, struct ag_row *row)
{
        const PolicyDefaultLine *l = &policy_default_lines[line];
        const Policy *p = c->policy;

        if (is_following(line)) {
                for (size_t i = 0; i < p->n_rules; i++)
                        if (c->matches[i] && p->rules[i].action >= AG_ACTION_DENY)
                                add_following(p, &p->rules[i], w, mode, line, row);
                return;
        }
        w.unless = l->unless;
        w.enforced = is_enforced(p, mode);
        for (unsigned i = 0; i < l->n_columns; i++)
                if (c->tables->columns[l->first_column + i][0]) /* there is such a model capability */
                        cell_add(&row->cells[l->first_column + i], &w);
}

static void add_defaults(const Compiler *c, PolicyClass class, struct ag_row *row)
{
        const Policy *p = c->policy;

        for (size_t i = 0; i < p->n_defaults; i++) {
                const ParsedDefault *d = &p->defaults[i];
                Word w = { .rule = (uint16_t) (c->numbers.defaults + i), .action = d->actions[class] };

                if (w.action > AG_ACTION_ALLOW)
                        add_line(c, w, d->mode, d->line, row);
        }
        for (unsigned i = 0; i < _POLICY_DEFAULT_MAX; i++) {
                Word w = {
                        .rule = (uint16_t) (c->numbers.builtin + i),
                        .action = policy_default_lines[i].actions[class],
                };

                add_line(c, w, POLICY_MODE_ENFORCE, (PolicyDefault) i, row);
        }
}

/* Files that are not known are held only where what they turn out to be can be refused. */
static bool must_hold(const struct ag_row *row)
{
        for (unsigned c = 0; c < AG_COLUMNS; c++) {
                bool of_a_file = c < AG_COL_CAMERA || c == AG_COL_UNDECLARED_MODEL ||
                                 c == AG_COL_UNPARSABLE || c == AG_COL_UNSCANNABLE;

                if (of_a_file && row->cells[c].effective[0].action >= AG_ACTION_DENY)
                        return true;
        }
        return false;
}

static void note_effect(const ParsedRule *r, const struct ag_row *row, bool *counts)
{
        for (unsigned c = 0; c < AG_COLUMNS && !*counts; c++)
                for (unsigned g = 0; r->columns[c] && g < AG_GRANT_SETS; g++)
                        if (!(g & r->unless) && r->action >= row->cells[c].would[g].action)
                                *counts = true;
}

static void compile_row(Compiler *c, const ParsedWorkload *w, struct ag_row *row)
{
        const Policy *p = c->policy;

        for (size_t i = 0; i < p->n_rules; i++) {
                c->matches[i] = policy_selector_matches(p, &p->rules[i], w);
                if (!c->matches[i] || !policy_rule_attested(p, &p->rules[i], w))
                        continue;
                /* It has had its effect: there is an attestation. */
                c->matches[i] = false;
                c->use[i] = (RuleUse){ .matched = true, .counts = true };
        }

        /* Of two rules that say the same, the one that names a law is the better answer. */
        for (int lawful = 1; lawful >= 0; lawful--)
                for (size_t i = 0; i < p->n_rules; i++)
                        if (c->matches[i] && (p->rules[i].r.law[0] != '\0') == lawful)
                                add_rule(p, &p->rules[i], (uint16_t) (c->numbers.rules + i), row);
        add_defaults(c, policy_workload_class(&w->w), row);
        if (must_hold(row))
                row->flags |= AG_ROW_HOLD;

        for (size_t i = 0; i < p->n_rules; i++) {
                if (!c->matches[i])
                        continue;
                c->use[i].matched = true;
                note_effect(&p->rules[i], row, &c->use[i].counts);
        }
}

static void compile_rows(Compiler *c)
{
        PolicyTables *t = c->tables;
        ParsedWorkload undeclared = { .w = t->workloads[AG_WORKLOAD_UNDECLARED] };

        compile_row(c, &undeclared, &t->rows[AG_WORKLOAD_UNDECLARED]);
        for (size_t i = 0; i < c->policy->n_workloads; i++)
                compile_row(c, &c->policy->workloads[i], &t->rows[AG_WORKLOAD_FIRST + i]);
}

static void warn(const Policy *p, const RuleUse *use, Diag *diag)
{
        for (char **m = p->masks; m && *m; m++)
                diag_add(diag, DIAG_WARNING, NULL, 0, 0, "policy diff shows what that changes", "%s", *m);
        for (size_t i = 0; i < p->n_rules; i++)
                if (use[i].matched && !use[i].counts)
                        diag_add(diag, DIAG_WARNING, p->rules[i].r.file, p->rules[i].r.line,
                                 p->rules[i].r.column, NULL,
                                 "rule \"%s\" has no effect: something stricter holds wherever it speaks",
                                 p->rules[i].r.id);
}

int policy_compile(const Policy *p, const ModelcapSet *modelcaps, Diag *diag, PolicyTables **ret)
{
        _cleanup_(policy_tables_freep) PolicyTables *t = NULL;
        _cleanup_free_ RuleUse *use = NULL;
        _cleanup_free_ bool *matches = NULL;
        Compiler c = { .policy = p };
        int r;

        c.tables = t = calloc(1, sizeof(*t));
        c.use = use = calloc(p->n_rules + 1, sizeof(*use));
        c.matches = matches = calloc(p->n_rules + 1, sizeof(*matches));
        if (!t || !use || !matches)
                return -ENOMEM;
        t->mode = p->host_mode;
        r = policy_tables_name(p, modelcaps, t, &c.numbers);
        if (r < 0)
                return r;
        compile_rows(&c);
        warn(p, use, diag);
        *ret = TAKE_PTR(t);
        return 0;
}
