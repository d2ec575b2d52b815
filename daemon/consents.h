/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONSENTS_H
#define CONSENTS_H
/*
 * Grants in force: verifies what is in the store, folds it into ag_consents,
 * of which this is the only writer, and takes changes. The kernel checks each
 * entry's end against boot time by itself, so it ends with the daemon dead too.
 * Main thread, where nothing else is said.
 */
#include <jansson.h>
#include <sys/types.h>

#include "lib/grant-attest.h"
#include "lib/grant-declare.h"
#include "lib/grant-fold.h"
#include "manager.h"

/*
 * Opens the store. One that cannot be read is no reason not to start: then no grant holds, and the log says why.
 * Nothing is in force before consents_verify_again().
 */
int consents_new(Manager *m, Consents **ret);
Consents *consents_free(Consents *c);
DEFINE_CLEANUP(Consents *, consents_free);

/* Before tables with other numbers come into force: an entry must never speak for another workload. */
void consents_retire(Consents *c, const PolicyTables *next);
/* Folds anew and tells the kernel: after a policy, a device, a change of the clock. */
void consents_apply(Consents *c);
/* After each policy: reads trust.d, since keys may have been revoked, and verifies everything; many in the background. */
void consents_verify_again(Consents *c);

/* Models that a grant names by digest, and that were classified before anybody asked for it, are judged again. */
void consents_ask_models(Consents *c);
/* A model was given that number: those that a grant names by digest are let through at once. Pool thread. */
void consents_on_numbered(Consents *c, int fd, uint32_t model);

/* Ends what runs on the keys of a withdrawn grant before it returns. -EBADMSG: *e says why nothing was changed. */
int consents_import(Consents *c, const char *text, uid_t uid, json_t **ret, GrantError *e);
/* `state` is withdrawn (by the person) or revoked (by another). -ENOENT, -EALREADY. */
int consents_withdraw(Consents *c, const char *id, GrantState state, uid_t uid, json_t **ret);

/*
 * For declarations.c and emergencies.c, whose records are in the same store: reading, adding, ending, nothing of their
 * effect. -EIO: the store cannot be used.
 */
int consents_declarations(Consents *c, Declaration ***ret, size_t *ret_n, size_t *ret_broken);
int consents_declare(Consents *c, Declaration *d, uid_t uid, GrantError *e); /* as grant_declare() */
int consents_end_declaration(Consents *c, const char *id, GrantState state,
                             uid_t uid); /* -ENOENT, -EALREADY */

/* For attestations.c, as grant_attested(). -EIO: the store cannot be used. */
int consents_attested(Consents *c, uint64_t now_usec, AttestedList *ret);

json_t *consents_to_json(Consents *c); /* new reference: numbers for `status` */

#endif
