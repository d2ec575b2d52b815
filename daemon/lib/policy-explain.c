/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: puts an answer of ag_decide() into words. Owns the sentences that
 * `policy explain` prints and that the daemon writes into its entries. Decides
 * nothing. Called by aiguardctl and by the daemon's journal.
 */
#include "lib/policy-explain.h"

#include "lib/policy-internal.h"
#include "lib/util-string.h"

PolicyLift policy_cell_lift(const struct ag_cell *cell)
{
        const struct ag_decision *d = cell->would;
        /* of a refusal: what ends it; of a mere entry in the log: what makes it less */
        uint8_t limit = d[0].action >= AG_ACTION_DENY ? AG_ACTION_DENY : d[0].action;
        bool consent = d[AG_GRANT_CONSENT].action < limit, exception = d[AG_GRANT_EXCEPTION].action < limit;

        if (d[0].action == AG_ACTION_ALLOW)
                return POLICY_LIFT_NEEDLESS;
        if (consent && exception)
                return POLICY_LIFT_EITHER;
        if (consent)
                return POLICY_LIFT_CONSENT;
        if (exception)
                return POLICY_LIFT_EXCEPTION;
        if (d[AG_GRANT_CONSENT | AG_GRANT_EXCEPTION].action < limit)
                return POLICY_LIFT_BOTH;
        return POLICY_LIFT_NOTHING;
}

const char *policy_lift_sentence(PolicyLift l)
{
        static const char *const sentences[] = {
                [POLICY_LIFT_NOTHING] = "no grant lifts it",
                [POLICY_LIFT_CONSENT] = "a consent lifts it",
                [POLICY_LIFT_EXCEPTION] = "an approved exception lifts it, a consent does not",
                [POLICY_LIFT_EITHER] = "a consent or an approved exception lifts it",
                [POLICY_LIFT_BOTH] = "a consent and an approved exception together lift it",
                [POLICY_LIFT_NEEDLESS] = "there is nothing to lift",
        };

        return sentences[l];
}

static const PolicyRule *rule_of(const PolicyTables *t, const struct ag_decision *d)
{
        return &t->rules[d->rule < t->n_rules ? d->rule : 0];
}

static const char *column_of(const PolicyTables *t, uint8_t column)
{
        return column < AG_COLUMNS ? t->columns[column] : "?";
}

const char *policy_softened_by(const PolicyTables *t, const struct ag_answer *a)
{
        if (a->would.action < AG_ACTION_DENY || a->effective.action >= AG_ACTION_DENY)
                return NULL;
        if (a->reasons & AG_REASON_EMERGENCY)
                return "an emergency is declared for this workload";
        if (a->reasons & AG_REASON_WEAK)
                return "the signs that it is an AI workload are weak";
        if (a->reasons & AG_REASON_MONITOR)
                return "the daemon is attached and not yet enforcing";
        if (t->mode == POLICY_MODE_AUDIT)
                return "the host is in audit mode";
        return "the rule is in audit mode";
}

/* What a decision does to an open, as a participle. */
static const char *action_words(uint8_t action)
{
        static const char *const words[] = {
                [AG_ACTION_ALLOW] = "allowed",
                [AG_ACTION_REPORT] = "allowed and reported",
                [AG_ACTION_AUDIT] = "allowed and logged",
                [AG_ACTION_DENY] = "refused",
                [AG_ACTION_SUSPEND] = "refused, and the process suspended",
                [AG_ACTION_KILL] = "refused, and the process killed",
        };

        return action < ARRAY_SIZE(words) ? words[action] : "?";
}

static void put_rule(const PolicyTables *t, const struct ag_decision *d, FILE *f)
{
        const PolicyRule *r = rule_of(t, d);

        fprintf(f, "rule %s", r->id);
        if (r->law[0])
                fprintf(f, " (%s)", r->law);
}

static const struct ag_cell *cell_of(const PolicyTables *t, unsigned workload, uint8_t column)
{
        return &t->rows[workload < t->n_workloads ? workload : 0].cells[column < AG_COLUMNS ? column : 0];
}

/* What the owner would have to attest, when that is what is missing. */
static bool put_attest(const PolicyTables *t, const struct ag_decision *d, FILE *f)
{
        const PolicyRule *r = rule_of(t, d);

        if (!r->attest)
                return false;
        fputs("the owner's attestation lifts it, of", f);
        for (char **item = r->attest; *item; item++)
                fprintf(f, "%s %s", item != r->attest ? "," : "", *item);
        return true;
}

