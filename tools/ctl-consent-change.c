/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl consent import|withdraw`: through the daemon, which acts
 * at once; with the daemon dead root changes the store itself, which counts when
 * the daemon starts, and the journal is told here.
 */
#include <bpf/bpf.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "ctl-bus.h"
#include "ctl-consent.h"
#include "ctl-output.h"
#include "lib/emergency.h"
#include "lib/message-ids.h"
#include "lib/util-string.h"
#include "verbs.h"

static uint64_t now_usec(void)
{
        return (uint64_t) time(NULL) * 1000000ULL;
}

static int print_answer(const char *text, bool json)
{
        json_t *o = json_loads(text, 0, NULL);

        if (json)
                return out_json(o);
        fputs_escaped(json_str(o, "text"), stdout);
        puts(".");
        json_decref(o);
        return EXIT_SUCCESS;
}

static void tell_journal(const char *message_id, const char *id, const char *state, const char *what)
{
        (void) sd_journal_send("MESSAGE=Grant %s %s, with the daemon dead", id, what, "MESSAGE_ID=%s",
                               message_id, "PRIORITY=%i", LOG_NOTICE, "SYSLOG_IDENTIFIER=aiguard",
                               "AIGUARD_CONSENT_ID=%s", id, "AIGUARD_CONSENT_STATE=%s", state,
                               "AIGUARD_BY_UID=%u", (unsigned) getuid(), NULL);
}

/* A declaration that a key of trust.d has signed: root's signature goes beside it. */
static int countersign(GrantStore *store, char **text, size_t *n, GrantError *e)
{
        char *both = NULL;
        int r = grant_countersign(store, *text, *n, &both, n, e);

        if (r < 0)
                return r;
        free(*text);
        *text = both;
        return 0;
}

/* Takes what `text` points to and may put something else there. */
static int store_one(const CtlConsentArgs *a, GrantStore *store, Grant *g, const TrustKey *key, char **text,
                     size_t n)
{
        GrantError e = {};
        int r = 0;

        if (g->declaration && g->declaration->kind == DECLARATION_EMERGENCY)
                r = grant_fail(&e, GRANT_BAD_VALUE, "emergency");
        else if (g->declaration && !g->declaration->by_root)
                r = countersign(store, text, &n, &e);
        if (r >= 0)
                r = grant_store_import(store, *text, n, g, key, now_usec(), (uint32_t) getuid(), &e);
        if (r < 0)
                return ctl_grant_error(r, &e, a->what, a->json);
        if (!a->store)
                tell_journal(MESSAGE_ID_CONSENT_IMPORTED, g->id, grant_state_to_string(g->state),
                             "was imported");
        printf("%s is stored. aiguardd does not run here: it counts when that starts.\n", g->id);
        return EXIT_SUCCESS;
}

static int import_here(const CtlConsentArgs *a, char **text, size_t n)
{
        _cleanup_(grant_store_freep) GrantStore *store = NULL;
        _cleanup_(trust_freep) Trust *trust = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        const TrustKey *key = NULL;
        GrantError e = {};
        int r = ctl_trust_load(a->trust, &trust);

        if (r != 0)
                return r;
        r = grant_verify(*text, n, trust, now_usec(), &g, &key, &e);
        if (r < 0)
                return ctl_grant_error(r, &e, a->what, a->json);
        r = ctl_store_open(a->store, &store);
        return r != 0 ? r : store_one(a, store, g, key, text, n);
}

/*
 * The entries that the dead daemon left in the kernel. All of the workload's: which of them this grant alone held open
 * is the daemon's to work out. Too much closed, until it starts.
 */
static void close_in_kernel(const GrantStore *store, const char *id, const char *trust_dir)
{
        _cleanup_close_ int consents_fd = emergency_open(AG_PIN_DIR, "ag_consents");
        _cleanup_close_ int workloads_fd = emergency_open(AG_PIN_DIR, "ag_workloads");
        size_t index = (size_t) (grant_store_find(store, id) - grant_store_get(store, 0));
        struct ag_consent_key key, next;
        GrantClaims claims = {};
        Trust *trust = NULL;
        int workload = -ENOENT;
        bool more;

        if (consents_fd >= 0 && workloads_fd >= 0 && ctl_trust_load(trust_dir, &trust) == 0) {
                (void) grant_claims_load(&claims, index, store, trust, &(GrantError){});
                if (index < claims.n && claims.claims[index].binding)
                        workload = emergency_workload(workloads_fd, claims.claims[index].binding->workload);
        }
        more = workload >= 0 && bpf_map_get_next_key(consents_fd, NULL, &key) == 0;
        while (more) {
                more = bpf_map_get_next_key(consents_fd, &key, &next) == 0;
                if (key.workload == workload)
                        (void) bpf_map_delete_elem(consents_fd, &key);
                key = next;
        }
        grant_claims_done(&claims);
        trust_free(trust);
}

static int withdraw_here(const CtlConsentArgs *a, GrantState state)
{
        _cleanup_(grant_store_freep) GrantStore *store = NULL;
        int r = ctl_store_open(a->store, &store);

        if (r != 0)
                return r;
        r = grant_store_end(store, a->what, state, now_usec(), (uint32_t) getuid());
        if (r == -ENOENT || r == -EALREADY) {
                out_error(r == -ENOENT ? "there is no grant %s" : "grant %s has ended before", a->what);
                return EXIT_FAILURE;
        }
        if (r < 0)
                return ctl_grant_error(r, NULL, a->what, false);
        if (!a->store)
                close_in_kernel(store, a->what, a->trust);
        if (!a->store)
                tell_journal(MESSAGE_ID_CONSENT_WITHDRAWN, a->what, grant_state_to_string(state),
                             "has ended");
        printf("%s has ended. aiguardd does not run here: the kernel refuses from now on, but a picture "
               "that is under way "
               "is not stopped.\n",
               a->what);
        return EXIT_SUCCESS;
}

/* Asks the daemon. 1: there is none. */
static int ask(const CtlConsentArgs *a, const char *method, const char *types, const char *first,
               const char *second)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *text = NULL;
        sd_bus *bus = NULL;
        int r = a->store ? -ENOENT : ctl_bus_connect_to_change(&bus);

        if (r == -ENOENT)
                return -1;
        if (r >= 0)
                r = ctl_call(bus, method, &text, &e, types, first, second);
        r = r < 0 ? ctl_bus_fail(r, &e) : print_answer(text, a->json);
        sd_bus_error_free(&e);
        sd_bus_close_unref(bus);
        return r;
}

int ctl_consent_import(const CtlConsentArgs *a)
{
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        int r = ctl_read_file(a->what, &text, &n);

        if (r != 0)
                return r;
        /* A text on the bus ends at its first NUL: what is behind it must not be lost on the way. */
        if (strlen(text) != n)
                return ctl_grant_refused(&(GrantError){ .reason = GRANT_SYNTAX }, a->json);
        r = ask(a, "ImportGrant", "s", text, NULL);
        return r < 0 ? import_here(a, &text, n) : r;
}

int ctl_consent_withdraw(const CtlConsentArgs *a)
{
        const char *by = a->by ? a->by : "principal";
        int r;

        if (!streq(by, "principal") && !streq(by, "operator")) {
                out_error("--by must be principal or operator");
                return EXIT_USAGE;
        }
        r = ask(a, "WithdrawGrant", "ss", a->what, by);
        return r < 0 ? withdraw_here(a, streq(by, "principal") ? GRANT_STATE_WITHDRAWN : GRANT_STATE_REVOKED)
                     : r;
}
