/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: changes of grants on behalf of root: checked against signature,
 * store and policy, written, put into force, told to the journal. What is
 * refused is told as well, with its reason. Main thread.
 */
#include <string.h>

#include "attestations.h"
#include "consents-internal.h"
#include "declarations.h"
#include "emergencies.h"
#include "lib/date.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lib/util-string.h"
#include "lock.h"

typedef struct Note {
        const char *message_id;
        int priority;
        const char *id;    /* "" when it could not be read */
        const char *state; /* DPV term */
        const char *code;  /* reason */
        const char *workload;
        uid_t uid;
        const char *text;
} Note;

/* Ids, states, codes and digests; nothing a person wrote. */
static void note(Consents *c, const Note *n)
{
        char id[96], state[64], reason[GRANT_CODE_MAX + 32], workload[AG_NAME_MAX + 32], by[48], hash[112];
        const char *fields[] = { id, state, reason, by, hash, workload };

        snprintf(id, sizeof(id), "AIGUARD_CONSENT_ID=%s", n->id);
        snprintf(state, sizeof(state), "AIGUARD_CONSENT_STATE=%s", n->state);
        snprintf(reason, sizeof(reason), "AIGUARD_CONSENT_REASON=%s", n->code);
        snprintf(by, sizeof(by), "AIGUARD_BY_UID=%u", n->uid);
        snprintf(hash, sizeof(hash), "AIGUARD_LEDGER_HASH=%s", c->store ? grant_store_hash(c->store) : "");
        snprintf(workload, sizeof(workload), "AIGUARD_SYSTEM_ID=%s", n->workload);
        journal_note(manager_journal(c->m), n->message_id, n->priority, fields, ARRAY_SIZE(fields), "%s",
                     n->text);
}

static void note_refused(Consents *c, const Grant *g, const GrantError *e, uid_t uid)
{
        char code[GRANT_CODE_MAX], text[400];

        grant_error_code(e, code);
        snprintf(text, sizeof(text), "A grant%s%s was not taken: %s (%s)", g ? " " : "", g ? g->id : "",
                 grant_reason_sentence(e->reason), code);
        note(c, &(Note){ .message_id = MESSAGE_ID_CONSENT_REFUSED,
                         .priority = LOG_WARNING,
                         .id = g ? g->id : "",
                         .state = grant_state_to_string(g ? g->state : GRANT_STATE_UNKNOWN),
                         .code = code,
                         .workload = g && g->workload ? g->workload : "",
                         .uid = uid,
                         .text = text });
}

/* What the answer to an import or a withdrawal says. */
static json_t *answer(const Consents *c, const char *id, const char *kind, const char *state,
                      const char *code, const char *text)
{
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "kind", kind, "state", state, "reason",
                         code, "text", text, "ledger", grant_store_hash(c->store));
}

static void note_imported(Consents *c, const Grant *g, uid_t uid, json_t **ret)
{
        const PolicyTables *t = manager_tables(c->m);
        char code[GRANT_CODE_MAX] = "ok", text[400], until[DATE_TEXT_MAX];
        uint8_t column = 0;
        uint16_t rule = grant_forbidden_by(g, t, policy_store_modelcaps(manager_store(c->m)), &column);
        bool ends = !grant_state_valid(g->state);

        date_format(g->until_usec, until);
        if (ends) {
                snprintf(text, sizeof(text), "The %s %s of %s has ended: %s", grant_kind_to_string(g->kind),
                         g->id, g->workload, grant_state_to_string(g->state));
                snprintf(code, sizeof(code), "withdrawn");
        } else if (rule) {
                GrantError e = { .reason = GRANT_LAW_FORBIDS };

                snprintf(e.field, sizeof(e.field), "%s", t->rules[rule].law);
                grant_error_code(&e, code);
                snprintf(text, sizeof(text),
                         "The %s %s is stored, but does not lift rule %s (%s) for %s of %s: %s",
                         grant_kind_to_string(g->kind), g->id, t->rules[rule].id, t->rules[rule].law,
                         t->columns[column], g->workload, grant_reason_sentence(GRANT_LAW_FORBIDS));
        } else
                snprintf(text, sizeof(text), "The %s %s of %s is in force until %s",
                         grant_kind_to_string(g->kind), g->id, g->workload ? g->workload : "the host",
                         until);
        note(c, &(Note){ .message_id = ends ? MESSAGE_ID_CONSENT_WITHDRAWN : MESSAGE_ID_CONSENT_IMPORTED,
                         .priority = LOG_NOTICE,
                         .id = g->id,
                         .state = grant_state_to_string(g->state),
                         .code = code,
                         .workload = g->workload ? g->workload : "",
                         .uid = uid,
                         .text = text });
        *ret = answer(c, g->id, grant_kind_to_string(g->kind), grant_state_to_string(g->state), code, text);
}