static void put_sentence(const PolicyTables *t, unsigned workload, const struct ag_answer *a, FILE *f)
{
        const char *softened = policy_softened_by(t, a);
        const struct ag_decision *d = softened ? &a->would : &a->effective;
        uint8_t column = softened ? a->would_column : a->column;

        if (d->action == AG_ACTION_ALLOW) {
                fputs(a->reasons & AG_REASON_GRANTED ? "allowed by a grant"
                                                     : "allowed: no rule speaks of it",
                      f);
                return;
        }
        fprintf(f, "%s%s by ", softened ? "would be " : "", action_words(d->action));
        put_rule(t, d, f);
        fprintf(f, ", on %s: ", column_of(t, column));
        if (softened)
                fprintf(f, "not enforced, because %s", softened);
        else if (!put_attest(t, d, f))
                fputs(policy_lift_sentence(policy_cell_lift(cell_of(t, workload, column))), f);
}

int policy_explain_sentence(const PolicyTables *t, unsigned workload, const struct ag_answer *a, char **ret)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        put_sentence(t, workload, a, f);
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

static void put_workload(const PolicyWorkload *w, FILE *f)
{
        fprintf(f, "Workload %s", w->name);
        if (w->not_ai) {
                fputs(", declared to be no AI workload", f);
                return;
        }
        fprintf(f, " (jurisdiction %s, context %s, risk %s, autonomy %s%s)",
                w->jurisdiction && w->jurisdiction[0] ? w->jurisdiction : "none",
                w->context ? w->context : "other", policy_risk_to_string(w->risk),
                policy_autonomy_to_string(w->autonomy), w->state_equivalent ? ", state-equivalent" : "");
}

static void put_grants(uint8_t grants, FILE *f)
{
        static const char *const words[AG_GRANT_SETS] = { "no grant", "a consent", "an approved exception",
                                                          "a consent and an approved exception" };

        fprintf(f, " with %s", words[grants & (AG_GRANT_SETS - 1)]);
}

static void put_decision(const PolicyTables *t, const struct ag_decision *d, uint8_t column, FILE *f)
{
        const PolicyRule *r = rule_of(t, d);

        if (d->action == AG_ACTION_ALLOW) {
                fputs("  No rule says otherwise.\n", f);
                return;
        }
        fputs("  By ", f);
        put_rule(t, d, f);
        if (r->builtin) {
                fputs(", a line of the table of defaults", f);
        } else {
                fputs(", ", f);
                fputs_escaped(r->file, f);
                fprintf(f, ":%u", r->line);
        }
        fprintf(f, ", on %s.\n", column_of(t, column));
}

static void put_reasons(const struct ag_answer *a, FILE *f)
{
        if (a->reasons & AG_REASON_GRANTED)
                fputs("  A grant lifted something: without it the answer would be stricter.\n", f);
}

static void put_lift(const PolicyTables *t, const struct ag_decision *d, PolicyLift lift, FILE *f)
{
        fputs("Grants: ", f);
        if (!put_attest(t, d, f))
                fputs(policy_lift_sentence(lift), f);
        fputs(".\n", f);
}

int policy_explain_print(const PolicyTables *t, unsigned workload, const struct ag_question *q,
                         const struct ag_answer *a, FILE *f)
{
        const char *softened = policy_softened_by(t, a);
        const struct ag_cell *cell = cell_of(t, workload, a->would_column);
        PolicyLift lift = policy_cell_lift(cell);

        put_workload(&t->workloads[workload], f);
        fputs("\nopens ", f);
        for (size_t i = 0; i < q->n_columns && i < AG_OBJECT_COLUMNS; i++)
                fprintf(f, "%s%s", i > 0 ? " and " : "", column_of(t, q->columns[i]));
        put_grants(q->grants[0], f);
        fprintf(f, "%s%s.\n\n", q->strength == AG_STRENGTH_WEAK ? ", on weak signs only" : "",
                q->flags & AG_ASK_EMERGENCY ? ", in an emergency" : "");

        fprintf(f, "Verdict: %s. The open is %s.\n", policy_action_to_string(a->effective.action),
                action_words(a->effective.action));
        if (workload == AG_WORKLOAD_OTHER || t->workloads[workload].not_ai)
                fputs("  What is no AI workload is never asked.\n", f);
        else
                put_decision(t, &a->effective, a->column, f);
        put_reasons(a, f);
        if (softened)
                fprintf(f, "  Not enforced, because %s.\n", softened);
        fprintf(f, "Were everything enforced: %s.\n", policy_action_to_string(a->would.action));
        if (a->would.action != a->effective.action || a->would.rule != a->effective.rule)
                put_decision(t, &a->would, a->would_column, f);
        if (a->would.action > AG_ACTION_ALLOW)
                put_lift(t, &a->would, lift, f);
        return ferror(f) ? -EIO : 0;
}
