/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: asks this host, probe by probe, what the daemon needs of it. Each
 * answer is tried, not read off a version number: a kernel may list the BPF LSM
 * and still refuse its programs. Changes nothing that outlives the call. Called
 * by the LSM backend and by `aiguardctl doctor`.
 */
#include "lib/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdint.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "lib/features-boot.h"
#include "lib/macro.h"

static void answer(FeatureResult *f, FeatureState state, const char *detail, const char *fix)
{
        f->state = state;
        snprintf(f->detail, sizeof(f->detail), "%s", detail);
        snprintf(f->fix, sizeof(f->fix), "%s", state == FEATURE_OK ? "" : fix);
}

static void answer_errno(FeatureResult *f, FeatureState state, const char *what, int error, const char *fix)
{
        snprintf(f->detail, sizeof(f->detail), "%s (%s)", what, strerror(error));
        snprintf(f->fix, sizeof(f->fix), "%s", fix);
        f->state = state;
}

/* Effective capabilities of this process, 0 when they cannot be read. */
static uint64_t effective_rights(void)
{
        _cleanup_fclose_ FILE *file = fopen("/proc/self/status", "re");
        char line[256];

        while (file && fgets(line, sizeof(line), file)) {
                if (strncmp(line, "CapEff:", 7) == 0)
                        return strtoull(line + 7, NULL, 16);
        }
        return 0;
}

static void probe_rights(FeatureResult *f)
{
        const uint64_t admin = 1ULL << 21, bpf = 1ULL << 39;
        uint64_t caps = effective_rights();

        if ((caps & admin) && (caps & bpf))
                answer(f, FEATURE_OK, "CAP_SYS_ADMIN and CAP_BPF are there", "");
        else
                answer(f, FEATURE_MISSING, "CAP_SYS_ADMIN or CAP_BPF is missing",
                       "run it as root: systemctl start aiguardd");
}

static void probe_kernel(FeatureResult *f)
{
        unsigned long major, minor;
        struct utsname u;
        char *end;

        if (uname(&u) < 0) {
                answer(f, FEATURE_UNKNOWN, "the version of the kernel cannot be read", "");
                return;
        }
        major = strtoul(u.release, &end, 10);
        minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
        if (major == 0)
                answer(f, FEATURE_UNKNOWN, "the version of the kernel cannot be read", "");
        else if (major < 6 || (major == 6 && minor < 1))
                answer(f, FEATURE_MISSING, "this kernel is older than 6.1",
                       "install a kernel of 6.1 or later");
        else {
                snprintf(f->detail, sizeof(f->detail), "%.64s", u.release);
                f->state = FEATURE_OK;
        }
}

static void probe_btf(FeatureResult *f)
{
        struct btf *btf = btf__load_vmlinux_btf();
        int error = errno;

        if (btf)
                answer(f, FEATURE_OK, "/sys/kernel/btf/vmlinux is there", "");
        else
                answer_errno(f, FEATURE_MISSING, "the kernel has no BTF", error,
                             "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (every stock kernel of "
                             "Debian is)");
        btf__free(btf);
}

static bool cmdline_has_lsm(void)
{
        _cleanup_fclose_ FILE *file = fopen("/proc/cmdline", "re");
        char line[4096];

        return file && fgets(line, sizeof(line), file) && features_has_lsm_parameter(line);
}

static void probe_lsm_list(FeatureResult *f)
{
        _cleanup_fclose_ FILE *file = fopen("/sys/kernel/security/lsm", "re");
        char line[512] = "", parameter[256], fix[400];

        if (!file || !fgets(line, sizeof(line), file)) {
                answer(f, FEATURE_UNKNOWN, "/sys/kernel/security/lsm cannot be read",
                       "mount -t securityfs securityfs /sys/kernel/security");
                return;
        }
        line[strcspn(line, "\n")] = 0;
        for (char *save = NULL, copy[512] = "", *word = strtok_r(strcpy(copy, line), ",", &save); word;
             word = strtok_r(NULL, ",", &save)) {
                if (strcmp(word, "bpf") == 0) {
                        snprintf(f->detail, sizeof(f->detail), "the list is %.160s", line);
                        f->state = FEATURE_OK;
                        return;
                }
        }
        if (features_lsm_parameter(line, parameter, sizeof(parameter)) < 0)
                snprintf(parameter, sizeof(parameter), "lsm=...,bpf (the list of now, and bpf)");
        features_boot_fix("", parameter, fix, sizeof(fix));
        if (cmdline_has_lsm())
                snprintf(fix + strlen(fix), sizeof(fix) - strlen(fix),
                         " (instead of the lsm= that is there)");
        answer(f, FEATURE_MISSING, "the kernel runs without the BPF LSM", fix);
}

