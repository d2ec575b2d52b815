/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the words of grants: reason codes with their sentences, kinds,
 * states. The codes are an interface: they go into the journal and are never
 * given another meaning. Owns no state.
 */
#include <string.h>

#include "lib/escape.h"
#include "lib/grant.h"
#include "lib/util-string.h"

static const struct {
        const char *code;
        const char *sentence;
} reasons[] = {
        [GRANT_OK] = { "ok", "it holds" },
        [GRANT_TOO_LARGE] = { "too_large", "it is longer than 1 MiB" },
        [GRANT_TRUNCATED] = { "truncated", "it ends in the middle" },
        [GRANT_SYNTAX] = { "syntax", "it is no JSON" },
        [GRANT_TOO_DEEP] = { "too_deep", "it is nested too deeply" },
        [GRANT_DUPLICATE_KEY] = { "duplicate_key", "a key stands there twice" },
        [GRANT_NOT_UTF8] = { "not_utf8", "it is not UTF-8" },
        [GRANT_WRONG_TYPE] = { "wrong_type", "a value is of the wrong type" },
        [GRANT_BAD_VALUE] = { "bad_value", "a value cannot be what it says" },
        [GRANT_UNKNOWN_KEY] = { "unknown_key", "a key is not known" },
        [GRANT_INCOMPLETE] = { "consent_incomplete",
                               "an item is missing that the law or the standard requires" },
        [GRANT_TIME_REVERSED] = { "time_reversed", "its times run backwards" },
        [GRANT_FROM_FUTURE] = { "from_the_future", "it was made later than now" },
        [GRANT_EXPIRED] = { "expired", "its time is over" },
        [GRANT_NOT_YET] = { "not_yet_valid", "its time has not come" },
        [GRANT_ENDLESS] = { "endless_duration", "a consent without an end is none" },
        [GRANT_SCOPE_PUBLIC] = { "scope_public", "nobody can consent for the public" },
        [GRANT_STATE_INVALID] = { "state_invalid", "its state is not given or renewed" },
        [GRANT_LAWFUL_BASIS] = { "lawful_basis", "this takes a consent that was explicitly expressed" },
        [GRANT_UNSIGNED] = { "unsigned", "it is not signed" },
        [GRANT_BAD_ENVELOPE] = { "bad_envelope", "it is no DSSE envelope" },
        [GRANT_UNKNOWN_TYPE] = { "unknown_payload_type", "the envelope holds something else" },
        [GRANT_KEY_UNKNOWN] = { "key_unknown", "no trusted key has signed it" },
        [GRANT_KEY_EXPIRED] = { "key_expired", "the time of the key that signed it is over" },
        [GRANT_KEY_REVOKED] = { "key_revoked", "the key that signed it was revoked" },
        [GRANT_KEY_SCOPE] = { "key_scope", "the key that signed it may not sign for this" },
        [GRANT_BAD_SIGNATURE] = { "bad_signature", "the signature is wrong" },
        [GRANT_REPLAYED] = { "replayed", "the store knows this version or a later one" },
        [GRANT_ENDED] = { "withdrawn", "it was withdrawn, which is final: a new consent is a new record" },
        [GRANT_UNKNOWN_WORKLOAD] = { "unknown_workload", "the policy has no such workload" },
        [GRANT_UNKNOWN_OBJECT] = { "unknown_object", "there is no such model capability or kind of sensor" },
        [GRANT_CONTEXT] = { "context_mismatch", "it was given for another context" },
        [GRANT_JURISDICTION] = { "jurisdiction_mismatch", "it was given under another law" },
        [GRANT_MEMBER] = { "member_ended", "the record of a member of the set does not hold" },
        [GRANT_LAW_FORBIDS] = { "law_forbids", "the law forbids this whatever a person consents to" },
        [GRANT_TAMPERED] = { "tampered", "the file in the store is not the one that was imported" },
};

_Static_assert(ARRAY_SIZE(reasons) == _GRANT_REASON_MAX, "a code for each reason");

void grant_error_code(const GrantError *e, char ret[GRANT_CODE_MAX])
{
        const char *code = (unsigned) e->reason < ARRAY_SIZE(reasons) ? reasons[e->reason].code : "unknown";

        snprintf(ret, GRANT_CODE_MAX, "%s%s%s", code, e->field[0] ? ":" : "", e->field);
}

const char *grant_reason_sentence(GrantReason r)
{
        return (unsigned) r < ARRAY_SIZE(reasons) ? reasons[r].sentence : "unknown";
}

int grant_fail(GrantError *e, GrantReason r, const char *field)
{
        if (!e)
                return -EBADMSG;
        e->reason = r;
        text_copy(e->field, sizeof(e->field), field ? field : "", field ? strlen(field) : 0);
        return -EBADMSG;
}

static const char *const kind_names[] = { "consent", "exception", "enrolled-set", "declaration",
                                          "attestation" };
static const char *const payload_types[] = {
        "application/vnd.aiguard.consent+json",      "application/vnd.aiguard.exception+json",
        "application/vnd.aiguard.enrolled-set+json", "application/vnd.aiguard.declaration+json",
        "application/vnd.aiguard.attestation+json",
};
static const char *const state_names[] = {
        "ConsentUnknown", "ConsentRequested",    "ConsentRequestDeferred", "ConsentRefused",
        "ConsentGiven",   "RenewedConsentGiven", "ConsentWithdrawn",       "ConsentRevoked",
        "ConsentExpired", "ConsentInvalidated",
};

_Static_assert(ARRAY_SIZE(kind_names) == _GRANT_KIND_MAX, "a name for each kind");
_Static_assert(ARRAY_SIZE(payload_types) == _GRANT_KIND_MAX, "a type for each kind");
_Static_assert(ARRAY_SIZE(state_names) == _GRANT_STATE_MAX, "a name for each state");

const char *grant_kind_to_string(GrantKind k)
{
        return (unsigned) k < ARRAY_SIZE(kind_names) ? kind_names[k] : "unknown";
}

const char *grant_payload_type(GrantKind k)
{
        return (unsigned) k < ARRAY_SIZE(payload_types) ? payload_types[k] : "";
}

int grant_kind_from_payload_type(const char *type)
{
        for (int k = 0; k < _GRANT_KIND_MAX; k++)
                if (streq(type, payload_types[k]))
                        return k;
        return -ENOENT;
}

const char *grant_state_to_string(GrantState s)
{
        return state_names[(unsigned) s < ARRAY_SIZE(state_names) ? s : GRANT_STATE_UNKNOWN];
}

GrantState grant_state_from_string(const char *s)
{
        const char *rest = startswith(s, "dpv:");

        if (!rest)
                rest = startswith(s, "https://w3id.org/dpv#");
        if (rest)
                s = rest;
        for (unsigned i = 0; i < ARRAY_SIZE(state_names); i++)
                if (streq(s, state_names[i]))
                        return i;
        return streq(s, "ConsentTerminated") ? GRANT_STATE_REVOKED : GRANT_STATE_UNKNOWN;
}

bool grant_state_valid(GrantState s)
{
        return s == GRANT_STATE_GIVEN || s == GRANT_STATE_RENEWED;
}

bool grant_id_valid(const char *id)
{
        return declaration_id_valid(id) && strlen(id) < GRANT_ID_MAX;
}
