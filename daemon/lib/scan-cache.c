/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the table of what was found in which state of which file, bounded by
 * number and by bytes: within a set the oldest goes, and a hand goes round when
 * all of it is too much. Owns the records. What a key is: scan-cache-key.c; the
 * file: scan-cache-file.c. Called by the scan pool's thread.
 */
#include "lib/scan-cache.h"

#include <string.h>

#include "lib/scan-cache-internal.h"

static unsigned set_of(const ScanCacheKey *key)
{
        return (unsigned) ((key->ino ^ key->dev << 7 ^ key->fsid) * 0x9e3779b97f4a7c15ULL >> 40) %
               SCAN_CACHE_SETS;
}

/* Is it the same file in the same place, whatever its state? */
static bool is_same_file(const ScanCacheKey *a, const ScanCacheKey *b)
{
        return a->ino == b->ino && a->dev == b->dev && a->fsid == b->fsid;
}

static void drop(ScanCache *c, ScanCacheRecord **slot)
{
        if (!*slot)
                return;
        c->bytes -= scan_cache_record_size(*slot);
        c->n--;
        free(*slot);
        *slot = NULL;
}

void scan_cache_clear(ScanCache *c)
{
        for (unsigned i = 0; i < SCAN_CACHE_SETS; i++)
                for (unsigned k = 0; k < SCAN_CACHE_WAYS; k++)
                        drop(c, &c->slots[i][k]);
}

ScanCache *scan_cache_free(ScanCache *c)
{
        if (!c)
                return NULL;
        scan_cache_clear(c);
        free(c->path);
        free(c);
        return NULL;
}

int scan_cache_new(const char *path, ScanCache **ret)
{
        _cleanup_(scan_cache_freep) ScanCache *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        if (path) {
                c->path = strdup(path);
                if (!c->path)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

size_t scan_cache_size(const ScanCache *c)
{
        return c->n;
}

uint8_t scan_cache_record_findings(const void *record)
{
        const unsigned char *p = record;

        return p[offsetof(ScanCacheRecord, head) + offsetof(Classification, n_modelcaps)];
}

size_t scan_cache_record_size(const ScanCacheRecord *r)
{
        return offsetof(ScanCacheRecord, findings) + scan_cache_record_findings(r) * sizeof(ModelcapFinding);
}

bool scan_cache_get(ScanCache *c, const ScanCacheKey *key, Classification *ret)
{
        ScanCacheRecord **set = c->slots[set_of(key)];

        for (unsigned k = 0; k < SCAN_CACHE_WAYS; k++) {
                const ScanCacheRecord *r = set[k];

                if (!r || memcmp(&r->key, key, sizeof(*key)) != 0)
                        continue;
                scan_cache_unpack(r, ret);
                return true;
        }
        return false;
}

void scan_cache_unpack(const ScanCacheRecord *r, Classification *ret)
{
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, r->head, sizeof(r->head));
        memcpy(ret->modelcaps, r->findings, scan_cache_record_findings(r) * sizeof(ModelcapFinding));
}

static ScanCacheRecord *pack(const ScanCacheKey *key, const Classification *found)
{
        size_t n = MIN(found->n_modelcaps, (size_t) CLASSIFICATION_MODELCAPS_MAX);
        ScanCacheRecord *r = calloc(1, offsetof(ScanCacheRecord, findings) + n * sizeof(ModelcapFinding));

        if (!r)
                return NULL;
        r->key = *key;
        memcpy(r->head, found, sizeof(r->head));
        memcpy(r->findings, found->modelcaps, n * sizeof(ModelcapFinding));
        return r;
}

/* Everything of this file that is no more: another state of it, in the same place or under the same name. */
static ScanCacheRecord **make_room(ScanCache *c, const ScanCacheKey *key)
{
        unsigned i = set_of(key);
        ScanCacheRecord **set = c->slots[i], **place = NULL;

        for (unsigned k = 0; k < SCAN_CACHE_WAYS; k++) {
                const ScanCacheRecord *r = set[k];

                if (r && is_same_file(&r->key, key) &&
                    (r->key.change_ns != key->change_ns ||
                     memcmp(r->key.context, key->context, sizeof(key->context)) == 0))
                        drop(c, &set[k]);
                if (!set[k] && !place)
                        place = &set[k];
        }
        if (!place)
                place = &set[c->next[i]++ % SCAN_CACHE_WAYS];
        drop(c, place);
        return place;
}

/* Takes the record. */
void scan_cache_place(ScanCache *c, ScanCacheRecord *r)
{
        ScanCacheRecord **place = make_room(c, &r->key);

        *place = r;
        c->bytes += scan_cache_record_size(r);
        c->n++;
        while (c->bytes > SCAN_CACHE_BYTES_MAX) {
                ScanCacheRecord **slot = &c->slots[c->hand / SCAN_CACHE_WAYS][c->hand % SCAN_CACHE_WAYS];

                c->hand = (c->hand + 1) % (SCAN_CACHE_SETS * SCAN_CACHE_WAYS);
                if (*slot != r)
                        drop(c, slot);
        }
}

void scan_cache_put(ScanCache *c, const ScanCacheKey *key, const Classification *found)
{
        ScanCacheRecord *r;

        if (found->status == SCAN_UNPARSABLE)
                return;
        r = pack(key, found);
        if (!r)
                return;
        scan_cache_place(c, r);
        c->dirty = true;
}
