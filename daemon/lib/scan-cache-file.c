/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the cache's file: a head with the identity of the rules and a digest
 * of the rest, then the records. Only root writes there; it is checked all the
 * same, and what is wrong costs the whole file, which costs scans. Called by
 * the scan pool through scan-cache.h.
 */
#include <fcntl.h>
#include <sodium.h>
#include <string.h>

#include "lib/log.h"
#include "lib/scan-cache-internal.h"
#include "lib/util-string.h"

#define FILE_MAGIC 0x31435341U /* ASC1 */
#define FILE_BYTES_MAX (SCAN_CACHE_BYTES_MAX + 4096U)

typedef struct Head {
        uint32_t magic;
        uint32_t version;
        uint32_t record_size; /* of this build's structs: another build's records are not ours */
        uint32_t finding_size;
        unsigned char rules[SCAN_CACHE_RULES_SIZE];
        unsigned char digest[32]; /* of the records */
} Head;

static void digest_records(const void *data, size_t size, unsigned char ret[static 32])
{
        crypto_generichash(ret, 32, data, size, NULL, 0);
}

/* -EBADMSG, or the length of the record at `p`. */
static ssize_t check_record(const unsigned char *p, size_t left, Classification *scratch)
{
        _cleanup_free_ ScanCacheRecord *r = NULL;
        const Classification *c;
        uint8_t n;
        size_t size;

        if (left < offsetof(ScanCacheRecord, findings))
                return -EBADMSG;
        n = scan_cache_record_findings(p);
        size = offsetof(ScanCacheRecord, findings) + n * sizeof(ModelcapFinding);
        if (n > CLASSIFICATION_MODELCAPS_MAX || size > left)
                return -EBADMSG;
        r = malloc(size);
        if (!r)
                return -ENOMEM;
        memcpy(r, p, size);
        scan_cache_unpack(r, scratch);
        if (scratch->status == SCAN_UNPARSABLE || classification_validate(scratch, sizeof(*scratch), &c) < 0)
                return -EBADMSG;
        return (ssize_t) size;
}

static int check_all(const unsigned char *p, size_t size)
{
        _cleanup_free_ Classification *scratch = malloc(sizeof(*scratch));

        if (!scratch)
                return -ENOMEM;
        while (size > 0) {
                ssize_t n = check_record(p, size, scratch);

                if (n < 0)
                        return (int) n;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

int scan_cache_parse(ScanCache *c, const void *data, size_t size)
{
        const unsigned char *p = data, *end = p + size;
        int r;

        r = check_all(p, size);
        if (r < 0)
                return r;
        while (p < end) {
                size_t n = offsetof(ScanCacheRecord, findings) +
                           scan_cache_record_findings(p) * sizeof(ModelcapFinding);
                ScanCacheRecord *record = malloc(n);

                if (!record)
                        return -ENOMEM;
                memcpy(record, p, n);
                scan_cache_place(c, record);
                p += n;
        }
        return 0;
}

static int check_head(const ScanCache *c, const void *data, size_t size, const char **ret_why)
{
        unsigned char digest[32];
        Head h;

        if (size < sizeof(h)) {
                *ret_why = "it is cut off";
                return -EBADMSG;
        }
        memcpy(&h, data, sizeof(h));
        if (h.magic != FILE_MAGIC || h.version != CLASSIFICATION_VERSION ||
            h.record_size != sizeof(ScanCacheRecord) || h.finding_size != sizeof(ModelcapFinding)) {
                *ret_why = "it is of another version";
                return -EBADMSG;
        }
        digest_records((const unsigned char *) data + sizeof(h), size - sizeof(h), digest);
        if (memcmp(digest, h.digest, sizeof(digest)) != 0) {
                *ret_why = "it is damaged";
                return -EBADMSG;
        }
        if (memcmp(h.rules, c->rules, sizeof(h.rules)) != 0) {
                *ret_why = "the rules are others since";
                return -EBADMSG;
        }
        return 0;
}

static void load(ScanCache *c)
{
        _cleanup_free_ char *data = NULL;
        const char *why = NULL;
        size_t size;
        int r;

        r = read_file_capped(AT_FDCWD, c->path, FILE_BYTES_MAX, &data, &size);
        if (r == -ENOENT)
                return;
        if (r >= 0)
                r = check_head(c, data, size, &why);
        if (r >= 0)
                r = scan_cache_parse(c, data + sizeof(Head), size - sizeof(Head));
        if (r >= 0)
                return;
        scan_cache_clear(c);
        c->dirty = true;
        log_notice("cache: %s is not used and begun anew: %s", c->path, why ? why : strerror(-r));
}

void scan_cache_set_rules(ScanCache *c, const unsigned char rules[static SCAN_CACHE_RULES_SIZE])
{
        bool first = !c->has_rules;

        if (!first && memcmp(rules, c->rules, sizeof(c->rules)) == 0)
                return;
        memcpy(c->rules, rules, sizeof(c->rules));
        c->has_rules = true;
        if (!first) {
                scan_cache_clear(c);
                c->dirty = true;
        } else if (c->path)
                load(c);
}

int scan_cache_dump(const ScanCache *c, void **ret, size_t *ret_size)
{
        unsigned char *data = malloc(c->bytes + 1), *p = data;

        if (!data)
                return -ENOMEM;
        for (unsigned i = 0; i < SCAN_CACHE_SETS; i++)
                for (unsigned k = 0; k < SCAN_CACHE_WAYS; k++) {
                        const ScanCacheRecord *r = c->slots[i][k];

                        if (!r)
                                continue;
                        memcpy(p, r, scan_cache_record_size(r));
                        p += scan_cache_record_size(r);
                }
        *ret = data;
        *ret_size = c->bytes;
        return 0;
}

static int write_file(int fd, const Head *h, const unsigned char *data, size_t size)
{
        if (write(fd, h, sizeof(*h)) != sizeof(*h))
                return -EIO;
        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                data += n;
                size -= (size_t) n;
        }
        return 0;
}

int scan_cache_save(ScanCache *c)
{
        Head h = {
                .magic = FILE_MAGIC,
                .version = CLASSIFICATION_VERSION,
                .record_size = sizeof(ScanCacheRecord),
                .finding_size = sizeof(ModelcapFinding),
        };
        _cleanup_free_ char *temporary = NULL;
        _cleanup_free_ void *data = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t size;
        int r;

        if (!c->path || !c->has_rules || !c->dirty)
                return 0;
        r = scan_cache_dump(c, &data, &size);
        if (r >= 0)
                r = string_printf(&temporary, "%s.new", c->path);
        if (r < 0)
                return r;
        memcpy(h.rules, c->rules, sizeof(h.rules));
        digest_records(data, size, h.digest);
        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_file(fd, &h, data, size);
        if (r >= 0 && rename(temporary, c->path) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlink(temporary);
                return r;
        }
        c->dirty = false;
        return 0;
}