static int index_of(const Consents *c, const char *id, size_t *ret)
{
        const StoreEntry *e = grant_store_find(c->store, id);

        if (!e)
                return -ENOENT;
        *ret = (size_t) (e - grant_store_get(c->store, 0));
        return 0;
}

/* While the rest of the store is still being verified, all that a workload has closes: too much, and safe. */
static void close_workload(Consents *c, const char *workload)
{
        int w = policy_tables_find(manager_tables(c->m), workload);

        if (w >= 0)
                consents_close_workload(c, (uint16_t) w);
}

/* Somebody in trust.d signed a declaration; who imports it is root, and signs as well: whom polkit lets in is not. */
static int countersign(Consents *c, const char *text, uid_t uid, Grant *g, char **ret, GrantError *e)
{
        _cleanup_free_ char *why = NULL;
        size_t n;
        int r = uid != 0 ? grant_fail(e, GRANT_UNSIGNED, "root of this host") : 0;

        if (r < 0)
                return r;
        r = declarations_check(manager_declarations(c->m), g->declaration, &why);

        if (r == -EBADMSG || r == -EPERM)
                return grant_fail(e, GRANT_BAD_VALUE, why);
        if (r < 0 || g->declaration->by_root)
                return r;
        r = grant_countersign(c->store, text, strlen(text), ret, &n, e);
        g->declaration->by_root = r >= 0;
        return r;
}

static int check_and_store(Consents *c, const char *text, const Trust *trust, uid_t uid, Grant **ret,
                           GrantError *e)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *both = NULL;
        uint64_t now = realtime_usec();
        const TrustKey *key = NULL;
        int r = grant_verify(text, strlen(text), trust, now, &g, &key, e);

        if (r >= 0)
                r = grant_check_policy(g, manager_tables(c->m), policy_store_modelcaps(manager_store(c->m)),
                                       e);
        if (r >= 0 && g->declaration)
                r = countersign(c, text, uid, g, &both, e);
        if (both)
                text = both;
        if (r >= 0)
                r = grant_store_import(c->store, text, strlen(text), g, key, now, uid, e);
        if (r == -EBADMSG)
                note_refused(c, g, e, uid);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(g);
        return 0;
}

int consents_import(Consents *c, const char *text, uid_t uid, json_t **ret, GrantError *e)
{
        _cleanup_(trust_freep) Trust *trust = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        size_t index;
        int r;

        if (!c->store)
                return -EIO;
        r = consents_load_trust(c, false, &trust);
        if (r < 0)
                return r;
        r = check_and_store(c, text, trust, uid, &g, e);
        if (r < 0)
                return r;
        r = index_of(c, g->id, &index);
        if (r < 0)
                return r;
        /* Verified just now. When the rest is still under way it is met again there. */
        if (index < c->n_loaded || c->complete) {
                r = grant_claims_set(&c->claims, index, g);
                if (r < 0)
                        grant_claims_void(&c->claims, index, GRANT_TAMPERED);
                c->n_loaded = MAX(c->n_loaded, index + 1);
        }
        if (!c->complete && !grant_state_valid(g->state))
                close_workload(c, g->workload);
        if (g->models)
                consents_ask_models(c);
        consents_apply(c);
        note_imported(c, g, uid, ret);
        if (g->declaration)
                declarations_take(manager_declarations(c->m), TAKE_PTR(g->declaration), uid);
        if (g->kind == GRANT_ATTESTATION)
                attestations_changed(manager_attestations(c->m));
        return 0;
}

