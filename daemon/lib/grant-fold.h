/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_FOLD_H
#define GRANT_FOLD_H
/*
 * From grants to what the kernel knows: one key for each workload, column and
 * object, open until a moment. However many grants speak of a key, they are
 * folded by AND: one that is withdrawn or over closes it, until a grant that was
 * made after that says anew who is there. Pure.
 */
#include "lib/grant-store.h"
#include "lib/policy.h"

/* What a grant is about, shared by all that say the same. */
typedef struct GrantBinding {
        char *workload;
        char *context;
        char *jurisdiction;
        char **modelcaps; /* sorted, like the other two; NULL: none */
        char **devices;
        char **models; /* digests, hex; NULL: any */
        uint8_t kind;  /* GrantKind */
} GrantBinding;

typedef enum ClaimState {
        CLAIM_UNREAD, /* not verified yet: holds nothing open */
        CLAIM_GOOD,
        CLAIM_VOID, /* cannot be verified any more: a key was revoked, the file was changed */
} ClaimState;

/* One grant, after its signature was verified. What the store says of its end is not repeated here. */
typedef struct GrantClaim {
        uint8_t state;  /* ClaimState */
        uint8_t reason; /* GrantReason: why it is void */
        uint8_t scope;  /* GrantScope */
        uint32_t n_members;
        uint64_t principal; /* the same for the same person */
        uint64_t from_usec;
        uint64_t until_usec;
        const GrantBinding *binding;   /* NULL: unread, void before it was understood, or a declaration */
        char (*members)[GRANT_ID_MAX]; /* of a set */
} GrantClaim;

/* Claims beside the entries of a store, by the same index. */
typedef struct GrantClaims {
        GrantClaim *claims;
        size_t n;
        size_t room;
        GrantBinding **bindings; /* each once */
        size_t n_bindings;
} GrantClaims;

void grant_claims_done(GrantClaims *c);
/* Makes room for the entry `index`; new ones are unread. */
int grant_claims_reserve(GrantClaims *c, size_t index);
/* What a verified grant says, or why it says nothing: `g` may be NULL when void. */
int grant_claims_set(GrantClaims *c, size_t index, const Grant *g);
void grant_claims_void(GrantClaims *c, size_t index, GrantReason reason);
/*
 * Reads and verifies the record of an entry. -EBADMSG: it is void, *reterr says why. What such a record was about is
 * known all the same, as long as its file is the imported one: a void consent closes, it does not vanish.
 */
int grant_claims_load(GrantClaims *c, size_t index, const GrantStore *s, const Trust *t, GrantError *reterr);

/* Does this entry hold at this moment, members and all? *ret_field (may be NULL) is the id of a member that does not. */
GrantReason grant_claim_holds(const GrantClaims *c, const GrantStore *s, size_t index, uint64_t now_usec,
                              const char **ret_member);

typedef struct GrantKey {
        struct ag_consent_key key;
        uint64_t until_usec; /* wall clock */
} GrantKey;

typedef struct GrantFoldInput {
        const GrantClaims *claims;
        const GrantStore *store;
        const PolicyTables *tables;
        const ModelcapSet *modelcaps;
        uint64_t now_usec;
        /* Numbers of a device by kind ("camera") and name ("video0"), of a model by its digest: how many, at most `max`. */
        size_t (*devices)(void *userdata, const char *kind, const char *name, uint32_t *ret, size_t max);
        size_t (*models)(void *userdata, const char *digest, uint32_t *ret, size_t max);
        void *userdata;
} GrantFoldInput;

/* The open keys, sorted by key, to be freed; *ret_next is when this changes by itself, UINT64_MAX: never. */
int grant_fold(const GrantFoldInput *in, GrantKey **ret, size_t *ret_n, uint64_t *ret_next);

/* ------------------------------------------------------------------ against the policy */

/* Can this grant ever count under this policy? -EBADMSG: no such workload, capability; another context or law. */
int grant_check_policy(const Grant *g, const PolicyTables *t, const ModelcapSet *m, GrantError *e);

/* The rule that refuses whatever this grant says, and the column; 0: none. That is no mistake of the grant. */
uint16_t grant_forbidden_by(const Grant *g, const PolicyTables *t, const ModelcapSet *m,
                            uint8_t *ret_column);

#endif