/*
 * An LSM program that refuses one harmless call of this very thread: a kernel
 * that does not run the BPF LSM attaches it all the same, and never calls it.
 */
static int attach_lsm_probe(void)
{
        const uint64_t self = (uint64_t) getpid() << 32 | (uint32_t) gettid();
        struct bpf_insn code[] = {
                { .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid },
                { .code = BPF_LD | BPF_DW, .dst_reg = BPF_REG_1, .imm = (__s32) (uint32_t) self },
                { .imm = (__s32) (uint32_t) (self >> 32) },
                { .code = BPF_JMP | BPF_JEQ | BPF_X, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_1, .off = 2 },
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
                { .code = BPF_JMP | BPF_EXIT },
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -EPERM },
                { .code = BPF_JMP | BPF_EXIT },
        };
        LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
        _cleanup_close_ int program = -EBADF, link = -EBADF;
        int id = libbpf_find_vmlinux_btf_id("task_getsid", BPF_LSM_MAC);

        if (id <= 0)
                return id < 0 ? id : -ENOENT;
        opts.attach_btf_id = (__u32) id;
        program = bpf_prog_load(BPF_PROG_TYPE_LSM, "aiguard_probe", "GPL", code, ARRAY_SIZE(code), &opts);
        if (program < 0)
                return -errno;
        link = bpf_raw_tracepoint_open(NULL, program);
        if (link < 0)
                return -errno;
        return getsid(getpid()) < 0 && errno == EPERM ? 0 : -ENOSYS;
}

/* The words of lsm-list, which is asked before. */
static bool is_listed(void)
{
        FeatureResult list = {};

        probe_lsm_list(&list);
        return list.state == FEATURE_OK;
}

static void probe_lsm_attach(FeatureResult *f)
{
        int r = attach_lsm_probe();

        if (r >= 0)
                answer(f, FEATURE_OK, "a program of that kind loads, attaches and is asked", "");
        else if (r == -EPERM && !(effective_rights() & 1ULL << 39))
                answer(f, FEATURE_UNKNOWN, "it cannot be tried without rights", "run it as root");
        else if (r == -ENOSYS)
                answer(f, FEATURE_MISSING, "the kernel attaches LSM programs and never asks them",
                       "put bpf into lsm=: see the list of security modules above");
        else if (is_listed())
                answer_errno(f, FEATURE_MISSING,
                             "the kernel lists bpf and refuses LSM programs all the same", -r,
                             "this is a sandbox or a virtual machine whose host forbids them: allow LSM, "
                             "fentry and "
                             "fmod_ret programs there; no boot parameter of this kernel helps");
        else
                answer_errno(f, FEATURE_MISSING, "the kernel refuses LSM programs", -r,
                             "put bpf into lsm=: see the list of security modules above");
}

static void probe_bpffs(FeatureResult *f)
{
        struct statfs s;

        if (statfs("/sys/fs/bpf", &s) == 0 && (unsigned long) s.f_type == BPF_FS_MAGIC)
                answer(f, FEATURE_OK, "/sys/fs/bpf is mounted", "");
        else
                answer(f, FEATURE_MISSING, "no BPF file system is mounted at /sys/fs/bpf",
                       "mount -t bpf bpf /sys/fs/bpf");
}

static void probe_fanotify(FeatureResult *f)
{
        _cleanup_close_ int fd =
                        fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_TID,
                                      O_RDONLY | O_LARGEFILE | O_CLOEXEC);

        if (fd >= 0)
                answer(f, FEATURE_OK, "permission events can be asked for", "");
        else if (errno == EPERM)
                answer(f, FEATURE_UNKNOWN, "they cannot be tried without CAP_SYS_ADMIN", "run it as root");
        else
                answer_errno(f, FEATURE_MISSING, "the kernel gives no fanotify permission events", errno,
                             "boot a kernel built with CONFIG_FANOTIFY_ACCESS_PERMISSIONS=y");
}

