/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what holds is open, by AND: one withdrawal closes a key until
 * somebody says anew who is there. And the decisions that the law asks for, row
 * by row, through policy, grants and verdict.
 */
#include "grant-fixture.h"
#include "lib/grant-fold.h"
#include "policy-fixture.h"

#define NOW 1790000000000000ULL /* 2026-09-21T14:13:20Z */
#define HOUR 3600000000ULL
#define VIDEO0 AG_DEV(81, 0)
#define VIDEO1 AG_DEV(81, 1)
#define WORKLOAD_KZ                                                                                     \
        "aiguard: 1\nworkloads:\n  clinic:\n    jurisdiction: kz\n    match: { unit: \"a.service\" }\n" \
        "    context: other\n  other-room:\n    jurisdiction: kz\n    match: { unit: \"b.service\" }\n"

typedef struct World {
        Fixture f;
        char *path;
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        TrustKey key;
        GrantStore *store;
        GrantClaims claims;
        GrantKey *keys;
        size_t n_keys;
        uint64_t next;
} World;

static void begin(World *w, const char *policy, const char *law)
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };

        *w = (World){};
        fixture_begin(&w->f);
        cr_assert_geq(sodium_init(), 0);
        crypto_sign_seed_keypair(w->key.public_key, w->secret, seed);
        trust_key_id(w->key.public_key, w->key.id);
        cr_assert_eq(string_printf(&w->path, "%s/store", w->f.dir), 0);
        cr_assert_eq(grant_store_open(w->path, true, &w->store, NULL), 0);
        fixture_add(&w->f, BASELINE);
        fixture_add(&w->f, law);
        fixture_add_text(&w->f, "90.yaml", policy);
        cr_assert_eq(fixture_compile(&w->f), 0);
}

static void end(World *w)
{
        grant_claims_done(&w->claims);
        grant_store_free(w->store);
        free(w->path);
        free(w->keys);
        fixture_end(&w->f);
}

static const char *name_at(unsigned seconds, char *buffer, size_t size)
{
        snprintf(buffer, size, "'2026-09-21T13:%02u:%02uZ'", seconds / 60, seconds % 60);
        return buffer;
}

/* Takes the payload. */
static void add(World *w, GrantKind kind, char *payload, uint64_t now)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *text = NULL, *owned = payload;
        char code[GRANT_CODE_MAX];
        GrantError e = {};
        int r = grant_parse(kind, owned, strlen(owned), &g, &e);

        if (r >= 0)
                r = envelope_make(kind, owned, strlen(owned), w->secret, &text);
        if (r >= 0)
                r = grant_store_import(w->store, text, strlen(text), g, &w->key, now, 0, &e);
        grant_error_code(&e, code);
        cr_assert_eq(r, 0, "%s", code);
        cr_assert_eq(grant_claims_set(&w->claims,
                                      (size_t) (grant_store_find(w->store, g->id) -
                                                grant_store_get(w->store, 0)),
                                      g),
                     0);
}

static size_t devices(void *userdata, const char *kind, const char *name, uint32_t *ret, size_t max)
{
        if (!streq(kind, "camera"))
                return 0;
        ret[0] = streq(name, "video0") ? VIDEO0 : VIDEO1;
        return 1;
}

static size_t models(void *userdata, const char *digest, uint32_t *ret, size_t max)
{
        ret[0] = 7;
        ret[1] = 9;
        return streq(digest, DIGEST_1) ? 2 : 0;
}

static void fold(World *w, uint64_t now)
{
        GrantFoldInput in = { .claims = &w->claims,
                              .store = w->store,
                              .tables = w->f.tables,
                              .modelcaps = w->f.modelcaps,
                              .now_usec = now,
                              .devices = devices,
                              .models = models };

        free(w->keys);
        w->keys = NULL;
        cr_assert_eq(grant_fold(&in, &w->keys, &w->n_keys, &w->next), 0);
}

