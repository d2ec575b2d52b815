/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what was running before anything was enforced. After attaching, a
 * BPF iterator makes every process a pending subject; this walk resolves them
 * one by one, so that "pending" ends before enforcement begins. AI workloads
 * among them may hold a model in memory that nobody saw them open: they are
 * listed, with what they have open, until they are restarted. The list outlives
 * the daemon in /run/aiguard. Hands sensor events on to sessions.c. Main thread.
 */
#include "subjects.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>

#include "decide.h"
#include "devices.h"
#include "lib/date.h"
#include "lib/event.h"
#include "lib/json-util.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lib/proc-fds.h"
#include "lib/util-string.h"
#include "lock.h"
#include "resolve.h"
#include "sessions.h"
#include "task-maps.h"

#define OLDER_FILE "/run/aiguard/older.json"
#define OLDER_MAX 1024U
#define OLDER_BYTES_MAX (4U << 20)
#define OPEN_FILES_MAX 16U

struct Subjects {
        Manager *m;
        Sessions *sessions;
        json_t *older; /* array of objects, see older_of() */
};

typedef struct Pids {
        pid_t *pids;
        bool *was_known; /* had its ag_subjects before the iterator ran */
        size_t n;
} Pids;

static void pids_done(Pids *p)
{
        free(p->pids);
        free(p->was_known);
}

Subjects *subjects_free(Subjects *s)
{
        if (!s)
                return NULL;
        sessions_free(s->sessions);
        json_decref(s->older);
        free(s);
        return NULL;
}

