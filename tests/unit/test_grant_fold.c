/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what holds is open, by AND: one withdrawal closes a key until
 * somebody says anew who is there.
 */
#include "grant-world.h"

#define WORKLOAD_KZ                                                                                     \
        "aiguard: 1\nworkloads:\n  clinic:\n    jurisdiction: kz\n    match: { unit: \"a.service\" }\n" \
        "    context: other\n  other-room:\n    jurisdiction: kz\n    match: { unit: \"b.service\" }\n"

static const char *name_at(unsigned seconds, char *buffer, size_t size)
{
        snprintf(buffer, size, "'2026-09-21T13:%02u:%02uZ'", seconds / 60, seconds % 60);
        return buffer;
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
