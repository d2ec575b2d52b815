/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the decisions that the laws of Kazakhstan and of the European Union
 * ask for, one test for each row of their tables: shipped policy, signed
 * records and the function that makes verdicts, together. Every context and
 * modality that a row speaks of is decided. Movement and keystrokes, which the
 * European text also names, no model capability describes: no row here.
 */
#include <fcntl.h>

#include "grant-world.h"
#include "lib/classify-labels.h"

#define KZ_SUSPEND "policies/examples/kz-suspend.yaml"

typedef struct Row {
        const char *law;      /* policy file */
        const char *more;     /* another one beside it, or NULL */
        const char *place;    /* jurisdiction */
        const char *contexts; /* of the workload and its records: names with blanks between */
        const char *columns;  /* findings or sensors, the same */
        bool consent, exception;
        unsigned action;
        const char *rule; /* that refuses, or is logged; NULL: none */
        const char *id;   /* of the law, as the log gives it */
} Row;

#define ANYWHERE "workplace education public medical safety other"
#define AT_WORK "workplace education"
#define ELSEWHERE "public medical safety other"
#define BIOMETRIC "emotion.face emotion.voice emotion.physiological"

static char *bind(const char *base, const Row *row, const char *context, const char *column)
{
        bool camera = streq(column, "camera");
        char place[16], where[24], caps[64];

        snprintf(place, sizeof(place), "'%s'", row->place);
        snprintf(where, sizeof(where), "'%s'", context);
        snprintf(caps, sizeof(caps), camera ? "[]" : "['%s']", column);
        return grant_changed(base, "jurisdiction", place, "binding.context", where,
                             "binding.model_capabilities", caps, "binding.devices",
                             camera ? "['camera:video0']" : "[]", NULL);
}

static void begin_clinic(World *w, const char *law, const char *place, const char *context, const char *more)
{
        char policy[400];
        size_t n;

        snprintf(policy, sizeof(policy),
                 "aiguard: 1\nworkloads:\n  clinic:\n    jurisdiction: %s\n    match: { unit: \"a.service\" "
                 "}\n    context: %s\n",
                 place, context);
        if (more) {
                _cleanup_free_ char *whole = NULL, *text = NULL;

                cr_assert_eq(read_file_capped(AT_FDCWD, more, 65536, &text, &n), 0);
                /* One file may have workloads and rules. */
                cr_assert_eq(string_printf(&whole, "%s%s", policy, strstr(text, "rules:")), 0);
                begin(w, whole, law);
                return;
        }
        begin(w, policy, law);
}

static void decide_one(const Row *row, const char *context, const char *column)
{
        struct ag_question q = { .strength = AG_STRENGTH_STRONG, .n_columns = 1 };
        uint32_t object = streq(column, "camera") ? VIDEO0 : 0;
        const PolicyRule *rule;
        struct ag_answer a = {};
        World w;

        begin_clinic(&w, row->law, row->place, context, row->more);
        if (row->consent)
                add(&w, GRANT_CONSENT, bind(CONSENT, row, context, column), NOW);
        if (row->exception)
                add(&w, GRANT_EXCEPTION, bind(EXCEPTION, row, context, column), NOW);
        fold(&w, NOW);
        q.columns[0] = (uint8_t) policy_column_parse(w.f.modelcaps, column);
        for (unsigned g = AG_GRANT_CONSENT; g <= AG_GRANT_EXCEPTION; g <<= 1)
                if (until(&w, "clinic", column, g, object) > NOW)
                        q.grants[0] |= (uint8_t) g;
        cr_assert_eq(q.grants[0],
                     (row->consent ? AG_GRANT_CONSENT : 0) | (row->exception ? AG_GRANT_EXCEPTION : 0),
                     "%s, %s: not the grants that were given", context, column);
        ag_decide(&w.f.tables->rows[policy_tables_find(w.f.tables, "clinic")], &q, &a);
        cr_assert_eq(a.effective.action, row->action, "%s, %s: %s", context, column,
                     policy_action_to_string(a.effective.action));
        rule = a.effective.rule ? &w.f.tables->rules[a.effective.rule] : NULL;
        if (row->rule) {
                cr_assert(rule && streq(rule->id, row->rule), "%s, %s: by rule %s", context, column,
                          rule ? rule->id : "none");
                cr_assert_str_eq(rule->law, row->id, "%s, %s", context, column);
        } else
                cr_assert_null(rule, "%s, %s: by rule %s", context, column, rule ? rule->id : "");
        end(&w);
}

