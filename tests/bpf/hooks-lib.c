/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: what the tests of the hooks share. See hooks.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "hooks.h"

struct aiguard *skel;
int hooks_bad;

void ok(bool good, const char *name, const char *why)
{
        if (good)
                printf("ok - hooks: %s\n", name);
        else
                printf("not ok - hooks: %s # %s\n", name, why);
        hooks_bad += !good;
        fflush(stdout);
}

void expect(int got, int want, const char *name)
{
        char why[64];

        snprintf(why, sizeof(why), "expected %d, got %d", want, got);
        ok(got == want, name, why);
}

void make_file(const char *path, const char *head, size_t size)
{
        char *data = calloc(1, size);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

        memcpy(data, head, strlen(head));
        if (fd < 0 || write(fd, data, size) != (ssize_t) size) {
                perror(path);
                exit(1);
        }
        close(fd);
        free(data);
}

int try_open(const char *path, int flags)
{
        int fd = open(path, flags | O_CLOEXEC);

        if (fd < 0)
                return errno;
        close(fd);
        return 0;
}

/* Maps a file executable, as the dynamic loader does with a library. */
void map_library(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || mmap(NULL, KILO, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
                _exit(99);
        close(fd);
}

int in_child(int (*test)(const void *), const void *arg)
{
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(test(arg));
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 200 + WTERMSIG(status);
}

uint64_t stat_of(enum ag_stat stat)
{
        int cpus = libbpf_num_possible_cpus();
        struct ag_counters *all = calloc((size_t) cpus, sizeof(*all));
        uint32_t zero = 0;
        uint64_t sum = 0;

        if (!bpf_map_lookup_elem(bpf_map__fd(skel->maps.ag_stats), &zero, all))
                for (int i = 0; i < cpus; i++)
                        sum += all[i].n[stat];
        free(all);
        return sum;
}
