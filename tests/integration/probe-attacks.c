/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe's attacks on the hold: each is a way by which an earlier version
 * could be made to let a model through, to hang, or to answer the wrong open.
 *
 * Owns: the staging of one race each. The files come from the caller, made so
 * that the right answer is known. Called by probe.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define MANY_MAX 1024

/* ------------------------------------------------------------------ threads */

typedef struct Late {
        const char *path;
        Outcome outcome;
        int go[2];
} Late;

static void *late_open(void *p)
{
        Late *late = p;
        char c;

        if (read(late->go[0], &c, 1) == 1)
                timed_open(late->path, O_RDONLY, &late->outcome);
        return NULL;
}

/* The runtime is mapped by the first thread, the open is done by another that was there before. */
int verb_threads(int argc, char **argv)
{
        Late late = { .path = argv[0] };
        pthread_t thread;

        if (argc != 1)
                return PROBE_USAGE;
        if (pipe(late.go) < 0 || pthread_create(&thread, NULL, late_open, &late) != 0)
                die("thread");
        sleep_ms(100);
        become_ai();
        if (write(late.go[1], "x", 1) != 1)
                die("write");
        pthread_join(thread, NULL);
        print_outcome(argv[0], &late.outcome);
        return exit_code(&late.outcome);
}

/* ------------------------------------------------------------------ signals */

static volatile sig_atomic_t handled;

static void on_signal(int signo)
{
        (void) signo;
        handled++;
}

/* Forks a child that becomes AI and opens; the outcome is in shared memory. */
static pid_t fork_opener(const char *path, Outcome *outcome)
{
        pid_t pid = fork();

        if (pid < 0)
                die("fork");
        if (pid == 0) {
                struct sigaction sa = { .sa_handler = on_signal };

                sigaction(SIGUSR1, &sa, NULL);
                become_ai();
                outcome->signals = -1; /* about to open */
                timed_open(path, O_RDONLY, outcome);
                outcome->signals = handled;
                _exit(0);
        }
        while (outcome->signals == 0 && waitpid(pid, NULL, WNOHANG) == 0)
                sleep_ms(1);
        return pid;
}

int verb_signal_handled(int argc, char **argv)
{
        Outcome *o = shared_memory(sizeof(*o));
        unsigned ms;
        pid_t pid;

        if (argc != 2)
                return PROBE_USAGE;
        ms = (unsigned) atoi(argv[1]);
        pid = fork_opener(argv[0], o);
        while (!o->done) {
                sleep_ms(ms);
                kill(pid, SIGUSR1);
        }
        waitpid(pid, NULL, 0);
        printf("signals=%d ", o->signals);
        print_outcome(argv[0], o);
        return o->signals > 0 ? exit_code(o) : PROBE_SETUP;
}

int verb_signal_kill(int argc, char **argv)
{
        Outcome *o = shared_memory(sizeof(*o));
        double start;
        int status = 0;
        pid_t pid;

        if (argc != 2)
                return PROBE_USAGE;
        pid = fork_opener(argv[0], o);
        sleep_ms((unsigned) atoi(argv[1]));
        if (o->done) {
                print_outcome(argv[0], o);
                fprintf(stderr, "probe: the open was over before the signal\n");
                return PROBE_SETUP;
        }
        start = now_ms(CLOCK_MONOTONIC);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        printf("killed=%s reap_ms=%.0f\n", WIFSIGNALED(status) ? "yes" : "no",
               now_ms(CLOCK_MONOTONIC) - start);
        return WIFSIGNALED(status) ? PROBE_OK : PROBE_OTHER;
}

/* -------------------------------------------------------------------- paths */

/* Which file the opener got, when it got one, is told by its inode: the swap may have been first. */
int verb_swap(int argc, char **argv)
{
        Outcome *o = shared_memory(sizeof(*o));
        struct stat st;
        pid_t pid;

        if (argc != 3)
                return PROBE_USAGE;
        if (stat(argv[0], &st) < 0)
                die(argv[0]);
        pid = fork_opener(argv[0], o);
        sleep_ms((unsigned) atoi(argv[2]));
        if (rename(argv[1], argv[0]) < 0)
                die(argv[1]);
        printf("during=%s ", o->done ? "no" : "yes");
        waitpid(pid, NULL, 0);
        printf("got=%s ", o->error ? "nothing" : o->inode == st.st_ino ? "first" : "other");
        print_outcome(argv[0], o);
        return exit_code(o);
}

/*
 * An unlinked file shows as "PATH (deleted)". With a FIFO of that name, whoever
 * opens the path for reading waits for a writer that never comes.
 */
