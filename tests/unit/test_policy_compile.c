/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel gets: the table of defaults, the laws, modes, scope, holds, and the same bytes each time. */
#include "policy-fixture.h"

#define V "aiguard: 1\n"
#define N AG_GRANT_SETS

static void expect_cell(const Fixture *f, const char *workload, const char *column,
                        const uint8_t effective[N], const uint8_t would[N])
{
        const struct ag_cell *cell = fixture_cell(f, workload, column);

        for (unsigned g = 0; g < N; g++) {
                cr_expect_eq(cell->effective[g].action, effective[g], "%s %s grants %u: %s, not %s",
                             workload, column, g, policy_action_to_string(cell->effective[g].action),
                             policy_action_to_string(effective[g]));
                cr_expect_eq(cell->would[g].action, would[g], "%s %s grants %u would: %s, not %s", workload,
                             column, g, policy_action_to_string(cell->would[g].action),
                             policy_action_to_string(would[g]));
        }
}

static void expect_actions(const Fixture *f, const char *workload, const char *column, uint8_t none,
                           uint8_t consent, uint8_t exception, uint8_t both)
{
        const uint8_t all[N] = { none, consent, exception, both };

        expect_cell(f, workload, column, all, all);
}

static void expect_rule(const Fixture *f, const char *workload, const char *column, const char *id,
                        const char *law)
{
        const struct ag_decision *d = &fixture_cell(f, workload, column)->would[0];

        cr_assert_lt(d->rule, f->tables->n_rules);
        cr_expect_str_eq(f->tables->rules[d->rule].id, id, "%s %s: %s", workload, column,
                         f->tables->rules[d->rule].id);
        cr_expect_str_eq(f->tables->rules[d->rule].law, law);
}

/* -------------------------------------------------- the table of defaults */

static const char classes[] =
                V "workloads:\n"
                  "  minimal: { match: { unit: a.service }, risk: minimal }\n"
                  "  medium: { match: { unit: b.service }, risk: medium }\n"
                  "  high: { match: { unit: c.service }, risk: high, state_equivalent: false }\n"
                  "  state: { match: { unit: d.service }, risk: high, state_equivalent: true }\n";

/* One line of the table in the documentation: undeclared, minimal and medium alike, then high, then state. */
static void expect_line(const char *column, const char *rule, uint8_t medium, uint8_t high, uint8_t state)
{
        const struct {
                const char *workload;
                uint8_t action;
        } cells[] = {
                { "undeclared-ai", medium }, { "minimal", medium }, { "medium", medium }, { "high", high },
                { "state", state },
        };
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, BASELINE);
        fixture_add_text(&f, "20-classes.yaml", classes);
        cr_assert_eq(fixture_compile(&f), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
                const struct ag_cell *cell = fixture_cell(&f, cells[i].workload, column);

                cr_expect_eq(cell->effective[0].action, cells[i].action, "%s on %s: %s", cells[i].workload,
                             column, policy_action_to_string(cell->effective[0].action));
                cr_expect_eq(cell->would[0].action, cells[i].action);
                expect_rule(&f, cells[i].workload, column, rule, "");
        }
        cr_expect_eq(fixture_cell(&f, "other", column)->would[0].action, AG_ACTION_ALLOW, "no AI workload");
        fixture_end(&f);
}