int consents_withdraw(Consents *c, const char *id, GrantState state, uid_t uid, json_t **ret)
{
        uint64_t begun = boottime_ns(), over;
        char text[400], workload[AG_NAME_MAX] = "";
        const char *kind;
        size_t index;
        int r;

        if (!c->store)
                return -EIO;
        r = grant_store_end(c->store, id, state, realtime_usec(), uid);
        if (r < 0)
                return r;
        r = index_of(c, id, &index);
        if (r < 0)
                return r;
        if (index >= c->n_loaded)
                (void) grant_claims_load(&c->claims, index, c->store, c->trust, &(GrantError){});
        if (c->claims.claims[index].binding)
                snprintf(workload, sizeof(workload), "%s", c->claims.claims[index].binding->workload);
        if (!c->complete)
                close_workload(c, workload);
        consents_apply(c);
        over = boottime_ns();
        kind = grant_kind_to_string((GrantKind) grant_store_get(c->store, index)->kind);
        if (grant_store_get(c->store, index)->kind == GRANT_DECLARATION) {
                declarations_drop(manager_declarations(c->m), id, uid);
                emergencies_drop(c->m, id, uid);
        }
        snprintf(text, sizeof(text), "The %s %s of %s has ended: %s", kind, id, workload,
                 grant_state_to_string(state));
        note(c, &(Note){ .message_id = MESSAGE_ID_CONSENT_WITHDRAWN,
                         .priority = LOG_NOTICE,
                         .id = id,
                         .state = grant_state_to_string(state),
                         .code = "withdrawn",
                         .workload = workload,
                         .uid = uid,
                         .text = text });
        *ret = answer(c, id, kind, grant_state_to_string(state), "withdrawn", text);
        /* How long it took until the kernel refused, and until nothing ran any more. */
        (void) json_object_set_new(*ret, "closed_us",
                                   json_integer((json_int_t) ((c->closed_ns - begun) / 1000)));
        (void) json_object_set_new(*ret, "stopped_us", json_integer((json_int_t) ((over - begun) / 1000)));
        if (grant_store_get(c->store, index)->kind == GRANT_ATTESTATION)
                attestations_changed(manager_attestations(c->m));
        return 0;
}

/* -------------------------------------------------------------- attestations */

int consents_attested(Consents *c, uint64_t now_usec, AttestedList *ret)
{
        _cleanup_(trust_freep) Trust *trust = NULL;
        int r = c->store ? consents_load_trust(c, false, &trust) : -EIO;

        return r < 0 ? r : grant_attested(c->store, trust, now_usec, ret);
}

/* -------------------------------------------------------------- declarations */

int consents_declarations(Consents *c, Declaration ***ret, size_t *ret_n, size_t *ret_broken)
{
        _cleanup_(trust_freep) Trust *trust = NULL;
        int r = c->store ? consents_load_trust(c, false, &trust) : -EIO;

        return r < 0 ? r : grant_declarations(c->store, trust, ret, ret_n, ret_broken);
}

int consents_declare(Consents *c, Declaration *d, uid_t uid, GrantError *e)
{
        Trust *trust = NULL;
        size_t index;
        int r;

        if (!c->store)
                return -EIO;
        r = grant_declare(c->store, d, realtime_usec(), uid, e);
        if (r < 0)
                return r;
        /* The first one made the key of this host. */
        if (consents_load_trust(c, false, &trust) >= 0) {
                trust_free(c->trust);
                c->trust = trust;
        }
        r = index_of(c, d->id, &index);
        if (r >= 0 && (index < c->n_loaded || c->complete)) {
                (void) grant_claims_load(&c->claims, index, c->store, c->trust, &(GrantError){});
                c->n_loaded = MAX(c->n_loaded, index + 1);
        }
        return r;
}

int consents_end_declaration(Consents *c, const char *id, GrantState state, uid_t uid)
{
        const StoreEntry *e = c->store ? grant_store_find(c->store, id) : NULL;

        if (!c->store)
                return -EIO;
        /* The methods for declarations end no consent. */
        if (!e || e->kind != GRANT_DECLARATION)
                return -ENOENT;
        return grant_store_end(c->store, id, state, realtime_usec(), uid);
}
