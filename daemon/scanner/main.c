/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: aiguard-scanner, the process that parses hostile files.
 * Owns: the zygote: it loads the model capabilities once, locks itself up, and
 * forks one child for each file that is handed to it; a child locks itself up
 * further, reads, answers and ends.
 * Must not: have a second thread (it forks), open a file after the start, or
 * share one answer's descriptor with another child.
 * Called by: scan-client.c, which spawns it with a socket as descriptor 3.
 */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/log.h"
#include "lib/scan-proto.h"
#include "scanner/sandbox.h"

#define MEMORY_KEPT (16 << 20)

typedef struct Options {
        const char *modelcaps;
        unsigned seconds, delay_ms;
        bool reuse, no_catalog;
} Options;

typedef struct Job {
        ScanJob message;
        int file, answer;
        ScanSibling siblings[SCAN_SIBLINGS_MAX];
        size_t n_siblings;
} Job;

static void job_close(Job *j)
{
        j->file = safe_close(j->file);
        j->answer = safe_close(j->answer);
        for (size_t i = 0; i < j->n_siblings; i++)
                safe_close(j->siblings[i].fd);
        j->n_siblings = 0;
}

/* Sorts the descriptors of a message; a message that is not as agreed has its descriptors closed. */
static int take_descriptors(Job *j, struct msghdr *msg, ssize_t n)
{
        int fds[SCAN_PROTO_FDS_MAX];
        size_t n_fds = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
                        n_fds = MIN((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), (size_t) SCAN_PROTO_FDS_MAX);
                        memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
                }
        if (n == sizeof(j->message) && j->message.magic == SCAN_PROTO_MAGIC && n_fds >= 2 &&
            j->message.n_siblings == n_fds - 2) {
                j->file = fds[0];
                j->answer = fds[1];
                j->n_siblings = n_fds - 2;
                for (size_t i = 0; i < j->n_siblings; i++) {
                        j->siblings[i].fd = fds[2 + i];
                        memcpy(j->siblings[i].name, j->message.names[i], sizeof(j->siblings[i].name));
                        j->siblings[i].name[sizeof(j->siblings[i].name) - 1] = 0;
                }
                j->message.path[sizeof(j->message.path) - 1] = 0;
                return 1;
        }
        for (size_t i = 0; i < n_fds; i++)
                safe_close(fds[i]);
        return -EBADMSG;
}

/* 1 and a job, 0 when the client is gone. */
static int receive(Job *j)
{
        union {
                struct cmsghdr align;
                char buffer[CMSG_SPACE(SCAN_PROTO_FDS_MAX * sizeof(int))];
        } control;
        struct iovec iov = { .iov_base = &j->message, .iov_len = sizeof(j->message) };
        struct msghdr msg = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = control.buffer,
                .msg_controllen = sizeof(control.buffer),
        };
        ssize_t n;

        j->file = j->answer = -EBADF;
        j->n_siblings = 0;
        do
                n = recvmsg(SCAN_PROTO_FD, &msg, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        return take_descriptors(j, &msg, n);
}

static void sleep_ms(unsigned ms)
{
        struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000 };

        while (ms > 0 && nanosleep(&ts, &ts) < 0 && errno == EINTR)
                ;
}

/* The delay for tests is for models: every library of every process asked about would take a daemon's start away. */
static void delay(const Options *o, const Job *j)
{
        char magic[4] = "";

        if (o->delay_ms > 0 && pread(j->file, magic, sizeof(magic), 0) == 4 &&
            memcmp(magic, "\177ELF", 4) != 0)
                sleep_ms(o->delay_ms);
}

static void answer(const Job *j, const ModelcapSet *set)
{
        Classification c;

        scan_fd(j->file, j->message.path, j->siblings, j->n_siblings, set, &c);
        (void) !write(j->answer, &c, classification_used(&c));
}

static void run_child(const Options *o, const Sandbox *s, const ModelcapSet *set, const Job *j)
{
        safe_close(SCAN_PROTO_FD);
        delay(o, j);
        if (sandbox_enter_child(s, false, o->seconds) < 0)
                _exit(EXIT_FAILURE);
        answer(j, set);
        _exit(EXIT_SUCCESS);
}

/* A process for each file, so that what takes one over can answer for no other. */
static int serve(const Options *o, const Sandbox *s, const ModelcapSet *set)
{
        Job j;
        int r;

        while ((r = receive(&j)) != 0) {
                pid_t pid;

                if (r == -EBADMSG)
                        continue;
                if (r < 0)
                        return r;
                pid = fork();
                if (pid == 0)
                        run_child(o, s, set, &j);
                /* Without a child the answer's socket closes, and that is the answer. */
                job_close(&j);
        }
        return 0;
}