#define LINE(name, column, rule, medium, high, state)                                               \
        Test(policy_defaults, name)                                                                 \
        {                                                                                           \
                expect_line(column, rule, AG_ACTION_##medium, AG_ACTION_##high, AG_ACTION_##state); \
        }

LINE(prohibited_face, "emotion.face", "baseline-emotion", DENY, DENY, DENY)
LINE(prohibited_voice, "emotion.voice", "baseline-emotion", DENY, DENY, DENY)
LINE(prohibited_physiological, "emotion.physiological", "baseline-emotion", DENY, DENY, DENY)
LINE(suspect_face, "emotion.face:suspect", "default-suspect", AUDIT, DENY, DENY)
LINE(suspect_voice, "emotion.voice:suspect", "default-suspect", AUDIT, DENY, DENY)
LINE(capable, "emotion.face:capable", "default-capable", REPORT, AUDIT, AUDIT)
LINE(capable_of_anything, "general-purpose-vision:capable", "default-capable", REPORT, AUDIT, AUDIT)
LINE(undeclared_model, "undeclared-model", "default-undeclared-model", REPORT, AUDIT, DENY)
LINE(camera, "camera", "default-sensor", DENY, DENY, DENY)
LINE(microphone, "microphone", "default-sensor", DENY, DENY, DENY)
LINE(network_camera, "network-camera", "default-sensor", DENY, DENY, DENY)
LINE(on_unparsable, "unparsable", "default-unparsable", AUDIT, DENY, DENY)
LINE(on_unscannable, "unscannable", "default-unscannable", AUDIT, DENY, DENY)
LINE(on_unknown, "unknown", "default-unknown", DENY, DENY, DENY)
LINE(on_daemon_down, "daemon-down", "default-daemon-down", AUDIT, DENY, DENY)

Test(policy_defaults, nothing_prohibited_without_a_rule)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "a.yaml", classes);
        cr_assert_eq(fixture_compile(&f), 0);
        expect_actions(&f, "state", "emotion.face", 0, 0, 0, 0);
        expect_actions(&f, "state", "emotion.face:suspect", 0, 0, 0, 0);
        expect_actions(&f, "state", "unknown", AG_ACTION_DENY, AG_ACTION_DENY, AG_ACTION_DENY,
                       AG_ACTION_DENY);
        fixture_end(&f);
}

Test(policy_defaults, tightened)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, BASELINE);
        fixture_add_text(&f, "20-classes.yaml", classes);
        fixture_add_text(&f, "30-t.yaml",
                         V "defaults:\n  suspect: deny\n  prohibited: { high: kill }\n  undeclared_model: { "
                           "medium: audit }\n");
        cr_assert_eq(fixture_compile(&f), 0);
        expect_actions(&f, "medium", "emotion.face:suspect", AG_ACTION_DENY, 0, 0, 0);
        expect_actions(&f, "high", "emotion.face", AG_ACTION_KILL, 0, 0, 0);
        expect_rule(&f, "high", "emotion.face", "default-prohibited", "");
        expect_actions(&f, "medium", "emotion.face", AG_ACTION_DENY, 0, 0, 0);
        expect_actions(&f, "medium", "undeclared-model", AG_ACTION_AUDIT, AG_ACTION_AUDIT, 0, 0);
        expect_actions(&f, "state", "undeclared-model", AG_ACTION_DENY, AG_ACTION_DENY, 0, 0);
        fixture_end(&f);
}

/* ----------------------------------------------------------------- laws */

static const char people[] =
                V "workloads:\n"
                  "  kz-any: { match: { unit: a.service }, jurisdiction: kz, context: workplace }\n"
                  "  eu-work: { match: { unit: b.service }, jurisdiction: eu, context: workplace }\n"
                  "  eu-school: { match: { unit: c.service }, jurisdiction: eu, context: education }\n"
                  "  eu-other: { match: { unit: d.service }, jurisdiction: eu, context: other }\n"
                  "  eu-public: { match: { unit: e.service }, jurisdiction: eu, context: public }\n"
                  "  both: { match: { unit: f.service }, jurisdiction: [kz, eu], context: workplace }\n";

