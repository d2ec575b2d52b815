/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what the hooks must do, tried on a real kernel with a stand-in daemon.
 * Each test is a child process that becomes what the story needs and says in its
 * exit status what came of it. Runs in the virtual machine; elsewhere it skips.
 *
 * With `cost FILE` it only sets a state for a benchmark and runs a command in it:
 *   bpf-hooks run (plain|ai) FILE COMMAND...   attached; the command is no AI, or is
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "hooks.h"

#define HOLD_MS 1000 /* an emulated machine may be slow, and shares its host */

static pid_t daemon_pid;

static int plain_open(const void *path)
{
        return try_open(path, O_RDONLY);
}

static int ai_open(const void *path)
{
        map_library(DIR "/runtime.so");
        return try_open(path, O_RDONLY);
}

static int weak_open(const void *path)
{
        map_library(DIR "/weak.so");
        return try_open(path, O_RDONLY);
}

static int interpreter_open(const void *path)
{
        map_library(DIR "/python");
        return try_open(path, O_RDONLY);
}

static int ai_child_open(const void *path)
{
        map_library(DIR "/runtime.so");
        return in_child(plain_open, path);
}

static int ai_exec_open(const void *path)
{
        map_library(DIR "/runtime.so");
        execl("/proc/self/exe", "bpf-hooks", "open", (const char *) path, NULL);
        return 98;
}

static void *exec_thread(void *path)
{
        execl("/proc/self/exe", "bpf-hooks", "open", (const char *) path, NULL);
        _exit(98);
}

/* The thread that calls exec is not the leader, and the trait was on the leader. */
static int ai_thread_exec_open(const void *path)
{
        pthread_t thread;

        map_library(DIR "/runtime.so");
        pthread_create(&thread, NULL, exec_thread, (void *) (uintptr_t) path);
        pthread_join(thread, NULL);
        return 97;
}

static int go[2];

static void *late_opener(void *path)
{
        char c;

        if (read(go[0], &c, 1) != 1)
                return (void *) 96L;
        return (void *) (long) try_open(path, O_RDONLY);
}

/* One thread exists, another maps the runtime, the first opens. */
static int other_thread_open(const void *path)
{
        pthread_t thread;
        void *result;

        if (pipe(go) < 0)
                return 95;
        pthread_create(&thread, NULL, late_opener, (void *) (uintptr_t) path);
        map_library(DIR "/runtime.so");
        if (write(go[1], "x", 1) != 1)
                return 94;
        pthread_join(thread, &result);
        return (int) (long) result;
}

/* ------------------------------------------------------------------ counters */

static void check_counters(void)
{
        uint64_t seen = stat_of(AG_STAT_SEEN), decided = stat_of(AG_STAT_DECIDED);
        uint64_t told = stat_of(AG_STAT_REPORTED) + stat_of(AG_STAT_AUDITED) + stat_of(AG_STAT_DENIED);
        char why[256];

        snprintf(why, sizeof(why),
                 "seen %llu decided %llu allowed %llu reported %llu audited %llu denied %llu gated %llu "
                 "emitted %llu lost %llu",
                 (unsigned long long) seen, (unsigned long long) decided,
                 (unsigned long long) stat_of(AG_STAT_ALLOWED),
                 (unsigned long long) stat_of(AG_STAT_REPORTED),
                 (unsigned long long) stat_of(AG_STAT_AUDITED), (unsigned long long) stat_of(AG_STAT_DENIED),
                 (unsigned long long) stat_of(AG_STAT_GATED), (unsigned long long) stat_of(AG_STAT_EMITTED),
                 (unsigned long long) stat_of(AG_STAT_LOST));
        ok(seen && seen == decided && decided == told + stat_of(AG_STAT_ALLOWED) + stat_of(AG_STAT_GATED) &&
                           told == stat_of(AG_STAT_EMITTED) + stat_of(AG_STAT_LOST),
           "the counters add up", why);
        printf("# %s\n", why);
}

/* -------------------------------------------------------------------- tests */

