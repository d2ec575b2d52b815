/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: a consent: the items that ISO/IEC TS 27560 requires of every
 * record, those that Kazakhstan's Law 94-V, Art. 8(4), adds, and the events
 * that make its state. A missing item is named. Pure; called by grant_parse().
 */
#include <string.h>

#include "lib/grant-internal.h"
#include "lib/util-string.h"

#define LIST_MAX 64U
#define EVENTS_MAX 1000U
#define BIN_DIGITS 12U /* business identification number, or the individual one of a sole trader */

static int read_operator(const GrantObject *top, const Grant *g)
{
        static const char *const keys[] = { "name", "bin", "address", "contact", "type", "role", NULL };
        const char *name = NULL, *address = NULL, *contact = NULL, *bin = NULL;
        bool kz = streq(g->jurisdiction, "kz");
        GrantObject o = {};
        int r;

        if ((r = grant_json_object(top, "operator", true, &o)) < 0 || (r = grant_json_only(&o, keys)) < 0 ||
            (r = grant_json_string(&o, "name", true, &name)) < 0 ||
            (r = grant_json_string(&o, "bin", kz, &bin)) < 0 ||
            (r = grant_json_string(&o, "address", true, &address)) < 0 ||
            (r = grant_json_string(&o, "contact", true, &contact)) < 0)
                return r;
        if (kz && (strlen(bin) != BIN_DIGITS || strspn(bin, "0123456789") != BIN_DIGITS))
                return grant_json_fail(&o, GRANT_BAD_VALUE, "bin");
        return 0;
}

/* The name itself may be here for the law's sake, but a reference to where it is kept is enough, and better. */
static int read_principal(const GrantObject *top, Grant *g)
{
        static const char *const keys[] = { "id", "full_name_ref", "full_name", "subject_class", "guardian",
                                            NULL };
        const char *name_ref = NULL, *name = NULL, *class = NULL;
        GrantObject o = {};
        int r;

        if ((r = grant_json_object(top, "principal", true, &o)) < 0 || (r = grant_json_only(&o, keys)) < 0 ||
            (r = grant_json_string(&o, "id", true, &g->principal)) < 0 ||
            (r = grant_json_string(&o, "full_name", false, &name)) < 0 ||
            (r = grant_json_string(&o, "full_name_ref", streq(g->jurisdiction, "kz") && !name, &name_ref)) <
                            0 ||
            (r = grant_json_string(&o, "subject_class", false, &class)) < 0)
                return r;
        /* A name must not slip into the log as an id. */
        if (!grant_is_digest(g->principal))
                return grant_json_fail(&o, GRANT_BAD_VALUE, "id");
        return 0;
}

static int read_notice(const GrantObject *top)
{
        static const char *const keys[] = { "uri", "version", "sha256", NULL };
        const char *uri = NULL, *version = NULL, *digest = NULL;
        GrantObject o = {};
        int r;

        if ((r = grant_json_object(top, "notice", true, &o)) < 0 || (r = grant_json_only(&o, keys)) < 0 ||
            (r = grant_json_string(&o, "uri", true, &uri)) < 0 ||
            (r = grant_json_string(&o, "version", false, &version)) < 0 ||
            (r = grant_json_string(&o, "sha256", false, &digest)) < 0)
                return r;
        return 0;
}

/* Whom the data goes to: third parties, across the border, to everybody. */
static int read_recipients(const GrantObject *top, const Grant *g)
{
        static const char *const third_keys[] = { "allowed", "names", NULL };
        static const char *const border_keys[] = { "allowed", "countries", NULL };
        bool kz = streq(g->jurisdiction, "kz"), third = false, border = false, publication = false;
        GrantObject o = {}, b = {};
        const json_t *list = NULL;
        int r;

        if ((r = grant_json_object(top, "third_parties", true, &o)) < 0 ||
            (r = grant_json_only(&o, third_keys)) < 0 ||
            (r = grant_json_boolean(&o, "allowed", true, &third)) < 0 ||
            (r = grant_json_strings(&o, "names", third, LIST_MAX, &list)) < 0 ||
            (r = grant_json_object(top, "cross_border", kz, &b)) < 0)
                return r;
        if (b.o && ((r = grant_json_only(&b, border_keys)) < 0 ||
                    (r = grant_json_boolean(&b, "allowed", true, &border)) < 0 ||
                    (r = grant_json_strings(&b, "countries", border, LIST_MAX, &list)) < 0))
                return r;
        return grant_json_boolean(top, "publication", kz, &publication);
}