Test(policy_laws, kz_and_eu_differ)
{
        static const char *const modalities[] = { "emotion.face", "emotion.voice", "emotion.physiological" };
        const uint8_t D = AG_ACTION_DENY, A = AG_ACTION_AUDIT;
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, BASELINE);
        fixture_add(&f, KZ);
        fixture_add(&f, EU);
        fixture_add_text(&f, "60-people.yaml", people);
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_eq(diag_count(f.diag, DIAG_WARNING), 0U);

        for (size_t i = 0; i < ARRAY_SIZE(modalities); i++) {
                expect_actions(&f, "kz-any", modalities[i], D, 0, 0,
                               0); /* consent lifts, an exception too */
                expect_rule(&f, "kz-any", modalities[i], "kz-17-3-6", "KZ-AI-17-3-6");
                expect_actions(&f, "eu-work", modalities[i], D, D, 0, 0); /* consent is ignored */
                expect_rule(&f, "eu-work", modalities[i], "eu-5-1-f", "EU-5-1-f");
                expect_actions(&f, "eu-school", modalities[i], D, D, 0, 0);
                expect_actions(&f, "eu-other", modalities[i], D, 0, 0, 0);
                expect_rule(&f, "eu-other", modalities[i], "eu-annex-iii-1-c", "EU-AnnexIII-1-c");
                expect_actions(&f, "eu-public", modalities[i], D, 0, 0, 0);
                expect_actions(&f, "both", modalities[i], D, D, 0, 0); /* each law must be satisfied */
                expect_actions(&f, "undeclared-ai", modalities[i], D, 0, 0,
                               0); /* under both, context other */
        }
        expect_actions(&f, "kz-any", "emotion.text", A, 0, 0, 0); /* review, not settled */
        expect_rule(&f, "kz-any", "emotion.text", "kz-17-3-6-text", "KZ-AI-17-3-6");
        expect_actions(&f, "eu-work", "emotion.text", 0, 0, 0, 0); /* no biometric data */
        expect_actions(&f, "eu-other", "emotion.text", 0, 0, 0, 0);
        expect_actions(&f, "kz-any", "biometric-categorisation", D, D, 0, 0);
        expect_rule(&f, "eu-other", "biometric-categorisation", "eu-5-1-g", "EU-5-1-g");
        expect_actions(&f, "kz-any", "camera", D, 0, 0, 0);
        expect_rule(&f, "kz-any", "camera", "kz-17-3-4-sensors", "KZ-AI-17-3-4");
        expect_rule(&f, "eu-work", "camera", "default-sensor", "");
        /* a suspicion is lifted by what lifts the certainty */
        expect_actions(&f, "eu-work", "emotion.face:suspect", A, A, 0, 0);
        expect_actions(&f, "kz-any", "emotion.face:suspect", A, 0, 0, 0);
        fixture_end(&f);
}

Test(policy_laws, host_jurisdiction_is_for_those_who_name_none)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, KZ);
        fixture_add_text(&f, "60.yaml",
                         V "workloads:\n  quiet: { match: { unit: a.service } }\n"
                           "  abroad: { match: { unit: b.service }, jurisdiction: eu }\n");
        cr_assert_eq(fixture_compile(&f), 0);
        expect_rule(&f, "undeclared-ai", "emotion.face", "kz-17-3-6", "KZ-AI-17-3-6");
        expect_rule(&f, "quiet", "emotion.face", "kz-17-3-6", "KZ-AI-17-3-6");
        expect_actions(&f, "abroad", "emotion.face", 0, 0, 0, 0);
        cr_expect_str_eq(f.tables->workloads[AG_WORKLOAD_UNDECLARED].jurisdiction, "kz");
        cr_expect_str_eq(f.tables->workloads[policy_tables_find(f.tables, "abroad")].jurisdiction, "eu");
        fixture_end(&f);
}

Test(policy_laws, jurisdiction_of_aiguard_conf_adds)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, KZ);
        f.jurisdiction = "eu kz";
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_str_eq(f.tables->workloads[AG_WORKLOAD_UNDECLARED].jurisdiction, "eu, kz");
        cr_expect_eq(diag_count(f.diag, DIAG_WARNING), 1U, "no rule speaks of eu");
        fixture_end(&f);
}

/* ----------------------------------------------------------- composition */

Test(policy_compile, each_rule_must_be_lifted_by_itself)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "a.yaml",
                         V "rules:\n"
                           "  - { id: a, model_capability: emotion.face, unless: consent, action: deny }\n"
                           "  - { id: b, model_capability: emotion.face, unless: exception, action: kill }\n"
                           "  - { id: c, model_capability: emotion.voice, unless: [consent, exception], "
                           "action: deny }\n"
                           "  - { id: d, model_capability: emotion.voice, action: audit }\n");
        cr_assert_eq(fixture_compile(&f), 0);
        expect_actions(&f, "undeclared-ai", "emotion.face", AG_ACTION_KILL, AG_ACTION_KILL, AG_ACTION_DENY,
                       0);
        expect_actions(&f, "undeclared-ai", "emotion.voice", AG_ACTION_DENY, AG_ACTION_AUDIT,
                       AG_ACTION_AUDIT, AG_ACTION_AUDIT);
        fixture_end(&f);
}

Test(policy_compile, certainty_is_a_threshold)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "a.yaml",
                         V "rules:\n  - { id: a, model_capability: \"emotion.*\", certainty: suspect, "
                           "action: kill }\n");
        cr_assert_eq(fixture_compile(&f), 0);
        expect_rule(&f, "undeclared-ai", "emotion.text", "a", "");
        expect_rule(&f, "undeclared-ai", "emotion.text:suspect", "a", "");
        expect_rule(&f, "undeclared-ai", "emotion.text:capable", "default-capable", "");
        fixture_end(&f);
}

