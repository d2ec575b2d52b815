/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: what a scanner's child that was taken over tries first, and dies of. */
#include <criterion/criterion.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "scanner/sandbox.c"

typedef enum Attempt {
        ATTEMPT_NOTHING,
        ATTEMPT_READ, /* of what it holds: allowed */
        ATTEMPT_OPEN,
        ATTEMPT_OPENAT2,
        ATTEMPT_STAT_PATH,
        ATTEMPT_SOCKET,
        ATTEMPT_FORK,
        ATTEMPT_EXEC,
        ATTEMPT_KILL,
        ATTEMPT_PTRACE,
        ATTEMPT_MAP_CODE,
        ATTEMPT_MAP_FILE,
        ATTEMPT_MAKE_CODE,
        ATTEMPT_IGNORE_ALARM,
        ATTEMPT_STOP_TIMER,
        ATTEMPT_BPF,
        ATTEMPT_IO_URING,
        _ATTEMPT_MAX,
} Attempt;

static void attempt(Attempt a, int fd, void *page)
{
        char byte;

        switch (a) {
        case ATTEMPT_READ:
                (void) !syscall(SYS_pread64, fd, &byte, 1, 0);
                break;
        case ATTEMPT_OPEN:
                (void) syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
                break;
        case ATTEMPT_OPENAT2:
                (void) syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0);
                break;
        case ATTEMPT_STAT_PATH:
                (void) syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", page, 0);
                break;
        case ATTEMPT_SOCKET:
                (void) syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
                break;
        case ATTEMPT_FORK:
                (void) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
                break;
        case ATTEMPT_EXEC:
                (void) syscall(SYS_execve, "/bin/true", NULL, NULL);
                break;
        case ATTEMPT_KILL:
                (void) syscall(SYS_kill, 1, 0);
                break;
        case ATTEMPT_PTRACE:
                (void) syscall(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0);
                break;
        case ATTEMPT_MAP_CODE:
                (void) syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                               0);
                break;
        case ATTEMPT_MAP_FILE:
                (void) syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
                break;
        case ATTEMPT_MAKE_CODE:
                (void) syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
                break;
        case ATTEMPT_IGNORE_ALARM:
                (void) syscall(SYS_rt_sigaction, SIGALRM, NULL, NULL, 8);
                break;
        case ATTEMPT_STOP_TIMER:
                (void) syscall(SYS_setitimer, ITIMER_REAL, page, NULL);
                break;
        case ATTEMPT_BPF:
                (void) syscall(SYS_bpf, 0, NULL, 0);
                break;
        case ATTEMPT_IO_URING:
                (void) syscall(SYS_io_uring_setup, 1, page);
                break;
        default:
                break;
        }
}

/* The way of a real child: zygote, fork, child, and then the attempt. */
static void become_child_and_try(const Sandbox *s, Attempt a)
{
        int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int status;
        pid_t pid;

        if (dup2(fd, SCAN_PROTO_FD) < 0 || page == MAP_FAILED || sandbox_enter_zygote(s) < 0)
                _exit(10);
        pid = fork();
        if (pid == 0) {
                if (sandbox_enter_child(s, false, 5) < 0)
                        _exit(11);
                attempt(a, SCAN_PROTO_FD, page);
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                _exit(12);
        _exit(WIFSIGNALED(status) ? WTERMSIG(status) + 100 : WEXITSTATUS(status));
}

Test(sandbox, child)
{
        Sandbox *s = NULL;

        cr_assert_eq(sandbox_prepare(&s), 0);
        for (Attempt a = ATTEMPT_NOTHING; a < _ATTEMPT_MAX; a++) {
                pid_t pid = fork();
                int status;

                cr_assert_geq(pid, 0);
                if (pid == 0)
                        become_child_and_try(s, a);
                cr_assert_eq(waitpid(pid, &status, 0), pid);
                cr_assert(WIFEXITED(status), "attempt %d: the zygote died of signal %d", a,
                          WTERMSIG(status));
                cr_expect_eq(WEXITSTATUS(status), a <= ATTEMPT_READ ? 0 : 100 + SIGSYS, "attempt %d: %d", a,
                             WEXITSTATUS(status));
        }
        free(s->zygote.code);
        free(s->child.code);
        free(s->worker.code);
        free(s);
}
