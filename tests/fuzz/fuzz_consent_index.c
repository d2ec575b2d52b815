/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the index of verified grants with anything changed in it, and its
 * digest made right again. The input is a list of edits: offset (two bytes),
 * new value; behind an offset of 65535 comes how much is cut off.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/grant-declare.h"
#include "lib/grant-index.h"
#include "lib/util-string.h"

#define NOW 1790000000000000ULL
#define RECORDS 3U
#define INDEX_MAX 65536U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GrantStore *store;
static Trust *trust;
static char index_bytes[INDEX_MAX + SHA256_HEX_SIZE];
static size_t index_size; /* without the digest */

static void put_record(unsigned i, GrantClaims *claims)
{
        _cleanup_free_ char *text = NULL;
        TrustKey key = {};
        Grant *g = NULL;
        GrantError e;

        if (string_printf(&text,
                          "{\"record_id\":\"%08x-0000-4000-8000-000000000000\",\"jurisdiction\":\"EU\","
                          "\"law\":\"x\","
                          "\"purpose\":\"medical\",\"reason\":\"r\",\"approver\":{\"name\":\"n\"},"
                          "\"issued\":"
                          "\"2026-02-01T00:00:00Z\",\"valid\":{\"from\":\"2026-02-01T00:00:00Z\",\"until\":"
                          "\"2096-02-01T00:00:00Z\"},\"binding\":{\"system_id\":\"w%u\",\"context\":"
                          "\"other\","
                          "\"model_capabilities\":[\"emotion.face\"],\"devices\":[\"camera\"]}}",
                          i, i % 2) < 0 ||
            grant_parse(GRANT_EXCEPTION, text, strlen(text), &g, &e) < 0)
                abort();
        memset(key.id, 'a', sizeof(key.id) - 1);
        if (grant_store_import(store, text, strlen(text), g, &key, NOW, 0, &e) < 0 ||
            grant_claims_set(claims, i, g) < 0)
                abort();
        grant_free(g);
}

/* A real one, of three grants about two things. */
static void begin(void)
{
        static char dir[] = "/tmp/aiguard-fuzz-XXXXXX";
        _cleanup_free_ char *text = NULL;
        GrantClaims claims = {};
        size_t n = 0;

        if (!mkdtemp(dir) || grant_store_open(dir, true, &store, NULL) < 0 || trust_new(&trust) < 0)
                abort();
        for (unsigned i = 0; i < RECORDS; i++)
                put_record(i, &claims);
        if (grant_index_write(store, trust, &claims) < 0 ||
            read_file_capped(grant_store_dir_fd(store), "verified", INDEX_MAX, &text, &n) < 0)
                abort();
        grant_claims_done(&claims);
        index_size = n - (SHA256_HEX_SIZE - 1);
        memcpy(index_bytes, text, index_size);
}

static void write_index(char *bytes, size_t n)
{
        int fd = openat(grant_store_dir_fd(store), "verified", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                        0600);
        char digest[SHA256_HEX_SIZE];
        Sha256 h;

        sha256_init(&h);
        sha256_update(&h, bytes, n);
        sha256_final_hex(&h, digest);
        memcpy(bytes + n, digest, SHA256_HEX_SIZE - 1);
        n += SHA256_HEX_SIZE - 1;
        if (fd < 0 || write(fd, bytes, n) != (ssize_t) n)
                abort();
        close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char bytes[sizeof(index_bytes)];
        GrantClaims claims = {};
        size_t n, good = 0;

        if (!store)
                begin();
        n = index_size;
        memcpy(bytes, index_bytes, n);
        for (size_t i = 0; i + 3 <= size; i += 3) {
                size_t at = (size_t) data[i] << 8 | data[i + 1];

                if (at == UINT16_MAX)
                        n -= data[i + 2] < n ? data[i + 2] : n;
                else if (n > 0)
                        bytes[at % n] = (char) data[i + 2];
        }
        write_index(bytes, n);
        if (grant_claims_reserve(&claims, RECORDS - 1) < 0)
                abort();
        n = grant_index_read(store, trust, &claims);
        for (size_t i = 0; i < claims.n; i++) {
                good += claims.claims[i].state == CLAIM_GOOD;
                if (claims.claims[i].state == CLAIM_GOOD &&
                    (!claims.claims[i].binding || claims.claims[i].members))
                        abort();
        }
        if (claims.n != RECORDS || good != n || (size == 0 && n != RECORDS))
                abort();
        grant_claims_done(&claims);
        return 0;
}
