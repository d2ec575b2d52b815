/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: finds the scripts that a process names on its command line, and has
 * them read by the scanner. Owns the memory of whose command line was looked at.
 * Must not read a script itself, trust a name, or wait for a disk or a server:
 * names are looked up below the root of that process, in the kernel's cache.
 *
 *   worker: a trait, or a suspect model -> command line -> O_PATH -> scan pool -> dossiers.c
 */
#include "scripts.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "dossiers.h"
#include "lib/proc.h"
#include "lib/script-args.h"
#include "lib/util-string.h"
#include "lock.h"

#define LOOKS 256U
#define WAIT_MS 2000
#define SCRIPT_BYTES_MAX (4U << 20) /* beyond that it is no script */

/* One command line of one process. */
typedef struct Look {
        pid_t pid;
        uint64_t start_ticks;
        uint64_t hash;
        unsigned pending; /* scans under way, and who began them */
        unsigned urgent;  /* of these, what somebody waits for */
        uint64_t used;
} Look;

struct Scripts {
        Manager *m;
        pthread_mutex_t lock;
        pthread_cond_t done;
        uint64_t clock;
        Look looks[LOOKS];
};

/* One scan; it outlives the call that began it. */
typedef struct Job {
        Scripts *s;
        Look *look; /* not given to another while it is pending */
        bool first; /* of the command line */
        bool urgent;
        uint64_t cgroup_id, dev, ino;
        pid_t pid;
        char cgroup[512];
        char path[256];
} Job;

/* The process that is looked at. */
typedef struct Target {
        Look *look;
        bool urgent, missed;
        int proc_fd;
        pid_t pid;
        uint64_t cgroup_id;
        char cgroup[512];
        char cwd[1024];
} Target;

int scripts_new(Manager *m, Scripts **ret)
{
        Scripts *s = calloc(1, sizeof(*s));
        pthread_condattr_t a;

        if (!s)
                return -ENOMEM;
        s->m = m;
        lock_init(&s->lock);
        pthread_condattr_init(&a);
        pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
        pthread_cond_init(&s->done, &a);
        pthread_condattr_destroy(&a);
        *ret = s;
        return 0;
}

Scripts *scripts_free(Scripts *s)
{
        if (!s)
                return NULL;
        pthread_cond_destroy(&s->done);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}

/* FNV-1a: tells one command line of a process from its next. */
static uint64_t hash_of(const char *p, size_t n)
{
        uint64_t h = 14695981039346656037ULL;

        for (size_t i = 0; i < n; i++)
                h = (h ^ (unsigned char) p[i]) * 1099511628211ULL;
        return h;
}

/* ------------------------------------------------------------------- memory */

/* NULL: looked at already, or too many scans are under way. One that is pending is not waited for but asked anew. */
static Look *begin_look(Scripts *s, pid_t pid, uint64_t start_ticks, uint64_t hash, bool wait)
{
        Look *oldest = NULL;

        LOCK_SCOPE(&s->lock);
        for (size_t i = 0; i < LOOKS; i++) {
                Look *l = &s->looks[i];

                if (l->pid == pid && l->start_ticks == start_ticks && l->hash == hash) {
                        l->used = ++s->clock;
                        if (l->pending == 0 || !wait)
                                return NULL;
                        l->pending++;
                        return l;
                }
                if (l->pending == 0 && (!oldest || l->used < oldest->used))
                        oldest = l;
        }
        if (oldest)
                *oldest = (Look){ .pid = pid,
                                  .start_ticks = start_ticks,
                                  .hash = hash,
                                  .pending = 1,
                                  .used = ++s->clock };
        return oldest;
}

static void begin_one(Scripts *s, Look *l, bool urgent)
{
        LOCK_SCOPE(&s->lock);
        l->pending++;
        l->urgent += urgent;
}

static void end_one(Scripts *s, Look *l, bool urgent)
{
        LOCK_SCOPE(&s->lock);
        l->pending--;
        l->urgent -= urgent;
        pthread_cond_broadcast(&s->done);
}

/* What could not be found this time is looked for again. */
static void forget(Scripts *s, Look *l)
{
        LOCK_SCOPE(&s->lock);
        l->hash++;
}

static struct timespec patience(void)
{
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += WAIT_MS / 1000;
        return until;
}

static void wait_for(Scripts *s, const Look *l)
{
        struct timespec until = patience();

        LOCK_SCOPE(&s->lock);
        while (l->urgent > 0 && pthread_cond_timedwait(&s->done, &s->lock, &until) == 0)
                ;
}

static bool is_pending(const Scripts *s, pid_t pid)
{
        for (size_t i = 0; i < LOOKS; i++)
                if (s->looks[i].pid == pid && s->looks[i].pending > 0)
                        return true;
        return false;
}

/* It is gone; what was begun while it was there comes still. */
static void wait_for_last(Scripts *s, pid_t pid)
{
        struct timespec until = patience();

        LOCK_SCOPE(&s->lock);
        while (is_pending(s, pid) && pthread_cond_timedwait(&s->done, &s->lock, &until) == 0)
                ;
}

/* -------------------------------------------------------------------- scans */

/* What holds no labels is shown all the same, when it can be the program: the first argument, and no binary. */
static bool is_program(const Job *j, const Classification *c)
{
        return c->is_text || (j->first && c->status == SCAN_NOT_A_MODEL && !streq(c->format, "elf"));
}

static void on_scanned(void *userdata, const Classification *c)
{
        _cleanup_free_ Job *j = userdata;
        const DossierScript script = { .cgroup_id = j->cgroup_id,
                                       .cgroup = j->cgroup,
                                       .pid = j->pid,
                                       .dev = j->dev,
                                       .ino = j->ino,
                                       .path = j->path };

        if (c && is_program(j, c))
                dossiers_add_script(manager_dossiers(j->s->m), &script, c);
        end_one(j->s, j->look, j->urgent);
}

