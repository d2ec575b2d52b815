/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: maps the file of counters. Owns it. Whoever counts has a pointer to
 * the whole; the manager adds the two sides up.
 */
#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"

#define COUNTERS_MAGIC 0x35746e4341474941ULL /* raised with the struct */

static Counters *map_file(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        void *p;

        if (fd < 0 || ftruncate(fd, sizeof(Counters)) < 0)
                return NULL;
        p = mmap(NULL, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        return p == MAP_FAILED ? NULL : p;
}

Counters *counters_open(const char *path, bool adopt)
{
        Counters *c = map_file(path);

        if (!c) {
                log_warning_errno(-errno, "counters: %s cannot be kept", path);
                c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (c == MAP_FAILED)
                        return NULL;
        }
        if (!adopt || c->magic != COUNTERS_MAGIC)
                *c = (Counters){ .magic = COUNTERS_MAGIC };
        /* What was on its way to journald when the last run ended has not come there. */
        c->journal.lost += c->journal.pending;
        c->journal.pending = 0;
        c->gate.waiting = 0;
        c->gate.marks = 0;
        return c;
}

Counters *counters_close(Counters *c)
{
        if (c)
                (void) munmap(c, sizeof(*c));
        return NULL;
}
