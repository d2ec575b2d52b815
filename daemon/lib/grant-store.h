/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_STORE_H
#define GRANT_STORE_H
/*
 * Grants on disk:
 *
 *   ledger            what happened; see grant-ledger.h
 *   records/SHA256    envelopes as they were imported, each named by its digest
 *   lock              held by who may write
 *   verified          what an earlier run has verified; see grant-index.h
 *   host.pem, .pub    the key by which root signs declarations; see grant-declare.h
 *
 * First the envelope is on disk, then the ledger's line says so: one append is
 * the change. An envelope is never changed and never removed: it is the proof.
 */
#include "lib/grant-envelope.h"
#include "lib/grant-ledger.h"

#define GRANT_STORE_DIR "/var/lib/aiguard/consent"
#define GRANT_SKEW_USEC (300ULL * 1000000) /* clocks of two hosts differ */

/* One grant, latest version. Everything here is the ledger's. */
typedef struct StoreEntry {
        char id[GRANT_ID_MAX];
        unsigned char digest[32];
        uint64_t imported_usec;
        uint64_t made_usec;
        uint64_t ended_usec; /* 0: nobody has ended it */
        uint32_t version;
        uint8_t kind;  /* GrantKind */
        uint8_t state; /* GrantState: of the document, or how it was ended */
} StoreEntry;

typedef struct GrantStore GrantStore;

/*
 * -EBUSY: somebody else writes. -EBADMSG: the ledger's chain is broken, *ret_line (may be NULL) says at which line;
 * nothing in such a store counts. -ENOENT: no store, and not to be written. `write` makes the directory.
 */
int grant_store_open(const char *dir, bool write, GrantStore **ret, uint64_t *ret_line);
GrantStore *grant_store_free(GrantStore *s);
DEFINE_CLEANUP(GrantStore *, grant_store_free);

size_t grant_store_size(const GrantStore *s);
const StoreEntry *grant_store_get(const GrantStore *s, size_t i); /* in order of the first import */
const StoreEntry *grant_store_find(const GrantStore *s, const char *id);
const char *grant_store_hash(const GrantStore *s); /* of the ledger's last line */
int grant_store_dir_fd(const GrantStore *s);       /* the store's */

/* The envelope of an entry. -EBADMSG: it is not what was imported. */
int grant_store_read(const GrantStore *s, const StoreEntry *e, char **ret, size_t *ret_size);
/* Its grant, verified anew by the keys that held when it was imported. -EBADMSG: it cannot be, or has another id. */
int grant_store_verify(const GrantStore *s, const StoreEntry *e, const Trust *t, Grant **ret);

/*
 * `g` is what `text` says and `key` has signed: grant_verify(). -EBADMSG with *reterr when the store knows better
 * (replayed, withdrawn, from the future, expired); other errors are those of the disk. Nothing is changed then. A version
 * whose state is not given or renewed ends the grant.
 */
int grant_store_import(GrantStore *s, const char *text, size_t size, const Grant *g, const TrustKey *key,
                       uint64_t now_usec, uint32_t uid, GrantError *reterr);
/* -ENOENT; -EALREADY: it had been ended. */
int grant_store_end(GrantStore *s, const char *id, GrantState state, uint64_t now_usec, uint32_t uid);

/* The two parts of an import, for tests: what speaks against it, without changing anything. */
int grant_store_check(const GrantStore *s, const Grant *g, uint64_t now_usec, GrantError *reterr);

#endif
