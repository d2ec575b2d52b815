/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diff, show and the sentences: what people read. */
#include "policy-fixture.h"

#include "lib/policy-diff.h"
#include "lib/policy-explain.h"

#define V "aiguard: 1\n"

static char *diff_text(Fixture *a, Fixture *b, PolicyDiff *ret)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        cr_assert_not_null(f);
        cr_assert_eq(fixture_compile(a), 0);
        cr_assert_eq(fixture_compile(b), 0);
        cr_assert_eq(policy_diff(a->tables, b->tables, ret), 0);
        policy_diff_print(ret, f);
        cr_assert_eq(fclose(f), 0);
        return text;
}

static void expect_diff(const char *one, const char *other, const char *wanted)
{
        _cleanup_free_ char *text = NULL;
        PolicyDiff d;
        Fixture a, b;

        fixture_begin(&a);
        fixture_begin(&b);
        fixture_add_text(&a, "a.yaml", one);
        fixture_add_text(&b, "a.yaml", other);
        text = diff_text(&a, &b, &d);
        cr_expect_str_eq(text, wanted, "\n%s\nwanted\n%s", text, wanted);
        policy_diff_done(&d);
        fixture_end(&a);
        fixture_end(&b);
}

#define FACE(rest) V "rules:\n  - { id: x, model_capability: emotion.face, " rest " }\n"

Test(policy_diff, nothing)
{
        expect_diff(FACE("action: deny"), "# a comment\n" FACE("action: deny"),
                    "no difference in what is in force\n");
}

Test(policy_diff, tighter_and_looser)
{
        expect_diff(FACE("action: deny"), FACE("action: kill"),
                    "tighter  undeclared-ai: emotion.face identified: deny -> kill (x)\n"
                    "1 tighter, 0 looser, 0 mixed, 0 other\n");
        expect_diff(FACE("action: kill"), FACE("action: deny"),
                    "looser   undeclared-ai: emotion.face identified: kill -> deny (x)\n"
                    "0 tighter, 1 looser, 0 mixed, 0 other\n");
        expect_diff(FACE("action: deny"), FACE("action: deny, unless: consent"),
                    "looser   undeclared-ai: emotion.face identified: with a consent deny -> allow; with "
                    "both deny -> allow (x)\n"
                    "looser   undeclared-ai: emotion.face suspect: with a consent audit -> allow; with both "
                    "audit -> allow "
                    "(default-suspect)\n"
                    "0 tighter, 2 looser, 0 mixed, 0 other\n");
        expect_diff(FACE("action: deny, unless: consent"), FACE("action: deny, unless: exception"),
                    "mixed    undeclared-ai: emotion.face identified: with a consent allow -> deny; with an "
                    "exception deny -> allow (x)\n"
                    "mixed    undeclared-ai: emotion.face suspect: with a consent allow -> audit; with an "
                    "exception audit -> allow "
                    "(default-suspect)\n"
                    "0 tighter, 0 looser, 2 mixed, 0 other\n");
        expect_diff(FACE("action: deny"), FACE("action: deny, mode: audit"),
                    "looser   undeclared-ai: emotion.face identified: deny -> audit (x)\n"
                    "looser   undeclared-ai: a file that is not known yet is no longer held\n"
                    "0 tighter, 2 looser, 0 mixed, 0 other\n");
        expect_diff(FACE("action: audit"), FACE("action: deny, mode: audit"),
                    "tighter  undeclared-ai: emotion.face identified: were it enforced, audit -> deny (x)\n"
                    "tighter  undeclared-ai: emotion.face suspect: allow -> audit (no rule -> "
                    "default-suspect)\n"
                    "2 tighter, 0 looser, 0 mixed, 0 other\n");
        expect_diff(FACE("action: deny"),
                    V "rules:\n  - { id: y, model_capability: emotion.face, action: deny }\n",
                    "other    undeclared-ai: emotion.face identified: deny as before, by another rule (x -> "
                    "y)\n"
                    "0 tighter, 0 looser, 0 mixed, 1 other\n");
}

#define WHO(name, rest) "  " name ": { match: { unit: a.service }, " rest " }\n"

