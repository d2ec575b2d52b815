/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: who counts as what, by cgroup, executable and user; what is pending; and
 * what the log is told, which is also where the key of an inode for ag_denied is from.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "hooks.h"

#define DECLARED 5U /* denies */
#define NOT_AI 6U
#define NOBODY 65534U
#define CGROUP "/sys/fs/cgroup/hooks"

static int self_exec(const void *path)
{
        execl(DIR "/opener", "bpf-hooks", "open", (const char *) path, NULL);
        return 98;
}

static int as_nobody(const void *path)
{
        if (setuid(NOBODY) < 0)
                return 97;
        return self_exec(path);
}

static void join_cgroup(const char *cgroup)
{
        char path[128];
        FILE *f;

        snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
        f = fopen(path, "we");
        if (!f || fprintf(f, "%d\n", getpid()) < 0 || fclose(f) != 0)
                _exit(96);
}

static int in_cgroup(const void *path)
{
        join_cgroup(CGROUP);
        return try_open(path, O_RDONLY);
}

static int born_in_cgroup(const void *path)
{
        join_cgroup(CGROUP);
        return in_child(self_exec, path);
}

static int left_cgroup(const void *path)
{
        join_cgroup(CGROUP);
        join_cgroup("/sys/fs/cgroup");
        return try_open(path, O_RDONLY);
}

static void copy_self(const char *to)
{
        char buf[65536];
        ssize_t n;
        int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

        while ((n = read(in, buf, sizeof(buf))) > 0)
                if (write(out, buf, (size_t) n) != n)
                        _exit(95);
        close(in);
        close(out);
        chmod(DIR, 0755);
}

static void forget_generation(void)
{
        stand_in_control(skel)->matches++;
}

static void test_executable_and_user(void)
{
        struct ag_workload_value declared = { .workload = DECLARED }, not_ai = { .workload = NOT_AI };
        struct ag_control *control = stand_in_control(skel);
        int exes = bpf_map__fd(skel->maps.ag_exes), users = bpf_map__fd(skel->maps.ag_users);
        struct ag_exe_key exe = {};
        uint32_t nobody = NOBODY;
        struct stat st;

        copy_self(DIR "/opener");
        if (stat(DIR "/opener", &st) < 0)
                _exit(94);
        exe.ino = st.st_ino;
        exe.dev = AG_DEV(major(st.st_dev), minor(st.st_dev));

        expect(in_child(self_exec, DIR "/emotion.onnx"), 0, "an executable nobody declared");
        bpf_map_update_elem(exes, &exe, &declared, BPF_ANY);
        control->flags |= AG_CONTROL_EXES | AG_CONTROL_USERS;
        expect(in_child(self_exec, DIR "/emotion.onnx"), EPERM, "a declared executable");
        bpf_map_update_elem(exes, &exe, &not_ai, BPF_ANY);
        expect(in_child(self_exec, DIR "/emotion.onnx"), 0, "an executable declared to be no AI");
        expect(in_child(as_nobody, DIR "/emotion.onnx"), 0, "a user nobody declared");
        bpf_map_update_elem(users, &nobody, &declared, BPF_ANY);
        expect(in_child(as_nobody, DIR "/emotion.onnx"), EPERM, "a declared user, whatever the executable");
        bpf_map_delete_elem(exes, &exe);
        bpf_map_delete_elem(users, &nobody);
        forget_generation();
}

static void test_cgroup(void)
{
        struct ag_workload_value declared = { .workload = DECLARED }, none = {};
        struct ag_control *control = stand_in_control(skel);
        int cgroups = bpf_map__fd(skel->maps.ag_cgroups);
        uint64_t id, root;
        struct stat st;

        mkdir(CGROUP, 0755);
        if (stat(CGROUP, &st) < 0) {
                printf("skip - hooks: workload by cgroup # no cgroup2: %s\n", strerror(errno));
                return;
        }
        id = st.st_ino;
        stat("/sys/fs/cgroup", &st);
        root = st.st_ino;
        bpf_map_update_elem(cgroups, &root, &none, BPF_ANY);
        bpf_map_update_elem(cgroups, &id, &declared, BPF_ANY);
        control->flags |= AG_CONTROL_CGROUPS;
        expect(in_child(in_cgroup, DIR "/emotion.onnx"), EPERM, "a process moved into a declared cgroup");
        expect(in_child(born_in_cgroup, DIR "/emotion.onnx"), EPERM, "one started there");
        expect(in_child(left_cgroup, DIR "/emotion.onnx"), EPERM, "leaving it does not help");
        expect(in_child(self_exec, DIR "/emotion.onnx"), 0, "one in another cgroup");

        /* The stand-in answers that it is nothing; until it does, it counts as AI. */
        bpf_map_delete_elem(cgroups, &id);
        expect(in_child(in_cgroup, DIR "/emotion.onnx"), 0, "a cgroup not classified yet is asked for");
        bpf_map_delete_elem(cgroups, &id);
        control->flags |= AG_CONTROL_MONITOR;
        expect(in_child(in_cgroup, DIR "/emotion.onnx"), 0, "and not waited for in monitor mode");
        control->flags &= ~(uint32_t) AG_CONTROL_MONITOR;
        control->flags &= ~(uint32_t) AG_CONTROL_CGROUPS;
        rmdir(CGROUP);
}

