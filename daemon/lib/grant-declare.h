/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_DECLARE_H
#define GRANT_DECLARE_H
/*
 * Declarations in the store of grants. Root's word is a signature as well, by a
 * key that each host makes for itself and that only root can read: host.pem
 * beside the ledger, its public half in host.pub. A key of trust.d that signed
 * too is the second signature, for what one person's word does not lift.
 */
#include "lib/grant-store.h"

/* Adds this host's key to `t`, when there is one: it signs declarations and nothing else. */
int grant_host_trust(const GrantStore *s, Trust *t);

/*
 * Signs as root of this host and stores. `d->made_usec` moves forward when an earlier one with its id is as new.
 * -EBADMSG with *e: the store knows better. The store must be open for writing, here and below.
 */
int grant_declare(GrantStore *s, Declaration *d, uint64_t now_usec, uint32_t uid, GrantError *e);

/* Root adds its signature to what a key of trust.d has signed. New string. */
int grant_countersign(GrantStore *s, const char *text, size_t size, char **ret, size_t *ret_size,
                      GrantError *e);

/*
 * All that nobody has revoked, verified, in order of their first import; the ones that are over are among them.
 * `ret_broken` counts those that cannot be verified: they have no effect. Freed with declarations_free_many().
 */
int grant_declarations(const GrantStore *s, const Trust *t, Declaration ***ret, size_t *ret_n,
                       size_t *ret_broken);

#endif
