/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which keys are open, until when. First each binding by itself, then
 * each key that bindings name: a few numbers that merge in any order. Knows the
 * policy's numbers and columns; the device and model numbers are asked for.
 */
#include "lib/grant-fold.h"

#include <string.h>

#include "lib/util-string.h"

/* What grants say of one thing together. */
typedef struct Sum {
        uint64_t newest;   /* when the newest valid one was made; 0: none is valid */
        uint64_t until;    /* when the first of the valid ones is over */
        uint64_t last_end; /* when the last of those that ended did */
} Sum;

typedef struct KeySum {
        struct ag_consent_key key;
        Sum sum;
} KeySum;

typedef struct Fold {
        const GrantFoldInput *in;
        uint64_t next;
        Sum *bindings; /* beside claims->bindings */
        KeySum *keys;
        size_t n_keys;
        size_t room;
} Fold;

static void merge(Sum *a, Sum b)
{
        if (b.newest) {
                a->until = a->newest ? MIN(a->until, b.until) : b.until;
                a->newest = MAX(a->newest, b.newest);
        }
        a->last_end = MAX(a->last_end, b.last_end);
}

/* ------------------------------------------------------------------ one claim */

/* By itself, without members. *ret_end: when it ended; 0 when it did not. */
static GrantReason alone(const GrantClaims *c, const GrantStore *s, size_t index, uint64_t now,
                         uint64_t *ret_end)
{
        const StoreEntry *e = grant_store_get(s, index);
        const GrantClaim *claim = &c->claims[index];

        *ret_end = 0;
        if (e->ended_usec) {
                *ret_end = e->ended_usec;
                return GRANT_ENDED;
        }
        if (claim->state != CLAIM_GOOD) {
                /* Never valid, as far as can be told now: only what came after it stands. */
                *ret_end = MAX(e->imported_usec, e->made_usec);
                return claim->state == CLAIM_VOID ? (GrantReason) claim->reason : GRANT_UNSIGNED;
        }
        if (now >= claim->until_usec) {
                *ret_end = claim->until_usec;
                return GRANT_EXPIRED;
        }
        return now < claim->from_usec ? GRANT_NOT_YET : GRANT_OK;
}

static bool covers(char *const *outer, char *const *inner)
{
        for (; inner && *inner; inner++)
                if (!strv_contains(outer, *inner))
                        return false;
        return true;
}

/* Does the member's own record allow what the set opens? */
static bool member_covers(const GrantBinding *member, const GrantBinding *set)
{
        return member->kind == GRANT_CONSENT && streq(member->workload, set->workload) &&
               streq(member->context, set->context) && streq(member->jurisdiction, set->jurisdiction) &&
               covers(member->modelcaps, set->modelcaps) && covers(member->devices, set->devices) &&
               (!member->models || (set->models && covers(member->models, set->models)));
}

static size_t index_of(const GrantStore *s, const StoreEntry *e)
{
        return (size_t) (e - grant_store_get(s, 0));
}

typedef struct Members {
        uint64_t until; /* the earliest end of them */
        uint64_t end;   /* the last that has ended */
        uint64_t next;  /* something begins */
        const char *bad;
} Members;

static GrantReason look_at_members(const GrantClaims *c, const GrantStore *s, const GrantClaim *set,
                                   uint64_t now, Members *ret)
{
        GrantReason result = GRANT_OK;

        *ret = (Members){ .until = UINT64_MAX, .next = UINT64_MAX };
        for (uint32_t i = 0; i < set->n_members; i++) {
                const StoreEntry *e = grant_store_find(s, set->members[i]);
                size_t index = e ? index_of(s, e) : 0;
                const GrantClaim *m = e && index < c->n ? &c->claims[index] : NULL;
                uint64_t end = 0;
                bool good = m && alone(c, s, index, now, &end) == GRANT_OK && m->binding &&
                            m->scope == GRANT_SCOPE_ENROLLED_SET && member_covers(m->binding, set->binding);

                if (good) {
                        ret->until = MIN(ret->until, m->until_usec);
                        continue;
                }
                if (m && m->state == CLAIM_GOOD && m->from_usec > now)
                        ret->next = MIN(ret->next, m->from_usec);
                ret->end = MAX(ret->end, end);
                ret->bad = set->members[i];
                result = GRANT_MEMBER;
        }
        return result;
}

GrantReason grant_claim_holds(const GrantClaims *c, const GrantStore *s, size_t index, uint64_t now_usec,
                              const char **ret_member)
{
        GrantReason r;
        uint64_t end;
        Members m;

        if (index >= c->n)
                return GRANT_UNSIGNED;
        r = alone(c, s, index, now_usec, &end);
        if (r != GRANT_OK || !c->claims[index].members)
                return r;
        r = look_at_members(c, s, &c->claims[index], now_usec, &m);
        if (ret_member)
                *ret_member = m.bad;
        return r;
}