static int read_storage(const GrantObject *top)
{
        static const char *const storage_keys[] = { "locations", "retention", NULL };
        static const char *const withdrawal_keys[] = { "uri", "ack_working_days", NULL };
        const char *retention = NULL, *uri = NULL;
        GrantObject storage = {}, withdrawal = {};
        const json_t *locations = NULL;
        int r;

        if ((r = grant_json_object(top, "storage", true, &storage)) < 0 ||
            (r = grant_json_only(&storage, storage_keys)) < 0 ||
            (r = grant_json_strings(&storage, "locations", true, LIST_MAX, &locations)) < 0 ||
            (r = grant_json_string(&storage, "retention", true, &retention)) < 0)
                return r;
        if (streq(grant_term(retention), "EndlessDuration"))
                return grant_json_fail(&storage, GRANT_ENDLESS, "retention");
        if (retention[0] != 'P' || !retention[1] ||
            strspn(retention + 1, "0123456789YMWDTHS") != strlen(retention) - 1)
                return grant_json_fail(&storage, GRANT_BAD_VALUE, "retention");
        if ((r = grant_json_object(top, "withdrawal", true, &withdrawal)) < 0 ||
            (r = grant_json_only(&withdrawal, withdrawal_keys)) < 0)
                return r;
        return grant_json_string(&withdrawal, "uri", true, &uri);
}

static int read_basis(const GrantObject *top)
{
        const char *basis = NULL;
        int r = grant_json_string(top, "lawful_basis", true, &basis);

        if (r < 0)
                return r;
        /* Emotions and biometric data take the strongest form; a weaker one is no consent to anything here. */
        if (!streq(grant_term(basis), "ExplicitlyExpressedConsent"))
                return grant_json_fail(top, GRANT_LAWFUL_BASIS, "lawful_basis");
        return 0;
}

static int read_event(const GrantObject *top, const json_t *v, uint64_t *last, Grant *g)
{
        static const char *const keys[] = { "state", "time", "by", "method", NULL };
        GrantObject event = { .o = v, .path = "events", .e = top->e };
        const char *state = NULL, *by = NULL, *method = NULL;
        uint64_t at = 0;
        int r;

        if (!json_is_object(v))
                return grant_json_fail(top, GRANT_WRONG_TYPE, "events");
        if ((r = grant_json_only(&event, keys)) < 0 ||
            (r = grant_json_string(&event, "state", true, &state)) < 0 ||
            (r = grant_json_time(&event, "time", &at)) < 0 ||
            (r = grant_json_string(&event, "by", true, &by)) < 0 ||
            (r = grant_json_string(&event, "method", false, &method)) < 0)
                return r;
        if (at < *last)
                return grant_json_fail(&event, GRANT_TIME_REVERSED, "time");
        *last = at;
        g->state = grant_state_from_string(state);
        return 0;
}

static int read_events(const GrantObject *top, Grant *g)
{
        const json_t *events = json_object_get(top->o, "events");
        uint64_t first = 0, last = 0;
        json_t *one;
        size_t i;

        if (!events)
                return grant_json_fail(top, GRANT_INCOMPLETE, "events");
        if (!json_is_array(events))
                return grant_json_fail(top, GRANT_WRONG_TYPE, "events");
        if (json_array_size(events) == 0)
                return grant_json_fail(top, GRANT_INCOMPLETE, "events");
        if (json_array_size(events) > EVENTS_MAX)
                return grant_json_fail(top, GRANT_BAD_VALUE, "events");
        json_array_foreach(events, i, one)
        {
                int r = read_event(top, one, &last, g);

                if (r < 0)
                        return r;
                if (i == 0)
                        first = last;
        }
        if (first >= g->until_usec)
                return grant_json_fail(top, GRANT_TIME_REVERSED, "events");
        g->made_usec = last;
        /* Nothing is consented to before it was said. */
        g->from_usec = MAX(g->from_usec, first);
        return 0;
}

int consent_read(const GrantObject *top, Grant *g)
{
        static const char *const keys[] = { "conforms_to",    "record_id",         "jurisdiction",
                                            "language",       "operator",          "principal",
                                            "notice",         "purposes",          "data",
                                            "lawful_basis",   "third_parties",     "cross_border",
                                            "publication",    "storage",           "valid",
                                            "events",         "withdrawal",        "proof",
                                            "binding",        "collection_method", "processing_method",
                                            "privacy_rights", "authority_party",   NULL };
        const char *conforms_to = NULL, *language = NULL;
        const json_t *list = NULL;
        int r;

        if ((r = grant_json_only(top, keys)) < 0 ||
            (r = grant_json_string(top, "conforms_to", true, &conforms_to)) < 0 ||
            (r = grant_read_head(top, g)) < 0 ||
            (r = grant_json_string(top, "language", true, &language)) < 0 ||
            (r = read_operator(top, g)) < 0 || (r = read_principal(top, g)) < 0 ||
            (r = read_notice(top)) < 0 ||
            (r = grant_json_strings(top, "purposes", true, LIST_MAX, &list)) < 0 ||
            (r = grant_json_strings(top, "data", true, LIST_MAX, &list)) < 0 || (r = read_basis(top)) < 0 ||
            (r = read_recipients(top, g)) < 0 || (r = read_storage(top)) < 0 ||
            (r = grant_read_valid(top, g)) < 0 || (r = read_events(top, g)) < 0)
                return r;
        return grant_read_binding(top, g);
}
