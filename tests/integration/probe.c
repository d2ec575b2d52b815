/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe: a program that does one suspicious thing and reports it.
 *
 * Owns: the options, the plain verbs, and the one line of result that every
 * verb prints ("open=EPERM wall_ms=12 cpu_ms=0 path=..."). The attacks on the
 * hold are in probe-attacks.c. Knows nothing of aiguard: it sees an errno, as
 * any program does. Run by the suites in tests/vm and by the demo.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

const char *arg_ai;
const char *arg_map;

void die(const char *what)
{
        fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
        exit(PROBE_SETUP);
}

double now_ms(int clock)
{
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

void sleep_ms(unsigned ms)
{
        struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000L };

        while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
                ;
}

void become_ai(void)
{
        if (arg_map) {
                int fd = open(arg_map, O_RDONLY | O_CLOEXEC);

                if (fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
                        die(arg_map);
                close(fd);
        }
        if (arg_ai && !dlopen(arg_ai, RTLD_NOW)) {
                fprintf(stderr, "probe: %s\n", dlerror());
                exit(PROBE_SETUP);
        }
}

void timed_open(const char *path, int flags, Outcome *ret)
{
        double wall = now_ms(CLOCK_MONOTONIC), cpu = now_ms(CLOCK_THREAD_CPUTIME_ID);
        int fd = open(path, flags | O_CLOEXEC);
        struct stat st;

        ret->error = fd < 0 ? errno : 0;
        ret->fd = fd;
        ret->wall_ms = now_ms(CLOCK_MONOTONIC) - wall;
        ret->cpu_ms = now_ms(CLOCK_THREAD_CPUTIME_ID) - cpu;
        if (fd >= 0 && fstat(fd, &st) == 0)
                ret->inode = st.st_ino;
        ret->done = 1;
}

void print_outcome(const char *path, const Outcome *o)
{
        const char *name = o->error == 0 ? "ok" : strerrorname_np(o->error);

        printf("open=%s wall_ms=%.0f cpu_ms=%.0f path=%s\n", name ? name : "?", o->wall_ms, o->cpu_ms, path);
        fflush(stdout);
}

int exit_code(const Outcome *o)
{
        if (o->error == 0)
                return PROBE_OK;
        return o->error == EPERM ? PROBE_REFUSED : PROBE_OTHER;
}

void *shared_memory(size_t size)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
                die("mmap");
        return p;
}

void read_whole(const char *path, void **ret, size_t *ret_size)
{
        struct stat st;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fstat(fd, &st) < 0)
                die(path);
        *ret_size = (size_t) st.st_size;
        *ret = malloc(*ret_size);
        if (!*ret || read(fd, *ret, *ret_size) != st.st_size)
                die(path);
        close(fd);
}

/* open PATH...: each for reading; the exit code is that of the worst. */
static int verb_open(int argc, char **argv)
{
        int worst = PROBE_OK;

        become_ai();
        for (int i = 0; i < argc; i++) {
                Outcome o = {};

                timed_open(argv[i], O_RDONLY, &o);
                print_outcome(argv[i], &o);
                if (exit_code(&o) > worst)
                        worst = exit_code(&o);
                if (o.fd >= 0)
                        close(o.fd);
        }
        return worst;
}

/* open-mode MODE PATH: access mode 0 to 3, as in open(2); 3 asks for ioctl() only. */
static int verb_open_mode(int argc, char **argv)
{
        Outcome o = {};

        if (argc != 2)
                return PROBE_USAGE;
        become_ai();
        timed_open(argv[1], atoi(argv[0]) & O_ACCMODE, &o);
        print_outcome(argv[1], &o);
        if (o.fd >= 0) {
                struct v4l2_capability cap = {};

                printf("querycap=%s\n",
                       ioctl(o.fd, VIDIOC_QUERYCAP, &cap) == 0 ? "ok" : strerrorname_np(errno));
        }
        return exit_code(&o);
}

/* stay SECONDS PATH...: open all, report, and keep what opened. */
static int verb_stay(int argc, char **argv)
{
        int worst = PROBE_OK;

        if (argc < 1)
                return PROBE_USAGE;
        become_ai();
        for (int i = 1; i < argc; i++) {
                Outcome o = {};

                timed_open(argv[i], O_RDONLY, &o);
                print_outcome(argv[i], &o);
                if (exit_code(&o) > worst)
                        worst = exit_code(&o);
        }
        sleep_ms((unsigned) atoi(argv[0]) * 1000U);
        return worst;
}