/* Until when; 0: closed. */
static uint64_t until(const World *w, const char *workload, const char *column, unsigned grant,
                      uint32_t object)
{
        int workload_number = policy_tables_find(w->f.tables, workload);
        int c = policy_column_parse(w->f.modelcaps, column);

        cr_assert_geq(workload_number, 0);
        cr_assert_geq(c, 0);
        for (size_t i = 0; i < w->n_keys; i++)
                if (w->keys[i].key.workload == workload_number && w->keys[i].key.column == c &&
                    w->keys[i].key.grant == grant && w->keys[i].key.model == object)
                        return w->keys[i].until_usec;
        return 0;
}

static bool camera_open(World *w, uint64_t now)
{
        fold(w, now);
        return until(w, "clinic", "camera", AG_GRANT_CONSENT, VIDEO0) > now;
}

#define UNTIL(text) "valid.until", "'" text "'"
#define MADE(text) "events.0.time", "'" text "'"
#define ID(id) "record_id", "'" id "'"
#define PERSON(digit) \
        "principal.id", "'sha256:" digit "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"
#define MEMBER "binding.subject_scope", "'enrolled_set'"

Test(grant_fold, one_record_opens_what_it_names)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW);
        fold(&w, NOW);
        cr_assert_eq(w.n_keys, 4, "three columns of the capability and one camera, not %zu", w.n_keys);
        cr_assert_gt(until(&w, "clinic", "camera", AG_GRANT_CONSENT, VIDEO0), NOW);
        cr_assert_gt(until(&w, "clinic", "emotion.face", AG_GRANT_CONSENT, 0), NOW);
        cr_assert_eq(until(&w, "clinic", "camera", AG_GRANT_CONSENT, VIDEO1), 0, "another camera");
        cr_assert_eq(until(&w, "clinic", "camera", AG_GRANT_CONSENT, 0), 0, "any camera");
        cr_assert_eq(until(&w, "clinic", "camera", AG_GRANT_EXCEPTION, VIDEO0), 0, "another kind of grant");
        cr_assert_eq(until(&w, "clinic", "emotion.voice", AG_GRANT_CONSENT, 0), 0, "another capability");
        cr_assert_eq(until(&w, "other-room", "camera", AG_GRANT_CONSENT, VIDEO0), 0, "another workload");
        end(&w);
}

Test(grant_fold, a_model_that_is_named_is_the_only_one)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, "binding.model_digest", "['sha256:" DIGEST_1 "']", NULL), NOW);
        fold(&w, NOW);
        cr_assert_gt(until(&w, "clinic", "emotion.face", AG_GRANT_CONSENT, 7), NOW);
        cr_assert_gt(until(&w, "clinic", "emotion.face", AG_GRANT_CONSENT, 9), NOW);
        cr_assert_eq(until(&w, "clinic", "emotion.face", AG_GRANT_CONSENT, 0), 0);
        cr_assert_eq(until(&w, "clinic", "emotion.face", AG_GRANT_CONSENT, 8), 0);
        end(&w);
}

Test(grant_fold, another_context_or_law_or_workload_is_no_consent)
{
        static const struct {
                const char *path, *value, *code;
        } cases[] = {
                { "binding.context", "'workplace'", "context_mismatch:workplace" },
                { "jurisdiction", "'EU'", "jurisdiction_mismatch:eu" },
                { "binding.system_id", "'nobody'", "unknown_workload:nobody" },
                { "binding.system_id", "'undeclared-ai'", "unknown_workload:undeclared-ai" },
                { "binding.model_capabilities", "['emotion.smell']", "unknown_object:emotion.smell" },
        };
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char *text = grant_changed(CONSENT, cases[i].path, cases[i].value, NULL);
                _cleanup_(grant_freep) Grant *g = NULL;
                char code[GRANT_CODE_MAX];
                GrantError e = {};

                cr_assert_eq(grant_parse(GRANT_CONSENT, text, strlen(text), &g, &e), 0);
                cr_assert_eq(grant_check_policy(g, w.f.tables, w.f.modelcaps, &e), -EBADMSG);
                grant_error_code(&e, code);
                cr_assert_str_eq(code, cases[i].code);
                free(text);
        }
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, "binding.context", "'workplace'", NULL), NOW);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, ID(ID_B), "jurisdiction", "'EU'", NULL), NOW);
        fold(&w, NOW);
        cr_assert_eq(w.n_keys, 0);
        end(&w);
}