Test(policy_compile, modes)
{
        const uint8_t audit[N] = { AG_ACTION_AUDIT, 0, 0, 0 }, deny[N] = { AG_ACTION_DENY, 0, 0, 0 };
        static const char rules[] =
                        "rules:\n"
                        "  - { id: a, model_capability: emotion.text, unless: [consent, exception], action: "
                        "deny }\n"
                        "  - { id: b, model_capability: face-detection, unless: [consent, exception], "
                        "action: deny, mode: audit }\n";
        const struct {
                PolicyMode host;
                const char *file;
                const uint8_t *a, *b;
        } cases[] = {
                { POLICY_MODE_ENFORCE, "enforce", deny, audit },
                { POLICY_MODE_ENFORCE, "audit", audit, audit },
                { POLICY_MODE_AUDIT, "enforce", audit, audit },
                { POLICY_MODE_AUDIT, "audit", audit, audit },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = NULL;
                Fixture f;

                fixture_begin(&f);
                f.host_mode = cases[i].host;
                cr_assert_eq(string_printf(&text, V "mode: %s\n%s", cases[i].file, rules), 0);
                fixture_add_text(&f, "a.yaml", text);
                cr_assert_eq(fixture_compile(&f), 0);
                expect_cell(&f, "undeclared-ai", "emotion.text", cases[i].a, deny);
                expect_cell(&f, "undeclared-ai", "face-detection", cases[i].b, deny);
                cr_expect_eq(f.tables->mode, cases[i].host);
                fixture_end(&f);
        }
}

Test(policy_compile, audit_never_holds)
{
        for (int mode = POLICY_MODE_AUDIT; mode <= POLICY_MODE_ENFORCE; mode++) {
                Fixture f;

                fixture_begin(&f);
                f.host_mode = (PolicyMode) mode;
                fixture_add(&f, BASELINE);
                cr_assert_eq(fixture_compile(&f), 0);
                for (size_t w = 0; w < f.tables->n_workloads; w++) {
                        bool held = f.tables->rows[w].flags & AG_ROW_HOLD;

                        cr_expect_eq(held, mode == POLICY_MODE_ENFORCE && w != AG_WORKLOAD_OTHER);
                        for (size_t c = 0; mode == POLICY_MODE_AUDIT && c < AG_COLUMNS; c++)
                                cr_expect_lt(f.tables->rows[w].cells[c].effective[0].action, AG_ACTION_DENY);
                }
                fixture_end(&f);
        }
}

/* Sensors and deadlines refuse as well, and need no look into a file. */
Test(policy_compile, only_refused_models_hold)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "a.yaml", classes);
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_eq(f.tables->rows[policy_tables_find(f.tables, "medium")].flags, 0U);
        cr_expect_eq(f.tables->rows[policy_tables_find(f.tables, "state")].flags, (unsigned) AG_ROW_HOLD,
                     "a model nobody declared is refused there");
        fixture_end(&f);
}

Test(policy_compile, other_is_all_allow)
{
        static const struct ag_row empty;
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, BASELINE);
        fixture_add(&f, KZ);
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_eq(memcmp(&f.tables->rows[AG_WORKLOAD_OTHER], &empty, sizeof(empty)), 0);
        fixture_end(&f);
}

Test(policy_compile, numbers_and_names)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, BASELINE);
        fixture_add_text(&f, "50-clinic.yaml", classes);
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_str_eq(f.tables->name, "baseline + clinic");
        cr_expect_eq(policy_tables_find(f.tables, "other"), AG_WORKLOAD_OTHER);
        cr_expect_eq(policy_tables_find(f.tables, "undeclared-ai"), AG_WORKLOAD_UNDECLARED);
        cr_expect_eq(policy_tables_find(f.tables, "minimal"), AG_WORKLOAD_FIRST);
        cr_expect_eq(policy_tables_find(f.tables, "nobody"), -ENOENT);
        cr_expect_str_eq(f.tables->rules[0].id, "");
        cr_expect_str_eq(f.tables->rules[1].id, "baseline-emotion");
        cr_expect_eq(f.tables->rules[1].line, 10U);
        cr_expect_str_eq(f.tables->columns[AG_COL_CAMERA], "camera");
        cr_expect_str_eq(f.tables->columns[policy_column_parse(f.modelcaps, "emotion.face")],
                         "emotion.face identified");
        cr_expect_str_eq(f.tables->columns[policy_column_parse(f.modelcaps, "emotion.face:capable")],
                         "emotion.face capable");
        cr_expect_eq(policy_column_parse(f.modelcaps, "emotion.face:identified"),
                     policy_column_parse(f.modelcaps, "emotion.face"));
        cr_expect_eq(policy_column_parse(f.modelcaps, "daemon-down"), AG_COL_DAEMON_DOWN);
        cr_expect_eq(policy_column_parse(f.modelcaps, "camera:suspect"), -ENOENT);
        cr_expect_eq(policy_column_parse(f.modelcaps, "emotion.face:perhaps"), -ENOENT);
        cr_expect_eq(policy_column_parse(f.modelcaps, ""), -ENOENT);
        fixture_end(&f);
}