/* Takes the descriptor. */
static void submit(Scripts *s, const Target *t, int fd, const char *path, bool first, uint64_t dev,
                   uint64_t ino)
{
        Job *j = calloc(1, sizeof(*j));
        size_t n = strlen(path);

        if (!j) {
                safe_close(fd);
                return;
        }
        *j = (Job){ .s = s,
                    .look = t->look,
                    .first = first,
                    .urgent = t->urgent,
                    .cgroup_id = t->cgroup_id,
                    .dev = dev,
                    .ino = ino,
                    .pid = t->pid };
        snprintf(j->cgroup, sizeof(j->cgroup), "%s", t->cgroup);
        snprintf(j->path, sizeof(j->path), "%s",
                 n < sizeof(j->path) ? path : path + n + 1 - sizeof(j->path));
        begin_one(s, t->look, t->urgent);
        if (gate_scan(manager_gate(s->m), fd, path, t->urgent, on_scanned, j) < 0) {
                end_one(s, t->look, t->urgent);
                free(j);
        }
}

static bool try_file(Scripts *s, Target *t, const char *path, bool first)
{
        _cleanup_close_ int path_fd = gate_open_path(t->pid, path);
        struct stat st;
        int fd;

        t->missed = t->missed || path_fd == -EAGAIN;
        if (path_fd < 0 || fstat(path_fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SCRIPT_BYTES_MAX)
                return false;
        fd = gate_reopen(path_fd);
        if (fd < 0)
                return false;
        submit(s, t, fd, path, first, st.st_dev, st.st_ino);
        return true;
}

static void look_at_file(Scripts *s, Target *t, const ScriptArg *a, bool first)
{
        char path[AG_PATH_MAX];
        bool relative = a->n > 0 && a->text[0] != '/';
        int n;

        if (relative && !t->cwd[0] && proc_cwd(t->proc_fd, t->cwd, sizeof(t->cwd)) < 0)
                return;
        n = snprintf(path, sizeof(path), "%s%s%.*s", relative ? t->cwd : "", relative ? "/" : "", (int) a->n,
                     a->text);
        if (n > 0 && (size_t) n < sizeof(path))
                (void) try_file(s, t, path, first);
}

/* python -m a.b: a/b.py or a/b/__main__.py, where it lies in the working directory. */
static void look_at_module(Scripts *s, Target *t, const ScriptArg *a)
{
        static const char *const endings[] = { ".py", "/__main__.py" };
        char name[256], path[AG_PATH_MAX];

        if (a->n >= sizeof(name) || proc_cwd(t->proc_fd, t->cwd, sizeof(t->cwd)) < 0)
                return;
        memcpy(name, a->text, a->n);
        name[a->n] = 0;
        for (char *p = name; *p; p++)
                *p = *p == '.' ? '/' : *p;
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                (void) snprintf(path, sizeof(path), "%s/%s%s", t->cwd, name, endings[i]);
                if (try_file(s, t, path, true))
                        return;
        }
}

/* Code in place of a file: the scanner gets a file of ours. */
static void look_at_inline(Scripts *s, const Target *t, const ScriptArg *a)
{
        _cleanup_close_ int fd = memfd_create("command line", MFD_CLOEXEC);

        if (fd < 0 || write(fd, a->text, a->n) != (ssize_t) a->n)
                return;
        submit(s, t, TAKE_FD(fd), "command line", true, 0, hash_of(a->text, a->n));
}

static void look_at_args(Scripts *s, Target *t, const char *cmdline, size_t size)
{
        ScriptArg args[SCRIPT_ARGS_MAX];
        size_t n = script_args(cmdline, size, args);

        for (size_t i = 0; i < n; i++) {
                if (args[i].kind == SCRIPT_INLINE)
                        look_at_inline(s, t, &args[i]);
                else if (args[i].kind == SCRIPT_MODULE)
                        look_at_module(s, t, &args[i]);
                else
                        look_at_file(s, t, &args[i], i == 0);
        }
}

/* False: there is no command line any more. */
static bool look(Scripts *s, pid_t pid, uint64_t cgroup_id, bool wait)
{
        _cleanup_close_ int proc_fd = proc_open(pid);
        _cleanup_free_ char *cmdline = proc_fd >= 0 ? malloc(SCRIPT_ARGS_BYTES + 1) : NULL;
        Target t = { .urgent = wait, .proc_fd = proc_fd, .pid = pid, .cgroup_id = cgroup_id };
        uint64_t start;
        ssize_t n;

        if (!cmdline || proc_start_ticks(proc_fd, &start) < 0)
                return false;
        n = proc_cmdline(proc_fd, cmdline, SCRIPT_ARGS_BYTES + 1);
        if (n <= 0)
                return false;
        t.look = begin_look(s, pid, start, hash_of(cmdline, (size_t) n), wait);
        if (!t.look)
                return true;
        if (proc_cgroup(proc_fd, t.cgroup, sizeof(t.cgroup)) < 0)
                t.cgroup[0] = 0;
        look_at_args(s, &t, cmdline, (size_t) n);
        if (t.missed)
                forget(s, t.look);
        if (wait)
                wait_for(s, t.look);
        end_one(s, t.look, false);
        return true;
}

void scripts_look(Scripts *s, pid_t pid, uint64_t cgroup_id, bool wait)
{
        if (!look(s, pid, cgroup_id, wait) && wait)
                wait_for_last(s, pid);
}
