/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOURNAL_PROCESS_H
#define JOURNAL_PROCESS_H
/* What /proc says of the process of an entry, read while it is there. */
#include <stdint.h>
#include <sys/types.h>

#include "lib/macro.h"

typedef struct JournalProcess {
        char *exe;    /* NULL: unknown */
        char *cgroup; /* its path; NULL: unknown */
} JournalProcess;

/* `start_ns`: boot time at which it began, so that nobody else with its number is meant. NULL: gone, or no memory. */
JournalProcess *journal_process_new(pid_t tgid, uint64_t start_ns);
JournalProcess *journal_process_free(JournalProcess *p);
DEFINE_CLEANUP(JournalProcess *, journal_process_free);

#endif