static void set_up(void)
{
        struct ag_control *control = stand_in_control(skel);
        struct ag_device camera = { .kind = AG_DEVICE_CAMERA },
                         conveyor = { .kind = AG_DEVICE_CAMERA, .flags = AG_DEVICE_NO_PERSONS };
        struct ag_suffix onnx = { .name = "onnx" };
        uint32_t video = AG_DEV(81U, AG_MINOR_ANY), belt = AG_DEV(81U, 7);
        uint8_t one = 1;

        mkdir(DIR, 0755);
        make_file(DIR "/runtime.so", "RUN", KILO);
        make_file(DIR "/weak.so", "WEA", KILO);
        make_file(DIR "/python", "INT", KILO);
        make_file(DIR "/emotion.onnx", "EMO", KILO);
        make_file(DIR "/x.bin", "EMO", KILO);
        make_file(DIR "/large.bin", "EMO", 80 * 1024);
        make_file(DIR "/face.onnx", "MOD", KILO);
        make_file(DIR "/tiny", "EMO", 40);
        make_file(DIR "/ignored.onnx", "IGN", KILO);
        make_file(DIR "/ignored.log", "IGN", 80 * 1024);
        make_file(DIR "/unreachable.onnx", "REF", KILO);
        make_file(DIR "/gate-deny.onnx", "GAD", KILO);
        make_file(DIR "/gate-allow.onnx", "GAA", KILO);
        mknod(DIR "/camera", S_IFCHR | 0666, makedev(81, 3));
        mknod(DIR "/belt", S_IFCHR | 0666, makedev(81, 7));

        bpf_map_update_elem(bpf_map__fd(skel->maps.ag_devices), &video, &camera, BPF_ANY);
        bpf_map_update_elem(bpf_map__fd(skel->maps.ag_devices), &belt, &conveyor, BPF_ANY);
        bpf_map_update_elem(bpf_map__fd(skel->maps.ag_suffixes), &onnx, &one, BPF_ANY);
        control->hold_ms = HOLD_MS;
        control->generation = 1;
        control->matches = 1;
        stand_in_row(skel, AG_WORKLOAD_UNDECLARED, AG_ROW_HOLD, AG_ACTION_DENY);
}

static void test_models(void)
{
        expect(in_child(plain_open, DIR "/emotion.onnx"), 0, "no AI workload opens anything");
        expect(in_child(ai_open, DIR "/emotion.onnx"), EPERM,
               "the first open of an unknown model is refused");
        expect(in_child(ai_open, DIR "/emotion.onnx"), EPERM, "and the second");
        expect(in_child(plain_open, DIR "/emotion.onnx"), 0, "and still not for others");
        expect(in_child(ai_open, DIR "/x.bin"), EPERM, "a name is no matter");
        expect(in_child(ai_open, DIR "/face.onnx"), 0, "a harmless model opens");
        expect(in_child(ai_open, DIR "/tiny"), 0, "what is too small to be a model opens");
        expect(in_child(weak_open, DIR "/emotion.onnx"), 0, "a weak trait alone is audited only");
        expect(in_child(interpreter_open, DIR "/emotion.onnx"), EPERM, "an interpreter by suffix");
        make_file(DIR "/large.bin", "EMO", 80 * 1024);
        expect(in_child(interpreter_open, DIR "/large.bin"), EPERM, "an interpreter by size");
        expect(in_child(interpreter_open, DIR "/ignored.onnx"), EPERM,
               "an interpreter, deadline, model's name");
        expect(in_child(interpreter_open, DIR "/ignored.log"), 0, "an interpreter, deadline, any name");
        expect(in_child(ai_open, DIR "/ignored.onnx"), EPERM, "the deadline refuses");
        expect(in_child(ai_open, DIR "/unreachable.onnx"), EPERM,
               "what the daemon does not get at is refused");
}

static void test_subjects(void)
{
        expect(in_child(ai_child_open, DIR "/emotion.onnx"), EPERM, "a child inherits");
        expect(in_child(ai_exec_open, DIR "/emotion.onnx"), EPERM, "exec keeps");
        expect(in_child(ai_thread_exec_open, DIR "/emotion.onnx"), EPERM,
               "exec by a thread that is no leader keeps");
        expect(in_child(other_thread_open, DIR "/emotion.onnx"), EPERM, "a trait binds all threads");
}