/* await GO PATH: AI now, and opens when the file GO appears; starts no other program meanwhile. */
static int verb_await(int argc, char **argv)
{
        Outcome o = {};

        if (argc != 2)
                return PROBE_USAGE;
        become_ai();
        puts("up");
        fflush(stdout);
        while (access(argv[0], F_OK) < 0)
                sleep_ms(50);
        timed_open(argv[1], O_RDONLY, &o);
        print_outcome(argv[1], &o);
        return exit_code(&o);
}

/* flood GO COUNT PATH: AI now, and opens COUNT times when the file GO appears. One outcome for all, or none. */
static int verb_flood(int argc, char **argv)
{
        int count, refused = 0, opened = 0;
        Outcome o = {};
        double start;

        if (argc != 3)
                return PROBE_USAGE;
        count = atoi(argv[1]);
        become_ai();
        /* The first one waits until it is known who opens; the others need not. */
        timed_open(argv[2], O_RDONLY, &o);
        close(o.fd);
        puts("up");
        fflush(stdout);
        while (access(argv[0], F_OK) < 0)
                sleep_ms(20);
        start = now_ms(CLOCK_MONOTONIC);
        for (int i = 0; i < count; i++) {
                int fd = open(argv[2], O_RDONLY | O_CLOEXEC);

                refused += fd < 0 && errno == EPERM;
                opened += fd >= 0;
                close(fd);
        }
        printf("refused=%d opened=%d all_ms=%.0f path=%s\n", refused, opened,
               now_ms(CLOCK_MONOTONIC) - start, argv[2]);
        return refused == count ? PROBE_REFUSED : opened == count ? PROBE_OK : PROBE_OTHER;
}

/* exec PROGRAM ARGUMENT...: becomes it, with whatever it has become before. */
static int verb_exec(int argc, char **argv)
{
        if (argc < 1)
                return PROBE_USAGE;
        become_ai();
        alarm(0);
        execvp(argv[0], argv);
        die(argv[0]);
}

static const struct Verb {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *help;
} verbs[] = {
        { "open", verb_open, "PATH...                open for reading" },
        { "open-mode", verb_open_mode,
          "MODE PATH              open with access mode 0 to 3, then VIDIOC_QUERYCAP" },
        { "stay", verb_stay, "SECONDS PATH...        open and keep open" },
        { "await", verb_await, "GO PATH                open when the file GO appears" },
        { "flood", verb_flood, "GO COUNT PATH          open COUNT times when the file GO appears" },
        { "exec", verb_exec, "PROGRAM ARGUMENT...    execute" },
        { "threads", verb_threads,
          "PATH                   one thread loads the runtime, an older one opens" },
        { "signal-handled", verb_signal_handled,
          "PATH MS                a handled signal every MS while it opens" },
        { "signal-kill", verb_signal_kill,
          "PATH MS                SIGKILL after MS; prints how long it took to go" },
        { "swap", verb_swap, "PATH OTHER MS          OTHER is renamed over PATH while it opens" },
        { "deleted-fifo", verb_deleted_fifo,
          "PATH                   reopen unlinked, a FIFO at 'PATH (deleted)'" },
        { "shared-write", verb_shared_write,
          "PATH NEW               NEW written through an old shared mapping" },
        { "rewrite", verb_rewrite, "PATH NEW               open, rewrite in place with NEW, open again" },
        { "connect", verb_connect, "ADDRESS PORT           listen on PORT, and connect to it" },
        { "many", verb_many,
          "FILE...                all at once, a process each; 'bad' in the name: refused" },
};

static int usage(void)
{
        fprintf(stderr, "usage: probe [--ai LIBRARY] [--map LIBRARY] [--timeout SECONDS] VERB ...\n");
        for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
                fprintf(stderr, "  %-15s %s\n", verbs[i].name, verbs[i].help);
        return PROBE_USAGE;
}

int main(int argc, char **argv)
{
        unsigned timeout = 60;
        int i = 1;

        for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
                if (strcmp(argv[i], "--ai") == 0)
                        arg_ai = argv[i + 1];
                else if (strcmp(argv[i], "--map") == 0)
                        arg_map = argv[i + 1];
                else if (strcmp(argv[i], "--timeout") == 0)
                        timeout = (unsigned) atoi(argv[i + 1]);
                else
                        return usage();
        }
        if (i >= argc)
                return usage();
        alarm(timeout);
        for (size_t v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++)
                if (strcmp(argv[i], verbs[v].name) == 0) {
                        int r = verbs[v].run(argc - i - 1, argv + i + 1);

                        return r == PROBE_USAGE ? usage() : r;
                }
        return usage();
}
