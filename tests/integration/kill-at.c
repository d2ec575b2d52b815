/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kills a process as one of its threads enters its Nth system call from now on:
 * that call is not made. Says "ready" when it counts. Ends with the process, or
 * with 1 when that ended before.
 *
 * usage: kill-at TID N
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static void die(const char *what)
{
        fprintf(stderr, "kill-at: %s: %s\n", what, strerror(errno));
        exit(2);
}

/* Until the thread stops again. Its end ends us. */
static int stopped(pid_t tid)
{
        int status;

        while (waitpid(tid, &status, __WALL) != tid)
                if (errno != EINTR)
                        exit(1);
        if (!WIFSTOPPED(status))
                exit(1);
        return status;
}

int main(int argc, char **argv)
{
        pid_t tid = argc == 3 ? atoi(argv[1]) : 0;
        long left = argc == 3 ? atol(argv[2]) : 0;

        if (tid <= 0 || left <= 0) {
                fprintf(stderr, "usage: kill-at TID N\n");
                return 2;
        }
        if (ptrace(PTRACE_SEIZE, tid, NULL, (void *) PTRACE_O_TRACESYSGOOD) < 0 ||
            ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0)
                die("ptrace");
        (void) stopped(tid);
        puts("ready");
        fflush(stdout);
        for (int signal = 0;;) {
                int status;

                if (ptrace(PTRACE_SYSCALL, tid, NULL, (void *) (long) signal) < 0)
                        exit(1);
                status = stopped(tid);
                signal = 0;
                if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
                        struct __ptrace_syscall_info info;

                        if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *) sizeof(info), &info) < 0)
                                exit(1);
                        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && --left == 0)
                                break;
                } else if (status >> 16 == 0)
                        signal = WSTOPSIG(status);
        }
        kill(tid, SIGKILL);
        while (waitpid(tid, NULL, __WALL) == tid)
                ;
        return 0;
}
