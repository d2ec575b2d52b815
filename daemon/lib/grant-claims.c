/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what is kept of a grant once it is verified: a few numbers, and
 * what it is about, once for all that say the same. A hundred thousand records
 * must fit. Folding is grant-fold.c's.
 */
#include <string.h>

#include "lib/grant-fold.h"
#include "lib/util-string.h"

static GrantBinding *binding_free(GrantBinding *b)
{
        if (!b)
                return NULL;
        free(b->workload);
        free(b->context);
        free(b->jurisdiction);
        strv_free(b->modelcaps);
        strv_free(b->devices);
        strv_free(b->models);
        free(b);
        return NULL;
}

DEFINE_CLEANUP(GrantBinding *, binding_free);

void grant_claims_done(GrantClaims *c)
{
        for (size_t i = 0; i < c->n; i++)
                free(c->claims[i].members);
        for (size_t i = 0; i < c->n_bindings; i++)
                binding_free(c->bindings[i]);
        free(c->claims);
        free(c->bindings);
        *c = (GrantClaims){};
}

int grant_claims_reserve(GrantClaims *c, size_t index)
{
        if (index >= c->room) {
                size_t room = MAX(index + 1, c->room + c->room / 2);
                GrantClaim *grown = calloc(room, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                if (c->n > 0)
                        memcpy(grown, c->claims, c->n * sizeof(*grown));
                free(c->claims);
                c->claims = grown;
                c->room = room;
        }
        /* Not touched before it is filled: all zeros is unread, and costs no memory. */
        c->n = MAX(c->n, index + 1);
        return 0;
}

/* ------------------------------------------------------------------ bindings */

static int compare_text(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int copy_sorted(const json_t *array, const char *prefix, char ***ret)
{
        json_t *one;
        size_t i;

        json_array_foreach(array, i, one)
        {
                const char *s = json_string_value(one), *rest = startswith(s, prefix);

                if (strv_extend(ret, rest ? rest : s) < 0)
                        return -ENOMEM;
        }
        if (*ret)
                qsort(*ret, strv_length(*ret), sizeof(**ret), compare_text);
        return 0;
}

static bool same_list(char *const *a, char *const *b)
{
        size_t n = strv_length(a);

        if (n != strv_length(b))
                return false;
        for (size_t i = 0; a && b && i < n; i++)
                if (!streq(a[i], b[i]))
                        return false;
        return true;
}

static bool same_binding(const GrantBinding *a, const GrantBinding *b)
{
        return a->kind == b->kind && streq(a->workload, b->workload) && streq(a->context, b->context) &&
               streq(a->jurisdiction, b->jurisdiction) && same_list(a->modelcaps, b->modelcaps) &&
               same_list(a->devices, b->devices) && same_list(a->models, b->models);
}

/* A site has some dozens of bindings, whatever the number of its records. */
static int intern(GrantClaims *c, const Grant *g, const GrantBinding **ret)
{
        _cleanup_(binding_freep) GrantBinding *b = calloc(1, sizeof(*b));
        GrantBinding **grown;

        if (!b)
                return -ENOMEM;
        b->kind = (uint8_t) g->kind;
        b->workload = strdup(g->workload);
        b->context = strdup(g->context);
        b->jurisdiction = strdup(g->jurisdiction);
        if (!b->workload || !b->context || !b->jurisdiction ||
            copy_sorted(g->modelcaps, "", &b->modelcaps) < 0 ||
            copy_sorted(g->devices, "", &b->devices) < 0 ||
            copy_sorted(g->models, "sha256:", &b->models) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_bindings; i++)
                if (same_binding(c->bindings[i], b)) {
                        *ret = c->bindings[i];
                        return 0;
                }
        grown = reallocarray(c->bindings, c->n_bindings + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        c->bindings = grown;
        *ret = c->bindings[c->n_bindings++] = TAKE_PTR(b);
        return 0;
}

/* -------------------------------------------------------------------- claims */

static int copy_members(const Grant *g, GrantClaim *claim)
{
        json_t *one;
        size_t i;

        claim->members = calloc(json_array_size(g->members), sizeof(*claim->members));
        if (!claim->members)
                return -ENOMEM;
        json_array_foreach(g->members, i, one) strcpy(claim->members[i], json_string_value(one));
        claim->n_members = (uint32_t) json_array_size(g->members);
        return 0;
}

/* The first eight bytes of a digest tell persons apart well enough to see that one renewed. */
static uint64_t principal_of(const Grant *g)
{
        unsigned char bytes[8] = {};
        uint64_t v;
        size_t n;

        if (g->principal)
                (void) sodium_hex2bin(bytes, sizeof(bytes), g->principal + strlen("sha256:"), 16, NULL, &n,
                                      NULL);
        memcpy(&v, bytes, sizeof(v));
        return v;
}

int grant_claims_set(GrantClaims *c, size_t index, const Grant *g)
{
        GrantClaim claim = { .state = CLAIM_GOOD,
                             .scope = (uint8_t) g->scope,
                             .principal = principal_of(g),
                             .from_usec = g->from_usec,
                             .until_usec = g->until_usec };
        int r = grant_claims_reserve(c, index);

        if (r >= 0 && g->kind != GRANT_DECLARATION)
                r = intern(c, g, &claim.binding);
        if (r >= 0 && g->kind == GRANT_SET)
                r = copy_members(g, &claim);
        if (r < 0)
                return r;
        free(c->claims[index].members);
        c->claims[index] = claim;
        return 0;
}

void grant_claims_void(GrantClaims *c, size_t index, GrantReason reason)
{
        if (grant_claims_reserve(c, index) < 0)
                return;
        c->claims[index].state = CLAIM_VOID;
        c->claims[index].reason = (uint8_t) reason;
}

int grant_claims_load(GrantClaims *c, size_t index, const GrantStore *s, const Trust *t, GrantError *reterr)
{
        const StoreEntry *e = grant_store_get(s, index);
        _cleanup_(envelope_freep) Envelope *v = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *text = NULL;
        const TrustKey *k = NULL;
        size_t size = 0;
        int r, q;

        r = grant_claims_reserve(c, index);
        if (r < 0)
                return r;
        r = grant_store_read(s, e, &text, &size);
        if (r == -EBADMSG) {
                (void) grant_fail(reterr, GRANT_TAMPERED, e->id);
                grant_claims_void(c, index, GRANT_TAMPERED);
                return r;
        }
        if (r < 0)
                return r;
        /* Its key's time is that of the import: a key that ends takes nothing with it, one that is revoked does. */
        r = grant_verify(text, size, t, e->imported_usec, &g, &k, reterr);
        if (r >= 0 && g->declaration && !g->declaration->by_root)
                r = grant_fail(reterr, GRANT_UNSIGNED, "root of this host");
        if (r >= 0)
                return streq(g->id, e->id) ? grant_claims_set(c, index, g) : -EBADMSG;
        g = grant_free(g);
        if (r != -EBADMSG)
                return r;
        q = envelope_parse(text, size, &v, &(GrantError){});
        if (q >= 0)
                q = grant_parse(v->kind, v->payload, v->payload_size, &g, NULL);
        if (q >= 0)
                (void) grant_claims_set(c, index, g);
        grant_claims_void(c, index, reterr->reason);
        return r;
}
