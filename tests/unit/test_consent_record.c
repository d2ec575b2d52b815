/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: records: what is whole is read; each way of being wrong has a reason of its own that names the place. */
#include <inttypes.h>

#include "grant-fixture.h"

#define NOW 1790000000000000ULL /* September 2026 */

static void expect(GrantKind kind, const char *text, size_t size, const char *wanted, const char *what)
{
        char code[GRANT_CODE_MAX];
        GrantError e = {};
        Grant *g = NULL;
        int r = grant_parse(kind, text, size, &g, &e);

        grant_error_code(&e, code);
        cr_assert_eq(r, -EBADMSG, "%s: taken", what);
        cr_assert_null(g);
        cr_assert_str_eq(code, wanted, "%s: %s, not %s", what, code, wanted);
        cr_assert(*grant_reason_sentence(e.reason));
}

static Grant *good(GrantKind kind, const char *text)
{
        char code[GRANT_CODE_MAX];
        GrantError e = {};
        Grant *g = NULL;
        int r = grant_parse(kind, text, strlen(text), &g, &e);

        grant_error_code(&e, code);
        cr_assert_eq(r, 0, "%s in %s", code, text);
        return g;
}

Test(consent_record, a_whole_one_is_read)
{
        _cleanup_free_ char *text = grant_changed(CONSENT, NULL);
        _cleanup_(grant_freep) Grant *g = good(GRANT_CONSENT, text);

        cr_assert_str_eq(g->id, ID_A);
        cr_assert_str_eq(g->jurisdiction, "kz");
        cr_assert_str_eq(g->workload, "clinic");
        cr_assert_str_eq(g->context, "other");
        cr_assert_eq(g->state, GRANT_STATE_GIVEN);
        cr_assert_eq(g->scope, GRANT_SCOPE_SINGLE);
        cr_assert_eq(json_array_size(g->modelcaps), 1);
        cr_assert_eq(grant_holds(g, NOW), GRANT_OK);
        cr_assert_eq(grant_holds(g, g->from_usec - 1), GRANT_NOT_YET);
        cr_assert_eq(grant_holds(g, g->from_usec), GRANT_OK);
        cr_assert_eq(grant_holds(g, g->until_usec - 1), GRANT_OK);
        cr_assert_eq(grant_holds(g, g->until_usec), GRANT_EXPIRED, "the end is not part of it");
}

/* Law 94-V, Art. 8(4), and what ISO/IEC TS 27560 makes mandatory. */
Test(consent_record, each_missing_item_is_named)
{
        static const char *const items[] = {
                "conforms_to",
                "record_id",
                "jurisdiction",
                "language",
                "operator",
                "operator.name",
                "operator.bin",
                "operator.address",
                "operator.contact",
                "principal",
                "principal.id",
                "principal.full_name_ref",
                "notice",
                "notice.uri",
                "purposes",
                "data",
                "lawful_basis",
                "third_parties",
                "third_parties.allowed",
                "cross_border",
                "cross_border.allowed",
                "publication",
                "storage",
                "storage.locations",
                "storage.retention",
                "valid",
                "valid.from",
                "valid.until",
                "events",
                "withdrawal",
                "withdrawal.uri",
                "binding",
                "binding.system_id",
                "binding.context",
                "binding.subject_scope",
        };

        for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
                _cleanup_free_ char *gone = grant_changed(CONSENT, items[i], NULL, NULL);
                _cleanup_free_ char *null = grant_changed(CONSENT, items[i], "null", NULL);
                char wanted[GRANT_CODE_MAX];

                snprintf(wanted, sizeof(wanted), "consent_incomplete:%s", items[i]);
                expect(GRANT_CONSENT, gone, strlen(gone), wanted, items[i]);
                if (!streq(items[i], "events"))
                        expect(GRANT_CONSENT, null, strlen(null), wanted, items[i]);
        }
}

Test(consent_record, other_laws_do_not_ask_for_what_only_kz_wants)
{
        _cleanup_free_ char *text = grant_changed(CONSENT, "jurisdiction", "'EU'", "operator.bin", NULL,
                                                  "principal.full_name_ref", NULL, "cross_border", NULL,
                                                  "publication", NULL, NULL);
        _cleanup_(grant_freep) Grant *g = good(GRANT_CONSENT, text);

        cr_assert_str_eq(g->jurisdiction, "eu");
}

typedef struct Case {
        const char *path, *value, *wanted;
} Case;

static void run(GrantKind kind, const char *base, const Case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *text = grant_changed(base, cases[i].path, cases[i].value, NULL);

                expect(kind, text, strlen(text), cases[i].wanted, cases[i].path);
        }
}