int verb_deleted_fifo(int argc, char **argv)
{
        char trap[4096], link[64];
        Outcome o = {};
        int fd;

        if (argc != 1)
                return PROBE_USAGE;
        fd = open(argv[0], O_PATH | O_CLOEXEC);
        if (fd < 0 || unlink(argv[0]) < 0)
                die(argv[0]);
        snprintf(trap, sizeof(trap), "%s (deleted)", argv[0]);
        if (mkfifo(trap, 0666) < 0)
                die(trap);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        become_ai();
        timed_open(link, O_RDONLY, &o);
        print_outcome(link, &o);
        unlink(trap);
        return exit_code(&o);
}

/* ------------------------------------------------------------------- writes */

/* Another process maps the file before the scan and writes it after; no write(2), no change of time. */
int verb_shared_write(int argc, char **argv)
{
        int go[2], done[2];
        Outcome first = {}, second = {};
        size_t size;
        void *data;
        char c = 'x';
        pid_t pid;

        if (argc != 2)
                return PROBE_USAGE;
        read_whole(argv[1], &data, &size);
        if (pipe(go) < 0 || pipe(done) < 0 || (pid = fork()) < 0)
                die("fork");
        if (pid == 0) {
                int fd = open(argv[0], O_RDWR | O_CLOEXEC);
                void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

                if (fd < 0 || map == MAP_FAILED)
                        die(argv[0]);
                close(fd);
                if (write(done[1], &c, 1) == 1 && read(go[0], &c, 1) == 1)
                        memcpy(map, data, size);
                _exit(write(done[1], &c, 1) == 1 ? 0 : 1);
        }
        if (read(done[0], &c, 1) != 1)
                die("mapping");
        become_ai();
        timed_open(argv[0], O_RDONLY, &first);
        if (write(go[1], &c, 1) != 1 || read(done[0], &c, 1) != 1)
                die("writing");
        timed_open(argv[0], O_RDONLY, &second);
        printf("first=%s ", first.error == 0 ? "ok" : strerrorname_np(first.error));
        print_outcome(argv[0], &second);
        waitpid(pid, NULL, 0);
        return first.error == 0 ? exit_code(&second) : PROBE_SETUP;
}

/* Writes in place, twice, so that a change time of one tick would be the same. */
int verb_rewrite(int argc, char **argv)
{
        Outcome first = {}, second = {};
        size_t size;
        void *data;
        int fd;

        if (argc != 2)
                return PROBE_USAGE;
        read_whole(argv[1], &data, &size);
        become_ai();
        timed_open(argv[0], O_RDONLY, &first);
        fd = open(argv[0], O_WRONLY | O_CLOEXEC);
        if (fd < 0 || pwrite(fd, data, 1, 0) != 1 || pwrite(fd, data, size, 0) != (ssize_t) size)
                die(argv[0]);
        close(fd);
        timed_open(argv[0], O_RDONLY, &second);
        printf("first=%s ", first.error == 0 ? "ok" : strerrorname_np(first.error));
        print_outcome(argv[0], &second);
        return first.error == 0 ? exit_code(&second) : PROBE_SETUP;
}

/* --------------------------------------------------------------------- many */

static void many_child(const char *path, int gate, Outcome *o)
{
        char c;

        if (read(gate, &c, 1) == 0)
                timed_open(path, O_RDONLY, o);
        _exit(0);
}

int verb_many(int argc, char **argv)
{
        int right = 0, wrong = 0, refused = 0, gate[2];
        double slowest = 0, cpu = 0, start;
        Outcome *all;

        if (argc < 1 || argc > MANY_MAX)
                return PROBE_USAGE;
        all = shared_memory((size_t) argc * sizeof(*all));
        if (pipe(gate) < 0)
                die("pipe");
        become_ai();
        for (int i = 0; i < argc; i++) {
                pid_t pid = fork();

                if (pid < 0)
                        die("fork");
                if (pid == 0) {
                        close(gate[1]);
                        many_child(argv[i], gate[0], &all[i]);
                }
        }
        sleep_ms(200);
        start = now_ms(CLOCK_MONOTONIC);
        close(gate[1]);
        while (wait(NULL) > 0)
                ;
        for (int i = 0; i < argc; i++) {
                int want = strstr(argv[i], "bad") ? EPERM : 0;

                right += all[i].done && all[i].error == want;
                wrong += !all[i].done || all[i].error != want;
                refused += all[i].done && all[i].error == EPERM;
                slowest = all[i].wall_ms > slowest ? all[i].wall_ms : slowest;
                cpu += all[i].cpu_ms;
        }
        printf("right=%d wrong=%d refused=%d slowest_ms=%.0f all_ms=%.0f cpu_ms=%.0f\n", right, wrong,
               refused, slowest, now_ms(CLOCK_MONOTONIC) - start, cpu);
        return wrong == 0 ? PROBE_OK : PROBE_REFUSED;
}
