/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the attestations of the store back, each verified anew, and
 * says when the next of them begins or ends. What cannot be verified is not
 * attested. Owns nothing. Called by the daemon whenever the policy is compiled.
 */
#include "lib/grant-attest.h"

#include <string.h>

#include "lib/util-string.h"

void attested_done(AttestedList *l)
{
        free(l->items);
        *l = (AttestedList){};
}

bool attested_equal(const AttestedList *a, const AttestedList *b)
{
        return a->n == b->n && (a->n == 0 || memcmp(a->items, b->items, a->n * sizeof(*a->items)) == 0);
}

static int read_one(const GrantStore *s, const StoreEntry *entry, const Trust *t, Grant **ret)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        int r = grant_store_verify(s, entry, t, &g);

        if (r >= 0 && g->kind != GRANT_ATTESTATION)
                r = -EBADMSG;
        if (r >= 0)
                *ret = TAKE_PTR(g);
        return r;
}

static void add(AttestedList *l, const Grant *g)
{
        json_t *one;
        size_t i;

        json_array_foreach(g->items, i, one)
        {
                PolicyAttested *a = &l->items[l->n];

                if (l->n >= ATTESTED_MAX)
                        return;
                /* Zeroed whole: lists are compared byte by byte. */
                memset(a, 0, sizeof(*a));
                (void) snprintf(a->workload, sizeof(a->workload), "%s", g->workload);
                (void) snprintf(a->context, sizeof(a->context), "%s", g->context);
                (void) snprintf(a->item, sizeof(a->item), "%s",
                                json_string_value(json_object_get(one, "law")));
                l->n++;
        }
}

int grant_attested(const GrantStore *s, const Trust *t, uint64_t now_usec, AttestedList *ret)
{
        AttestedList l = { .next_usec = UINT64_MAX };

        l.items = calloc(ATTESTED_MAX, sizeof(*l.items));
        if (!l.items)
                return -ENOMEM;
        for (size_t i = 0; i < grant_store_size(s); i++) {
                const StoreEntry *entry = grant_store_get(s, i);
                _cleanup_(grant_freep) Grant *g = NULL;
                int r;

                if (entry->kind != GRANT_ATTESTATION || entry->ended_usec)
                        continue;
                r = read_one(s, entry, t, &g);
                if (r == -ENOMEM) {
                        attested_done(&l);
                        return r;
                }
                if (r < 0) {
                        l.broken++;
                        continue;
                }
                if (now_usec < g->from_usec)
                        l.next_usec = MIN(l.next_usec, g->from_usec);
                else if (now_usec < g->until_usec)
                        l.next_usec = MIN(l.next_usec, g->until_usec);
                if (grant_holds(g, now_usec) == GRANT_OK)
                        add(&l, g);
        }
        *ret = l;
        return 0;
}
