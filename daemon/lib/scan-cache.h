/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCAN_CACHE_H
#define SCAN_CACHE_H
/*
 * Classifications that are kept over restarts, so that a host is not scanned
 * anew each time. A classification depends on the file, its path and its
 * siblings, and on the rules: all of them are in the key. One thread only.
 */
#include <stdint.h>

#include "lib/classification.h"
#include "lib/macro.h"
#include "lib/scan.h"

#define SCAN_CACHE_RULES_SIZE 32
#define SCAN_CACHE_BYTES_MAX (8U << 20) /* of all records; the file is as long */
/* Times of change come in ticks: a younger file may change once more without a new time. */
#define SCAN_CACHE_SETTLE_NS 2000000000ULL

typedef struct ScanCache ScanCache;

/* One state of one file in one place. Without padding: compared and written as bytes. */
typedef struct ScanCacheKey {
        uint64_t fsid; /* statfs(2): a device number names another file system after a reboot */
        uint64_t dev;  /* major << 32 | minor */
        uint64_t ino;
        uint64_t size;
        uint64_t change_ns;        /* ctime: set by nobody but the kernel */
        uint64_t generation;       /* FS_IOC_GETVERSION; 0 where there is none */
        unsigned char context[16]; /* digest of the path and of each sibling's name and state */
} ScanCacheKey;

/*
 * -EOPNOTSUPP: this file system's times do not tell of every write. -EBUSY: the
 * file or a sibling changed less than SCAN_CACHE_SETTLE_NS ago, or can be written
 * by somebody now. `path` may be NULL.
 */
int scan_cache_key(int fd, const char *path, const ScanSibling *siblings, size_t n_siblings,
                   ScanCacheKey *ret);

/* `path` need not exist; NULL keeps nothing. A file that is broken or of other rules is ignored, with one message. */
int scan_cache_new(const char *path, ScanCache **ret);
ScanCache *scan_cache_free(ScanCache *c); /* does not save */
DEFINE_CLEANUP(ScanCache *, scan_cache_free);

/* The rules that hold from here on; what was found by others is forgotten. The first call reads the file. */
void scan_cache_set_rules(ScanCache *c, const unsigned char rules[static SCAN_CACHE_RULES_SIZE]);

bool scan_cache_get(ScanCache *c, const ScanCacheKey *key, Classification *ret);
/* What is unparsable is not kept: it may have been for want of time. */
void scan_cache_put(ScanCache *c, const ScanCacheKey *key, const Classification *found);
size_t scan_cache_size(const ScanCache *c);

/* Beside and renamed; does nothing when nothing changed. Not synced: after a crash its digest tells. */
int scan_cache_save(ScanCache *c);

/* Takes records as they are in the file, behind its head; -EBADMSG and nothing taken. For loading and the fuzzer. */
int scan_cache_parse(ScanCache *c, const void *data, size_t size);
/* The same records into a new buffer. */
int scan_cache_dump(const ScanCache *c, void **ret, size_t *ret_size);

/* Identity of the rules: the scanner program, the model capabilities with their catalogs, the runtimes. */
int scan_rules_digest(const char *program, const char *modelcaps_dir,
                      unsigned char ret[static SCAN_CACHE_RULES_SIZE]);

#endif
