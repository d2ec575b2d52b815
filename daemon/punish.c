/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: stops or ends a process whose open was refused by a rule that says
 * so. Called with decisions of the gate, and with those of the kernel side for
 * suspend (which it cannot do itself). Owns nothing.
 */
#include "punish.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/macro.h"
#include "lib/proc.h"

static bool is_same(const struct ag_event *ev)
{
        _cleanup_close_ int fd = proc_open((pid_t) ev->tgid);
        uint64_t start, want = proc_ticks_from_ns(ev->start_time);

        return fd >= 0 && proc_start_ticks(fd, &start) >= 0 && start + 1 >= want && start <= want + 1;
}

void punish(const struct ag_event *ev)
{
        int signal = ev->effective.action == AG_ACTION_KILL      ? SIGKILL
                     : ev->effective.action == AG_ACTION_SUSPEND ? SIGSTOP
                                                                 : 0;
        _cleanup_close_ int fd = -EBADF;

        if (signal == 0)
                return;
        fd = (int) syscall(SYS_pidfd_open, ev->tgid, 0);
        if (fd < 0 || !is_same(ev))
                return;
        if (syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 && errno != ESRCH)
                log_warning_errno(-errno, "punish: process %u cannot be signalled", ev->tgid);
}
