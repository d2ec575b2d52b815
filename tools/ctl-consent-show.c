/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl consent list|show|history`: what the store holds and
 * whether it counts at this moment, read from the files. Everything a signer
 * wrote is escaped. Called by ctl-consent.c and ctl-grant.c.
 */
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "ctl-bus.h"
#include "ctl-consent.h"
#include "ctl-output.h"
#include "lib/date.h"
#include "lib/json-util.h"
#include "lib/util-string.h"

static uint64_t now_usec(void)
{
        return (uint64_t) time(NULL) * 1000000ULL;
}

static json_t *names(char *const *list)
{
        json_t *l = json_array();

        for (; l && list && *list; list++)
                (void) json_array_append_new(l, json_string(*list));
        return l;
}

/* Why it counts or not, as a code: for a set the member that does not. */
static void reason_of(const CtlGrants *g, size_t i, bool *ret_holds, char ret[GRANT_CODE_MAX])
{
        const char *member = NULL;
        GrantError e = { .reason = grant_claim_holds(&g->claims, g->store, i, now_usec(), &member) };

        *ret_holds = e.reason == GRANT_OK;
        if (member)
                snprintf(e.field, sizeof(e.field), "%s", member);
        grant_error_code(&e, ret);
}

static json_t *entry(const CtlGrants *g, size_t i)
{
        const StoreEntry *e = grant_store_get(g->store, i);
        const GrantClaim *claim = i < g->claims.n ? &g->claims.claims[i] : NULL;
        const GrantBinding *b = claim ? claim->binding : NULL;
        char code[GRANT_CODE_MAX];
        bool holds = false;

        reason_of(g, i, &holds, code);
        return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s*, s:s*, s:s*, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
                         "s:o}",
                         "id", e->id, "kind", grant_kind_to_string((GrantKind) e->kind), "state",
                         grant_state_to_string((GrantState) e->state), "holds", holds, "reason", code,
                         "workload", b ? b->workload : NULL, "context", b ? b->context : NULL,
                         "jurisdiction", b ? b->jurisdiction : NULL, "capabilities",
                         names(b ? b->modelcaps : NULL), "devices", names(b ? b->devices : NULL), "models",
                         names(b ? b->models : NULL), "from", json_date(claim ? claim->from_usec : 0),
                         "until", json_date(claim ? claim->until_usec : 0), "made", json_date(e->made_usec),
                         "imported", json_date(e->imported_usec), "ended", json_date(e->ended_usec));
}

static json_t *document(const CtlGrants *g, const StoreEntry *e);

/* "model": {...}, the reason, and whether two have signed. */
static void add_declaration(const CtlGrants *g, const StoreEntry *e, json_t *o)
{
        json_t *doc = document(g, e);
        const char *kind = json_str(doc, "kind");

        (void) json_object_set_new(o, "about",
                                   json_pack("{s:s, s:O?}", "kind", kind, kind, json_object_get(doc, kind)));
        (void) json_object_set(o, "said", json_object_get(doc, "reason"));
        json_decref(doc);
}

json_t *ctl_grants_to_json(const CtlGrants *g, unsigned kinds)
{
        json_t *list = json_array();

        for (size_t i = 0; list && g->store && i < grant_store_size(g->store); i++)
                if (kinds & (1U << grant_store_get(g->store, i)->kind)) {
                        json_t *o = entry(g, i);

                        if (grant_store_get(g->store, i)->kind == GRANT_DECLARATION)
                                add_declaration(g, grant_store_get(g->store, i), o);
                        (void) json_array_append_new(list, o);
                }
        return list;
}

static void print_list(const char *label, const json_t *list)
{
        _cleanup_free_ char *text = strdup("");
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
        {
                char *longer = NULL;

                if (!text ||
                    string_printf(&longer, "%s%s%s", text, i ? ", " : "", json_string_value(one)) < 0)
                        return;
                free(text);
                text = longer;
        }
        if (text && *text)
                out_line(label, "%s", text);
}

/* Of a declaration: what it says of what, and why. */
static void print_about(const json_t *about, const char *said)
{
        const json_t *of = json_object_get(about, json_str(about, "kind"));
        static const char *const names[] = { "path", "name", "exe", "unit", "workload" };
        const char *what = "";

        if (!about)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(names) && !*what; i++)
                what = json_str(of, names[i]);
        out_line("  about", "%s %s%s%s", json_str(about, "kind"), what,
                 *json_str(of, "as") ? ": is for " : "", json_str(of, "as"));
        out_line("  said", "%s", said);
}

static void print_entry(const json_t *o)
{
        bool holds = json_is_true(json_object_get(o, "holds"));

        printf("%s%s%s  %s, %s%s%s\n", out_color(holds ? OUT_GOOD : OUT_BAD), json_str(o, "id"),
               out_color(OUT_PLAIN), json_str(o, "kind"), json_str(o, "state"),
               holds ? "" : ": does not count, ", holds ? "" : json_str(o, "reason"));
        if (*json_str(o, "workload"))
                out_line("  workload", "%s (%s, %s)", json_str(o, "workload"), json_str(o, "jurisdiction"),
                         json_str(o, "context"));
        print_about(json_object_get(o, "about"), json_str(o, "said"));
        print_list("  for", json_object_get(o, "capabilities"));
        print_list("  devices", json_object_get(o, "devices"));
        print_list("  models", json_object_get(o, "models"));
        if (*json_str(o, "until"))
                out_line("  time", "%s, %s", json_str(o, "from"), json_str(o, "until"));
        if (*json_str(o, "ended"))
                out_line("  ended", "%s", json_str(o, "ended"));
}

void ctl_grants_print(const json_t *list)
{
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one) print_entry(one);
}

int ctl_consent_list(const CtlConsentArgs *a)
{
        CtlGrants g;
        json_t *list;
        int r = ctl_grants_open(a, &g);

        if (r == 0) {
                list = ctl_grants_to_json(&g, 1U << GRANT_CONSENT | 1U << GRANT_SET);
                if (a->json)
                        r = out_json(list);
                else {
                        ctl_grants_print(list);
                        if (json_array_size(list) == 0)
                                puts("No consent is stored.");
                        json_decref(list);
                }
        }
        ctl_grants_done(&g);
        return r;
}

/* ---------------------------------------------------------------------- show */

/* The document itself, whoever signed it; NULL when its file is not the imported one. */
static json_t *document(const CtlGrants *g, const StoreEntry *e)
{
        _cleanup_(envelope_freep) Envelope *v = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n = 0;

        if (grant_store_read(g->store, e, &text, &n) < 0 || envelope_parse(text, n, &v, &(GrantError){}) < 0)
                return NULL;
        return json_loadb(v->payload, v->payload_size, JSON_REJECT_DUPLICATES, NULL);
}

static int show(const CtlConsentArgs *a, const CtlGrants *g)
{
        const StoreEntry *e = g->store ? grant_store_find(g->store, a->what) : NULL;
        _cleanup_free_ char *text = NULL;
        json_t *o, *record;

        if (!e) {
                out_error("there is no grant %s", a->what);
                return EXIT_FAILURE;
        }
        o = entry(g, (size_t) (e - grant_store_get(g->store, 0)));
        record = document(g, e);
        if (a->json) {
                (void) json_object_set_new(o, "record", record ? record : json_null());
                return out_json(o);
        }
        print_entry(o);
        json_decref(o);
        text = record ? json_dumps(record, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
        json_decref(record);
        if (text)
                /* ASCII alone: nothing in it moves the cursor. */
                puts(text);
        return EXIT_SUCCESS;
}

int ctl_consent_show(const CtlConsentArgs *a)
{
        CtlGrants g;
        int r = ctl_grants_open(a, &g);

        if (r == 0)
                r = show(a, &g);
        ctl_grants_done(&g);
        return r;
}

/* ------------------------------------------------------------------- history */

typedef struct History {
        const CtlConsentArgs *a;
        json_t *list; /* NULL: print */
        size_t n;
} History;

static int on_line(void *userdata, const LedgerEntry *e)
{
        History *h = userdata;
        char when[DATE_TEXT_MAX];

        if (h->a->what && !streq(h->a->what, e->id))
                return 0;
        h->n++;
        date_format(e->time_usec, when);
        if (h->list)
                return json_array_append_new(
                                h->list, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "seq",
                                                   (json_int_t) e->seq, "time", when, "action",
                                                   ledger_action_to_string(e->action), "kind",
                                                   grant_kind_to_string(e->kind), "id", e->id, "state",
                                                   grant_state_to_string(e->state), "by_uid",
                                                   (json_int_t) e->uid, "sha256", e->digest, "key", e->key));
        printf("%6llu  %s  %-6s  %-12s  %s  %s  by user %u\n", (unsigned long long) e->seq, when,
               ledger_action_to_string(e->action), grant_kind_to_string(e->kind), e->id,
               grant_state_to_string(e->state), e->uid);
        return 0;
}

int ctl_consent_history(const CtlConsentArgs *a)
{
        const char *dir = a->store ? a->store : GRANT_STORE_DIR;
        _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        History h = { .a = a, .list = a->json ? json_array() : NULL };
        uint64_t line = 0;
        Ledger l = { .fd = -EBADF };
        int r = fd < 0 ? -errno : ledger_open(fd, false, on_line, &h, &l, &line);

        if (a->json && (r >= 0 || r == -ENOENT)) {
                ledger_close(&l);
                return out_json(json_pack("{s:o, s:s}", "entries", h.list, "ledger", r < 0 ? "" : l.hash));
        }
        json_decref(h.list);
        if (r == -EBADMSG) {
                out_error("the chain is broken at line %llu: what follows was changed or taken out",
                          (unsigned long long) line);
                return EXIT_FAILURE;
        }
        if (r < 0 && r != -ENOENT)
                return ctl_grant_error(r, NULL, dir, false);
        if (h.n == 0)
                puts("Nothing has happened.");
        else
                printf("The chain is whole; its last line has the digest\n%s\n", l.hash);
        ledger_close(&l);
        return EXIT_SUCCESS;
}
