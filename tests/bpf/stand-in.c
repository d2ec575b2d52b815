/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: see stand-in.h. Trusts what it is told and opens paths for reading, which
 * the daemon must never do: good for tests in an empty virtual machine only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "aiguard.skel.h"
#include "stand-in.h"

#define EPOCH 7
#define GATE_DELAY_US 300000

static struct ag_control *control;
static int gate_fd = -1;

uint64_t boot_ns(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_BOOTTIME, &ts);
        return (uint64_t) ts.tv_sec * 1000000000ULL + (uint64_t) ts.tv_nsec;
}

int stand_in_pidfd(pid_t pid)
{
        return (int) syscall(SYS_pidfd_open, pid, 0);
}

void stand_in_pause(bool pause)
{
        int status;

        kill((pid_t) control->daemon_tgid, pause ? SIGSTOP : SIGCONT);
        if (pause)
                waitpid((pid_t) control->daemon_tgid, &status, WUNTRACED);
}

/* ------------------------------------------------------------------ loading */

static int silent(enum libbpf_print_level level, const char *format, va_list ap)
{
        return getenv("AG_VERBOSE") ? vfprintf(stderr, format, ap) : 0;
}

static int load_variant(int compat, struct aiguard **ret)
{
        struct aiguard *skel = aiguard__open();
        int r;

        if (!skel)
                return -errno;
        bpf_program__set_autoload(skel->progs.ag_inode_setattr, !compat);
        bpf_program__set_autoload(skel->progs.ag_inode_setattr_compat, compat);
        r = aiguard__load(skel);
        if (r < 0) {
                aiguard__destroy(skel);
                return r;
        }
        *ret = skel;
        return 0;
}

int stand_in_load(struct aiguard **ret)
{
        struct bpf_program *program;
        struct aiguard *skel = NULL;
        int r;

        libbpf_set_print(silent);
        r = load_variant(0, &skel);
        if (r < 0)
                r = load_variant(1, &skel);
        if (r < 0)
                return r;
        bpf_object__for_each_program(program, skel->obj)
        {
                if (!bpf_program__autoload(program) || program == skel->progs.ag_adopt_tasks)
                        continue;
                if (!bpf_program__attach(program)) {
                        fprintf(stderr, "stand-in: attach %s: %m\n", bpf_program__name(program));
                        return -errno;
                }
        }
        *ret = skel;
        return 0;
}

struct ag_control *stand_in_control(struct aiguard *skel)
{
        if (!control) {
                control = mmap(NULL, (size_t) sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
                               bpf_map__fd(skel->maps.ag_control), 0);
                if (control == MAP_FAILED) {
                        perror("stand-in: mmap ag_control");
                        exit(1);
                }
        }
        return control;
}

void stand_in_row(struct aiguard *skel, uint32_t workload, uint32_t flags, uint8_t action)
{
        static struct ag_row row;
        uint32_t key = stand_in_control(skel)->slot * AG_WORKLOADS_MAX + workload;

        memset(&row, 0, sizeof(row));
        row.flags = flags;
        for (unsigned c = 0; c < AG_COLUMNS; c++) {
                if (c >= AG_MODELCAPS_MAX && c < AG_COL_CAMERA)
                        continue;
                if (c == AG_COL_UNDECLARED_MODEL)
                        continue;
                for (unsigned g = 0; g < AG_GRANT_SETS; g++) {
                        row.cells[c].effective[g].action = action;
                        row.cells[c].effective[g].rule = (uint16_t) (c + 1);
                        row.cells[c].would[g].action = action ? AG_ACTION_DENY : 0;
                }
                /* Consent lifts the camera and the first model capability. */
                if (c == AG_COL_CAMERA || c == AG_COL_IDENTIFIED)
                        for (unsigned g = 1; g < AG_GRANT_SETS; g += 2)
                                row.cells[c].effective[g].action = row.cells[c].would[g].action = 0;
        }
        if (bpf_map_update_elem(bpf_map__fd(skel->maps.ag_matrix), &key, &row, BPF_ANY) < 0) {
                perror("stand-in: ag_matrix");
                exit(1);
        }
}

/* ---------------------------------------------------------------- answering */

static int classify(const char head[4], struct ag_object *object)
{
        object->state = AG_OBJECT_KNOWN;
        object->epoch = EPOCH;
        if (!memcmp(head, "EMO", 3)) {
                object->flags = AG_OBJECT_MODEL;
                object->model = 5;
                object->n_columns = 1;
                object->columns[0] = AG_COL_IDENTIFIED;
        } else if (!memcmp(head, "MOD", 3)) {
                object->flags = AG_OBJECT_MODEL;
        } else if (!memcmp(head, "RUN", 3)) {
                object->flags = AG_OBJECT_LIBRARY_STRONG;
        } else if (!memcmp(head, "WEA", 3)) {
                object->flags = AG_OBJECT_LIBRARY_WEAK;
        } else if (!memcmp(head, "INT", 3)) {
                object->flags = AG_OBJECT_INTERPRETER;
        } else if (!memcmp(head, "GA", 2)) {
                object->state = AG_OBJECT_GATED;
        } else if (!memcmp(head, "IGN", 3)) {
                return -1;
        }
        return 0;
}

