/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_ATTEST_H
#define GRANT_ATTEST_H
/* What owners have attested of their workloads, from the store: for the compiler of the policy. */
#include "lib/grant-store.h"
#include "lib/policy.h"

#define ATTESTED_MAX 4096U /* items of all workloads */

typedef struct AttestedList {
        PolicyAttested *items;
        size_t n;
        size_t broken;      /* attestations whose envelope or signature is not good any more */
        uint64_t next_usec; /* wall clock: when the list changes by itself; UINT64_MAX: never */
} AttestedList;

/* Each attestation that nobody has ended, whose signature holds and whose time is now. */
int grant_attested(const GrantStore *s, const Trust *t, uint64_t now_usec, AttestedList *ret);
void attested_done(AttestedList *l);
bool attested_equal(const AttestedList *a, const AttestedList *b);

#endif
