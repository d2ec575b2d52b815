/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what all kinds of grant have in common: id, jurisdiction, validity,
 * binding; then exceptions, enrolled sets and declarations, which are short.
 * Consents are consent-record.c. Pure. Called for every import and, after the
 * signature, for every record of the store.
 */
#include <ctype.h>
#include <string.h>

#include "lib/escape.h"
#include "lib/grant-internal.h"
#include "lib/util-string.h"

#define CAPABILITIES_MAX 64U
#define DEVICES_MAX 64U
#define MODELS_MAX 256U
#define SET_VERSION_MAX 1000000000

Grant *grant_free(Grant *g)
{
        if (!g)
                return NULL;
        declaration_free(g->declaration);
        json_decref(g->doc);
        free(g);
        return NULL;
}

static bool is_uuid(const char *s)
{
        static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

        if (strlen(s) != sizeof(form) - 1)
                return false;
        for (size_t i = 0; form[i]; i++)
                if (form[i] == 'x' ? !strchr("0123456789abcdef", s[i]) : s[i] != form[i])
                        return false;
        return true;
}

bool grant_is_digest(const char *s)
{
        const char *hex = startswith(s, "sha256:");

        return hex && strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

int grant_read_head(const GrantObject *top, Grant *g)
{
        const char *id = NULL, *jurisdiction = NULL;
        int r = grant_json_string(top, "record_id", true, &id);

        if (r < 0)
                return r;
        if (!is_uuid(id))
                return grant_json_fail(top, GRANT_BAD_VALUE, "record_id");
        strcpy(g->id, id);
        r = grant_json_string(top, "jurisdiction", true, &jurisdiction);
        if (r < 0)
                return r;
        jurisdiction = grant_term(jurisdiction);
        if (strlen(jurisdiction) >= sizeof(g->jurisdiction) ||
            strspn(jurisdiction, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") !=
                            strlen(jurisdiction))
                return grant_json_fail(top, GRANT_BAD_VALUE, "jurisdiction");
        for (size_t i = 0; jurisdiction[i]; i++)
                g->jurisdiction[i] = (char) tolower((unsigned char) jurisdiction[i]);
        return 0;
}

int grant_read_valid(const GrantObject *top, Grant *g)
{
        static const char *const keys[] = { "from", "until", "duration", NULL };
        const char *duration = NULL;
        GrantObject valid = {};
        int r;

        if ((r = grant_json_object(top, "valid", true, &valid)) < 0 ||
            (r = grant_json_only(&valid, keys)) < 0 ||
            (r = grant_json_string(&valid, "duration", false, &duration)) < 0)
                return r;
        if (duration)
                return grant_json_fail(&valid,
                                       streq(grant_term(duration), "EndlessDuration") ? GRANT_ENDLESS
                                                                                      : GRANT_BAD_VALUE,
                                       "duration");
        if ((r = grant_json_time(&valid, "from", &g->from_usec)) < 0 ||
            (r = grant_json_time(&valid, "until", &g->until_usec)) < 0)
                return r;
        if (g->until_usec <= g->from_usec)
                return grant_json_fail(&valid, GRANT_TIME_REVERSED, "until");
        return 0;
}

static int check_devices(const GrantObject *binding, const json_t *devices)
{
        static const char *const kinds[] = { "camera", "microphone", "network-camera" };
        json_t *one;
        size_t i;

        json_array_foreach(devices, i, one)
        {
                const char *s = json_string_value(one), *name = strchrnul(s, ':');
                bool known = false;

                for (size_t k = 0; k < ARRAY_SIZE(kinds) && !known; k++)
                        known = strlen(kinds[k]) == (size_t) (name - s) &&
                                strncmp(s, kinds[k], (size_t) (name - s)) == 0;
                if (!known)
                        return grant_json_fail(binding, GRANT_UNKNOWN_OBJECT, "devices");
                /* A name as in /sys/class: it becomes part of a path. */
                if (*name &&
                    (!name[1] || strlen(name + 1) > 63 ||
                     strspn(name + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
                                     strlen(name + 1)))
                        return grant_json_fail(binding, GRANT_BAD_VALUE, "devices");
        }
        return 0;
}

static int read_scope(const GrantObject *binding, Grant *g)
{
        const char *scope = NULL;
        int r = grant_json_string(binding, "subject_scope", true, &scope);

        if (r < 0)
                return r;
        if (streq(scope, "public"))
                return grant_json_fail(binding, GRANT_SCOPE_PUBLIC, "subject_scope");
        if (streq(scope, "enrolled_set"))
                g->scope = GRANT_SCOPE_ENROLLED_SET;
        else if (!streq(scope, "single"))
                return grant_json_fail(binding, GRANT_BAD_VALUE, "subject_scope");
        return 0;
}

int grant_read_binding(const GrantObject *top, Grant *g)
{
        static const char *const keys[] = { "system_id", "context",      "model_capabilities",
                                            "devices",   "model_digest", "subject_scope",
                                            NULL };
        GrantObject binding = {};
        json_t *one;
        size_t i;
        int r;

        if ((r = grant_json_object(top, "binding", true, &binding)) < 0 ||
            (r = grant_json_only(&binding, keys)) < 0 ||
            (r = grant_json_string(&binding, "system_id", true, &g->workload)) < 0 ||
            (r = grant_json_string(&binding, "context", true, &g->context)) < 0 ||
            (r = grant_json_strings(&binding, "model_capabilities", false, CAPABILITIES_MAX,
                                    &g->modelcaps)) < 0 ||
            (r = grant_json_strings(&binding, "devices", false, DEVICES_MAX, &g->devices)) < 0 ||
            (r = grant_json_strings(&binding, "model_digest", false, MODELS_MAX, &g->models)) < 0)
                return r;
        if (strlen(g->workload) >= AG_NAME_MAX)
                return grant_json_fail(&binding, GRANT_BAD_VALUE, "system_id");
        json_array_foreach(g->models, i, one)
        {
                if (!grant_is_digest(json_string_value(one)))
                        return grant_json_fail(&binding, GRANT_BAD_VALUE, "model_digest");
        }
        r = check_devices(&binding, g->devices);
        if (r < 0)
                return r;
        if (g->kind == GRANT_ATTESTATION)
                return json_array_size(g->modelcaps) + json_array_size(g->devices) +
                                                                       json_array_size(g->models) >
                                                       0
                                       ? grant_json_fail(&binding, GRANT_BAD_VALUE, "model_capabilities")
                                       : 0;
        /* Bound to nothing is no consent to everything. */
        if (json_array_size(g->modelcaps) == 0 && json_array_size(g->devices) == 0)
                return grant_json_fail(&binding, GRANT_INCOMPLETE, "model_capabilities");
        return g->kind == GRANT_CONSENT ? read_scope(&binding, g) : 0;
}

/* ------------------------------------------------------------- exceptions */

static int read_exception(const GrantObject *top, Grant *g)
{
        static const char *const keys[] = { "conforms_to", "record_id", "jurisdiction", "law",   "purpose",
                                            "reason",      "approver",  "issued",       "valid", "binding",
                                            NULL };
        static const char *const purposes[] = { "medical", "safety", "law" };
        const char *purpose = NULL, *reason = NULL, *name = NULL;
        GrantObject approver = {};
        bool known = false;
        int r;

        if ((r = grant_json_only(top, keys)) < 0 || (r = grant_read_head(top, g)) < 0 ||
            (r = grant_json_string(top, "law", true, &g->law)) < 0 ||
            (r = grant_json_string(top, "purpose", true, &purpose)) < 0 ||
            (r = grant_json_string(top, "reason", true, &reason)) < 0 ||
            (r = grant_json_object(top, "approver", true, &approver)) < 0 ||
            (r = grant_json_string(&approver, "name", true, &name)) < 0 ||
            (r = grant_json_time(top, "issued", &g->made_usec)) < 0 || (r = grant_read_valid(top, g)) < 0 ||
            (r = grant_read_binding(top, g)) < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(purposes); i++)
                known = known || streq(purpose, purposes[i]);
        if (!known)
                return grant_json_fail(top, GRANT_BAD_VALUE, "purpose");
        if (g->made_usec >= g->until_usec)
                return grant_json_fail(top, GRANT_TIME_REVERSED, "issued");
        g->state = GRANT_STATE_GIVEN;
        return 0;
}

/* ------------------------------------------------------------------- sets */

static int read_set(const GrantObject *top, Grant *g)
{
        static const char *const keys[] = { "conforms_to", "record_id", "jurisdiction", "version", "issued",
                                            "members",     "valid",     "binding",      NULL };
        const json_t *version;
        json_t *one;
        size_t i;
        int r;

        if ((r = grant_json_only(top, keys)) < 0 || (r = grant_read_head(top, g)) < 0 ||
            (r = grant_json_time(top, "issued", &g->made_usec)) < 0 ||
            (r = grant_json_strings(top, "members", true, GRANT_MEMBERS_MAX, &g->members)) < 0 ||
            (r = grant_read_valid(top, g)) < 0 || (r = grant_read_binding(top, g)) < 0)
                return r;
        version = json_object_get(top->o, "version");
        if (!version)
                return grant_json_fail(top, GRANT_INCOMPLETE, "version");
        if (!json_is_integer(version))
                return grant_json_fail(top, GRANT_WRONG_TYPE, "version");
        if (json_integer_value(version) < 1 || json_integer_value(version) > SET_VERSION_MAX)
                return grant_json_fail(top, GRANT_BAD_VALUE, "version");
        json_array_foreach(g->members, i, one)
        {
                if (!is_uuid(json_string_value(one)))
                        return grant_json_fail(top, GRANT_BAD_VALUE, "members");
        }
        if (g->made_usec >= g->until_usec)
                return grant_json_fail(top, GRANT_TIME_REVERSED, "issued");
        g->version = (uint64_t) json_integer_value(version);
        g->state = GRANT_STATE_GIVEN;
        return 0;
}

/* ------------------------------------------------------------ declarations */

static int read_declaration(const char *text, size_t size, Grant *g, GrantError *e)
{
        _cleanup_free_ char *why = NULL;
        int r = declaration_parse(text, size, &g->declaration, &why);

        if (r == -EBADMSG)
                return grant_fail(e, GRANT_BAD_VALUE, why);
        if (r < 0)
                return r;
        text_copy(g->id, sizeof(g->id), g->declaration->id, strlen(g->declaration->id));
        g->made_usec = g->from_usec = g->declaration->made_usec;
        g->until_usec = g->declaration->until_usec;
        g->workload = g->declaration->workload;
        g->state = GRANT_STATE_GIVEN;
        return 0;
}

/* ------------------------------------------------------------ attestations */

static int check_item(const GrantObject *top, json_t *o)
{
        static const char *const keys[] = { "law", "present", "statement", NULL };
        GrantObject item = { .path = "items", .o = o, .e = top->e };
        const char *law = NULL, *statement = NULL;
        const json_t *present;
        int r;

        if (!json_is_object(o))
                return grant_json_fail(top, GRANT_WRONG_TYPE, "items");
        if ((r = grant_json_only(&item, keys)) < 0 ||
            (r = grant_json_string(&item, "law", true, &law)) < 0 ||
            (r = grant_json_string(&item, "statement", true, &statement)) < 0)
                return r;
        if (!*law || strlen(law) >= AG_NAME_MAX)
                return grant_json_fail(&item, GRANT_BAD_VALUE, "law");
        present = json_object_get(o, "present");
        if (!json_is_boolean(present))
                return grant_json_fail(&item, present ? GRANT_WRONG_TYPE : GRANT_INCOMPLETE, "present");
        /* Who says that it is there has attested nothing. */
        return json_is_true(present) ? grant_json_fail(&item, GRANT_BAD_VALUE, "present") : 0;
}

static int read_attestation(const GrantObject *top, Grant *g)
{
        static const char *const keys[] = { "conforms_to", "record_id", "jurisdiction", "owner", "items",
                                            "issued",      "valid",     "binding",      NULL };
        const char *name = NULL;
        GrantObject owner = {};
        json_t *one;
        size_t i;
        int r;

        if ((r = grant_json_only(top, keys)) < 0 || (r = grant_read_head(top, g)) < 0 ||
            (r = grant_json_object(top, "owner", true, &owner)) < 0 ||
            (r = grant_json_string(&owner, "name", true, &name)) < 0 ||
            (r = grant_json_time(top, "issued", &g->made_usec)) < 0 || (r = grant_read_valid(top, g)) < 0 ||
            (r = grant_read_binding(top, g)) < 0)
                return r;
        g->items = json_object_get(top->o, "items");
        if (!g->items)
                return grant_json_fail(top, GRANT_INCOMPLETE, "items");
        if (!json_is_array(g->items))
                return grant_json_fail(top, GRANT_WRONG_TYPE, "items");
        if (json_array_size(g->items) == 0 || json_array_size(g->items) > GRANT_ITEMS_MAX)
                return grant_json_fail(top, GRANT_BAD_VALUE, "items");
        json_array_foreach(g->items, i, one)
        {
                r = check_item(top, one);
                if (r < 0)
                        return r;
        }
        if (g->made_usec >= g->until_usec)
                return grant_json_fail(top, GRANT_TIME_REVERSED, "issued");
        g->state = GRANT_STATE_GIVEN;
        return 0;
}

/* --------------------------------------------------------------------- all */

int grant_parse(GrantKind kind, const char *text, size_t size, Grant **ret, GrantError *reterr)
{
        _cleanup_(grant_freep) Grant *g = calloc(1, sizeof(*g));
        GrantError unused = {};
        GrantObject top = { .path = "", .e = reterr ? reterr : &unused };
        int r;

        if (!g)
                return -ENOMEM;
        *top.e = (GrantError){};
        g->kind = kind;
        r = grant_json_load(text, size, &g->doc, top.e);
        if (r < 0)
                return r;
        top.o = g->doc;
        switch (kind) {
        case GRANT_CONSENT:
                r = consent_read(&top, g);
                break;
        case GRANT_EXCEPTION:
                r = read_exception(&top, g);
                break;
        case GRANT_SET:
                r = read_set(&top, g);
                break;
        case GRANT_ATTESTATION:
                r = read_attestation(&top, g);
                break;
        default:
                r = read_declaration(text, size, g, top.e);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(g);
        return 0;
}

GrantReason grant_holds(const Grant *g, uint64_t now_usec)
{
        if (!grant_state_valid(g->state))
                return GRANT_STATE_INVALID;
        if (now_usec >= g->until_usec)
                return GRANT_EXPIRED;
        return now_usec < g->from_usec ? GRANT_NOT_YET : GRANT_OK;
}