Test(consent_record, each_wrong_value_has_its_reason)
{
        static const Case cases[] = {
                { "record_id", "'1'", "bad_value:record_id" },
                { "record_id", "'A6F58318-72e6-4a2b-bfd7-f36d795e30cd'", "bad_value:record_id" },
                { "record_id", "7", "wrong_type:record_id" },
                { "jurisdiction", "'K/Z'", "bad_value:jurisdiction" },
                { "operator", "[]", "wrong_type:operator" },
                { "operator.bin", "'12345678901'", "bad_value:operator.bin" },
                { "operator.bin", "'12345678901x'", "bad_value:operator.bin" },
                { "operator.fax", "'1'", "unknown_key:operator.fax" },
                { "principal.id", "'Anna Ivanova'", "bad_value:principal.id" },
                { "purposes", "[]", "consent_incomplete:purposes" },
                { "purposes", "'all'", "wrong_type:purposes" },
                { "data", "[1]", "wrong_type:data" },
                { "data", "['']", "bad_value:data" },
                { "lawful_basis", "'ImpliedConsent'", "lawful_basis:lawful_basis" },
                { "third_parties", "{'allowed': true}", "consent_incomplete:third_parties.names" },
                { "third_parties.allowed", "'no'", "wrong_type:third_parties.allowed" },
                { "cross_border.allowed", "true", "consent_incomplete:cross_border.countries" },
                { "publication", "0", "wrong_type:publication" },
                { "storage.retention", "'EndlessDuration'", "endless_duration:storage.retention" },
                { "storage.retention", "'for long'", "bad_value:storage.retention" },
                { "storage.retention", "'P'", "bad_value:storage.retention" },
                { "valid.until", "'EndlessDuration'", "endless_duration:valid.until" },
                { "valid.until", "'dpv:EndlessDuration'", "endless_duration:valid.until" },
                { "valid.duration", "'https://w3id.org/dpv#EndlessDuration'",
                  "endless_duration:valid.duration" },
                { "valid.duration", "'P6M'", "bad_value:valid.duration" },
                { "valid.until", "'2026-01-01T00:00:00Z'", "time_reversed:valid.until" },
                { "valid.until", "'2026-02-01T00:00:00Z'", "time_reversed:valid.until" },
                { "valid.until", "'2036-08-01'", "bad_value:valid.until" },
                { "valid.until", "'2036-02-31T00:00:00Z'", "bad_value:valid.until" },
                { "valid.from", "1769904000", "wrong_type:valid.from" },
                { "events", "{}", "wrong_type:events" },
                { "events", "[]", "consent_incomplete:events" },
                { "events", "['ConsentGiven']", "wrong_type:events" },
                { "events",
                  "[{'state': 'ConsentGiven', 'time': '2026-02-02T00:00:00Z', 'by': 'p'}, "
                  "{'state': 'ConsentWithdrawn', 'time': '2026-02-01T00:00:00Z', 'by': 'p'}]",
                  "time_reversed:events.time" },
                { "events", "[{'state': 'ConsentGiven', 'time': '2037-01-01T00:00:00Z', 'by': 'p'}]",
                  "time_reversed:events" },
                { "binding.subject_scope", "'public'", "scope_public:binding.subject_scope" },
                { "binding.subject_scope", "'everybody'", "bad_value:binding.subject_scope" },
                { "binding.devices", "['scanner:x']", "unknown_object:binding.devices" },
                { "binding.devices", "['camera:../../x']", "bad_value:binding.devices" },
                { "binding.devices", "['camera:']", "bad_value:binding.devices" },
                { "binding.devices", "['cam']", "unknown_object:binding.devices" },
                { "binding.model_digest", "['sha256:12']", "bad_value:binding.model_digest" },
                { "binding.everything", "true", "unknown_key:binding.everything" },
                { "valid_for_all", "true", "unknown_key:valid_for_all" },
        };

        run(GRANT_CONSENT, CONSENT, cases, ARRAY_SIZE(cases));
}

Test(consent_record, bound_to_nothing_is_no_consent_to_everything)
{
        _cleanup_free_ char *text = grant_changed(CONSENT, "binding.devices", "[]",
                                                  "binding.model_capabilities", "[]", NULL);

        expect(GRANT_CONSENT, text, strlen(text), "consent_incomplete:binding.model_capabilities",
               "bound to nothing");
}

static void expect_reason(const char *text, size_t size, GrantReason wanted, const char *what)
{
        GrantError e = {};
        Grant *g = NULL;

        cr_assert_eq(grant_parse(GRANT_CONSENT, text, size, &g, &e), -EBADMSG, "%s", what);
        cr_assert_eq(e.reason, wanted, "%s: %s", what, grant_reason_sentence(e.reason));
}