Test(grant_fold, time_opens_and_closes)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, "valid.from", "'2026-09-21T15:13:20Z'", UNTIL("2026-09-21T16:13:20Z"),
                          NULL),
            NOW);
        cr_assert_not(camera_open(&w, NOW));
        cr_assert_eq(w.next, NOW + HOUR, "the beginning is waited for");
        cr_assert(camera_open(&w, NOW + HOUR));
        cr_assert_eq(w.next, NOW + 2 * HOUR);
        cr_assert_eq(until(&w, "clinic", "camera", AG_GRANT_CONSENT, VIDEO0), NOW + 2 * HOUR);
        cr_assert_not(camera_open(&w, NOW + 2 * HOUR));
        cr_assert_eq(w.next, UINT64_MAX);
        end(&w);
}

Test(grant_fold, two_people_on_one_camera_and_one_withdraws)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, PERSON("0"), NULL), NOW);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, ID(ID_B), PERSON("1"), NULL), NOW);
        cr_assert(camera_open(&w, NOW));
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW + HOUR, 0), 0);
        cr_assert_not(camera_open(&w, NOW + HOUR), "the one who stays cannot consent for the one who left");
        /* and what was said before the withdrawal does not reopen it, however late it comes */
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, ID(ID_C), PERSON("2"), MADE("2026-09-21T15:00:00Z"), NULL),
            NOW + 2 * HOUR);
        cr_assert_not(camera_open(&w, NOW + 2 * HOUR));
        /* said anew, after it */
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, ID(ID_B), PERSON("1"), MADE("2026-09-21T15:30:00Z"), NULL),
            NOW + 2 * HOUR);
        cr_assert(camera_open(&w, NOW + 2 * HOUR));
        end(&w);
}

Test(grant_fold, an_enrolled_set_holds_while_each_member_does)
{
        const char *bad = NULL;
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_SET, grant_changed(SET, NULL), NOW);
        cr_assert_not(camera_open(&w, NOW), "no member yet");
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, PERSON("0"), MEMBER, NULL), NOW);
        cr_assert_not(camera_open(&w, NOW), "one of two");
        cr_assert_eq(grant_claim_holds(&w.claims, w.store, 0, NOW, &bad), GRANT_MEMBER);
        cr_assert_str_eq(bad, ID_B);
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, ID(ID_B), PERSON("1"), MEMBER, UNTIL("2026-09-22T00:00:00Z"), NULL), NOW);
        cr_assert(camera_open(&w, NOW));
        cr_assert_eq(w.next, 1790035200000000ULL, "the first member to run out ends it");
        cr_assert_eq(grant_claim_holds(&w.claims, w.store, 0, NOW, NULL), GRANT_OK);

        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW + HOUR, 0), 0);
        cr_assert_not(camera_open(&w, NOW + HOUR), "one withdraws, none may be seen");
        add(&w, GRANT_SET,
            grant_changed(SET, "version", "2", "members", "['" ID_B "']", "issued", "'2026-09-21T15:30:00Z'",
                          NULL),
            NOW + 2 * HOUR);
        cr_assert(camera_open(&w, NOW + 2 * HOUR), "amended: without the one who left");
        cr_assert_not(camera_open(&w, 1790035200000000ULL), "the other's time is over");
        end(&w);
}

Test(grant_fold, a_member_must_have_allowed_what_the_set_opens)
{
        static const struct {
                const char *path, *value;
        } less[] = {
                { "binding.devices", "['camera:video1']" },
                { "binding.devices", "[]" },
                { "binding.model_capabilities", "[]" },
                { "binding.model_digest", "['sha256:" DIGEST_0 "']" },
                { "binding.system_id", "'other-room'" },
                { "binding.context", "'public'" },
                { "binding.subject_scope", "'single'" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(less); i++) {
                World w;

                begin(&w, WORKLOAD_KZ, KZ);
                add(&w, GRANT_SET, grant_changed(SET, "members", "['" ID_A "']", NULL), NOW);
                add(&w, GRANT_CONSENT, grant_changed(CONSENT, MEMBER, less[i].path, less[i].value, NULL),
                    NOW);
                fold(&w, NOW);
                cr_assert_eq(grant_claim_holds(&w.claims, w.store, 0, NOW, NULL), GRANT_MEMBER, "%s %s",
                             less[i].path, less[i].value);
                end(&w);
        }
}

Test(grant_fold, a_member_alone_opens_nothing)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, MEMBER, NULL), NOW);
        fold(&w, NOW);
        cr_assert_eq(w.n_keys, 0);
        end(&w);
}