/* One process for many files; when one of them kills it, the next takes over. Ends when the client is gone. */
static void run_worker(const Options *o, const Sandbox *s, const ModelcapSet *set)
{
        const struct itimerval timer = { .it_value.tv_sec = o->seconds }, off = {};
        Job j;
        int r;

        /* What one file needed the next will need. */
        (void) mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT);
        (void) mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT);

        if (sandbox_enter_child(s, true, o->seconds) < 0)
                _exit(EXIT_FAILURE);
        while ((r = receive(&j)) != 0) {
                if (r == -EBADMSG)
                        continue;
                if (r < 0)
                        _exit(EXIT_FAILURE);
                (void) setitimer(ITIMER_REAL, &timer, NULL);
                answer(&j, set);
                (void) setitimer(ITIMER_REAL, &off, NULL);
                job_close(&j);
        }
        _exit(EXIT_SUCCESS);
}

static int serve_reusing(const Options *o, const Sandbox *s, const ModelcapSet *set)
{
        int status;

        for (;;) {
                pid_t pid = fork();

                if (pid < 0)
                        return -errno;
                if (pid == 0)
                        run_worker(o, s, set);
                while (waitpid(pid, &status, 0) < 0)
                        if (errno != EINTR)
                                return -errno;
                if (WIFEXITED(status))
                        return WEXITSTATUS(status) == 0 ? 0 : -EIO;
        }
}

static int load(const char *dir, ModelcapSet **ret)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        int r;

        r = diag_new(&diag);
        if (r < 0)
                return r;
        r = modelcap_set_load(dir, diag, ret);
        if (r == -EBADMSG)
                diag_print(diag, stderr);
        else if (r < 0)
                (void) log_error_errno(r, "scanner: the model capabilities in %s cannot be loaded", dir);
        return r;
}

static int say_hello(int error)
{
        const ScanHello hello = { .magic = SCAN_PROTO_MAGIC, .error = error };

        return send(SCAN_PROTO_FD, &hello, sizeof(hello), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int parse_options(int argc, char **argv, Options *ret)
{
        static const struct option options[] = {
                { "modelcaps", required_argument, NULL, 'm' },
                { "seconds", required_argument, NULL, 's' },
                { "delay-ms", required_argument, NULL, 'd' },
                { "reuse", no_argument, NULL, 'r' },
                { "no-reuse", no_argument, NULL, 'o' },
                { "no-catalog", no_argument, NULL, 'n' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        *ret = (Options){ .modelcaps = MODELCAPS_DIR, .seconds = 10 };
        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'm':
                        ret->modelcaps = optarg;
                        break;
                case 's':
                        ret->seconds = (unsigned) strtoul(optarg, NULL, 10);
                        break;
                case 'd':
                        ret->delay_ms = (unsigned) strtoul(optarg, NULL, 10);
                        break;
                case 'r':
                        ret->reuse = true;
                        break;
                case 'o':
                        ret->reuse = false;
                        break;
                case 'n':
                        ret->no_catalog = true;
                        break;
                default:
                        return -EINVAL;
                }
        return optind == argc && ret->seconds > 0 ? 0 : -EINVAL;
}

static int run(const Options *o)
{
        ModelcapSet *set = NULL;
        Sandbox *s = NULL;
        int r;

        r = load(o->modelcaps, &set);
        if (r < 0)
                return r;
        if (o->no_catalog)
                modelcap_set_forget_catalog(set);
        if (sodium_init() < 0)
                return -EIO;
        r = sandbox_prepare(&s);
        if (r < 0)
                return log_error_errno(r, "scanner: the filters cannot be built");
        /* Children are never waited for, but a worker is. */
        if (!o->reuse && signal(SIGCHLD, SIG_IGN) == SIG_ERR)
                return -errno;
        r = sandbox_enter_zygote(s);
        if (r < 0)
                return r;
        r = say_hello(0);
        if (r < 0)
                return r;
        return o->reuse ? serve_reusing(o, s, set) : serve(o, s, set);
}

int main(int argc, char **argv)
{
        Options options;
        int r;

        r = parse_options(argc, argv, &options);
        if (r < 0) {
                fputs("aiguard-scanner is started by aiguardd and aiguardctl, not by hand.\n", stderr);
                return 2;
        }
        r = run(&options);
        if (r < 0)
                (void) say_hello(r);
        /* Nothing to clean up, and a sanitizer must not try to. */
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
