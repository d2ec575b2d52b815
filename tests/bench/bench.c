/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a system call costs. Meant for a virtual machine that counts
 * instructions as nanoseconds (-icount shift=0), where the smallest of several
 * rounds is the same in every boot; elsewhere it prints plain nanoseconds.
 *
 * Owns the loops and nothing else: what is attached while they run is the
 * business of tests/vm/suites/bench, which calls this.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 15

static double now_ns(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}

static void die(const char *what)
{
        fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void open_and_close(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                die(path);
        close(fd);
}

/* Of a sensor what it is, of another file how much can be read: each is one system call. */
static void ask(const char *path)
{
        static int fd = -1;
        static bool sensor;
        struct v4l2_capability capability;
        struct stat st;
        int n;

        if (fd < 0) {
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd < 0 || fstat(fd, &st) < 0)
                        die(path);
                sensor = S_ISCHR(st.st_mode);
        }
        if (sensor ? ioctl(fd, VIDIOC_QUERYCAP, &capability) < 0 : ioctl(fd, FIONREAD, &n) < 0)
                die(path);
}

static void spawn_and_wait(const char *program)
{
        char *argv[] = { (char *) program, NULL };
        char *envp[] = { NULL };
        int status;
        pid_t pid;

        /* fork(), as a shell does, and no vfork(): what a fork costs is asked. */
        pid = fork();
        if (pid < 0)
                die("fork");
        if (pid == 0) {
                execve(program, argv, envp);
                _exit(127);
        }
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
                die(program);
}

/* So many files of a folder, each once; printed is what one of them takes. */
static int open_first(const char *folder, long files)
{
        struct dirent *entry;
        DIR *d = opendir(folder);
        double start;
        long n = 0;

        if (!d || fchdir(dirfd(d)) < 0)
                die(folder);
        start = now_ns();
        while (n < files && (entry = readdir(d))) {
                if (entry->d_type != DT_REG)
                        continue;
                open_and_close(entry->d_name);
                n++;
        }
        if (n < files)
                die("too few files");
        printf("mean=%.0f\n", (now_ns() - start) / (double) n);
        closedir(d);
        return 0;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
        double rounds[ROUNDS];
        void (*step)(const char *);
        long count;

        if (argc < 4 || (count = atol(argv[2])) <= 0) {
                fprintf(stderr,
                        "usage: bench open COUNT FILE [RUNTIME]\n       bench ioctl COUNT FILE [RUNTIME]\n"
                        "       bench spawn COUNT PROGRAM\n       bench first COUNT FOLDER\n");
                return 2;
        }
        if (strcmp(argv[1], "first") == 0)
                return open_first(argv[3], count);
        step = strcmp(argv[1], "open") == 0    ? open_and_close
               : strcmp(argv[1], "ioctl") == 0 ? ask
                                               : spawn_and_wait;
        if (argc > 4) {
                if (!dlopen(argv[4], RTLD_NOW))
                        die(argv[4]);
                /* The first open is held, and makes the file known; the second finds the traits settled. */
                open_and_close(argv[3]);
                sleep(1);
                open_and_close(argv[3]);
        }
        for (int r = 0; r < ROUNDS; r++) {
                double start = now_ns();

                for (long i = 0; i < count; i++)
                        step(argv[3]);
                rounds[r] = (now_ns() - start) / (double) count;
        }
        qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
        printf("min=%.0f median=%.0f\n", rounds[0], rounds[ROUNDS / 2]);
        return 0;
}
