/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCAN_CACHE_INTERNAL_H
#define SCAN_CACHE_INTERNAL_H
/* For scan-cache.c and scan-cache-file.c only. */
#include "lib/scan-cache.h"

#define SCAN_CACHE_SETS 4096U
#define SCAN_CACHE_WAYS 4U /* 16384 files */

/* As it is in memory and in the file: a Classification without what is empty in it. */
typedef struct ScanCacheRecord {
        ScanCacheKey key;
        uint8_t status, runtime, n_findings, reserved;
        uint32_t micros;
        uint64_t bytes_read;
        char format[sizeof(((Classification *) 0)->format)];
        Evidence runtime_evidence;
        ModelcapFinding findings[];
} ScanCacheRecord;

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

size_t scan_cache_record_size(const ScanCacheRecord *r);
void scan_cache_unpack(const ScanCacheRecord *r, Classification *ret);
void scan_cache_place(ScanCache *c, ScanCacheRecord *r); /* takes it */
void scan_cache_clear(ScanCache *c);

#endif
