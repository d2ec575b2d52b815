/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads what an entry says of its process and the kernel's record does
 * not: executable and cgroup. Called by the journal's thread, and where the entry
 * comes later than the open by whoever took the request. Must not wait for anything.
 */
#include "journal-process.h"

#include <string.h>

#include "lib/proc.h"

JournalProcess *journal_process_new(pid_t tgid, uint64_t start_ns)
{
        _cleanup_(journal_process_freep) JournalProcess *p = calloc(1, sizeof(*p));
        _cleanup_close_ int fd = proc_open(tgid);
        uint64_t start, want = proc_ticks_from_ns(start_ns);
        char text[4096];

        if (!p || fd < 0 || proc_start_ticks(fd, &start) < 0 || start + 1 < want || start > want + 1)
                return NULL;
        if (proc_exe(fd, text, sizeof(text)) >= 0)
                p->exe = strdup(text);
        if (proc_cgroup(fd, text, sizeof(text)) >= 0)
                p->cgroup = strdup(text);
        return TAKE_PTR(p);
}

JournalProcess *journal_process_free(JournalProcess *p)
{
        if (!p)
                return NULL;
        free(p->exe);
        free(p->cgroup);
        free(p);
        return NULL;
}
