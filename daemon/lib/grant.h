/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_H
#define GRANT_H
/*
 * A grant lifts a rule: a consent, an approved exception, an enrolled set of
 * consents, a declaration, or an owner's attestation of what no file shows. Each is a JSON document, hostile until it is
 * parsed here, and worth nothing before its envelope is verified
 * (grant-envelope.h). The format is aiguard-consent(5).
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/declaration.h"
#include "lib/macro.h"

#define GRANT_BYTES_MAX (1024U * 1024U)
#define GRANT_DEPTH_MAX 16U
#define GRANT_ID_MAX 40U /* a UUID, or the id of a declaration; with NUL */
#define GRANT_JURISDICTION_MAX 16U
#define GRANT_MEMBERS_MAX 20000U
#define GRANT_ITEMS_MAX 16U /* of an attestation */

typedef enum GrantKind {
        GRANT_CONSENT,
        GRANT_EXCEPTION,
        GRANT_SET,
        GRANT_DECLARATION,
        GRANT_ATTESTATION,
        _GRANT_KIND_MAX,
} GrantKind;

/* The terms of the Data Privacy Vocabulary 2.3; ConsentTerminated of older texts is ConsentRevoked. */
typedef enum GrantState {
        GRANT_STATE_UNKNOWN,
        GRANT_STATE_REQUESTED,
        GRANT_STATE_DEFERRED,
        GRANT_STATE_REFUSED,
        GRANT_STATE_GIVEN,
        GRANT_STATE_RENEWED,
        GRANT_STATE_WITHDRAWN,
        GRANT_STATE_REVOKED,
        GRANT_STATE_EXPIRED,
        GRANT_STATE_INVALIDATED,
        _GRANT_STATE_MAX,
} GrantState;

typedef enum GrantScope {
        GRANT_SCOPE_SINGLE,
        GRANT_SCOPE_ENROLLED_SET, /* counts only as a member of a set */
} GrantScope;

/* Why a grant is not taken, or does not count. Each has a code that programs may rely on. */
typedef enum GrantReason {
        GRANT_OK,
        GRANT_TOO_LARGE,
        GRANT_TRUNCATED,
        GRANT_SYNTAX,
        GRANT_TOO_DEEP,
        GRANT_DUPLICATE_KEY,
        GRANT_NOT_UTF8,
        GRANT_WRONG_TYPE,
        GRANT_BAD_VALUE,
        GRANT_UNKNOWN_KEY,
        GRANT_INCOMPLETE,
        GRANT_TIME_REVERSED,
        GRANT_FROM_FUTURE,
        GRANT_EXPIRED,
        GRANT_NOT_YET,
        GRANT_ENDLESS,
        GRANT_SCOPE_PUBLIC,
        GRANT_STATE_INVALID,
        GRANT_LAWFUL_BASIS,
        GRANT_UNSIGNED,
        GRANT_BAD_ENVELOPE,
        GRANT_UNKNOWN_TYPE,
        GRANT_KEY_UNKNOWN,
        GRANT_KEY_EXPIRED,
        GRANT_KEY_REVOKED,
        GRANT_KEY_SCOPE,
        GRANT_BAD_SIGNATURE,
        GRANT_REPLAYED,
        GRANT_ENDED,
        GRANT_UNKNOWN_WORKLOAD,
        GRANT_UNKNOWN_OBJECT,
        GRANT_CONTEXT,
        GRANT_JURISDICTION,
        GRANT_MEMBER,
        GRANT_LAW_FORBIDS,
        GRANT_TAMPERED,
        _GRANT_REASON_MAX,
} GrantReason;

typedef struct GrantError {
        GrantReason reason;
        char field[96]; /* what it is about, escaped; or "" */
} GrantError;

#define GRANT_CODE_MAX 128U
/* "consent_incomplete:operator.bin" */
void grant_error_code(const GrantError *e, char ret[GRANT_CODE_MAX]);
/* One sentence for people, without full stop. */
const char *grant_reason_sentence(GrantReason r);
/* Fills *e (may be NULL) and returns -EBADMSG. The field is escaped here. */
int grant_fail(GrantError *e, GrantReason r, const char *field);

/* Strings and arrays belong to `doc`. Times are wall clock, in microseconds. */
typedef struct Grant {
        json_t *doc;
        GrantKind kind;
        char id[GRANT_ID_MAX];
        char jurisdiction[GRANT_JURISDICTION_MAX]; /* lower case: kz */
        GrantState state;                          /* of the last event */
        uint64_t made_usec;                        /* when that was said */
        uint64_t from_usec;
        uint64_t until_usec;
        const char *workload; /* system_id of the binding; of a declaration NULL */
        const char *context;
        const json_t *modelcaps; /* arrays of strings, or NULL */
        const json_t *devices;
        const json_t *models;  /* "sha256:..." */
        const json_t *members; /* of a set: record ids */
        GrantScope scope;      /* of a consent */
        const char *principal; /* of a consent: salted digest */
        const char *law;       /* of an exception */
        const json_t *items;   /* of an attestation: objects with "law", "present" (false) and "statement" */
        uint64_t version;      /* of a set; else 0 */
        Declaration *declaration;
} Grant;

/*
 * -EBADMSG with *reterr (may be NULL) filled; never half an object. Says whether
 * this is a whole and lawful record, not whether it holds at this moment.
 */
int grant_parse(GrantKind kind, const char *text, size_t size, Grant **ret, GrantError *reterr);
Grant *grant_free(Grant *g);
DEFINE_CLEANUP(Grant *, grant_free);

/* Does the document itself hold at this moment? Its state and its time, nothing else. */
GrantReason grant_holds(const Grant *g, uint64_t now_usec);
bool grant_state_valid(GrantState s); /* given or renewed */

const char *
grant_kind_to_string(GrantKind k); /* consent, exception, enrolled-set, declaration, attestation */
const char *grant_state_to_string(GrantState s);   /* ConsentGiven */
GrantState grant_state_from_string(const char *s); /* with or without "dpv:" or the IRI; else unknown */
bool grant_id_valid(const char *id);

/* "application/vnd.aiguard.consent+json" */
const char *grant_payload_type(GrantKind k);
int grant_kind_from_payload_type(const char *type); /* -ENOENT */

#endif
