/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: stops streams whose consent has ended. The hooks refuse what comes
 * next; a reader that is already in the driver, or buffers already queued, would
 * bring one more picture. So: freeze the cgroup, which waits until no thread of
 * it is in the kernel, stop the stream on a copy of the descriptor, thaw. Main
 * thread. Called by consents.c after the kernel's entry is gone.
 */
#include "withdraw.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <signal.h>
#include <sound/asound.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>

#include "decide.h"
#include "devices.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lib/proc-fds.h"
#include "lib/util-string.h"
#include "lock.h"
#include "withdraw-freeze.h"

#define HOLDERS_MAX 256U

typedef struct Holder {
        pid_t pid;
        int pidfd;
        int fd; /* its number there */
        uint32_t rdev;
        uint8_t kind; /* enum ag_device_kind */
        uint16_t workload;
} Holder;

typedef struct Search {
        Manager *m;
        const GrantKey *closed;
        size_t n_closed;
        Holder holders[HOLDERS_MAX];
        size_t n;
        bool more; /* did not fit */
        pid_t pid;
        int pidfd;
        uint16_t workload;
} Search;

static uint8_t kind_of(const GrantKey *key)
{
        return key->key.column == AG_COL_CAMERA       ? AG_DEVICE_CAMERA
               : key->key.column == AG_COL_MICROPHONE ? AG_DEVICE_MICROPHONE
                                                      : AG_DEVICE_NONE;
}

static bool holds(const LoaderMaps *maps, const struct ag_consent_key *like, uint8_t grant, uint32_t object)
{
        struct ag_consent_key key = *like;
        struct ag_consent v;

        key.grant = grant;
        key.model = object;
        return bpf_map_lookup_elem(maps->consents, &key, &v) == 0 && v.valid_until > boottime_ns();
}

/* Would that workload be refused the device now? Another grant may still lift it, or nothing is enforced. */
static bool is_refused(Manager *m, const struct ag_consent_key *key, uint32_t rdev)
{
        const LoaderMaps *maps = manager_maps(m);
        const PolicyTables *t = manager_tables(m);
        struct ag_question q = { .strength = AG_STRENGTH_STRONG,
                                 .n_columns = 1,
                                 .columns = { key->column } };
        uint32_t workload = key->workload;
        struct ag_answer a;
        uint64_t until;

        if (key->workload >= t->n_workloads)
                return false;
        for (unsigned grant = AG_GRANT_CONSENT; grant <= AG_GRANT_EXCEPTION; grant <<= 1)
                if (holds(maps, key, (uint8_t) grant, rdev) || holds(maps, key, (uint8_t) grant, 0))
                        q.grants[0] |= (uint8_t) grant;
        if (bpf_map_lookup_elem(maps->emergency, &workload, &until) == 0 && until > boottime_ns())
                q.flags |= AG_ASK_EMERGENCY;
        if (manager_control(m)->flags & AG_CONTROL_MONITOR)
                q.flags |= AG_ASK_MONITOR;
        ag_decide(&t->rows[key->workload], &q, &a);
        return a.effective.action >= AG_ACTION_DENY;
}

/* ------------------------------------------------------------------- holders */

static int on_fd(void *userdata, const ProcFd *f)
{
        Search *s = userdata;

        if (!S_ISCHR(f->mode))
                return 0;
        for (size_t i = 0; i < s->n_closed; i++) {
                const GrantKey *key = &s->closed[i];
                uint8_t kind = kind_of(key);

                if (key->key.workload != s->workload || kind == AG_DEVICE_NONE ||
                    (key->key.model ? key->key.model != f->rdev
                                    : devices_kind(manager_maps(s->m), f->rdev) != kind) ||
                    !is_refused(s->m, &key->key, f->rdev))
                        continue;
                if (s->n == HOLDERS_MAX) {
                        s->more = true;
                        return 1;
                }
                s->holders[s->n++] = (Holder){ .pid = s->pid,
                                               .pidfd = s->pidfd,
                                               .fd = f->fd,
                                               .rdev = f->rdev,
                                               .kind = kind,
                                               .workload = s->workload };
                break;
        }
        return 0;
}

/* Whoever is of the workload: children and what exec made of them are as well. */
static void look_at(Search *s, pid_t pid)
{
        _cleanup_close_ int pidfd = pidfd_open(pid, 0), proc_fd = -EBADF;
        struct ag_subject subject;
        size_t before = s->n;

        if (pidfd < 0 || bpf_map_lookup_elem(manager_maps(s->m)->subjects, &pidfd, &subject) < 0 ||
            !subject.workload)
                return;
        proc_fd = proc_open(pid);
        if (proc_fd < 0)
                return;
        s->pid = pid;
        s->pidfd = pidfd;
        s->workload = subject.workload;
        (void) proc_fds_walk(proc_fd, on_fd, s);
        /* One descriptor of the process for all that was found there: the first holder's entry owns it. */
        if (s->n > before)
                TAKE_FD(pidfd);
}

