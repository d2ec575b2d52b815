/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: starts aiguard-scanner and gives it work.
 * Owns: the zygote's process and socket; the socket of a job until its caller
 * has it.
 * Must not: parse a model file, block on the scanner (but in scan_server_run),
 * or believe an answer before classification_validate().
 * Called by: the gate's pool and aiguardctl. Siblings: scan-siblings.c.
 */
#include "lib/scan-client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/log.h"
#include "lib/scan-proto.h"

#define SCANNER_PROGRAM "/usr/lib/aiguard/aiguard-scanner"
#define SECONDS_DEFAULT 10
#define HELLO_MS 20000

struct ScanServer {
        pid_t pid;
        int fd;
        unsigned seconds, delay_ms;
};

/* The installed program; else the one beside this one, so that a build tree works by itself. */
const char *scan_server_program(const ScanServerOptions *options, char *buffer, size_t size)
{
        const char *env = secure_getenv("AIGUARD_SCANNER");
        ssize_t n;
        char *slash;

        if (options->program)
                return options->program;
        if (env && env[0])
                return env;
        if (access(SCANNER_PROGRAM, X_OK) >= 0)
                return SCANNER_PROGRAM;
        n = readlink("/proc/self/exe", buffer, size - sizeof("/aiguard-scanner"));
        if (n <= 0)
                return SCANNER_PROGRAM;
        buffer[n] = 0;
        slash = strrchr(buffer, '/');
        if (!slash)
                return SCANNER_PROGRAM;
        memcpy(slash, "/aiguard-scanner", sizeof("/aiguard-scanner"));
        return access(buffer, X_OK) >= 0 ? buffer : SCANNER_PROGRAM;
}