/* A program that says yes to everything, on the root of the cgroup tree for a moment. */
static int attach_device_probe(void)
{
        const struct bpf_insn code[] = {
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
                { .code = BPF_JMP | BPF_EXIT },
        };
        _cleanup_close_ int program = -EBADF, cgroup = -EBADF, link = -EBADF;
        char path[160];
        int r = features_cgroup2_mount(path, sizeof(path));

        if (r < 0)
                return r;
        cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (cgroup < 0)
                return -errno;
        program = bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, "aiguard_probe", "GPL", code, ARRAY_SIZE(code),
                                NULL);
        if (program < 0)
                return -errno;
        link = bpf_link_create(program, cgroup, BPF_CGROUP_DEVICE, NULL);
        return link < 0 ? -errno : 0;
}

static int attach_tracepoint_probe(void)
{
        const struct bpf_insn code[] = {
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
                { .code = BPF_JMP | BPF_EXIT },
        };
        LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP);
        _cleanup_close_ int program = -EBADF, link = -EBADF;
        int id = libbpf_find_vmlinux_btf_id("sched_process_exit", BPF_TRACE_RAW_TP);

        if (id <= 0)
                return id < 0 ? id : -ENOENT;
        opts.attach_btf_id = (__u32) id;
        program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "aiguard_probe", "GPL", code, ARRAY_SIZE(code),
                                &opts);
        if (program < 0)
                return -errno;
        link = bpf_raw_tracepoint_open(NULL, program);
        return link < 0 ? -errno : 0;
}

static void answer_program(FeatureResult *f, int r)
{
        if (r >= 0)
                answer(f, FEATURE_OK, "a program of that kind loads and attaches", "");
        else if (r == -EPERM && !(effective_rights() & 1ULL << 39))
                answer(f, FEATURE_UNKNOWN, "it cannot be tried without rights", "run it as root");
        else
                answer_errno(f, FEATURE_MISSING, "the kernel refuses it", -r,
                             "run aiguardd on the host itself and not in a container or sandbox");
}

static void probe_device_program(FeatureResult *f)
{
        answer_program(f, attach_device_probe());
}

static void probe_tracepoints(FeatureResult *f)
{
        answer_program(f, attach_tracepoint_probe());
}

int features_cgroup2_mount(char *ret, size_t size)
{
        FILE *file = setmntent("/proc/self/mounts", "re");
        struct mntent m;
        char buffer[4096];
        int r = -ENOENT;

        if (!file)
                return -errno;
        while (getmntent_r(file, &m, buffer, sizeof(buffer))) {
                if (strcmp(m.mnt_type, "cgroup2") == 0) {
                        r = (size_t) snprintf(ret, size, "%s", m.mnt_dir) < size ? 0 : -ENAMETOOLONG;
                        break;
                }
        }
        endmntent(file);
        return r;
}

/* The kernel's side names processes by the host's numbers, /proc by those of its namespace: they must be the same. */
#define HOST_PID_NAMESPACE 0xEFFFFFFCU /* PROC_PID_INIT_INO of the kernel, the same since 3.8 */

static void probe_pid_namespace(FeatureResult *f)
{
        struct stat st;

        if (stat("/proc/self/ns/pid", &st) < 0)
                answer(f, FEATURE_UNKNOWN, "/proc/self/ns/pid cannot be read", "mount -t proc proc /proc");
        else if (st.st_ino == HOST_PID_NAMESPACE)
                answer(f, FEATURE_OK, "it is the host's", "");
        else
                answer(f, FEATURE_MISSING,
                       "this is a container with process numbers of its own: who opens something could not "
                       "be found",
                       "run aiguardd on the host, or in a container that shares its PID namespace "
                       "(--pid=host)");
}

static void probe_cgroup2(FeatureResult *f)
{
        char path[160];

        if (features_cgroup2_mount(path, sizeof(path)) < 0) {
                answer(f, FEATURE_MISSING,
                       "no cgroup2 tree is mounted, so no workload can be told by its unit",
                       "boot with systemd.unified_cgroup_hierarchy=1");
                return;
        }
        snprintf(f->detail, sizeof(f->detail), "it is at %s", path);
        f->state = FEATURE_OK;
}