static void test_writes(void)
{
        int fd;
        void *map;

        expect(in_child(ai_open, DIR "/face.onnx"), 0, "before it is rewritten");
        make_file(DIR "/face.onnx", "EMO", KILO);
        expect(in_child(ai_open, DIR "/face.onnx"), EPERM, "after it was rewritten");
        make_file(DIR "/face.onnx", "MOD", KILO);
        expect(in_child(ai_open, DIR "/face.onnx"), 0, "and back");
        expect(truncate(DIR "/face.onnx", 3), 0, "truncate");
        expect(truncate(DIR "/face.onnx", KILO), 0, "extend");
        fd = open(DIR "/face.onnx", O_RDWR | O_CLOEXEC);
        map = mmap(NULL, KILO, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        expect(in_child(ai_open, DIR "/face.onnx"), 0, "with a shared mapping, harmless");
        memcpy(map, "EMO", 3);
        expect(in_child(ai_open, DIR "/face.onnx"), EPERM, "written through the shared mapping");
        munmap(map, KILO);
        expect(in_child(ai_open, DIR "/face.onnx"), EPERM, "and after it is gone");
        expect(in_child(plain_open, DIR "/face.onnx"), 0, "others pass the mark");
}

static void test_gate(void)
{
        struct timespec a, b;
        long ms;

        clock_gettime(CLOCK_MONOTONIC, &a);
        expect(in_child(ai_open, DIR "/gate-deny.onnx"), EPERM, "behind the gate: refused");
        clock_gettime(CLOCK_MONOTONIC, &b);
        ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
        ok(ms >= 250, "it slept there", "too fast");
        expect(in_child(ai_open, DIR "/gate-allow.onnx"), 0, "behind the gate: allowed");
        expect(in_child(plain_open, DIR "/gate-deny.onnx"), 0, "others pass it");
}

static int camera_open(const void *flags)
{
        return try_open(DIR "/camera", (int) (long) flags);
}

static int ai_camera_open(const void *flags)
{
        map_library(DIR "/runtime.so");
        return camera_open(flags);
}

static int interpreter_camera_open(const void *flags)
{
        map_library(DIR "/python");
        return camera_open(flags);
}

static int ai_belt_open(const void *flags)
{
        map_library(DIR "/runtime.so");
        return try_open(DIR "/belt", (int) (long) flags);
}

static void test_sensors(void)
{
        struct ag_consent_key key = { .workload = AG_WORKLOAD_UNDECLARED,
                                      .column = AG_COL_CAMERA,
                                      .grant = AG_GRANT_CONSENT };
        struct ag_consent consent = {};
        int consents = bpf_map__fd(skel->maps.ag_consents);

        expect(in_child(camera_open, (void *) O_RDWR), ENXIO, "no AI workload reaches the camera");
        expect(in_child(ai_camera_open, (void *) O_RDWR), EPERM, "an AI workload does not");
        expect(in_child(ai_camera_open, (void *) O_WRONLY), EPERM, "nor write-only");
        expect(in_child(ai_camera_open, (void *) O_ACCMODE), EPERM, "nor with access mode 3");
        expect(in_child(interpreter_camera_open, (void *) O_RDWR), ENXIO,
               "an interpreter alone is no AI here");
        expect(in_child(ai_belt_open, (void *) O_RDWR), ENXIO, "a camera that sees no persons");
        consent.valid_until = boot_ns() + 3000000000ULL;
        bpf_map_update_elem(consents, &key, &consent, BPF_ANY);
        expect(in_child(ai_camera_open, (void *) O_RDWR), ENXIO, "with consent");
        while (boot_ns() <= consent.valid_until)
                usleep(100000);
        expect(in_child(ai_camera_open, (void *) O_RDWR), EPERM, "consent ends by itself");
}

static void test_softer(void)
{
        struct ag_control *control = stand_in_control(skel);
        uint32_t workload = AG_WORKLOAD_UNDECLARED;
        uint64_t until = boot_ns() + 60000000000ULL;
        int emergency = bpf_map__fd(skel->maps.ag_emergency);
        uint64_t audited = stat_of(AG_STAT_AUDITED);

        bpf_map_update_elem(emergency, &workload, &until, BPF_ANY);
        expect(in_child(ai_open, DIR "/emotion.onnx"), 0, "in an emergency");
        bpf_map_delete_elem(emergency, &workload);
        expect(in_child(ai_open, DIR "/emotion.onnx"), EPERM, "after it");
        control->flags |= AG_CONTROL_MONITOR;
        expect(in_child(ai_open, DIR "/emotion.onnx"), 0, "in monitor mode");
        control->flags &= ~(uint32_t) AG_CONTROL_MONITOR;
        stand_in_row(skel, AG_WORKLOAD_UNDECLARED, 0, AG_ACTION_AUDIT);
        expect(in_child(ai_open, DIR "/emotion.onnx"), 0, "in audit");
        expect(in_child(ai_open, DIR "/ignored.onnx"), 0, "audit does not hold");
        stand_in_row(skel, AG_WORKLOAD_UNDECLARED, AG_ROW_HOLD, AG_ACTION_DENY);
        expect((int) (stat_of(AG_STAT_AUDITED) - audited), 3, "each was told as audited");
}

static void test_kill(void)
{
        struct ag_control *control = stand_in_control(skel);
        struct timespec a, b;
        int status;
        pid_t pid;

        control->hold_ms = 3000;
        pid = fork();
        if (pid == 0)
                _exit(ai_open(DIR "/ignored.onnx"));
        usleep(300000);
        clock_gettime(CLOCK_MONOTONIC, &a);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        clock_gettime(CLOCK_MONOTONIC, &b);
        ok(WIFSIGNALED(status) && (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 500,
           "SIGKILL ends the bridge", "did not die at once");
        control->hold_ms = HOLD_MS;
}

static void test_daemon_down(void)
{
        uint64_t timed_out = stat_of(AG_STAT_TIMED_OUT);

        make_file(DIR "/never-seen.onnx", "MOD", KILO);
        stand_in_stop(skel, daemon_pid);
        expect(stand_in_control(skel)->alive_until != 0, 0, "its exit is noticed in the kernel");
        expect(in_child(ai_open, DIR "/emotion.onnx"), EPERM,
               "what is known stays refused without the daemon");
        expect(in_child(ai_open, DIR "/never-seen.onnx"), EPERM, "what was never seen is the policy's word");
        expect(in_child(plain_open, DIR "/never-seen.onnx"), 0, "and not for others");
        expect((int) (stat_of(AG_STAT_TIMED_OUT) - timed_out), 0, "nobody waited for it");
        daemon_pid = stand_in_start(skel);
        expect(in_child(ai_open, DIR "/never-seen.onnx"), 0, "the next daemon answers");
}

static void test_overlay(void)
{
        mkdir(DIR "/lower", 0755);
        mkdir(DIR "/upper", 0755);
        mkdir(DIR "/work", 0755);
        mkdir(DIR "/merged", 0755);
        make_file(DIR "/lower/m.onnx", "MOD", KILO);
        if (mount("o", DIR "/merged", "overlay", 0,
                  "lowerdir=" DIR "/lower,upperdir=" DIR "/upper,workdir=" DIR "/work") < 0) {
                printf("skip - hooks: overlay # no overlay file system: %s\n", strerror(errno));
                return;
        }
        expect(in_child(ai_open, DIR "/merged/m.onnx"), 0, "overlay: harmless");
        make_file(DIR "/lower/m.onnx", "EMO", KILO);
        expect(in_child(ai_open, DIR "/merged/m.onnx"), EPERM, "overlay: the lower file rewritten");
        umount(DIR "/merged");
}

/* ---------------------------------------------------------------- for benches */

static int run(int argc, char **argv)
{
        bool ai = !strcmp(argv[2], "ai");
        int status;
        pid_t pid;

        set_up();
        daemon_pid = stand_in_start(skel);
        pid = fork();
        if (pid == 0) {
                if (ai) {
                        map_library(DIR "/runtime.so");
                        (void) try_open(argv[3], O_RDONLY); /* known from here on */
                        usleep(100000);
                        (void) try_open(argv[3], O_RDONLY);
                }
                execvp(argv[4], argv + 4);
                _exit(127);
        }
        waitpid(pid, &status, 0);
        stand_in_stop(skel, daemon_pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
        int r;

        if (argc == 3 && !strcmp(argv[1], "open"))
                return try_open(argv[2], O_RDONLY);
        r = stand_in_load(&skel);
        if (r == -EPERM) {
                printf("skip - hooks # this kernel refuses LSM programs: EPERM\n");
                return 0;
        }
        if (r < 0) {
                printf("not ok - hooks: load and attach # %s\n", strerror(-r));
                return 1;
        }
        if (argc > 4 && !strcmp(argv[1], "run"))
                return run(argc, argv);
        printf("ok - hooks: all programs load and attach\n");
        set_up();
        daemon_pid = stand_in_start(skel);
        test_models();
        test_subjects();
        test_writes();
        test_gate();
        test_sensors();
        test_softer();
        test_kill();
        test_daemon_down();
        test_overlay();
        hooks_test_workloads();
        hooks_test_events();
        check_counters();
        stand_in_stop(skel, daemon_pid);
        return hooks_bad != 0;
}