int subjects_new(Manager *m, Subjects **ret)
{
        _cleanup_(subjects_freep) Subjects *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->m = m;
        s->older = json_array();
        if (!s->older)
                return -ENOMEM;
        r = sessions_new(m, &s->sessions);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

void subjects_on_event(Subjects *s, const struct ag_event *ev)
{
        sessions_on_event(s->sessions, ev);
}

void subjects_post_event(Subjects *s, const struct ag_event *ev)
{
        sessions_post_event(s->sessions, ev);
}

/* ------------------------------------------------------------ the older ones */

static bool still_runs(const json_t *o)
{
        _cleanup_close_ int fd = proc_open((pid_t) json_integer_value(json_object_get(o, "pid")));
        uint64_t ticks;

        return fd >= 0 && proc_start_ticks(fd, &ticks) >= 0 &&
               ticks == (uint64_t) json_integer_value(json_object_get(o, "start_ticks"));
}

static void forget_ended(Subjects *s)
{
        for (size_t i = json_array_size(s->older); i-- > 0;)
                if (!still_runs(json_array_get(s->older, i)))
                        (void) json_array_remove(s->older, i);
}

static bool is_listed(const Subjects *s, pid_t pid)
{
        json_t *o;
        size_t i;

        json_array_foreach(s->older, i, o)
        {
                if (json_integer_value(json_object_get(o, "pid")) == pid)
                        return true;
        }
        return false;
}

/* Ours from an earlier run; whatever else lies there is ignored. */
static void load_older(Subjects *s)
{
        _cleanup_free_ char *text = NULL;
        json_t *list, *o;
        size_t size, i;

        if (read_file_capped(AT_FDCWD, OLDER_FILE, OLDER_BYTES_MAX, &text, &size) < 0)
                return;
        list = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        json_array_foreach(list, i, o)
        {
                if (i < OLDER_MAX && json_is_integer(json_object_get(o, "pid")) &&
                    json_is_integer(json_object_get(o, "start_ticks")))
                        (void) json_array_append(s->older, o);
        }
        json_decref(list);
        forget_ended(s);
}

static void save_older(const Subjects *s)
{
        if (json_dump_file(s->older, OLDER_FILE ".new", JSON_COMPACT) < 0 ||
            rename(OLDER_FILE ".new", OLDER_FILE) < 0)
                log_debug("subjects: the list of older workloads cannot be kept in " OLDER_FILE);
}

typedef struct OpenFiles {
        Subjects *s;
        int proc_fd;
        json_t *sensors;
        json_t *models;
} OpenFiles;

static void add_path(json_t *list, int proc_fd, int fd)
{
        char name[32], path[4096];
        ssize_t n;

        snprintf(name, sizeof(name), "fd/%d", fd);
        n = readlinkat(proc_fd, name, path, sizeof(path) - 1);
        if (n < 0 || json_array_size(list) >= OPEN_FILES_MAX)
                return;
        path[n] = '\0';
        (void) json_array_append_new(list, json_text(path));
}

static bool is_model(const OpenFiles *o, int number)
{
        _cleanup_close_ int fd = -EBADF;
        struct ag_object object;
        char name[32];

        snprintf(name, sizeof(name), "fd/%d", number);
        fd = openat(o->proc_fd, name, O_PATH | O_CLOEXEC);
        return fd >= 0 && gate_known(manager_gate(o->s->m), fd, &object) == 0 &&
               object.state == AG_OBJECT_KNOWN && (object.flags & AG_OBJECT_MODEL);
}

static int on_open_file(void *userdata, const ProcFd *f)
{
        OpenFiles *o = userdata;

        if (S_ISCHR(f->mode)) {
                uint8_t kind = devices_kind(manager_maps(o->s->m), f->rdev);

                if (kind == AG_DEVICE_CAMERA || kind == AG_DEVICE_MICROPHONE)
                        add_path(o->sensors, o->proc_fd, f->fd);
        } else if (S_ISREG(f->mode) && is_model(o, f->fd))
                add_path(o->models, o->proc_fd, f->fd);
        return 0;
}

static uint64_t start_usec(const Resolution *res)
{
        long hz = sysconf(_SC_CLK_TCK);
        uint64_t since_boot = res->start_ticks * 1000000ULL / (uint64_t) (hz > 0 ? hz : 100);

        return realtime_usec() - boottime_ns() / 1000 + since_boot;
}

static json_t *traits_of(const Resolution *res)
{
        json_t *list = json_array();

        for (uint32_t bit = 1; list && bit; bit <<= 1)
                if (res->traits & bit & (AG_TRAITS_STRONG | AG_TRAITS_WEAK))
                        (void) json_array_append_new(list, json_string(resolve_trait_to_string(bit)));
        return list;
}

/* The sentence that says best why it is AI. */
static const char *evidence_of(const Resolution *res)
{
        const uint32_t order[] = { AG_TRAITS_STRONG, AG_TRAITS_WEAK };

        for (size_t o = 0; o < ARRAY_SIZE(order); o++)
                for (size_t i = 0; i < res->n_evidence; i++)
                        if (res->evidence[i].trait & order[o])
                                return res->evidence[i].text;
        return "";
}

static json_t *older_of(Subjects *s, const Resolution *res)
{
        _cleanup_close_ int proc_fd = proc_open(res->tgid);
        OpenFiles o = { .s = s, .proc_fd = proc_fd, .sensors = json_array(), .models = json_array() };
        char since[DATE_TEXT_MAX];

        if (proc_fd >= 0)
                (void) proc_fds_walk(proc_fd, on_open_file, &o);
        date_format(start_usec(res), since);
        return json_pack("{s:I, s:I, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "pid",
                         (json_int_t) res->tgid, "start_ticks", (json_int_t) res->start_ticks, "start",
                         since, "exe", json_text(res->exe), "cgroup", json_text(res->cgroup), "strength",
                         strength_to_string(ag_strength(res->traits)), "workload", res->workload_name,
                         "traits", traits_of(res), "evidence", json_text(evidence_of(res)), "sensors",
                         o.sensors, "models", o.models);
}

static void note_older(Subjects *s, const Resolution *res, const json_t *o)
{
        char pid[32];
        _cleanup_free_ char *exe = NULL;
        const char *fields[] = { pid, NULL };

        snprintf(pid, sizeof(pid), "OBJECT_PID=%d", res->tgid);
        if (asprintf(&exe, "AIGUARD_EXE=%s", res->exe) < 0)
                return;
        fields[1] = exe;
        journal_note(manager_journal(s->m), MESSAGE_ID_OLDER_WORKLOAD, LOG_WARNING, fields,
                     ARRAY_SIZE(fields),
                     "Process %d (%s) is an AI workload older than enforcement: it may hold a model in "
                     "memory "
                     "already%s; restart it",
                     res->tgid, res->exe,
                     json_array_size(json_object_get(o, "sensors")) ? " and has a sensor open" : "");
}

/* -------------------------------------------------------------------- the walk */

static int list_processes(Subjects *s, Pids *ret)
{
        struct dirent *e;
        DIR *dir = opendir("/proc");

        if (!dir)
                return -errno;
        while ((e = readdir(dir))) {
                struct ag_subject known;
                uint64_t number;
                int pidfd;

                if (parse_u64(e->d_name, INT32_MAX, &number) < 0)
                        continue;
                if (ret->n % 256 == 0) {
                        pid_t *pids = reallocarray(ret->pids, ret->n + 256, sizeof(*pids));
                        bool *was_known =
                                        pids ? reallocarray(ret->was_known, ret->n + 256, sizeof(*was_known))
                                             : NULL;

                        ret->pids = pids ? pids : ret->pids;
                        if (!was_known) {
                                closedir(dir);
                                return -ENOMEM;
                        }
                        ret->was_known = was_known;
                }
                pidfd = pidfd_open((pid_t) number, 0);
                if (pidfd < 0)
                        continue;
                ret->was_known[ret->n] =
                                task_subject_get(manager_maps(s->m), pidfd, (pid_t) number, &known) == 0;
                ret->pids[ret->n++] = (pid_t) number;
                safe_close(pidfd);
        }
        closedir(dir);
        return 0;
}

static int run_iterator(Subjects *s)
{
        _cleanup_close_ int fd = manager_iterator_open(s->m, "ag_adopt_tasks");
        char buffer[256];
        ssize_t n;

        if (fd < 0)
                return fd;
        do
                n = read(fd, buffer, sizeof(buffer));
        while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
        return n < 0 ? -errno : 0;
}

static void look_at(Subjects *s, pid_t pid, bool was_known)
{
        Resolution res;
        json_t *o;
        int r;

        if (pid == getpid())
                return;
        r = resolve_process(manager_resolve(s->m), pid, &res);
        if (r < 0) {
                if (r != -ESRCH)
                        log_debug("subjects: process %d: %s", pid, strerror(-r));
                return;
        }
        if (was_known || ag_strength(res.traits & ~AG_TRAITS_PENDING) == AG_STRENGTH_NONE ||
            is_listed(s, pid) || json_array_size(s->older) >= OLDER_MAX)
                return;
        o = older_of(s, &res);
        if (!o)
                return;
        note_older(s, &res, o);
        (void) json_array_append_new(s->older, o);
}

int subjects_walk(Subjects *s)
{
        _cleanup_(pids_done) Pids p = {};
        int r;

        load_older(s);
        r = list_processes(s, &p);
        if (r < 0)
                return r;
        r = run_iterator(s);
        if (r < 0)
                log_warning_errno(r, "subjects: what runs already is known only when it maps or opens "
                                     "something new");
        for (size_t i = 0; i < p.n && !manager_interrupted(s->m); i++)
                look_at(s, p.pids[i], p.was_known[i]);
        save_older(s);
        return 0;
}

json_t *subjects_older_to_json(Subjects *s)
{
        forget_ended(s);
        return json_incref(s->older);
}

json_t *subjects_sessions_to_json(Subjects *s)
{
        return sessions_to_json(s->sessions);
}