Test(grant_fold, a_renewal_is_seamless)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, UNTIL("2026-09-21T15:13:20Z"), NULL), NOW);
        /* the same person, by a new record, before the old one is over */
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, ID(ID_B), MADE("2026-09-21T14:00:00Z"), UNTIL("2026-09-21T18:13:20Z"),
                          NULL),
            NOW);
        cr_assert(camera_open(&w, NOW));
        cr_assert_eq(until(&w, "clinic", "camera", AG_GRANT_CONSENT, VIDEO0), NOW + 4 * HOUR,
                     "the kernel does not stop at the end of the old one");
        cr_assert(camera_open(&w, NOW + 2 * HOUR));
        /* but a withdrawal of the old one is one */
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW + HOUR, 0), 0);
        cr_assert_not(camera_open(&w, NOW + HOUR));
        end(&w);
}

Test(grant_fold, who_withdraws_from_one_camera_is_not_seen_through_any)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, PERSON("0"), NULL), NOW);
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, ID(ID_B), PERSON("1"), "binding.devices", "['camera']", NULL), NOW);
        fold(&w, NOW);
        cr_assert_gt(until(&w, "clinic", "camera", AG_GRANT_CONSENT, 0), NOW);
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW, 0), 0);
        fold(&w, NOW);
        cr_assert_eq(until(&w, "clinic", "camera", AG_GRANT_CONSENT, 0), 0);
        cr_assert_eq(until(&w, "clinic", "camera", AG_GRANT_CONSENT, VIDEO0), 0);
        end(&w);

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, PERSON("0"), NULL), NOW);
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, ID(ID_B), PERSON("1"), "binding.devices", "['camera']", NULL), NOW);
        cr_assert_eq(grant_store_end(w.store, ID_B, GRANT_STATE_WITHDRAWN, NOW, 0), 0);
        cr_assert_not(camera_open(&w, NOW), "who withdrew from all withdrew from this one");
        end(&w);
}

Test(grant_fold, what_cannot_be_verified_holds_nothing)
{
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, PERSON("0"), NULL), NOW);
        add(&w, GRANT_CONSENT, grant_changed(CONSENT, ID(ID_B), PERSON("1"), NULL), NOW);
        cr_assert(camera_open(&w, NOW));
        grant_claims_void(&w.claims, 1, GRANT_KEY_REVOKED);
        cr_assert_not(camera_open(&w, NOW), "of two, one's consent is void");
        cr_assert_eq(grant_claim_holds(&w.claims, w.store, 1, NOW, NULL), GRANT_KEY_REVOKED);
        w.claims.claims[0].state = CLAIM_UNREAD;
        cr_assert_not(camera_open(&w, NOW));
        end(&w);
}

Test(grant_fold, thousands_fold_into_one_key)
{
        char id[64], person[128], at[64];
        World w;

        begin(&w, WORKLOAD_KZ, KZ);
        for (unsigned i = 0; i < 300; i++) {
                snprintf(id, sizeof(id), "'%08x-0000-4000-8000-000000000000'", i);
                snprintf(person, sizeof(person), "'sha256:%08x%056x'", i, i);
                add(&w, GRANT_CONSENT,
                    grant_changed(CONSENT, "record_id", id, "principal.id", person, "events.0.time",
                                  name_at(i, at, sizeof(at)), NULL),
                    NOW);
        }
        cr_assert(camera_open(&w, NOW));
        cr_assert_eq(w.n_keys, 4);
        cr_assert_eq(w.claims.n_bindings, 1);
        cr_assert_eq(grant_store_end(w.store, "00000042-0000-4000-8000-000000000000", GRANT_STATE_REVOKED,
                                     NOW, 0),
                     0);
        cr_assert_not(camera_open(&w, NOW), "one of three hundred");
        end(&w);
}