Test(consent_record, bytes_that_are_no_document)
{
        _cleanup_free_ char *whole = grant_changed(CONSENT, NULL), *big = malloc(GRANT_BYTES_MAX + 1);
        _cleanup_free_ char *deep = calloc(1, 100000);
        char bad[] = "{\"a\": \"\xff\"}", twice[] = "{\"a\": 1, \"a\": 2}",
             inner[] = "{\"b\": {\"a\": 1, \"a\": 2}}";

        for (size_t n = 0; n < strlen(whole); n += 7)
                expect_reason(whole, n, GRANT_TRUNCATED, "cut");
        memset(big, ' ', GRANT_BYTES_MAX + 1);
        memcpy(big, whole, strlen(whole));
        expect_reason(big, GRANT_BYTES_MAX + 1, GRANT_TOO_LARGE, "one byte too long");
        grant_free(good(GRANT_CONSENT, whole));
        for (unsigned levels = 17; levels < 40000; levels *= 3) {
                size_t n = (size_t) sprintf(deep, "{\"a\":");

                memset(deep + n, '[', levels);
                memset(deep + n + levels, ']', levels);
                strcpy(deep + n + levels + levels, "}");
                expect_reason(deep, strlen(deep), GRANT_TOO_DEEP, "deep");
        }
        expect_reason(bad, strlen(bad), GRANT_NOT_UTF8, "not UTF-8");
        expect_reason(twice, strlen(twice), GRANT_DUPLICATE_KEY, "twice");
        expect_reason(inner, strlen(inner), GRANT_DUPLICATE_KEY, "twice, inside");
        expect_reason("{]", 2, GRANT_SYNTAX, "no JSON");
        expect_reason("{} {}", 5, GRANT_SYNTAX, "two documents");
        expect_reason("[]", 2, GRANT_WRONG_TYPE, "a list");
        expect_reason("{\"a\": \"\\u0000\"}", 14, GRANT_SYNTAX, "a NUL");
}