static void search(Search *s)
{
        DIR *dir = opendir("/proc");
        struct dirent *e;

        while (dir && !s->more && (e = readdir(dir))) {
                uint64_t pid;

                if (parse_u64(e->d_name, INT32_MAX, &pid) >= 0)
                        look_at(s, (pid_t) pid);
        }
        if (dir)
                closedir(dir);
}

/* ------------------------------------------------------------------ stopping */

static bool stop_camera(int fd)
{
        static const int types[] = { V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
                                     V4L2_BUF_TYPE_VBI_CAPTURE,   V4L2_BUF_TYPE_SLICED_VBI_CAPTURE,
                                     V4L2_BUF_TYPE_SDR_CAPTURE,   V4L2_BUF_TYPE_META_CAPTURE };
        bool stopped = true;

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                /* EBUSY: it is read with read(2), which the hook refuses from now on. EINVAL: not of that type. */
                if (ioctl(fd, VIDIOC_STREAMOFF, &types[i]) < 0 && errno != EINVAL && errno != EBUSY &&
                    errno != ENOTTY && errno != ENODEV)
                        stopped = false;
        return stopped;
}

static bool stop_microphone(int fd)
{
        /* EBADFD: not running. */
        return ioctl(fd, SNDRV_PCM_IOCTL_DROP) >= 0 || errno == EBADFD || errno == ENODEV || errno == ENOTTY;
}

static bool stop(const Holder *h)
{
        _cleanup_close_ int fd = pidfd_getfd(h->pidfd, h->fd, 0);

        if (fd < 0)
                /* Closed, or gone: nothing streams there. */
                return errno == EBADF || errno == ESRCH;
        return h->kind == AG_DEVICE_CAMERA ? stop_camera(fd) : stop_microphone(fd);
}

static void note(Manager *m, const Holder *h, bool stopped)
{
        const PolicyTables *t = manager_tables(m);
        char pid[32], object[40], device[48], system[AG_NAME_MAX + 32];
        const char *name = h->workload < t->n_workloads ? t->workloads[h->workload].name : "";
        const char *fields[] = { pid, object, device, system, "AIGUARD_CONSENT_REASON=consent_ended" };

        snprintf(pid, sizeof(pid), "AIGUARD_PID=%d", (int) h->pid);
        snprintf(object, sizeof(object), "OBJECT_PID=%d", (int) h->pid);
        snprintf(device, sizeof(device), "AIGUARD_DEV_MAJMIN=%u:%u", h->rdev >> 20, h->rdev & 0xfffff);
        snprintf(system, sizeof(system), "AIGUARD_SYSTEM_ID=%s", name);
        if (manager_journal(m))
                journal_note(manager_journal(m), MESSAGE_ID_SENSOR_STOPPED, stopped ? LOG_NOTICE : LOG_ALERT,
                             fields, ARRAY_SIZE(fields),
                             "The use of %s by process %d of %s %s: its consent has ended",
                             h->kind == AG_DEVICE_CAMERA ? "a camera" : "a microphone", (int) h->pid, name,
                             stopped ? "was stopped" : "could not be stopped, the process was ended");
}

/* What cannot be stopped is ended: it must not go on. */
static void stop_all(Search *s)
{
        Freezer f = { .n = 0 };

        for (size_t i = 0; i < s->n; i++)
                freezer_add(&f, s->holders[i].pid);
        freezer_wait(&f);
        for (size_t i = 0; i < s->n; i++) {
                bool stopped = stop(&s->holders[i]);

                if (!stopped)
                        (void) pidfd_send_signal(s->holders[i].pidfd, SIGKILL, NULL, 0);
                note(s->m, &s->holders[i], stopped);
        }
        freezer_thaw(&f);
}

static void close_holders(Search *s)
{
        for (size_t i = 0; i < s->n; i++)
                if (i == 0 || s->holders[i].pidfd != s->holders[i - 1].pidfd)
                        safe_close(s->holders[i].pidfd);
        s->n = 0;
}

void withdraw_sessions(Manager *m, const GrantKey *closed, size_t n)
{
        Search *s;
        bool sensors = false;

        for (size_t i = 0; i < n; i++)
                sensors = sensors || kind_of(&closed[i]) != AG_DEVICE_NONE;
        if (!sensors || manager_tables(m)->mode != POLICY_MODE_ENFORCE)
                return;
        s = calloc(1, sizeof(*s));
        if (!s) {
                log_error("withdraw: there is no memory to stop what runs");
                return;
        }
        s->m = m;
        s->closed = closed;
        s->n_closed = n;
        search(s);
        if (s->more)
                log_error("withdraw: more than %u descriptors; the rest is refused by the hooks alone",
                          HOLDERS_MAX);
        if (s->n > 0)
                stop_all(s);
        close_holders(s);
        free(s);
}
