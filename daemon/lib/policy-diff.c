/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: compares two compiled policies cell by cell and says what changed.
 * Columns of one workload that change in the same way share an entry. Pure.
 * Called by aiguardctl, and by the daemon when a reload is logged.
 */
#include "lib/policy-diff.h"

#include "lib/policy-internal.h"
#include "lib/util-string.h"

const char *policy_change_to_string(PolicyChange c)
{
        static const char *const words[] = { "tighter", "looser", "mixed", "other" };

        return words[c];
}

void policy_diff_done(PolicyDiff *d)
{
        for (size_t i = 0; i < d->n; i++) {
                free(d->entries[i].workload);
                free(d->entries[i].text);
        }
        free(d->entries);
        *d = (PolicyDiff){};
}

/* Takes the text. */
static int add(PolicyDiff *d, PolicyChange change, const char *workload, char *text)
{
        int r;

        if (!text)
                return -ENOMEM;
        r = policy_grow((void **) &d->entries, &d->n, sizeof(*d->entries), SIZE_MAX / sizeof(*d->entries));
        if (r < 0) {
                free(text);
                return r;
        }
        d->counts[change]++;
        d->entries[d->n - 1] = (PolicyDiffEntry){ .change = change, .text = text };
        if (!workload)
                return 0;
        d->entries[d->n - 1].workload = strdup(workload);
        return d->entries[d->n - 1].workload ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- a cell */

static PolicyChange direction(const struct ag_decision *a, const struct ag_decision *b)
{
        bool tighter = false, looser = false;

        for (unsigned g = 0; g < AG_GRANT_SETS; g++) {
                tighter |= b[g].action > a[g].action;
                looser |= b[g].action < a[g].action;
        }
        if (tighter && looser)
                return POLICY_CHANGE_MIXED;
        return tighter ? POLICY_CHANGE_TIGHTER : looser ? POLICY_CHANGE_LOOSER : POLICY_CHANGE_OTHER;
}

static bool same_for_all_grants(const struct ag_decision *d)
{
        for (unsigned g = 1; g < AG_GRANT_SETS; g++)
                if (d[g].action != d[0].action)
                        return false;
        return true;
}

static void put_actions(const struct ag_decision *a, const struct ag_decision *b, FILE *f)
{
        static const char *const with[AG_GRANT_SETS] = { "", "with a consent ", "with an exception ",
                                                         "with both " };
        bool all = same_for_all_grants(a) && same_for_all_grants(b), any = false;

        for (unsigned g = 0; g < AG_GRANT_SETS; g++) {
                if (a[g].action == b[g].action || (all && g > 0))
                        continue;
                fprintf(f, "%s%s%s -> %s", any ? "; " : "", with[g], policy_action_to_string(a[g].action),
                        policy_action_to_string(b[g].action));
                any = true;
        }
}

static const char *rule_id(const PolicyTables *t, const struct ag_decision *d)
{
        return d->rule > 0 && d->rule < t->n_rules ? t->rules[d->rule].id : "no rule";
}

static void put_rules(const PolicyTables *ta, const struct ag_decision *a, const PolicyTables *tb,
                      const struct ag_decision *b, FILE *f)
{
        const char *ia = rule_id(ta, a), *ib = rule_id(tb, b);

        if (streq(ia, ib))
                fprintf(f, " (%s)", ia);
        else
                fprintf(f, " (%s -> %s)", ia, ib);
}

/* What changes in one cell; NULL in *ret when nothing does. */
static int describe_cell(const PolicyTables *ta, const struct ag_cell *a, const PolicyTables *tb,
                         const struct ag_cell *b, PolicyChange *ret_change, char **ret)
{
        PolicyChange effective = direction(a->effective, b->effective),
                     would = direction(a->would, b->would);
        char *text = NULL;
        size_t size;
        FILE *f;

        *ret = NULL;
        if (effective == POLICY_CHANGE_OTHER && would == POLICY_CHANGE_OTHER &&
            streq(rule_id(ta, &a->would[0]), rule_id(tb, &b->would[0])))
                return 0;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        if (effective != POLICY_CHANGE_OTHER)
                put_actions(a->effective, b->effective, f);
        else if (would != POLICY_CHANGE_OTHER)
                fputs("were it enforced, ", f), put_actions(a->would, b->would, f);
        else
                fprintf(f, "%s as before, by another rule", policy_action_to_string(b->effective[0].action));
        put_rules(ta, &a->would[0], tb, &b->would[0], f);
        *ret_change = effective != POLICY_CHANGE_OTHER ? effective : would;
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

/* ----------------------------------------------------------------- a row */

typedef struct RowTexts {
        char *texts[AG_COLUMNS];
        PolicyChange changes[AG_COLUMNS];
} RowTexts;

static void row_texts_done(RowTexts *t)
{
        for (size_t i = 0; i < AG_COLUMNS; i++)
                free(t->texts[i]);
}

/* "emotion.face identified, emotion.voice identified: deny -> audit" for all columns that say so. */
static char *join_columns(const PolicyTables *t, RowTexts *texts, size_t first)
{
        _cleanup_free_ char *what = TAKE_PTR(texts->texts[first]);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        fputs(t->columns[first], f);
        for (size_t c = first + 1; c < AG_COLUMNS; c++) {
                if (!texts->texts[c] || !streq(texts->texts[c], what))
                        continue;
                fprintf(f, ", %s", t->columns[c]);
                free(texts->texts[c]);
                texts->texts[c] = NULL;
        }
        fprintf(f, ": %s", what);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int diff_rows(PolicyDiff *d, const PolicyTables *ta, const struct ag_row *a, const PolicyTables *tb,
                     const struct ag_row *b, const char *workload)
{
        _cleanup_(row_texts_done) RowTexts texts = {};
        int r;

        for (size_t c = 0; c < AG_COLUMNS; c++) {
                r = describe_cell(ta, &a->cells[c], tb, &b->cells[c], &texts.changes[c], &texts.texts[c]);
                if (r < 0)
                        return r;
        }
        for (size_t c = 0; c < AG_COLUMNS; c++) {
                r = texts.texts[c] ? add(d, texts.changes[c], workload, join_columns(tb, &texts, c)) : 0;
                if (r < 0)
                        return r;
        }
        if ((a->flags ^ b->flags) & AG_ROW_HOLD) {
                bool held = b->flags & AG_ROW_HOLD;

                return add(d, held ? POLICY_CHANGE_TIGHTER : POLICY_CHANGE_LOOSER, workload,
                           strdup(held ? "a file that is not known yet is held until it is classified"
                                       : "a file that is not known yet is no longer held"));
        }
        return 0;
}

/* ------------------------------------------------------------- workloads */

static int diff_word(PolicyDiff *d, const char *workload, const char *what, const char *a, const char *b)
{
        char *text;

        a = a ? a : "";
        b = b ? b : "";
        if (streq(a, b))
                return 0;
        if (string_printf(&text, "%s: %s -> %s", what, *a ? a : "(none)", *b ? b : "(none)") < 0)
                return -ENOMEM;
        return add(d, POLICY_CHANGE_OTHER, workload, text);
}

static bool strv_same(char *const *a, char *const *b)
{
        size_t n = strv_length(a);

        if (n != strv_length(b))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!streq(a[i], b[i]))
                        return false;
        return true;
}

static bool match_same(const PolicyMatch *a, const PolicyMatch *b)
{
        return strv_same(a->units, b->units) && strv_same(a->slices, b->slices) &&
               strv_same(a->cgroups, b->cgroups) && strv_same(a->containers, b->containers) &&
               strv_same(a->exes, b->exes) && strv_same(a->users, b->users);
}

static int diff_attributes(PolicyDiff *d, const PolicyWorkload *a, const PolicyWorkload *b)
{
        int r;

        r = diff_word(d, b->name, "jurisdiction", a->jurisdiction, b->jurisdiction);
        if (r >= 0)
                r = diff_word(d, b->name, "context", a->context, b->context);
        if (r >= 0)
                r = diff_word(d, b->name, "risk", policy_risk_to_string(a->risk),
                              policy_risk_to_string(b->risk));
        if (r >= 0)
                r = diff_word(d, b->name, "autonomy", policy_autonomy_to_string(a->autonomy),
                              policy_autonomy_to_string(b->autonomy));
        if (r >= 0)
                r = diff_word(d, b->name, "state-equivalent", a->state_equivalent ? "yes" : "no",
                              b->state_equivalent ? "yes" : "no");
        if (r >= 0)
                r = diff_word(d, b->name, "owner", a->owner, b->owner);
        if (r >= 0)
                r = diff_word(d, b->name, "purpose", a->purpose, b->purpose);
        if (r >= 0 && !match_same(&a->match, &b->match))
                r = add(d, POLICY_CHANGE_OTHER, b->name,
                        strdup("is matched in another way: other processes are in it now"));
        return r;
}

/* One that appears was undeclared-ai before, one that vanishes is that afterwards. */
static int diff_workloads(PolicyDiff *d, const PolicyTables *a, const PolicyTables *b)
{
        int r = 0;

        for (size_t i = AG_WORKLOAD_UNDECLARED; r >= 0 && i < b->n_workloads; i++) {
                const char *name = b->workloads[i].name;
                int old = policy_tables_find(a, name);

                if (old < 0)
                        r = add(d, POLICY_CHANGE_OTHER, name,
                                strdup("appears; what it was allowed as undeclared-ai until now:"));
                else
                        r = diff_attributes(d, &a->workloads[old], &b->workloads[i]);
                if (r >= 0)
                        r = diff_rows(d, a, &a->rows[old < 0 ? AG_WORKLOAD_UNDECLARED : old], b, &b->rows[i],
                                      name);
        }
        for (size_t i = AG_WORKLOAD_FIRST; r >= 0 && i < a->n_workloads; i++) {
                const char *name = a->workloads[i].name;

                if (policy_tables_find(b, name) >= 0)
                        continue;
                r = add(d, POLICY_CHANGE_OTHER, name,
                        strdup("vanishes; its processes become undeclared-ai:"));
                if (r >= 0)
                        r = diff_rows(d, a, &a->rows[i], b, &b->rows[AG_WORKLOAD_UNDECLARED], name);
        }
        return r;
}

/* A mask takes the vendor's word away, whatever else is there: always a loosening. */
static int diff_masks(PolicyDiff *d, const PolicyTables *a, const PolicyTables *b)
{
        int r = 0;

        for (char **m = b->masks; m && *m && r >= 0; m++)
                if (!strv_contains(a->masks, *m))
                        r = add(d, POLICY_CHANGE_LOOSER, NULL, strdup(*m));
        for (char **m = a->masks; m && *m && r >= 0; m++)
                if (!strv_contains(b->masks, *m)) {
                        char *text;

                        r = string_printf(&text, "no longer: %s", *m);
                        if (r >= 0)
                                r = add(d, POLICY_CHANGE_TIGHTER, NULL, text);
                }
        return r;
}

int policy_diff(const PolicyTables *a, const PolicyTables *b, PolicyDiff *ret)
{
        PolicyDiff d = {};
        int r;

        r = diff_masks(&d, a, b);
        if (r >= 0 && a->mode != b->mode) {
                char *text;

                r = string_printf(&text, "host mode: %s -> %s", policy_mode_to_string(a->mode),
                                  policy_mode_to_string(b->mode));
                if (r >= 0)
                        r = add(&d, b->mode > a->mode ? POLICY_CHANGE_TIGHTER : POLICY_CHANGE_LOOSER, NULL,
                                text);
        }
        if (r >= 0)
                r = diff_workloads(&d, a, b);
        if (r < 0) {
                policy_diff_done(&d);
                return r;
        }
        *ret = d;
        return 0;
}

void policy_diff_print(const PolicyDiff *d, FILE *f)
{
        for (size_t i = 0; i < d->n; i++) {
                const PolicyDiffEntry *e = &d->entries[i];

                fprintf(f, "%-8s ", policy_change_to_string(e->change));
                if (e->workload)
                        fprintf(f, "%s: ", e->workload);
                fputs_escaped(e->text, f);
                fputs("\n", f);
        }
        if (d->n == 0)
                fputs("no difference in what is in force\n", f);
        else
                fprintf(f, "%zu tighter, %zu looser, %zu mixed, %zu other\n",
                        d->counts[POLICY_CHANGE_TIGHTER], d->counts[POLICY_CHANGE_LOOSER],
                        d->counts[POLICY_CHANGE_MIXED], d->counts[POLICY_CHANGE_OTHER]);
}