Test(policy_compile, deterministic)
{
        Fixture a, b;

        fixture_begin(&a);
        fixture_begin(&b);
        for (int i = 0; i < 2; i++) {
                Fixture *f = i ? &b : &a;

                fixture_add(f, BASELINE);
                fixture_add(f, KZ);
                fixture_add_text(f, "60-people.yaml", people);
                cr_assert_eq(fixture_compile(f), 0);
        }
        cr_assert_eq(a.tables->n_workloads, b.tables->n_workloads);
        cr_expect_eq(memcmp(a.tables->rows, b.tables->rows, a.tables->n_workloads * sizeof(struct ag_row)),
                     0);
        cr_expect_str_eq(a.tables->hash, b.tables->hash);
        cr_expect_eq(strlen(a.tables->hash), 64U);
        fixture_end(&a);
        fixture_end(&b);
}

/* The hash is one that a person can make: sha256sum FILES | sha256sum. */
Test(policy_compile, hash)
{
        char line[128] = "";
        Fixture f;
        FILE *p;

        fixture_begin(&f);
        fixture_add(&f, BASELINE);
        fixture_add(&f, KZ);
        cr_assert_eq(fixture_compile(&f), 0);
        p = popen("cd policies && sha256sum baseline.yaml kz.yaml | sha256sum", "r");
        cr_assert_not_null(p);
        cr_assert_not_null(fgets(line, sizeof(line), p));
        pclose(p);
        line[64] = '\0';
        cr_expect_str_eq(line, f.tables->hash);
        fixture_end(&f);
}

Test(policy_compile, examples)
{
        static const struct {
                const char *example;
                const char *with; /* beside the baseline */
        } examples[] = {
                { "policies/examples/clinic.yaml", NULL },
                { "policies/examples/kz-suspend.yaml", KZ },
                { "policies/examples/office-eu.yaml", EU },
                { "policies/examples/trial.yaml", NULL },
                { "policies/examples/tighter-defaults.yaml", NULL },
        };
        size_t n = 0;
        FILE *p;
        int c;

        for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
                Fixture f;

                fixture_begin(&f);
                fixture_add(&f, BASELINE);
                if (examples[i].with)
                        fixture_add(&f, examples[i].with);
                fixture_add(&f, examples[i].example);
                cr_expect_eq(fixture_compile(&f), 0, "%s", examples[i].example);
                fixture_end(&f);
        }
        p = popen("ls policies/examples/*.yaml", "r");
        cr_assert_not_null(p);
        while ((c = fgetc(p)) != EOF)
                n += c == '\n';
        pclose(p);
        cr_expect_eq(n, ARRAY_SIZE(examples), "each example is in this test");
}

Test(policy_compile, suspend_is_the_stricter)
{
        Fixture f;

        fixture_begin(&f);
        fixture_add(&f, KZ);
        fixture_add(&f, "policies/examples/kz-suspend.yaml");
        cr_assert_eq(fixture_compile(&f), 0);
        expect_actions(&f, "undeclared-ai", "emotion.face", AG_ACTION_SUSPEND, 0, 0, 0);
        expect_rule(&f, "undeclared-ai", "emotion.face", "kz-18-2-suspend", "KZ-AI-18-2");
        fixture_end(&f);
}

/* ------------------------------------------------------------ attestations */

#define ATTESTATION "policies/kz-attestation.yaml"
static const char attesting[] =
                V "workloads:\n"
                  "  clinic: { match: { unit: a.service }, risk: high, jurisdiction: kz, context: "
                  "medical }\n"
                  "  shop: { match: { unit: b.service }, risk: medium, jurisdiction: kz }\n"
                  "  office: { match: { unit: c.service }, risk: high, jurisdiction: eu }\n";