Test(policy_diff, workloads)
{
        expect_diff(V "workloads:\n" WHO("w", "risk: medium"),
                    V "workloads:\n" WHO("w", "risk: high, state_equivalent: false, owner: clinic"),
                    "other    w: risk: medium -> high\n"
                    "other    w: owner: (none) -> clinic\n"
                    "tighter  w: biometric-categorisation capable, biometric-categorisation.age-gender "
                    "capable, biometric-identification capable, "
                    "emotion.face capable, emotion.physiological capable, emotion.text capable, "
                    "emotion.voice capable, "
                    "face-detection capable, general-purpose-vision capable, synthetic-media capable: "
                    "report -> audit "
                    "(default-capable)\n"
                    "tighter  w: undeclared-model: report -> audit; with a consent report -> audit "
                    "(default-undeclared-model)\n"
                    "tighter  w: unparsable: audit -> deny; with a consent audit -> deny "
                    "(default-unparsable)\n"
                    "tighter  w: unscannable: audit -> deny; with a consent audit -> deny "
                    "(default-unscannable)\n"
                    "tighter  w: daemon-down: audit -> deny (default-daemon-down)\n"
                    "tighter  w: a file that is not known yet is held until it is classified\n"
                    "6 tighter, 0 looser, 0 mixed, 2 other\n");
        expect_diff(V "workloads:\n" WHO("w", "risk: medium"), V "workloads:\n" WHO("v", "risk: medium"),
                    "other    v: appears; what it was allowed as undeclared-ai until now:\n"
                    "other    w: vanishes; its processes become undeclared-ai:\n"
                    "0 tighter, 0 looser, 0 mixed, 2 other\n");
        expect_diff(V "workloads:\n  w: { match: { unit: a.service } }\n",
                    V "workloads:\n  w: { match: { exe: /bin/a } }\n",
                    "other    w: is matched in another way: other processes are in it now\n"
                    "0 tighter, 0 looser, 0 mixed, 1 other\n");
}

Test(policy_diff, host_mode)
{
        _cleanup_free_ char *text = NULL;
        PolicyDiff d;
        Fixture a, b;

        fixture_begin(&a);
        fixture_begin(&b);
        a.host_mode = POLICY_MODE_AUDIT;
        fixture_add(&a, BASELINE);
        fixture_add(&b, BASELINE);
        text = diff_text(&a, &b, &d);
        cr_expect(strncmp(text, "tighter  host mode: audit -> enforce\n", 37) == 0, "%s", text);
        cr_expect_eq(d.counts[POLICY_CHANGE_LOOSER], 0U);
        cr_expect_eq(d.counts[POLICY_CHANGE_MIXED], 0U);
        policy_diff_done(&d);
        fixture_end(&a);
        fixture_end(&b);
}

/* ------------------------------------------------------------------- show */

/* What show prints is a policy, and the same one. */
static void expect_round_trip(const char *const *files)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        Fixture a, b;
        FILE *f;

        fixture_begin(&a);
        fixture_begin(&b);
        for (; *files; files++)
                fixture_add(&a, *files);
        cr_assert_eq(fixture_compile(&a), 0);
        f = open_memstream(&text, &size);
        cr_assert_eq(policy_show(a.policy, a.tables, f), 0);
        cr_assert_eq(fclose(f), 0);
        fixture_add_text(&b, "show.yaml", text);
        cr_assert_eq(fixture_compile(&b), 0, "%s", text);
        cr_assert_eq(a.tables->n_workloads, b.tables->n_workloads);
        for (size_t w = 0; w < a.tables->n_workloads; w++) {
                cr_expect_str_eq(a.tables->workloads[w].name, b.tables->workloads[w].name);
                cr_expect_eq(a.tables->rows[w].flags, b.tables->rows[w].flags);
                for (size_t c = 0; c < AG_COLUMNS; c++)
                        for (size_t g = 0; g < AG_GRANT_SETS; g++) {
                                const struct ag_cell *ca = &a.tables->rows[w].cells[c],
                                                     *cb = &b.tables->rows[w].cells[c];

                                cr_expect_eq(ca->effective[g].action, cb->effective[g].action,
                                             "%s\n%zu %zu %zu", text, w, c, g);
                                cr_expect_eq(ca->would[g].action, cb->would[g].action);
                                cr_expect_str_eq(a.tables->rules[ca->would[g].rule].id,
                                                 b.tables->rules[cb->would[g].rule].id);
                        }
        }
        fixture_end(&a);
        fixture_end(&b);
}

Test(policy_show, is_a_policy_again)
{
        expect_round_trip((const char *const[]){ BASELINE, NULL });
        expect_round_trip(
                        (const char *const[]){ BASELINE, KZ, EU, "policies/examples/office-eu.yaml", NULL });
        expect_round_trip((const char *const[]){ BASELINE, "policies/examples/clinic.yaml", NULL });
        expect_round_trip((const char *const[]){ "policies/examples/trial.yaml",
                                                 "policies/examples/tighter-defaults.yaml", NULL });
}

/* -------------------------------------------------------------- sentences */