static void decide_row(const Row *row)
{
        _cleanup_free_ char *contexts = strdup(row->contexts);
        char *save = NULL;

        for (char *c = strtok_r(contexts, " ", &save); c; c = strtok_r(NULL, " ", &save)) {
                _cleanup_free_ char *columns = strdup(row->columns);
                char *inner = NULL;

                for (char *o = strtok_r(columns, " ", &inner); o; o = strtok_r(NULL, " ", &inner))
                        decide_one(row, c, o);
        }
}

#define ROW(suite, name, ...)                       \
        Test(suite, name)                           \
        {                                           \
                static const Row row = __VA_ARGS__; \
                decide_row(&row);                   \
        }

/* --------------------------------------------------------------- Kazakhstan */

ROW(law_kz, emotion_with_consent_is_allowed,
    { .law = KZ,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = BIOMETRIC,
      .consent = true,
      .action = AG_ACTION_ALLOW })
ROW(law_kz, emotion_with_a_signed_exception_is_allowed,
    { .law = KZ,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = BIOMETRIC,
      .exception = true,
      .action = AG_ACTION_ALLOW })
ROW(law_kz, emotion_without_either_is_denied,
    { .law = KZ,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = BIOMETRIC,
      .action = AG_ACTION_DENY,
      .rule = "kz-17-3-6",
      .id = "KZ-AI-17-3-6" })
ROW(law_kz, emotion_without_either_is_denied_and_suspended_where_the_owner_wants_it,
    { .law = KZ,
      .more = KZ_SUSPEND,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = BIOMETRIC,
      .action = AG_ACTION_SUSPEND,
      .rule = "kz-18-2-suspend",
      .id = "KZ-AI-18-2" })
ROW(law_kz, consent_lifts_the_suspension_too,
    { .law = KZ,
      .more = KZ_SUSPEND,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = BIOMETRIC,
      .consent = true,
      .action = AG_ACTION_ALLOW })
ROW(law_kz, text_is_logged_for_review,
    { .law = KZ,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = "emotion.text",
      .action = AG_ACTION_AUDIT,
      .rule = "kz-17-3-6-text",
      .id = "KZ-AI-17-3-6" })
ROW(law_kz, text_with_consent_needs_no_review,
    { .law = KZ,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = "emotion.text",
      .consent = true,
      .action = AG_ACTION_ALLOW })
ROW(law_kz, a_sensor_without_consent_is_denied,
    { .law = KZ,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = "camera",
      .action = AG_ACTION_DENY,
      .rule = "kz-17-3-4-sensors",
      .id = "KZ-AI-17-3-4" })
ROW(law_kz, a_sensor_with_consent_is_allowed,
    { .law = KZ,
      .place = "kz",
      .contexts = ANYWHERE,
      .columns = "camera",
      .consent = true,
      .action = AG_ACTION_ALLOW })

/* ----------------------------------------------------------- European Union */

ROW(law_eu, at_work_and_in_education_nothing_is_denied,
    { .law = EU,
      .place = "eu",
      .contexts = AT_WORK,
      .columns = BIOMETRIC,
      .action = AG_ACTION_DENY,
      .rule = "eu-5-1-f",
      .id = "EU-5-1-f" })
ROW(law_eu, at_work_and_in_education_consent_is_ignored,
    { .law = EU,
      .place = "eu",
      .contexts = AT_WORK,
      .columns = BIOMETRIC,
      .consent = true,
      .action = AG_ACTION_DENY,
      .rule = "eu-5-1-f",
      .id = "EU-5-1-f" })
ROW(law_eu, at_work_and_in_education_medical_or_safety_is_allowed,
    { .law = EU,
      .place = "eu",
      .contexts = AT_WORK,
      .columns = BIOMETRIC,
      .exception = true,
      .action = AG_ACTION_ALLOW })
ROW(law_eu, at_work_and_in_education_both_are_allowed,
    { .law = EU,
      .place = "eu",
      .contexts = AT_WORK,
      .columns = BIOMETRIC,
      .consent = true,
      .exception = true,
      .action = AG_ACTION_ALLOW })
ROW(law_eu, elsewhere_basis_and_notice_is_allowed,
    { .law = EU,
      .place = "eu",
      .contexts = ELSEWHERE,
      .columns = BIOMETRIC,
      .consent = true,
      .action = AG_ACTION_ALLOW })
ROW(law_eu, elsewhere_nothing_is_denied,
    { .law = EU,
      .place = "eu",
      .contexts = ELSEWHERE,
      .columns = BIOMETRIC,
      .action = AG_ACTION_DENY,
      .rule = "eu-annex-iii-1-c",
      .id = "EU-AnnexIII-1-c" })