static Sum sum_of_set(Fold *f, size_t index)
{
        const GrantFoldInput *in = f->in;
        const StoreEntry *e = grant_store_get(in->store, index);
        const GrantClaim *claim = &in->claims->claims[index];
        uint64_t end;
        Members m;
        GrantReason r = alone(in->claims, in->store, index, in->now_usec, &end);

        if (r == GRANT_NOT_YET)
                f->next = MIN(f->next, claim->from_usec);
        if (r != GRANT_OK)
                return (Sum){ .last_end = end };
        r = look_at_members(in->claims, in->store, claim, in->now_usec, &m);
        f->next = MIN(f->next, m.next);
        if (r != GRANT_OK)
                return (Sum){ .last_end = MAX(m.end, e->made_usec) };
        return (Sum){ .newest = e->made_usec, .until = MIN(claim->until_usec, m.until) };
}

/* ------------------------------------------------- persons, who may renew */

typedef struct Person {
        const GrantBinding *binding;
        uint64_t principal;
        Sum sum;
        bool expired; /* by itself, which a later record of the same person makes good */
} Person;

static int compare_persons(const void *a, const void *b)
{
        const Person *x = a, *y = b;

        if (x->binding != y->binding)
                return (uintptr_t) x->binding < (uintptr_t) y->binding ? -1 : 1;
        return (x->principal > y->principal) - (x->principal < y->principal);
}

/* Of one person's records the one that holds longest counts; an older one running out is no end then. */
static void merge_person(Sum *a, Sum b, bool expired)
{
        if (b.newest) {
                a->until = MAX(a->until, b.until);
                a->newest = MAX(a->newest, b.newest);
        }
        if (!expired)
                a->last_end = MAX(a->last_end, b.last_end);
}

static void add_person(Fold *f, size_t index, Person *people, size_t *n)
{
        const GrantFoldInput *in = f->in;
        const GrantClaim *claim = &in->claims->claims[index];
        uint64_t end;
        GrantReason r = alone(in->claims, in->store, index, in->now_usec, &end);
        Person *p = &people[*n];

        if (r == GRANT_NOT_YET)
                f->next = MIN(f->next, claim->from_usec);
        *p = (Person){ .binding = claim->binding,
                       .principal = claim->principal,
                       .expired = r == GRANT_EXPIRED };
        if (r == GRANT_OK)
                p->sum = (Sum){ .newest = grant_store_get(in->store, index)->made_usec,
                                .until = claim->until_usec };
        else
                p->sum.last_end = end;
        (*n)++;
}

static size_t binding_index(const Fold *f, const GrantBinding *b)
{
        size_t i = 0;

        while (f->in->claims->bindings[i] != b)
                i++;
        return i;
}

static void fold_people(Fold *f, Person *people, size_t n)
{
        qsort(people, n, sizeof(*people), compare_persons);
        for (size_t i = 0, k; i < n; i = k) {
                uint64_t expired = 0;
                Sum sum = {};

                for (k = i; k < n && compare_persons(&people[i], &people[k]) == 0; k++) {
                        merge_person(&sum, people[k].sum, people[k].expired);
                        if (people[k].expired)
                                expired = MAX(expired, people[k].sum.last_end);
                }
                /* Nothing of this person's holds: the last end is one. */
                if (!sum.newest)
                        sum.last_end = MAX(sum.last_end, expired);
                merge(&f->bindings[binding_index(f, people[i].binding)], sum);
        }
}

static int fold_claims(Fold *f)
{
        const GrantClaims *c = f->in->claims;
        _cleanup_free_ Person *people = calloc(c->n + 1, sizeof(*people));
        size_t n = 0;

        if (!people)
                return -ENOMEM;
        for (size_t i = 0; i < c->n; i++) {
                const GrantClaim *claim = &c->claims[i];

                if (!claim->binding)
                        continue;
                if (claim->binding->kind == GRANT_CONSENT && claim->scope == GRANT_SCOPE_SINGLE)
                        add_person(f, i, people, &n);
                else if (claim->binding->kind == GRANT_SET)
                        merge(&f->bindings[binding_index(f, claim->binding)], sum_of_set(f, i));
                else if (claim->binding->kind == GRANT_EXCEPTION) {
                        Person one;
                        size_t k = 0;

                        add_person(f, i, &one, &k);
                        /* An exception is somebody's decision, not a person's consent: any one that holds is enough. */
                        if (one.sum.newest)
                                merge_person(&f->bindings[binding_index(f, claim->binding)], one.sum, false);
                }
        }
        fold_people(f, people, n);
        return 0;
}

/* ---------------------------------------------------------------------- keys */

