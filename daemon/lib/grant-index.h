/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_INDEX_H
#define GRANT_INDEX_H
/*
 * What was verified is remembered, so that a hundred thousand signatures are not
 * checked at each start: the file `verified` of the store, which only root may
 * read or write, like the ledger itself. It speaks of an envelope by its digest,
 * and counts only while the trusted keys, whatever they may sign and until when,
 * are those that it was verified with. Sets, declarations and what is void are
 * not in it: they are few, and looked at each time.
 */
#include "lib/grant-fold.h"

/* Of all that decides whether a signature counts. */
void grant_trust_digest(const Trust *t, char ret[SHA256_HEX_SIZE]);

/* Fills those claims that it knows and returns how many, 0 when there is none or it is not of this trust. */
size_t grant_index_read(const GrantStore *s, const Trust *t, GrantClaims *c);
/* Of all good claims; whole and synced, or as it was. */
int grant_index_write(const GrantStore *s, const Trust *t, const GrantClaims *c);

#endif