static void probe_systemd(FeatureResult *f)
{
        struct stat st;

        if (stat("/run/systemd/system", &st) == 0)
                answer(f, FEATURE_OK, "it runs", "");
        else
                answer(f, FEATURE_MISSING,
                       "systemd is not the init system; aiguardd runs, and is not restarted when it dies",
                       "boot with systemd, or let another supervisor keep aiguardd running");
}

static void probe_journald(FeatureResult *f)
{
        struct stat st;

        if (stat("/run/systemd/journal/socket", &st) == 0)
                answer(f, FEATURE_OK, "it listens", "");
        else
                answer(f, FEATURE_MISSING,
                       "journald is not running: decisions are made and cannot be written",
                       "systemctl start systemd-journald.socket");
}

static const struct {
        const char *name;
        const char *title;
        bool required;
        void (*probe)(FeatureResult *f);
} probes[] = {
        { "rights", "Rights of this process", true, probe_rights },
        { "kernel", "Kernel of 6.1 or later", false, probe_kernel },
        { "btf", "Kernel type information (BTF)", true, probe_btf },
        { "lsm-list", "BPF in the list of security modules", false, probe_lsm_list },
        { "bpf-lsm", "LSM programs", true, probe_lsm_attach },
        { "tracepoints", "Tracepoint programs", false, probe_tracepoints },
        { "device-program", "Device programs of a cgroup", false, probe_device_program },
        { "bpffs", "BPF file system", true, probe_bpffs },
        { "fanotify", "Permission events", true, probe_fanotify },
        { "pid-namespace", "PID namespace of the host", true, probe_pid_namespace },
        { "cgroup2", "Unified cgroup tree", false, probe_cgroup2 },
        { "systemd", "systemd", false, probe_systemd },
        { "journald", "journald", false, probe_journald },
};
_Static_assert(sizeof(probes) / sizeof(probes[0]) <= FEATURES_MAX, "callers have room for all");

static int on_quiet_print(enum libbpf_print_level level, const char *format, va_list ap)
{
        return 0;
}

size_t features_probe(FeatureResult ret[FEATURES_MAX])
{
        /* A probe that fails is an answer, not a message. */
        libbpf_print_fn_t old = libbpf_set_print(on_quiet_print);

        for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
                ret[i] = (FeatureResult){
                        .name = probes[i].name,
                        .title = probes[i].title,
                        .required = probes[i].required,
                        .state = FEATURE_UNKNOWN,
                };
                probes[i].probe(&ret[i]);
        }
        libbpf_set_print(old);
        return ARRAY_SIZE(probes);
}

/* What each backend cannot do without. */
static const char *const needs[_FEATURES_BACKEND_MAX][8] = {
        [FEATURES_LSM] = { "rights", "btf", "bpf-lsm", "bpffs", "fanotify", "pid-namespace" },
        [FEATURES_FANOTIFY] = { "rights", "btf", "tracepoints", "cgroup2", "device-program", "bpffs",
                                "fanotify", "pid-namespace" },
        [FEATURES_OBSERVE] = { "rights", "btf", "tracepoints", "bpffs", "pid-namespace" },
};

const FeatureResult *features_find(const FeatureResult *features, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++) {
                if (strcmp(features[i].name, name) == 0)
                        return &features[i];
        }
        return NULL;
}

const FeatureResult *features_missing_for(FeaturesBackend backend, const FeatureResult *features, size_t n)
{
        for (size_t i = 0; i < ARRAY_SIZE(needs[backend]) && needs[backend][i]; i++) {
                const FeatureResult *f = features_find(features, n, needs[backend][i]);

                if (f && f->state != FEATURE_OK)
                        return f;
        }
        return NULL;
}

FeaturesBackend features_backend(const FeatureResult *features, size_t n)
{
        for (FeaturesBackend b = FEATURES_LSM; b < FEATURES_NO_BACKEND; b++) {
                bool missing = false;

                for (size_t i = 0; i < ARRAY_SIZE(needs[b]) && needs[b][i]; i++) {
                        const FeatureResult *f = features_find(features, n, needs[b][i]);

                        /* The rights of whoever asks are no property of the host. */
                        if (f && f->state == FEATURE_MISSING && strcmp(f->name, "rights") != 0)
                                missing = true;
                }
                if (!missing)
                        return b;
        }
        return FEATURES_NO_BACKEND;
}