/* ------------------------------------------------------------- the law's table */

typedef struct Row {
        const char *what;
        const char *law;     /* policy file */
        const char *place;   /* jurisdiction */
        const char *context; /* "*": each */
        const char *column;  /* "biometric": each of the three modalities; NULL: no finding */
        bool consent, exception;
        unsigned action;
        const char *rule; /* that refuses or would; NULL: none */
} Row;

static const Row law_table[] = {
        { "kz, face/voice/physio, consent", KZ, "kz", "*", "biometric", true, false, AG_ACTION_ALLOW, NULL },
        { "kz, the same, exception", KZ, "kz", "*", "biometric", false, true, AG_ACTION_ALLOW, NULL },
        { "kz, the same, nothing", KZ, "kz", "*", "biometric", false, false, AG_ACTION_DENY, "kz-17-3-6" },
        { "kz, text, nothing", KZ, "kz", "*", "emotion.text", false, false, AG_ACTION_AUDIT,
          "kz-17-3-6-text" },
        { "eu, workplace, consent is ignored", EU, "eu", "workplace", "biometric", true, false,
          AG_ACTION_DENY, "eu-5-1-f" },
        { "eu, workplace, nothing", EU, "eu", "workplace", "biometric", false, false, AG_ACTION_DENY,
          "eu-5-1-f" },
        { "eu, education, consent is ignored", EU, "eu", "education", "biometric", true, false,
          AG_ACTION_DENY, "eu-5-1-f" },
        { "eu, workplace, medical or safety", EU, "eu", "workplace", "biometric", false, true,
          AG_ACTION_ALLOW, NULL },
        { "eu, education, medical or safety", EU, "eu", "education", "biometric", true, true,
          AG_ACTION_ALLOW, NULL },
        { "eu, other, basis and notice", EU, "eu", "other", "biometric", true, false, AG_ACTION_ALLOW,
          NULL },
        { "eu, public, basis and notice", EU, "eu", "public", "biometric", true, false, AG_ACTION_ALLOW,
          NULL },
        { "eu, medical, basis and notice", EU, "eu", "medical", "biometric", true, false, AG_ACTION_ALLOW,
          NULL },
        { "eu, other, nothing", EU, "eu", "other", "biometric", false, false, AG_ACTION_DENY,
          "eu-annex-iii-1-c" },
        { "eu, text", EU, "eu", "*", "emotion.text", false, false, AG_ACTION_ALLOW, NULL },
        { "any, fatigue or pain only: no finding", KZ, "kz", "*", NULL, false, false, AG_ACTION_ALLOW,
          NULL },
        { "any, fatigue or pain only, eu", EU, "eu", "*", NULL, false, false, AG_ACTION_ALLOW, NULL },
        { "kz, the sensor of such a workload", KZ, "kz", "*", "camera", false, false, AG_ACTION_DENY,
          "kz-17-3-4-sensors" },
        { "kz, the sensor with consent", KZ, "kz", "*", "camera", true, false, AG_ACTION_ALLOW, NULL },
        { "eu, the sensor with consent", EU, "eu", "*", "camera", true, false, AG_ACTION_ALLOW, NULL },
};

static const char *const contexts[] = { "workplace", "education", "public", "medical", "safety", "other" };
static const char *const modalities[] = { "emotion.face", "emotion.voice", "emotion.physiological" };

static char *bind(const char *base, const Row *row, const char *context, const char *column)
{
        char place[16], where[24], caps[64];
        bool camera = column && streq(column, "camera");

        snprintf(place, sizeof(place), "'%s'", row->place);
        snprintf(where, sizeof(where), "'%s'", context);
        snprintf(caps, sizeof(caps), camera || !column ? "[]" : "['%s']", column);
        return grant_changed(base, "jurisdiction", place, "binding.context", where,
                             "binding.model_capabilities", caps, "binding.devices",
                             camera ? "['camera:video0']" : "[]", NULL);
}