static void begin_attesting(Fixture *f, const PolicyAttested *attested, size_t n)
{
        fixture_begin(f);
        fixture_add(f, BASELINE);
        fixture_add(f, KZ);
        fixture_add(f, EU);
        fixture_add(f, ATTESTATION);
        fixture_add_text(f, "60-who.yaml", attesting);
        f->attested = attested;
        f->n_attested = n;
        cr_assert_eq(fixture_compile(f), 0);
}

static bool is_missing(const Fixture *f, const char *workload, const char *column)
{
        const struct ag_decision *d = &fixture_cell(f, workload, column)->effective[AG_GRANT_SETS - 1];
        const PolicyRule *r = &f->tables->rules[d->rule];

        return d->action == AG_ACTION_DENY && strcmp(r->id, "kz-attestation-missing") == 0 &&
               strcmp(r->law, "KZ-AI-17-3") == 0 && strv_length(r->attest) == 4;
}

#define ITEM(n)                                                                     \
        {                                                                           \
                .workload = "clinic", .context = "medical", .item = "KZ-AI-17-3-" n \
        }

Test(policy_compile, without_attestation_high_risk_is_refused)
{
        static const char *const columns[] = {
                "emotion.text:capable", "face-detection:capable", "camera",
                "microphone",           "undeclared-model",       "unparsable",
        };
        Fixture f;

        begin_attesting(&f, NULL, 0);
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
                cr_expect(is_missing(&f, "clinic", columns[i]), "%s", columns[i]);
                cr_expect_not(is_missing(&f, "shop", columns[i]), "medium: %s", columns[i]);
                cr_expect_not(is_missing(&f, "office", columns[i]), "another law: %s", columns[i]);
                cr_expect_not(is_missing(&f, "undeclared-ai", columns[i]), "%s", columns[i]);
        }
        fixture_end(&f);
}

Test(policy_compile, attestation_of_all_items_lifts)
{
        static const PolicyAttested all[] = { ITEM("1"), ITEM("2"), ITEM("3"), ITEM("7") };
        Fixture f;

        begin_attesting(&f, all, ARRAY_SIZE(all));
        cr_expect_not(is_missing(&f, "clinic", "camera"));
        /* What else is forbidden stays so. */
        expect_rule(&f, "clinic", "emotion.face", "kz-17-3-6", "KZ-AI-17-3-6");
        expect_actions(&f, "clinic", "undeclared-model", AG_ACTION_AUDIT, AG_ACTION_AUDIT, AG_ACTION_ALLOW,
                       AG_ACTION_ALLOW);
        fixture_end(&f);
        for (size_t without = 0; without < ARRAY_SIZE(all); without++) {
                PolicyAttested three[3];
                size_t n = 0;

                for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                        if (i != without)
                                three[n++] = all[i];
                begin_attesting(&f, three, n);
                cr_expect(is_missing(&f, "clinic", "camera"), "without %s", all[without].item);
                fixture_end(&f);
        }
}

/* Of this workload, as it was attested. */
Test(policy_compile, attestation_of_something_else)
{
        static const PolicyAttested others[][4] = {
                { { "shop", "other", "*" } },
                { { "clinic", "public", "*" } },
                { { "clinic", "", "KZ-AI-17-3" } },
        };
        static const PolicyAttested any[] = { { "clinic", "", "*" } };
        Fixture f;

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                begin_attesting(&f, others[i], 1);
                cr_expect(is_missing(&f, "clinic", "camera"), "%zu", i);
                fixture_end(&f);
        }
        begin_attesting(&f, any, 1);
        cr_expect_not(is_missing(&f, "clinic", "camera"));
        fixture_end(&f);
}

Test(policy_compile, attestation_in_audit)
{
        Fixture f;

        fixture_begin(&f);
        f.host_mode = POLICY_MODE_AUDIT;
        fixture_add(&f, ATTESTATION);
        fixture_add_text(&f, "60-who.yaml", attesting);
        cr_assert_eq(fixture_compile(&f), 0);
        cr_expect_eq(fixture_cell(&f, "clinic", "camera")->effective[0].action, AG_ACTION_AUDIT);
        cr_expect_eq(fixture_cell(&f, "clinic", "camera")->would[0].action, AG_ACTION_DENY);
        fixture_end(&f);
}
