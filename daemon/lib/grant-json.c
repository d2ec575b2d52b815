/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: from bytes to typed members, with an error for each way in which
 * that can fail. Knows nothing of what the members mean. Called by the parsers
 * of records and envelopes.
 */
#include "lib/grant-json.h"

#include <string.h>

#include "lib/date.h"
#include "lib/util-string.h"

#define STRING_MAX 4096U

static bool too_deep(const json_t *v, unsigned left)
{
        const char *key;
        json_t *child;
        size_t i;

        if (!json_is_object(v) && !json_is_array(v))
                return false;
        if (left == 0)
                return true;
        if (json_is_array(v)) {
                json_array_foreach(v, i, child)
                {
                        if (too_deep(child, left - 1))
                                return true;
                }
                return false;
        }
        json_object_foreach((json_t *) v, key, child)
        {
                if (too_deep(child, left - 1))
                        return true;
        }
        return false;
}

static GrantReason reason_of(const json_error_t *e, const char *text, size_t size)
{
        /* A word cut in the middle, at the very end. */
        if (json_error_code(e) == json_error_invalid_syntax && (size_t) e->position >= size &&
            text[size - 1] != '}' && text[size - 1] != ']')
                return GRANT_TRUNCATED;
        switch (json_error_code(e)) {
        case json_error_premature_end_of_input:
                return GRANT_TRUNCATED;
        case json_error_stack_overflow:
                return GRANT_TOO_DEEP;
        case json_error_duplicate_key:
                return GRANT_DUPLICATE_KEY;
        case json_error_invalid_utf8:
                return GRANT_NOT_UTF8;
        default:
                return GRANT_SYNTAX;
        }
}

int grant_json_load(const char *text, size_t size, json_t **ret, GrantError *e)
{
        char place[64];
        json_error_t je;
        json_t *o;
        size_t good;

        if (size > GRANT_BYTES_MAX)
                return grant_fail(e, GRANT_TOO_LARGE, NULL);
        if (size == 0)
                return grant_fail(e, GRANT_TRUNCATED, NULL);
        good = utf8_valid_prefix(text, size);
        if (good < size) {
                snprintf(place, sizeof(place), "byte %zu", good);
                return grant_fail(e, GRANT_NOT_UTF8, place);
        }
        o = json_loadb(text, size, JSON_REJECT_DUPLICATES, &je);
        if (!o) {
                if (json_error_code(&je) == json_error_out_of_memory)
                        return -ENOMEM;
                snprintf(place, sizeof(place), "line %d column %d", je.line, je.column);
                return grant_fail(e, reason_of(&je, text, size), place);
        }
        if (!json_is_object(o) || too_deep(o, GRANT_DEPTH_MAX)) {
                GrantReason r = json_is_object(o) ? GRANT_TOO_DEEP : GRANT_WRONG_TYPE;

                json_decref(o);
                return grant_fail(e, r, NULL);
        }
        *ret = o;
        return 0;
}

int grant_json_fail(const GrantObject *in, GrantReason r, const char *key)
{
        char path[96];

        snprintf(path, sizeof(path), "%s%s%s", in->path, *in->path && *key ? "." : "", key);
        (void) grant_fail(in->e, r, path);
        return -EBADMSG;
}

int grant_json_only(const GrantObject *in, const char *const *keys)
{
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) in->o, key, value)
        {
                bool known = false;

                for (size_t i = 0; keys[i] && !known; i++)
                        known = streq(keys[i], key);
                if (!known)
                        return grant_json_fail(in, GRANT_UNKNOWN_KEY, key);
        }
        return 0;
}

/* NULL and "null" are the same: not there. */
static const json_t *member(const GrantObject *in, const char *key)
{
        const json_t *v = json_object_get(in->o, key);

        return json_is_null(v) ? NULL : v;
}

static int missing(const GrantObject *in, const char *key, bool needed)
{
        return needed ? grant_json_fail(in, GRANT_INCOMPLETE, key) : 0;
}

int grant_json_object(const GrantObject *in, const char *key, bool needed, GrantObject *ret)
{
        const json_t *v = member(in, key);

        if (!v)
                return missing(in, key, needed);
        if (!json_is_object(v))
                return grant_json_fail(in, GRANT_WRONG_TYPE, key);
        /* Objects within objects have no members that are asked for: one name is the path. */
        *ret = (GrantObject){ .o = v, .path = key, .e = in->e };
        return 0;
}

int grant_json_string(const GrantObject *in, const char *key, bool needed, const char **ret)
{
        const json_t *v = member(in, key);

        if (!v)
                return missing(in, key, needed);
        if (!json_is_string(v))
                return grant_json_fail(in, GRANT_WRONG_TYPE, key);
        if (json_string_length(v) == 0)
                return needed ? grant_json_fail(in, GRANT_INCOMPLETE, key)
                              : grant_json_fail(in, GRANT_BAD_VALUE, key);
        if (json_string_length(v) > STRING_MAX)
                return grant_json_fail(in, GRANT_BAD_VALUE, key);
        *ret = json_string_value(v);
        return 0;
}

int grant_json_boolean(const GrantObject *in, const char *key, bool needed, bool *ret)
{
        const json_t *v = member(in, key);

        if (!v)
                return missing(in, key, needed);
        if (!json_is_boolean(v))
                return grant_json_fail(in, GRANT_WRONG_TYPE, key);
        *ret = json_is_true(v);
        return 0;
}

int grant_json_time(const GrantObject *in, const char *key, uint64_t *ret_usec)
{
        const char *s = NULL;
        int r = grant_json_string(in, key, true, &s);

        if (r < 0)
                return r;
        if (streq(grant_term(s), "EndlessDuration"))
                return grant_json_fail(in, GRANT_ENDLESS, key);
        /* A bare date is not a moment. */
        if (!strchr(s, 'T') || date_parse(s, ret_usec) < 0)
                return grant_json_fail(in, GRANT_BAD_VALUE, key);
        return 0;
}

int grant_json_strings(const GrantObject *in, const char *key, bool needed, size_t max, const json_t **ret)
{
        const json_t *v = member(in, key);
        json_t *one;
        size_t i;

        if (!v)
                return missing(in, key, needed);
        if (!json_is_array(v))
                return grant_json_fail(in, GRANT_WRONG_TYPE, key);
        if (needed && json_array_size(v) == 0)
                return grant_json_fail(in, GRANT_INCOMPLETE, key);
        if (json_array_size(v) > max)
                return grant_json_fail(in, GRANT_BAD_VALUE, key);
        json_array_foreach(v, i, one)
        {
                if (!json_is_string(one))
                        return grant_json_fail(in, GRANT_WRONG_TYPE, key);
                if (json_string_length(one) == 0 || json_string_length(one) > STRING_MAX)
                        return grant_json_fail(in, GRANT_BAD_VALUE, key);
        }
        *ret = v;
        return 0;
}

const char *grant_term(const char *s)
{
        static const char *const prefixes[] = { "dpv:",
                                                "pd:",
                                                "loc:",
                                                "ai:",
                                                "https://w3id.org/dpv#",
                                                "https://w3id.org/dpv/pd#",
                                                "https://w3id.org/dpv/ai#",
                                                "https://w3id.org/dpv/loc#" };

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
                const char *rest = startswith(s, prefixes[i]);

                if (rest)
                        return rest;
        }
        return s;
}
