/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: records of a cache with anything in them: refused, or taken, and then written and read again as the same. */
#include <stdint.h>
#include <string.h>

#include "lib/scan-cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(scan_cache_freep) ScanCache *c = NULL, *again = NULL;
        _cleanup_free_ void *first = NULL, *second = NULL;
        size_t n, m;

        if (scan_cache_new(NULL, &c) < 0 || scan_cache_new(NULL, &again) < 0)
                return 0;
        if (scan_cache_parse(c, data, size) < 0) {
                if (scan_cache_size(c) != 0)
                        abort();
                return 0;
        }
        if (scan_cache_dump(c, &first, &n) < 0)
                return 0;
        if (scan_cache_parse(again, first, n) < 0 || scan_cache_dump(again, &second, &m) < 0 || n != m ||
            memcmp(first, second, n) != 0)
                abort();
        return 0;
}
