/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DECLARATION_H
#define DECLARATION_H
/*
 * One correction of fact, or an emergency, as a JSON document: who says what,
 * why, until when. Hostile until parsed. It is kept as a grant, signed
 * (grant-declare.h); root's word alone lifts no *identified* capability and
 * touches no state-equivalent workload: that takes a second signature.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/macro.h"
#include "lib/policy.h"

#define DECLARATIONS_OLD_DIR "/var/lib/aiguard/declarations" /* before they were grants */
#define DECLARATIONS_MAX 1024U
#define DECLARATION_BYTES_MAX 16384U
/* A longer file is digested in the background, which is not there yet: it is refused. */
#define DECLARATION_MODEL_MAX (2ULL << 30)

typedef enum DeclarationKind {
        DECLARATION_MODEL,
        DECLARATION_WORKLOAD,
        DECLARATION_SENSOR,
        DECLARATION_EMERGENCY,
        _DECLARATION_KIND_MAX,
} DeclarationKind;

typedef struct Declaration {
        DeclarationKind kind;
        char id[64]; /* [a-z0-9-] */
        char *reason;
        uint64_t made_usec;  /* wall clock */
        uint64_t until_usec; /* wall clock; never 0 */
        uint32_t by_uid;
        char *path;      /* model: as it was named; sensor: the node */
        char digest[65]; /* model: SHA-256, lower-case hex */
        uint64_t size;   /* model */
        char *as;        /* model: capability, or "none" */
        char *workload;  /* emergency; workload: by name, */
        char *exe;       /* or by executable, */
        char *unit;      /* or by unit glob; exactly one */
        uint32_t dev;    /* sensor: AG_DEV() encoding */
        char *hardware;  /* sensor: where it hangs in sysfs; another device with its number is not meant */

        /* Of the signatures around the document, never of the document; see grant_verify(). */
        bool by_root; /* by root of this host */
        bool second;  /* by a key of trust.d as well */
} Declaration;

const char *declaration_kind_to_string(DeclarationKind k); /* model, workload, sensor, emergency */

/* -EBADMSG with a sentence in `reterr` (may be NULL, to be freed). Nothing is trusted. */
int declaration_parse(const char *text, size_t size, Declaration **ret, char **reterr);
Declaration *declaration_free(Declaration *d);
DEFINE_CLEANUP(Declaration *, declaration_free);

/* Fills d->id from what it is about: the same thing declared again replaces the first. */
void declaration_make_id(Declaration *d);
bool declaration_id_valid(const char *id);
json_t *declaration_to_json(const Declaration *d); /* new reference, NULL without memory */

/* The folder of an earlier version. */
int declaration_remove(const char *dir, const char *id); /* -ENOENT */
/* All readable ones; broken files are counted and skipped. */
int declarations_read(const char *dir, Declaration ***ret, size_t *ret_n, size_t *ret_broken);
void declarations_free_many(Declaration **d, size_t n);

/* SHA-256 of a whole file, from its beginning; -EFBIG beyond `max`. */
int digest_fd(int fd, uint64_t max, char ret[65], uint64_t *ret_size);

/* Shortens the columns of a model to what the declaration leaves: identified ones too when it has two signatures. */
void declaration_apply_columns(const Declaration *d, const ModelcapSet *modelcaps, uint8_t *columns,
                               uint8_t *n);

/* Appends or flags a not-ai workload in compiled tables. -EPERM: state-equivalent, one signature. -ENOENT: no such. */
int declaration_amend_tables(const Declaration *d, PolicyTables *t);

/* Where a device hangs in sysfs, to be freed. -ENOENT. */
int sensor_hardware(uint32_t dev, char **ret);

#endif