static void decide_row(const Row *row, const char *context, const char *column)
{
        struct ag_question q = { .strength = AG_STRENGTH_STRONG };
        struct ag_answer a = {};
        char policy[400];
        uint16_t rule;
        int number;
        World w;

        snprintf(policy, sizeof(policy),
                 "aiguard: 1\nworkloads:\n  clinic:\n    jurisdiction: %s\n    match: { unit: \"a.service\" "
                 "}\n"
                 "    context: %s\n",
                 row->place, context);
        begin(&w, policy, row->law);
        if (row->consent)
                add(&w, GRANT_CONSENT, bind(CONSENT, row, context, column), NOW);
        if (row->exception)
                add(&w, GRANT_EXCEPTION, bind(EXCEPTION, row, context, column), NOW);
        fold(&w, NOW);
        if (column) {
                uint32_t object = streq(column, "camera") ? VIDEO0 : 0;

                q.n_columns = 1;
                q.columns[0] = (uint8_t) policy_column_parse(w.f.modelcaps, column);
                for (unsigned g = AG_GRANT_CONSENT; g <= AG_GRANT_EXCEPTION; g <<= 1)
                        if (until(&w, "clinic", column, g, object) > NOW)
                                q.grants[0] |= (uint8_t) g;
                cr_assert_eq(q.grants[0], (row->consent ? AG_GRANT_CONSENT : 0) |
                                                          (row->exception ? AG_GRANT_EXCEPTION : 0));
        }
        number = policy_tables_find(w.f.tables, "clinic");
        ag_decide(&w.f.tables->rows[number], &q, &a);
        rule = a.would.rule;
        cr_assert_eq(a.effective.action, row->action, "%s, %s, %s: %s", row->what, context,
                     column ? column : "-", policy_action_to_string(a.effective.action));
        if (row->rule)
                cr_assert_str_eq(w.f.tables->rules[rule].id, row->rule, "%s, %s", row->what, context);
        end(&w);
}

Test(law, decision_table_row_by_row)
{
        for (size_t i = 0; i < ARRAY_SIZE(law_table); i++) {
                const Row *row = &law_table[i];
                bool each = row->column && streq(row->column, "biometric");

                for (size_t c = 0; c < ARRAY_SIZE(contexts); c++) {
                        if (!streq(row->context, "*") && !streq(row->context, contexts[c]))
                                continue;
                        for (size_t m = 0; m < (each ? ARRAY_SIZE(modalities) : 1); m++)
                                decide_row(row, contexts[c], each ? modalities[m] : row->column);
                }
        }
}

Test(law, consent_does_not_lift_the_ban_at_work_and_it_is_said)
{
        char policy[] = "aiguard: 1\nworkloads:\n  clinic:\n    jurisdiction: eu\n    match: { unit: "
                        "\"a.service\" }\n"
                        "    context: workplace\n";
        static const Row eu = { .place = "eu" };
        _cleanup_free_ char *text = bind(CONSENT, &eu, "workplace", "emotion.face");
        _cleanup_free_ char *other = bind(EXCEPTION, &eu, "workplace", "emotion.face");
        _cleanup_(grant_freep) Grant *g = NULL, *x = NULL;
        uint8_t column = 0;
        uint16_t rule;
        World w;

        begin(&w, policy, EU);
        cr_assert_eq(grant_parse(GRANT_CONSENT, text, strlen(text), &g, NULL), 0);
        cr_assert_eq(grant_parse(GRANT_EXCEPTION, other, strlen(other), &x, NULL), 0);
        cr_assert_eq(grant_check_policy(g, w.f.tables, w.f.modelcaps, NULL), 0);
        rule = grant_forbidden_by(g, w.f.tables, w.f.modelcaps, &column);
        cr_assert_neq(rule, 0);
        cr_assert_str_eq(w.f.tables->rules[rule].law, "EU-5-1-f");
        cr_assert_eq(grant_forbidden_by(x, w.f.tables, w.f.modelcaps, &column), 0);
        end(&w);
}