static int add_key(Fold *f, uint16_t workload, unsigned column, uint8_t grant, uint32_t object, Sum sum)
{
        if (f->n_keys == f->room) {
                size_t room = f->room ? f->room * 2 : 64;
                KeySum *grown = reallocarray(f->keys, room, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                f->keys = grown;
                f->room = room;
        }
        f->keys[f->n_keys++] = (KeySum){
                .key = { .workload = workload, .column = (uint8_t) column, .grant = grant, .model = object },
                .sum = sum
        };
        return 0;
}

#define OBJECTS_MAX 256U

static int add_capability(Fold *f, const GrantBinding *b, uint16_t w, uint8_t grant, const char *name,
                          Sum sum)
{
        int c = modelcap_set_find(f->in->modelcaps, name), r = 0;
        unsigned columns[3], n = 0;

        if (c >= 0) {
                columns[n++] = AG_COL_IDENTIFIED + (unsigned) c;
                columns[n++] = AG_COL_SUSPECT + (unsigned) c;
                columns[n++] = AG_COL_CAPABLE + (unsigned) c;
        } else if (b->kind == GRANT_EXCEPTION && (c = policy_column_parse(f->in->modelcaps, name)) >= 0)
                columns[n++] = (unsigned) c;
        for (unsigned i = 0; i < n && r >= 0; i++) {
                if (!b->models)
                        r = add_key(f, w, columns[i], grant, 0, sum);
                for (char **m = b->models; m && *m && r >= 0; m++) {
                        uint32_t numbers[OBJECTS_MAX];
                        size_t count = f->in->models ? f->in->models(f->in->userdata, *m, numbers,
                                                                     OBJECTS_MAX)
                                                     : 0;

                        for (size_t k = 0; k < count && r >= 0; k++)
                                r = add_key(f, w, columns[i], grant, numbers[k], sum);
                }
        }
        return r;
}

static int add_device(Fold *f, uint16_t w, uint8_t grant, const char *device, Sum sum)
{
        const char *name = strchr(device, ':');
        _cleanup_free_ char *kind = strndup(device, strcspn(device, ":"));
        uint32_t numbers[OBJECTS_MAX];
        int column = kind ? policy_column_parse(f->in->modelcaps, kind) : -ENOMEM, r = 0;
        size_t count;

        if (column < 0)
                return column == -ENOMEM ? column : 0;
        if (!name || column == AG_COL_NETWORK_CAMERA)
                return add_key(f, w, (unsigned) column, grant, 0, sum);
        count = f->in->devices ? f->in->devices(f->in->userdata, kind, name + 1, numbers, OBJECTS_MAX) : 0;
        for (size_t i = 0; i < count && r >= 0; i++)
                r = add_key(f, w, (unsigned) column, grant, numbers[i], sum);
        return r;
}

static bool law_matches(const PolicyWorkload *w, const char *jurisdiction)
{
        const char *at = w->jurisdiction;

        /* "kz, eu" */
        while (at && *(at += strspn(at, ", "))) {
                size_t n = strcspn(at, ", ");

                if (strlen(jurisdiction) == n && strncmp(at, jurisdiction, n) == 0)
                        return true;
                at += n;
        }
        return false;
}

static int find_workload(const PolicyTables *t, const char *workload, const char *context,
                         const char *jurisdiction, GrantReason *ret_reason)
{
        int w = policy_tables_find(t, workload);

        /* Nobody can consent to what nobody has declared. */
        if (w < AG_WORKLOAD_FIRST)
                *ret_reason = GRANT_UNKNOWN_WORKLOAD;
        else if (!law_matches(&t->workloads[w], jurisdiction))
                *ret_reason = GRANT_JURISDICTION;
        else if (!streq(t->workloads[w].context ? t->workloads[w].context : "other", context))
                *ret_reason = GRANT_CONTEXT;
        else
                return w;
        return -ENOENT;
}

static uint8_t grant_bit(GrantKind kind)
{
        return kind == GRANT_EXCEPTION ? AG_GRANT_EXCEPTION : AG_GRANT_CONSENT;
}

static int expand(Fold *f, const GrantBinding *b, Sum sum)
{
        GrantReason why;
        int w = find_workload(f->in->tables, b->workload, b->context, b->jurisdiction, &why), r = 0;

        if (w < 0)
                return 0;
        for (char **m = b->modelcaps; m && *m && r >= 0; m++)
                r = add_capability(f, b, (uint16_t) w, grant_bit(b->kind), *m, sum);
        for (char **d = b->devices; d && *d && r >= 0; d++)
                r = add_device(f, (uint16_t) w, grant_bit(b->kind), *d, sum);
        return r;
}

/* By workload, column and grant; "any object" first. */
static int compare_keys(const void *a, const void *b)
{
        return memcmp(&((const KeySum *) a)->key, &((const KeySum *) b)->key, sizeof(struct ag_consent_key));
}

static bool same_column(const KeySum *a, const KeySum *b)
{
        return a->key.workload == b->key.workload && a->key.column == b->key.column &&
               a->key.grant == b->key.grant;
}

/* Equal keys become one. Returns how many are left. */
static size_t merge_equal(KeySum *keys, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                KeySum *last = kept > 0 ? &keys[kept - 1] : NULL;

                if (!last || compare_keys(last, &keys[i]) != 0)
                        keys[kept++] = keys[i];
                else if (last->key.grant == AG_GRANT_EXCEPTION)
                        merge_person(&last->sum, keys[i].sum, false);
                else
                        merge(&last->sum, keys[i].sum);
        }
        return kept;
}

