/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_JSON_H
#define GRANT_JSON_H
/*
 * Typed members of a grant's document. What is missing, of the wrong type or
 * impossible is named with its place: "operator.bin". All results are borrowed.
 */
#include "lib/grant.h"

/* Bytes to a document, an object of bounded depth. New reference. */
int grant_json_load(const char *text, size_t size, json_t **ret, GrantError *e);

typedef struct GrantObject {
        const json_t *o;
        const char *path; /* "operator", or "" at the top */
        GrantError *e;
} GrantObject;

int grant_json_fail(const GrantObject *in, GrantReason r, const char *key);
/* NULL-terminated list of the keys that may stand there. */
int grant_json_only(const GrantObject *in, const char *const *keys);

/* All of these: GRANT_INCOMPLETE when it is missing and `needed`; else *ret stays. */
int grant_json_object(const GrantObject *in, const char *key, bool needed, GrantObject *ret);
int grant_json_string(const GrantObject *in, const char *key, bool needed, const char **ret);
int grant_json_boolean(const GrantObject *in, const char *key, bool needed, bool *ret);
int grant_json_time(const GrantObject *in, const char *key, uint64_t *ret_usec); /* always needed */
/* An array of strings, none of them empty, at most `max`; needed ones are not empty either. */
int grant_json_strings(const GrantObject *in, const char *key, bool needed, size_t max, const json_t **ret);

/* What follows "dpv:", "pd:", "loc:" or the like, or the IRI's "#"; else the text itself. */
const char *grant_term(const char *s);

#endif