ROW(law_eu, text_is_allowed_and_not_flagged,
    { .law = EU, .place = "eu", .contexts = ANYWHERE, .columns = "emotion.text", .action = AG_ACTION_ALLOW })
ROW(law_eu, a_sensor_with_consent_is_allowed,
    { .law = EU,
      .place = "eu",
      .contexts = ANYWHERE,
      .columns = "camera",
      .consent = true,
      .action = AG_ACTION_ALLOW })

/* "GDPR basis and notice": a record without either is none. */
Test(law_eu, elsewhere_a_record_without_basis_or_notice_is_none)
{
        static const struct {
                const char *path, *value, *code;
        } cases[] = {
                { "notice", NULL, "consent_incomplete:notice" },
                { "notice.uri", NULL, "consent_incomplete:notice.uri" },
                { "lawful_basis", NULL, "consent_incomplete:lawful_basis" },
                { "lawful_basis", "'ImpliedConsent'", "lawful_basis:lawful_basis" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = grant_changed(CONSENT, "jurisdiction", "'EU'", cases[i].path,
                                                          cases[i].value, NULL);
                char code[GRANT_CODE_MAX];
                GrantError e = {};
                Grant *g = NULL;

                cr_assert_eq(grant_parse(GRANT_CONSENT, text, strlen(text), &g, &e), -EBADMSG);
                grant_error_code(&e, code);
                cr_assert_str_eq(code, cases[i].code);
        }
}

Test(law_eu, that_consent_does_not_lift_the_ban_is_said)
{
        static const Row eu = { .place = "eu" };
        _cleanup_free_ char *text = bind(CONSENT, &eu, "workplace", "emotion.face");
        _cleanup_free_ char *other = bind(EXCEPTION, &eu, "workplace", "emotion.face");
        _cleanup_(grant_freep) Grant *g = NULL, *x = NULL;
        uint8_t column = 0;
        uint16_t rule;
        World w;

        begin_clinic(&w, EU, "eu", "workplace", NULL);
        cr_assert_eq(grant_parse(GRANT_CONSENT, text, strlen(text), &g, NULL), 0);
        cr_assert_eq(grant_parse(GRANT_EXCEPTION, other, strlen(other), &x, NULL), 0);
        cr_assert_eq(grant_check_policy(g, w.f.tables, w.f.modelcaps, NULL), 0);
        rule = grant_forbidden_by(g, w.f.tables, w.f.modelcaps, &column);
        cr_assert_neq(rule, 0);
        cr_assert_str_eq(w.f.tables->rules[rule].law, "EU-5-1-f");
        cr_assert_eq(grant_forbidden_by(x, w.f.tables, w.f.modelcaps, &column), 0);
        end(&w);
}

/* ----------------------------------------------------------------------- any */

/* Labels of fatigue or pain alone are no finding, so no column is asked; the sensor's rows above stay. */
Test(law_any, fatigue_and_pain_are_no_emotion)
{
        static const char *const lists[][6] = { { "alert", "drowsy" },
                                                { "awake", "fatigue", "yawning" },
                                                { "pain", "no pain" },
                                                { "open eyes", "closed eyes", "tired" } };
        Fixture f;

        fixture_begin(&f);
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                LabelList l = { .where = "test", .labels = (const char **) lists[i] };
                LabelForms forms;
                LabelMatch m;

                while (l.n < ARRAY_SIZE(lists[i]) && lists[i][l.n])
                        l.n++;
                l.n_total = l.n;
                label_forms_make(&forms, &l, true);
                label_list_match(&f.modelcaps->vocabularies[vocabulary_find(f.modelcaps, "emotion")], &l,
                                 &forms, &m);
                cr_assert_not(m.matches, "%s, %s", lists[i][0], lists[i][1]);
        }
        fixture_end(&f);
}

Test(law_any, a_state_that_is_not_given_or_renewed_lifts_nothing)
{
        static const char *const states[] = { "ConsentUnknown",         "ConsentRequested",
                                              "ConsentRequestDeferred", "ConsentRefused",
                                              "ConsentWithdrawn",       "ConsentRevoked",
                                              "ConsentExpired",         "ConsentInvalidated",
                                              "ConsentTerminated",      "ConsentImagined" };

        for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
                _cleanup_(grant_freep) Grant *g = NULL;
                char state[40];
                _cleanup_free_ char *text = NULL;

                snprintf(state, sizeof(state), "'%s'", states[i]);
                text = grant_changed(CONSENT, "events.0.state", state, NULL);
                cr_assert_eq(grant_parse(GRANT_CONSENT, text, strlen(text), &g, NULL), 0);
                cr_assert_eq(grant_holds(g, NOW), GRANT_STATE_INVALID, "%s", states[i]);
        }
}
