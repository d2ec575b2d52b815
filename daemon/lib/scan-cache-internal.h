/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCAN_CACHE_INTERNAL_H
#define SCAN_CACHE_INTERNAL_H
/* For scan-cache.c and scan-cache-file.c only. */
#include <assert.h>

#include "lib/scan-cache.h"

#define SCAN_CACHE_SETS 4096U
#define SCAN_CACHE_WAYS 4U /* 16384 files */

/* As it is in memory and in the file: a Classification, cut behind its last finding. */
typedef struct ScanCacheRecord {
        ScanCacheKey key;
        unsigned char head[offsetof(Classification, modelcaps)];
        ModelcapFinding findings[];
} ScanCacheRecord;

static_assert(sizeof(Classification) - offsetof(Classification, modelcaps) -
                                              sizeof(((Classification *) 0)->modelcaps) <
                              _Alignof(Classification),
              "what is new in Classification stands in front of its findings, or is not kept");

struct ScanCache {
        char *path;
        unsigned char rules[SCAN_CACHE_RULES_SIZE];
        bool has_rules;
        bool dirty; /* differs from the file */
        size_t n, bytes;
        unsigned hand;
        ScanCacheRecord *slots[SCAN_CACHE_SETS][SCAN_CACHE_WAYS];
        uint8_t next[SCAN_CACHE_SETS]; /* goes round */
};

/* Of a record at any address; may be more than there can be. */
uint8_t scan_cache_record_findings(const void *record);
size_t scan_cache_record_size(const ScanCacheRecord *r);
void scan_cache_unpack(const ScanCacheRecord *r, Classification *ret);
void scan_cache_place(ScanCache *c, ScanCacheRecord *r); /* takes it */
void scan_cache_clear(ScanCache *c);

#endif