Test(consent_record, only_given_and_renewed_hold)
{
        static const char *const states[] = {
                "ConsentUnknown",         "ConsentRequested",
                "ConsentRequestDeferred", "ConsentRefused",
                "ConsentWithdrawn",       "ConsentRevoked",
                "ConsentExpired",         "ConsentInvalidated",
                "ConsentTerminated",      "Given",
                "consentgiven",           "",
                "dpv:dpv:ConsentGiven",
        };
        static const char *const valid[] = { "ConsentGiven", "RenewedConsentGiven", "dpv:ConsentGiven",
                                             "https://w3id.org/dpv#RenewedConsentGiven" };

        for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
                GrantState s = grant_state_from_string(states[i]);

                cr_assert_not(grant_state_valid(s), "%s", states[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(valid); i++)
                cr_assert(grant_state_valid(grant_state_from_string(valid[i])), "%s", valid[i]);
        cr_assert_eq(grant_state_from_string("ConsentTerminated"), GRANT_STATE_REVOKED);
        cr_assert_str_eq(grant_state_to_string(GRANT_STATE_WITHDRAWN), "ConsentWithdrawn");
}

Test(consent_record, the_latest_event_is_the_state)
{
        _cleanup_free_ char *text = grant_changed(
                        CONSENT, "events",
                        "[{'state': 'ConsentRequested', 'time': '2026-02-01T00:00:00Z', 'by': 'operator'}, "
                        "{'state': 'ConsentGiven', 'time': '2026-02-03T00:00:00Z', 'by': 'principal'}, "
                        "{'state': 'ConsentWithdrawn', 'time': '2026-03-01T00:00:00Z', 'by': 'principal'}]",
                        NULL);
        _cleanup_(grant_freep) Grant *g = good(GRANT_CONSENT, text);

        cr_assert_eq(g->state, GRANT_STATE_WITHDRAWN);
        cr_assert_eq(grant_holds(g, NOW), GRANT_STATE_INVALID);
        cr_assert_gt(g->made_usec, g->from_usec);
}

Test(consent_record, nothing_is_consented_to_before_it_was_said)
{
        _cleanup_free_ char *text = grant_changed(CONSENT, "events.0.time", "'2026-05-01T00:00:00Z'", NULL);
        _cleanup_(grant_freep) Grant *g = good(GRANT_CONSENT, text);

        cr_assert_eq(g->from_usec, g->made_usec);
}

Test(consent_record, exceptions_and_sets)
{
        static const Case exception[] = {
                { "law", NULL, "consent_incomplete:law" },
                { "approver", NULL, "consent_incomplete:approver" },
                { "approver.name", NULL, "consent_incomplete:approver.name" },
                { "purpose", "'profit'", "bad_value:purpose" },
                { "reason", NULL, "consent_incomplete:reason" },
                { "issued", "'2040-01-01T00:00:00Z'", "time_reversed:issued" },
        };
        static const Case set[] = {
                { "members", NULL, "consent_incomplete:members" },
                { "members", "[]", "consent_incomplete:members" },
                { "members", "['x']", "bad_value:members" },
                { "version", NULL, "consent_incomplete:version" },
                { "version", "0", "bad_value:version" },
                { "version", "1.5", "wrong_type:version" },
                { "valid.until", "'EndlessDuration'", "endless_duration:valid.until" },
        };
        _cleanup_free_ char *e_text = grant_changed(EXCEPTION, NULL), *s_text = grant_changed(SET, NULL);
        _cleanup_(grant_freep) Grant *e = good(GRANT_EXCEPTION, e_text), *s = good(GRANT_SET, s_text);

        cr_assert_str_eq(e->law, "EU-5-1-f");
        cr_assert_eq(grant_holds(e, NOW), GRANT_OK);
        cr_assert_eq(json_array_size(s->members), 2);
        cr_assert_eq(s->version, 1);
        run(GRANT_EXCEPTION, EXCEPTION, exception, ARRAY_SIZE(exception));
        run(GRANT_SET, SET, set, ARRAY_SIZE(set));
}

Test(consent_record, declarations_are_grants_too)
{
        const char *text = "{\"aiguard\": 1, \"kind\": \"workload\", \"reason\": \"r\", \"made\": "
                           "\"2026-01-01T00:00:00Z\", \"until\": \"2036-12-31T00:00:00Z\", \"by_uid\": 0, "
                           "\"workload\": {\"name\": \"qr\"}}";
        _cleanup_(grant_freep) Grant *g = good(GRANT_DECLARATION, text);

        cr_assert_str_eq(g->workload, "qr");
        cr_assert(grant_id_valid(g->id));
        expect(GRANT_DECLARATION, "{}", 2, "bad_value:\"kind\" must be model, workload, sensor or emergency",
               "empty");
}

Test(consent_record, attestations)
{
        static const Case cases[] = {
                { "items", NULL, "consent_incomplete:items" },
                { "items", "[]", "bad_value:items" },
                { "items", "{}", "wrong_type:items" },
                { "items", "['KZ-AI-17-3-1']", "wrong_type:items" },
                { "items.0.law", NULL, "consent_incomplete:items.law" },
                { "items.0.law", "''", "consent_incomplete:items.law" },
                { "items.0.law",
                  "'KZ-AI-17-3-1-and-so-on-and-so-on-and-so-on-and-so-on-and-so-on-and-so-on'",
                  "bad_value:items.law" },
                { "items.1.present", NULL, "consent_incomplete:items.present" },
                { "items.1.present", "'no'", "wrong_type:items.present" },
                { "items.1.present", "true", "bad_value:items.present" },
                { "items.3.statement", NULL, "consent_incomplete:items.statement" },
                { "items.3.more", "1", "unknown_key:items.more" },
                { "owner", NULL, "consent_incomplete:owner" },
                { "owner.name", NULL, "consent_incomplete:owner.name" },
                { "issued", NULL, "consent_incomplete:issued" },
                { "issued", "'2040-01-01T00:00:00Z'", "time_reversed:issued" },
                { "valid.until", "'EndlessDuration'", "endless_duration:valid.until" },
                { "binding.system_id", NULL, "consent_incomplete:binding.system_id" },
                { "binding.model_capabilities", "['emotion.face']", "bad_value:binding.model_capabilities" },
        };
        _cleanup_free_ char *text = grant_changed(ATTESTATION, NULL);
        _cleanup_(grant_freep) Grant *g = good(GRANT_ATTESTATION, text);

        cr_assert_eq(json_array_size(g->items), 4);
        cr_assert_str_eq(g->workload, "clinic");
        cr_assert_eq(grant_holds(g, NOW), GRANT_OK);
        run(GRANT_ATTESTATION, ATTESTATION, cases, ARRAY_SIZE(cases));
}

Test(consent_record, what_is_said_of_hostile_keys_is_printable)
{
        const char *text = "{\"a\\u001b[31m\": 1}";
        GrantError e = {};
        Grant *g = NULL;

        cr_assert_eq(grant_parse(GRANT_CONSENT, text, strlen(text), &g, &e), -EBADMSG);
        cr_assert_eq(e.reason, GRANT_UNKNOWN_KEY);
        cr_assert_null(strchr(e.field, '\033'));
}