/* Only what a sanitizer or a coverage run needs goes along. */
static void pick_environment(const char *ret[static 4])
{
        static const char *const names[] = { "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "GCOV_PREFIX=" };
        size_t n = 0;

        for (char **e = environ; e && *e; e++)
                for (size_t i = 0; i < ARRAY_SIZE(names) && n < 3; i++)
                        if (strncmp(*e, names[i], strlen(names[i])) == 0)
                                ret[n++] = *e;
        ret[n] = NULL;
}

static int spawn(const ScanServerOptions *options, ScanServer *s, int fd)
{
        char program[4096], seconds[16], delay[16];
        const char *path = scan_server_program(options, program, sizeof(program));
        const char *argv[] = { "aiguard-scanner",
                               "--seconds",
                               seconds,
                               "--delay-ms",
                               delay,
                               "--modelcaps",
                               options->modelcaps_dir ?: MODELCAPS_DIR,
                               options->reuse ? "--reuse" : "--no-reuse",
                               options->no_catalog ? "--no-catalog" : NULL,
                               NULL };
        const char *envp[4];
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        sigset_t all, none;
        int r;

        (void) snprintf(seconds, sizeof(seconds), "%u", s->seconds);
        (void) snprintf(delay, sizeof(delay), "%u", s->delay_ms);
        pick_environment(envp);
        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attr);
        if (r != 0) {
                posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        sigfillset(&all);
        sigdelset(&all, SIGKILL);
        sigdelset(&all, SIGSTOP);
        sigemptyset(&none);
        (void) posix_spawnattr_setsigdefault(&attr, &all);
        (void) posix_spawnattr_setsigmask(&attr, &none);
        (void) posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        r = posix_spawn_file_actions_adddup2(&actions, fd, SCAN_PROTO_FD);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, 0, 1);
        if (r == 0)
                r = posix_spawn(&s->pid, path, &actions, &attr, (char **) argv, (char **) envp);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* Ready, or why not. */
static int wait_hello(const ScanServer *s)
{
        struct pollfd p = { .fd = s->fd, .events = POLLIN };
        ScanHello hello;
        ssize_t n;

        if (poll(&p, 1, HELLO_MS) <= 0)
                return -ETIMEDOUT;
        n = recv(s->fd, &hello, sizeof(hello), MSG_DONTWAIT);
        if (n != sizeof(hello) || hello.magic != SCAN_PROTO_MAGIC)
                return -EPIPE;
        return hello.error > 0 ? -EBADMSG : hello.error;
}

int scan_server_new(const ScanServerOptions *options, ScanServer **ret)
{
        _cleanup_(scan_server_freep) ScanServer *s = NULL;
        _cleanup_close_ int theirs = -EBADF;
        int pair[2], r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->fd = -EBADF;
        s->seconds = options->seconds ?: SECONDS_DEFAULT;
        s->delay_ms = options->delay_ms;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        s->fd = pair[0];
        /* Not on the number it will have over there: that one would keep its close-on-exec flag. */
        theirs = pair[1] == SCAN_PROTO_FD ? fcntl(pair[1], F_DUPFD_CLOEXEC, SCAN_PROTO_FD + 1)
                                          : TAKE_FD(pair[1]);
        safe_close(pair[1]);
        if (theirs < 0)
                return -errno;
        r = spawn(options, s, theirs);
        if (r < 0)
                return r;
        safe_close(TAKE_FD(theirs)); /* or an early end over there would not be seen */
        r = wait_hello(s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

ScanServer *scan_server_free(ScanServer *s)
{
        if (!s)
                return NULL;
        safe_close(s->fd);
        if (s->pid > 0) {
                (void) kill(s->pid, SIGKILL);
                while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        free(s);
        return NULL;
}

pid_t scan_server_pid(const ScanServer *s)
{
        return s->pid;
}

static void fill_job(ScanJob *job, const char *path, const ScanSibling *siblings, size_t n)
{
        size_t length = strlen(path);

        memset(job, 0, sizeof(*job));
        job->magic = SCAN_PROTO_MAGIC;
        job->n_siblings = (uint32_t) n;
        if (length >= sizeof(job->path)) {
                path += length - (sizeof(job->path) - 1);
                length = sizeof(job->path) - 1;
        }
        memcpy(job->path, path, length);
        for (size_t i = 0; i < n; i++)
                memcpy(job->names[i], siblings[i].name,
                       strnlen(siblings[i].name, sizeof(job->names[i]) - 1));
}

static int send_job(ScanServer *s, ScanJob *job, const int *fds, size_t n_fds)
{
        union {
                struct cmsghdr align;
                char buffer[CMSG_SPACE(SCAN_PROTO_FDS_MAX * sizeof(int))];
        } control = {};
        struct iovec iov = { .iov_base = job, .iov_len = sizeof(*job) };
        struct msghdr msg = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = control.buffer,
                .msg_controllen = CMSG_SPACE(n_fds * sizeof(int)),
        };
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
        if (sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                return 0;
        /* Too many descriptors on their way: like a full queue. */
        return errno == ETOOMANYREFS || errno == ENOBUFS ? -EAGAIN : errno == ECONNRESET ? -EPIPE : -errno;
}

int scan_server_submit(ScanServer *s, int fd, const char *path, const ScanSibling *siblings,
                       size_t n_siblings, int *ret_fd)
{
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        int fds[SCAN_PROTO_FDS_MAX], pair[2], r;
        size_t n = MIN(n_siblings, (size_t) SCAN_SIBLINGS_MAX);
        ScanJob job;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];
        fill_job(&job, path, siblings, n);
        fds[0] = fd;
        fds[1] = theirs;
        for (size_t i = 0; i < n; i++)
                fds[2 + i] = siblings[i].fd;
        r = send_job(s, &job, fds, 2 + n);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(ours);
        return 0;
}

static void unparsable(Classification *ret, const char *reason)
{
        memset(ret, 0, sizeof(*ret));
        ret->version = CLASSIFICATION_VERSION;
        ret->status = SCAN_UNPARSABLE;
        (void) snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
}

int scan_job_finish(int job_fd, Classification *ret)
{
        const Classification *c;
        /* Cut behind the last finding; the length is that of what was sent. */
        ssize_t n = recv(job_fd, ret, sizeof(*ret), MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return -EAGAIN;
        if (n <= 0) {
                unparsable(ret, "the scanner died of it, or took too long");
                return 0;
        }
        if ((size_t) n < sizeof(*ret))
                memset((char *) ret + n, 0, sizeof(*ret) - (size_t) n);
        if ((size_t) n > sizeof(*ret) || (size_t) n < offsetof(Classification, modelcaps) ||
            (size_t) n != classification_used(ret) || classification_validate(ret, sizeof(*ret), &c) < 0)
                unparsable(ret, "the scanner gave an answer that cannot be");
        return 0;
}

int scan_server_run(ScanServer *s, int fd, const char *path, const ScanSibling *siblings, size_t n_siblings,
                    Classification *ret)
{
        _cleanup_close_ int job = -EBADF;
        struct pollfd p = { .fd = s->fd, .events = POLLOUT };
        int timeout = (int) MIN(s->seconds * 1000U + s->delay_ms + 2000U, 3600000U), r;

        for (;;) {
                r = scan_server_submit(s, fd, path, siblings, n_siblings, &job);
                if (r != -EAGAIN)
                        break;
                if (poll(&p, 1, timeout) <= 0)
                        return -ETIMEDOUT;
        }
        if (r < 0)
                return r;
        p = (struct pollfd){ .fd = job, .events = POLLIN };
        do
                r = poll(&p, 1, timeout);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        if (r == 0) {
                unparsable(ret, "the scanner took too long");
                return 0;
        }
        return scan_job_finish(job, ret);
}