static void expect_sentence(const Fixture *f, const char *column, uint8_t grants, uint8_t strength,
                            uint8_t flags, const char *wanted)
{
        _cleanup_free_ char *text = NULL;
        struct ag_question q = {
                .strength = strength, .flags = flags, .n_columns = 1, .grants = { grants }
        };
        struct ag_answer a;

        q.columns[0] = (uint8_t) policy_column_parse(f->modelcaps, column);
        ag_decide(&f->tables->rows[AG_WORKLOAD_UNDECLARED], &q, &a);
        cr_assert_eq(policy_explain_sentence(f->tables, AG_WORKLOAD_UNDECLARED, &a, &text), 0);
        cr_expect_str_eq(text, wanted, "%s", text);
}

Test(policy_explain, sentences)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, BASELINE);
        fixture_add(&f, KZ);
        cr_assert_eq(fixture_compile(&f), 0);
        expect_sentence(&f, "emotion.face", 0, AG_STRENGTH_STRONG, 0,
                        "refused by rule kz-17-3-6 (KZ-AI-17-3-6), on emotion.face identified: "
                        "a consent or an approved exception lifts it");
        expect_sentence(&f, "emotion.face", AG_GRANT_CONSENT, AG_STRENGTH_STRONG, 0, "allowed by a grant");
        expect_sentence(&f, "emotion.face", 0, AG_STRENGTH_WEAK, 0,
                        "would be refused by rule kz-17-3-6 (KZ-AI-17-3-6), on emotion.face identified: "
                        "not enforced, because the signs that it is an AI workload are weak");
        expect_sentence(&f, "camera", 0, AG_STRENGTH_STRONG, AG_ASK_EMERGENCY,
                        "would be refused by rule kz-17-3-4-sensors (KZ-AI-17-3-4), on camera: "
                        "not enforced, because an emergency is declared for this workload");
        expect_sentence(&f, "camera", 0, AG_STRENGTH_STRONG, AG_ASK_MONITOR,
                        "would be refused by rule kz-17-3-4-sensors (KZ-AI-17-3-4), on camera: "
                        "not enforced, because the daemon is attached and not yet enforcing");
        expect_sentence(&f, "biometric-categorisation", AG_GRANT_CONSENT, AG_STRENGTH_STRONG, 0,
                        "refused by rule kz-17-3-5 (KZ-AI-17-3-5), on biometric-categorisation identified: "
                        "an approved exception lifts it, a consent does not");
        expect_sentence(&f, "unknown", 0, AG_STRENGTH_STRONG, 0,
                        "refused by rule default-unknown, on unknown: no grant lifts it");
        expect_sentence(&f, "undeclared-model", 0, AG_STRENGTH_STRONG, 0,
                        "allowed and reported by rule default-undeclared-model, on undeclared-model: "
                        "an approved exception lifts it, a consent does not");
        expect_sentence(&f, "face-detection", 0, AG_STRENGTH_STRONG, 0, "allowed: no rule speaks of it");
        fixture_end(&f);
}

Test(policy_explain, audit_says_what_enforcing_would_do)
{
        Fixture f;

        fixture_begin(&f);
        f.host_mode = POLICY_MODE_AUDIT;
        fixture_add(&f, KZ);
        cr_assert_eq(fixture_compile(&f), 0);
        expect_sentence(&f, "emotion.voice", 0, AG_STRENGTH_STRONG, 0,
                        "would be refused by rule kz-17-3-6 (KZ-AI-17-3-6), on emotion.voice identified: "
                        "not enforced, because the host is in audit mode");
        fixture_end(&f);
}

Test(policy_explain, lifts)
{
        const struct {
                uint8_t would[AG_GRANT_SETS];
                PolicyLift lift;
        } cases[] = {
                { { 0, 0, 0, 0 }, POLICY_LIFT_NEEDLESS }, { { 3, 3, 3, 3 }, POLICY_LIFT_NOTHING },
                { { 3, 0, 3, 0 }, POLICY_LIFT_CONSENT },  { { 3, 3, 0, 0 }, POLICY_LIFT_EXCEPTION },
                { { 3, 0, 0, 0 }, POLICY_LIFT_EITHER },   { { 5, 3, 4, 0 }, POLICY_LIFT_BOTH },
                { { 3, 2, 3, 2 }, POLICY_LIFT_CONSENT },  { { 2, 1, 2, 1 }, POLICY_LIFT_CONSENT },
                { { 5, 4, 4, 3 }, POLICY_LIFT_NOTHING },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct ag_cell cell = {};

                for (size_t g = 0; g < AG_GRANT_SETS; g++)
                        cell.would[g].action = cases[i].would[g];
                cr_expect_eq(policy_cell_lift(&cell), cases[i].lift, "case %zu", i);
        }
}