/* A process that was there before: the iterator makes it pending, the daemon settles it. */
static int adopted_open(const void *path)
{
        struct bpf_link *link = bpf_program__attach_iter(skel->progs.ag_adopt_tasks, NULL);
        struct ag_subject subject = {};
        int pidfd = stand_in_pidfd(getpid()), fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
        char buf[16];

        if (fd < 0 || read(fd, buf, sizeof(buf)) < 0)
                return 93;
        if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.ag_subjects), &pidfd, &subject) < 0 ||
            !(subject.traits & AG_TRAIT_PENDING_MAP))
                return 92;
        return try_open(path, O_RDONLY);
}

static int kill_open(const void *path)
{
        map_library(DIR "/runtime.so");
        return try_open(path, O_RDONLY);
}

void hooks_test_workloads(void)
{
        stand_in_row(skel, DECLARED, AG_ROW_HOLD, AG_ACTION_DENY);
        stand_in_row(skel, NOT_AI, AG_ROW_NOT_AI | AG_ROW_HOLD, AG_ACTION_DENY);
        test_executable_and_user();
        test_cgroup();
        expect(in_child(adopted_open, DIR "/emotion.onnx"), 0,
               "who was there before is looked at, and is nothing");
        stand_in_row(skel, AG_WORKLOAD_UNDECLARED, AG_ROW_HOLD, AG_ACTION_KILL);
        expect(in_child(kill_open, DIR "/emotion.onnx"), 200 + SIGKILL, "the action kill");
        stand_in_row(skel, AG_WORKLOAD_UNDECLARED, AG_ROW_HOLD, AG_ACTION_DENY);
}

/* ------------------------------------------------------------------- events */

static struct ag_event last;
static unsigned n_events;

static int on_event(void *ctx, void *data, size_t size)
{
        if (size >= sizeof(last))
                memcpy(&last, data, sizeof(last));
        n_events++;
        return 0;
}

static int ai_open(const void *path)
{
        map_library(DIR "/runtime.so");
        return try_open(path, O_RDONLY);
}

void hooks_test_events(void)
{
        struct ring_buffer *ring = ring_buffer__new(bpf_map__fd(skel->maps.ag_events), on_event, NULL, NULL);
        struct ag_denied denied = { .model = 5, .n_columns = 1, .columns = { AG_COL_IDENTIFIED } };
        struct ag_control *control = stand_in_control(skel);
        uint64_t until;
        int fd;

        if (!ring) {
                ok(false, "the events ring", strerror(errno));
                return;
        }
        ring_buffer__consume(ring);
        ok(n_events == stat_of(AG_STAT_EMITTED), "every event that was counted is in the ring",
           "other number");
        n_events = 0;
        in_child(ai_open, DIR "/emotion.onnx");
        ring_buffer__consume(ring);
        ok(n_events == 1, "one event for one refusal", "other number");
        ok(last.kind == AG_EVENT_MODEL && last.version == AG_ABI_VERSION &&
                           last.column == AG_COL_IDENTIFIED && last.effective.action == AG_ACTION_DENY &&
                           last.effective.rule == AG_COL_IDENTIFIED + 1 && last.model == 5 &&
                           last.workload == AG_WORKLOAD_UNDECLARED && last.strength == AG_STRENGTH_STRONG &&
                           last.traits & AG_TRAIT_RUNTIME && !strcmp(last.path, DIR "/emotion.onnx") &&
                           last.path_len == strlen(last.path) && !strcmp(last.comm, "bpf-hooks") &&
                           last.ppid == (uint32_t) getpid(),
           "and it says what happened", last.path);

        /* The inode was evicted, so its classification is gone; and nobody is there to make a new one. */
        fd = open(DIR "/emotion.onnx", O_RDONLY | O_CLOEXEC);
        bpf_map_delete_elem(bpf_map__fd(skel->maps.ag_objects), &fd);
        close(fd);
        bpf_map_update_elem(bpf_map__fd(skel->maps.ag_denied), &last.inode, &denied, BPF_ANY);
        until = control->alive_until;
        stand_in_pause(true);
        control->alive_until = 0;
        in_child(ai_open, DIR "/emotion.onnx");
        ring_buffer__consume(ring);
        expect(last.column, AG_COL_IDENTIFIED, "a refusal is remembered beyond its inode");
        bpf_map_delete_elem(bpf_map__fd(skel->maps.ag_denied), &last.inode);
        in_child(ai_open, DIR "/emotion.onnx");
        ring_buffer__consume(ring);
        expect(last.column, AG_COL_DAEMON_DOWN, "without that memory nobody knows");
        control->alive_until = until;
        stand_in_pause(false);
        ring_buffer__free(ring);
}
