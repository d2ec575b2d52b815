/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: a ledger with anything in it: read, or refused, and after one append still what it was read as. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/grant-ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_line(void *userdata, const LedgerEntry *e)
{
        size_t *n = userdata;

        if (e->seq != ++*n || !grant_id_valid(e->id) || strlen(e->digest) != 64)
                abort();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static int dir_fd = -1;
        static char dir[] = "/tmp/aiguard-fuzz-XXXXXX";
        LedgerEntry e = { .time_usec = 1790000000000000ULL,
                          .kind = GRANT_CONSENT,
                          .state = GRANT_STATE_GIVEN };
        Ledger l = { .fd = -EBADF };
        size_t n = 0, m = 0;
        uint64_t line;
        int fd;

        if (dir_fd < 0)
                dir_fd = open(mkdtemp(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fd = openat(dir_fd, LEDGER_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, data, size) != (ssize_t) size)
                abort();
        close(fd);
        if (ledger_open(dir_fd, true, on_line, &n, &l, &line) < 0)
                return 0;
        strcpy(e.id, "a");
        memset(e.digest, 'a', 64);
        memset(e.key, 'b', 64);
        if (ledger_append(&l, &e) < 0)
                abort();
        ledger_close(&l);
        if (ledger_open(dir_fd, false, on_line, &m, &l, &line) < 0 || m != n + 1)
                abort();
        ledger_close(&l);
        return 0;
}
