/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_FIXTURE_H
#define GRANT_FIXTURE_H
/* For tests of grants: whole documents to change one thing in. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdarg.h>

#include "lib/grant.h"
#include "lib/util-string.h"

#define ID_A "a6f58318-72e6-4a2b-bfd7-f36d795e30cd"
#define ID_B "b6f58318-72e6-4a2b-bfd7-f36d795e30cd"
#define ID_C "c6f58318-72e6-4a2b-bfd7-f36d795e30cd"
#define ID_SET "d6f58318-72e6-4a2b-bfd7-f36d795e30cd"
#define ID_EXCEPTION "e6f58318-72e6-4a2b-bfd7-f36d795e30cd"
#define DIGEST_0 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST_1 "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* In quotes of one kind for reading; turned into the other before parsing. */
#define BINDING                                                   \
        "'binding': {'system_id': 'clinic', 'context': 'other', " \
        "'model_capabilities': ['emotion.face'], 'devices': ['camera:video0'], 'model_digest': []"
#define CONSENT                                                                                            \
        "{'conforms_to': 'https://w3id.org/dpv/schema/dpv-27560#record', 'record_id': '" ID_A "', "        \
        "'jurisdiction': 'KZ', 'language': 'kk', "                                                         \
        "'operator': {'name': 'Clinic 4', 'bin': '123456789012', 'address': 'Astana', 'contact': "         \
        "'dpo@c.kz'}, "                                                                                    \
        "'principal': {'id': 'sha256:" DIGEST_0                                                            \
        "', 'full_name_ref': 'vault://1', 'subject_class': 'Patient', "                                    \
        "'guardian': null}, "                                                                              \
        "'notice': {'uri': 'https://c.kz/n', 'version': 'v1', 'sha256': '" DIGEST_0 "'}, "                 \
        "'purposes': ['emotion_recognition'], 'data': ['pd:FacialExpression'], "                           \
        "'lawful_basis': 'ExplicitlyExpressedConsent', 'third_parties': {'allowed': false, 'names': []}, " \
        "'cross_border': {'allowed': false, 'countries': []}, 'publication': false, "                      \
        "'storage': {'locations': ['KZ'], 'retention': 'P30D'}, "                                          \
        "'valid': {'from': '2026-02-01T00:00:00Z', 'until': '2036-08-01T00:00:00Z'}, "                     \
        "'events': [{'state': 'ConsentGiven', 'time': '2026-02-01T00:00:00Z', 'by': 'principal', "         \
        "'method': 'signed form'}], 'withdrawal': {'uri': 'https://c.kz/w', 'ack_working_days': 15}, "     \
        "'proof': {'type': 'file', 'sha256': '" DIGEST_0 "'}, " BINDING ", 'subject_scope': 'single'}}"
#define EXCEPTION                                                                                           \
        "{'record_id': '" ID_EXCEPTION "', 'jurisdiction': 'EU', 'law': 'EU-5-1-f', 'purpose': 'medical', " \
        "'reason': 'therapy', 'approver': {'name': 'Head of clinic'}, 'issued': '2026-02-01T00:00:00Z', "   \
        "'valid': {'from': '2026-02-01T00:00:00Z', 'until': '2036-08-01T00:00:00Z'}, " BINDING "}}"
#define SET                                                                         \
        "{'record_id': '" ID_SET                                                    \
        "', 'jurisdiction': 'KZ', 'version': 1, 'issued': '2026-02-02T00:00:00Z', " \
        "'members': ['" ID_A "', '" ID_B "'], "                                     \
        "'valid': {'from': '2026-02-01T00:00:00Z', 'until': '2036-08-01T00:00:00Z'}, " BINDING "}}"

#define ID_ATTESTATION "f6f58318-72e6-4a2b-bfd7-f36d795e30cd"
#define ATTESTED_ITEM(law) "{'law': '" law "', 'present': false, 'statement': 'There is none.'}"
#define ATTESTATION                                                                                         \
        "{'record_id': '" ID_ATTESTATION "', 'jurisdiction': 'KZ', 'owner': {'name': 'Clinic 4'}, "         \
        "'issued': '2026-02-01T00:00:00Z', 'items': [" ATTESTED_ITEM("KZ-AI-17-3-1") ", " ATTESTED_ITEM(    \
                        "KZ-AI-17-3-2") ", " ATTESTED_ITEM("KZ-AI-17-3-3") ", " ATTESTED_ITEM("KZ-AI-17-3-" \
                                                                                              "7") "], "    \
                                                                                                   "'valid" \
                                                                                                   "': "    \
                                                                                                   "{'"     \
                                                                                                   "from':" \
                                                                                                   " '"     \
                                                                                                   "2026-"  \
                                                                                                   "02-"    \
                                                                                                   "01T00:" \
                                                                                                   "00:"    \
                                                                                                   "00Z', " \
                                                                                                   "'until" \
                                                                                                   "': "    \
                                                                                                   "'2036-" \
                                                                                                   "08-"    \
                                                                                                   "01T00:" \
                                                                                                   "00:"    \
                                                                                                   "00Z'}," \
                                                                                                   " "      \
                                                                                                   "'bindi" \
                                                                                                   "ng': "  \
                                                                                                   "{'"     \
                                                                                                   "system" \
                                                                                                   "_id': " \
                                                                                                   "'clini" \
                                                                                                   "c', "   \
                                                                                                   "'conte" \
                                                                                                   "xt': "  \
                                                                                                   "'other" \
                                                                                                   "'}}"

static inline json_t *grant_document(const char *text)
{
        char *copy = strdup(text);
        json_error_t e;
        json_t *o;

        for (char *c = copy; *c; c++)
                if (*c == '\'')
                        *c = '"';
        o = json_loads(copy, 0, &e);
        cr_assert_not_null(o, "%s: %s", e.text, copy);
        free(copy);
        return o;
}

/* "operator.bin" or "events.0.time" = value (new reference; NULL: gone). */
static inline void grant_change(json_t *o, const char *path, json_t *value)
{
        char *copy = strdup(path), *at = copy, *dot;

        while ((dot = strchr(at, '.'))) {
                *dot = '\0';
                o = json_is_array(o) ? json_array_get(o, (size_t) atoi(at)) : json_object_get(o, at);
                cr_assert_not_null(o, "%s", path);
                at = dot + 1;
        }
        if (!value)
                cr_assert_eq(json_object_del(o, at), 0, "%s", path);
        else
                cr_assert_eq(json_object_set_new(o, at, value), 0, "%s", path);
        free(copy);
}

/* Takes the document. */
static inline char *grant_text(json_t *o)
{
        char *text = json_dumps(o, JSON_COMPACT);

        cr_assert_not_null(text);
        json_decref(o);
        return text;
}

/* Every change is "path", "value as JSON with single quotes" or NULL, ended by a NULL path. */
static inline char *grant_changed(const char *text, ...)
{
        json_t *o = grant_document(text);
        const char *path;
        va_list ap;

        va_start(ap, text);
        while ((path = va_arg(ap, const char *))) {
                const char *value = va_arg(ap, const char *);
                json_t *v = NULL;

                if (value) {
                        char *copy = strdup(value);

                        for (char *c = copy; *c; c++)
                                if (*c == '\'')
                                        *c = '"';
                        v = json_loads(copy, JSON_DECODE_ANY, NULL);
                        cr_assert_not_null(v, "%s", copy);
                        free(copy);
                }
                grant_change(o, path, v);
        }
        va_end(ap);
        return grant_text(o);
}

#endif