/*
 * "Any camera" and "this camera" are two keys to the kernel, and either lets
 * through: who withdraws from one must not be seen through the other.
 */
static void share_ends(KeySum *keys, size_t n)
{
        for (size_t i = 0, k; i < n; i = k) {
                uint64_t end = 0, any_end = keys[i].key.model == 0 ? keys[i].sum.last_end : 0;

                for (k = i; k < n && same_column(&keys[i], &keys[k]); k++) {
                        end = MAX(end, keys[k].sum.last_end);
                        keys[k].sum.last_end = MAX(keys[k].sum.last_end, any_end);
                }
                if (keys[i].key.model == 0)
                        keys[i].sum.last_end = end;
        }
}

/* Open: somebody says so, and said it after the last who ended. */
static int collect(Fold *f, GrantKey **ret, size_t *ret_n)
{
        GrantKey *open = calloc(f->n_keys + 1, sizeof(*open));
        size_t n = 0;

        if (!open)
                return -ENOMEM;
        if (f->n_keys > 0)
                qsort(f->keys, f->n_keys, sizeof(*f->keys), compare_keys);
        f->n_keys = merge_equal(f->keys, f->n_keys);
        share_ends(f->keys, f->n_keys);
        for (size_t i = 0; i < f->n_keys; i++) {
                const Sum *sum = &f->keys[i].sum;

                if (!sum->newest || sum->newest <= sum->last_end)
                        continue;
                open[n++] = (GrantKey){ .key = f->keys[i].key, .until_usec = sum->until };
                f->next = MIN(f->next, sum->until);
        }
        *ret = open;
        *ret_n = n;
        return 0;
}

int grant_fold(const GrantFoldInput *in, GrantKey **ret, size_t *ret_n, uint64_t *ret_next)
{
        Fold f = { .in = in, .next = UINT64_MAX };
        int r;

        f.bindings = calloc(in->claims->n_bindings + 1, sizeof(*f.bindings));
        if (!f.bindings)
                return -ENOMEM;
        r = fold_claims(&f);
        for (size_t i = 0; i < in->claims->n_bindings && r >= 0; i++)
                r = expand(&f, in->claims->bindings[i], f.bindings[i]);
        if (r >= 0)
                r = collect(&f, ret, ret_n);
        if (r >= 0)
                *ret_next = f.next;
        free(f.bindings);
        free(f.keys);
        return r;
}

/* ---------------------------------------------------------- against the policy */

int grant_check_policy(const Grant *g, const PolicyTables *t, const ModelcapSet *m, GrantError *e)
{
        GrantReason why = GRANT_OK;
        json_t *one;
        size_t i;

        if (g->kind == GRANT_DECLARATION)
                return 0;
        if (find_workload(t, g->workload, g->context, g->jurisdiction, &why) < 0)
                return grant_fail(e, why,
                                  why == GRANT_CONTEXT        ? g->context
                                  : why == GRANT_JURISDICTION ? g->jurisdiction
                                                              : g->workload);
        json_array_foreach(g->modelcaps, i, one)
        {
                const char *name = json_string_value(one);

                if (modelcap_set_find(m, name) < 0 &&
                    (g->kind != GRANT_EXCEPTION || policy_column_parse(m, name) < 0))
                        return grant_fail(e, GRANT_UNKNOWN_OBJECT, name);
        }
        return 0;
}

uint16_t grant_forbidden_by(const Grant *g, const PolicyTables *t, const ModelcapSet *m, uint8_t *ret_column)
{
        int w = g->workload ? policy_tables_find(t, g->workload) : -ENOENT;
        json_t *one;
        size_t i;

        if (w < 0 || g->kind == GRANT_DECLARATION)
                return 0;
        json_array_foreach(g->modelcaps, i, one)
        {
                int c = modelcap_set_find(m, json_string_value(one));
                const struct ag_decision *d;

                if (c < 0)
                        continue;
                d = &t->rows[w].cells[AG_COL_IDENTIFIED + c].would[grant_bit(g->kind)];
                if (d->action >= AG_ACTION_DENY) {
                        *ret_column = (uint8_t) (AG_COL_IDENTIFIED + c);
                        return d->rule;
                }
        }
        return 0;
}