static void resolve(struct aiguard *skel, const struct ag_request *r, uint32_t traits)
{
        int pidfd = stand_in_pidfd((pid_t) r->tgid), map = bpf_map__fd(skel->maps.ag_resolved);
        struct ag_workload_value none = {};
        struct ag_resolved resolved = {};

        (void) bpf_map_update_elem(bpf_map__fd(skel->maps.ag_cgroups), &r->cgroup_id, &none, BPF_NOEXIST);
        if (pidfd < 0)
                return;
        (void) bpf_map_lookup_elem(map, &pidfd, &resolved);
        resolved.traits |= traits;
        resolved.map_seq = r->map_seq;
        (void) bpf_map_update_elem(map, &pidfd, &resolved, BPF_ANY);
        close(pidfd);
}

static void gate(int fd)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (fanotify_mark(gate_fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path) < 0)
                perror("stand-in: fanotify_mark");
}

static uint32_t traits_of(const struct ag_object *object)
{
        return (object->flags & AG_OBJECT_LIBRARY_STRONG ? AG_TRAIT_RUNTIME : 0U) |
               (object->flags & AG_OBJECT_LIBRARY_WEAK ? AG_TRAIT_RUNTIME_WEAK : 0U) |
               (object->flags & AG_OBJECT_INTERPRETER ? AG_TRAIT_INTERPRETER : 0U);
}

static int on_request(void *ctx, void *data, size_t size)
{
        struct aiguard *skel = ctx;
        const struct ag_request *r = data;
        struct ag_object object = {};
        char path[AG_PATH_MAX + 64], head[4] = "";
        uint32_t tid = r->tid;
        int fd;

        if (getenv("AG_VERBOSE"))
                fprintf(stderr, "request kind %u flags %u tid %u seq %llu %s\n", r->kind, r->flags, r->tid,
                        (unsigned long long) r->write_seq, r->path);
        if (r->kind == AG_REQUEST_CGROUP || r->kind == AG_REQUEST_PASSED)
                return 0;
        if (r->kind == AG_REQUEST_RESOLVE) {
                resolve(skel, r, 0);
                return 0;
        }
        snprintf(path, sizeof(path), "/proc/%u/root%s", r->tgid, r->path);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        if (pread(fd, head, sizeof(head), 0) < 0)
                head[0] = 0;
        if (!memcmp(head, "REF", 3)) {
                bpf_map_update_elem(bpf_map__fd(skel->maps.ag_refused), &tid, &r->time, BPF_ANY);
        } else if (!classify(head, &object)) {
                object.write_seq = r->write_seq;
                /* What may change under the scan is decided by the gate, for this open only. */
                if (r->kind == AG_REQUEST_HOLD && r->flags & (AG_REQUEST_WRITER | AG_REQUEST_NO_CACHE)) {
                        memset(&object, 0, sizeof(object));
                        object.state = AG_OBJECT_GATED;
                        object.epoch = EPOCH;
                }
                if (object.state == AG_OBJECT_GATED)
                        gate(fd);
                bpf_map_update_elem(bpf_map__fd(skel->maps.ag_objects), &fd, &object, BPF_ANY);
                if (r->kind == AG_REQUEST_MAPPED)
                        resolve(skel, r, traits_of(&object));
        }
        close(fd);
        return 0;
}

/* One event of a gated inode: those who are held wait and get what the file says, others pass. */
static void on_gate(struct aiguard *skel)
{
        struct fanotify_event_metadata e;
        struct fanotify_response response;
        int gated = bpf_map__fd(skel->maps.ag_gated);
        struct ag_gated entry;
        char head[4] = "";
        uint32_t tid;

        if (read(gate_fd, &e, sizeof(e)) != sizeof(e) || e.fd < 0)
                return;
        tid = (uint32_t) e.pid; /* FAN_REPORT_TID */
        response.fd = e.fd;
        response.response = FAN_ALLOW;
        if (!bpf_map_lookup_elem(gated, &tid, &entry)) {
                usleep(GATE_DELAY_US);
                if (pread(e.fd, head, sizeof(head), 0) == sizeof(head) &&
                    (!memcmp(head, "GAD", 3) || !memcmp(head, "EMO", 3)))
                        response.response = FAN_DENY;
                bpf_map_delete_elem(gated, &tid);
        }
        if (write(gate_fd, &response, sizeof(response)) < 0)
                perror("stand-in: answer");
        close(e.fd);
}

static void serve(struct aiguard *skel)
{
        struct sched_param param = { .sched_priority = 1 };
        struct ring_buffer *ring;

        ring = ring_buffer__new(bpf_map__fd(skel->maps.ag_requests), on_request, skel, NULL);
        gate_fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_TID,
                                O_RDONLY | O_LARGEFILE | O_CLOEXEC);
        if (!ring || gate_fd < 0) {
                perror("stand-in: ring or fanotify");
                exit(1);
        }
        sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
        control->epoch = EPOCH;
        control->daemon_tgid = (uint32_t) getpid();
        for (;;) {
                control->alive_until = boot_ns() + 3000000000ULL;
                ring_buffer__poll(ring, 5);
                on_gate(skel);
        }
}

pid_t stand_in_start(struct aiguard *skel)
{
        uint64_t until = boot_ns() + 2000000000ULL;
        pid_t pid;

        stand_in_control(skel);
        pid = fork();
        if (pid == 0) {
                serve(skel);
                _exit(0);
        }
        while (__atomic_load_n(&control->alive_until, __ATOMIC_ACQUIRE) < boot_ns() && boot_ns() < until)
                usleep(1000);
        return pid;
}

void stand_in_stop(struct aiguard *skel, pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}
