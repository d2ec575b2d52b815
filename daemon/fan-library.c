/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which libraries are inference runtimes, asked when they are opened,
 * since no hook tells of mappings. An opener waits for the scan of a library
 * that nobody has classified, at most LIBRARY_WAIT_NS and once for each library:
 * after that it is known whether its process may become an AI workload, and a
 * sensor, where nobody can wait, is answered right. Owns the scans under way and
 * a thread that reads what is not in the page cache.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decide.h"
#include "fan-internal.h"
#include "lib/proc.h"

#define LIBRARY_WAIT_NS 500000000ULL
#define JOBS_MAX 256U
#define READS_MAX 16384U
#define WAIT_TURNS 100U
#define WAIT_TURN_USEC 10000U

#define OPENERS 2048U

typedef struct Job {
        struct Job *next;
        FanLibraries *libraries;
        uint64_t dev, ino;
        int fd; /* its own */
        uint64_t seq;
        bool writer;
        bool is_open; /* not done yet: others may join */
        FanEvent *waiting;
        pid_t passed[512]; /* who was let go before it was known, and their children */
        size_t n_passed;
} Job;

typedef struct Opener {
        pid_t tgid;
        uint32_t flags; /* AG_OBJECT_LIBRARY_*, AG_OBJECT_INTERPRETER */
} Opener;

struct FanLibraries {
        Fan *fan;
        pthread_mutex_t lock; /* everything below; nobody opens anything under it */
        pthread_cond_t cond;
        Job *jobs;
        size_t n_jobs;
        Opener openers[OPENERS]; /* the last who opened one that makes a trait, still there or not */
        size_t next_opener;
        FanEvent *reads, **reads_last;
        size_t n_reads;
        pthread_t thread;
        bool running;
        bool stopping;
};

/*
 * Pending until it was looked at. Pushed before, so that a look which is under way does not end it; and after, since
 * one may have begun and ended in between.
 */
static void set_pending(Fan *f, pid_t tgid, uint32_t flags)
{
        const GateHandlers *h = &f->gate->options.handlers;

        fan_settle_push(f->settle, tgid, false);
        h->on_opened(h->userdata, tgid, flags);
        fan_settle_push(f->settle, tgid, false);
}

/*
 * A runtime in an open file is not one in the process: copying or packing it makes
 * nobody an AI workload. So that is settled a moment later, and until then it is
 * pending. The weaker traits refuse nothing alone and are given at once.
 */
static void opened(Fan *f, pid_t tgid, uint32_t flags)
{
        const GateHandlers *h = &f->gate->options.handlers;
        uint32_t traits = ag_traits_of(flags) & ~(uint32_t) AG_TRAIT_RUNTIME;

        if (traits)
                h->on_traits(h->userdata, tgid, 0, traits);
        if (!(flags & AG_OBJECT_LIBRARY_STRONG))
                return;
        set_pending(f, tgid, AG_RESOLVED_OPENED);
}

/* With the lock. */
static void note_opener(FanLibraries *l, pid_t tgid, uint32_t flags)
{
        l->openers[l->next_opener++ % OPENERS] = (Opener){ .tgid = tgid, .flags = flags };
}

/* With the lock. */
static uint32_t opener_flags(const FanLibraries *l, pid_t tgid)
{
        uint32_t flags = 0;

        for (size_t i = 0; i < OPENERS; i++) {
                if (l->openers[i].tgid == tgid)
                        flags |= l->openers[i].flags;
        }
        return flags;
}

/* With the lock, or before others see the job. */
static bool has_passed(const Job *j, pid_t tgid)
{
        for (size_t i = 0; i < j->n_passed; i++) {
                if (j->passed[i] == tgid)
                        return true;
        }
        return false;
}

static bool is_scanned_for(FanLibraries *l, pid_t tgid)
{
        LOCK_SCOPE(&l->lock);
        for (const Job *j = l->stopping ? NULL : l->jobs; j; j = j->next) {
                if (has_passed(j, tgid))
                        return true;
        }
        return false;
}

bool fan_library_was_opened(Fan *f, pid_t tgid, uint32_t *ret_flags)
{
        FanLibraries *l = f->libraries;
        bool known = !is_scanned_for(l, tgid);

        for (unsigned i = 0; i < WAIT_TURNS && !known; i++) {
                (void) usleep(WAIT_TURN_USEC);
                known = !is_scanned_for(l, tgid);
        }
        LOCK_SCOPE(&l->lock);
        *ret_flags = opener_flags(l, tgid);
        return known;
}

bool fan_library_find(Fan *f, const struct stat *st, uint32_t *ret_flags)
{
        struct ag_object object;

        if (fan_cache_known(f->cache, st, &object) < 0 && fan_cache_known(f->library_cache, st, &object) < 0)
                return false;
        *ret_flags = object.flags &
                     (AG_OBJECT_LIBRARY_STRONG | AG_OBJECT_LIBRARY_WEAK | AG_OBJECT_INTERPRETER);
        return true;
}

bool fan_library_known(Fan *f, int fd, uint32_t *ret_flags)
{
        struct stat st;

        return fan_stat(fd, &st) == 0 && fan_library_find(f, &st, ret_flags);
}

void fan_library_keep(Fan *f, int fd, uint32_t flags, uint64_t seq)
{
        const struct ag_object object = { .write_seq = seq, .flags = flags, .state = AG_OBJECT_KNOWN };
        uint64_t now;

        if (fan_cache_stamp(fd, &now) == 0 && now == seq)
                fan_cache_put(f->library_cache, fd, &object);
}

/* What it opened is known: it is a runtime, or another of those that make a trait. */
void fan_library_on_known(FanLibraries *l, pid_t tgid, uint32_t flags)
{
        if (flags & AG_OBJECT_LIBRARY_STRONG) {
                LOCK_SCOPE(&l->lock);
                note_opener(l, tgid, flags);
        }
        if (flags)
                opened(l->fan, tgid, flags);
}

/* Refusing nothing, nobody has to wait. */
static bool is_enforcing(Fan *f)
{
        const struct ag_control *c = f->gate->control;
        uint32_t key = (c->slot & (AG_SLOTS - 1)) * AG_WORKLOADS_MAX + AG_WORKLOAD_UNDECLARED;
        struct ag_row row;

        return !(__atomic_load_n(&c->flags, __ATOMIC_ACQUIRE) & AG_CONTROL_MONITOR) &&
               bpf_map_lookup_elem(f->gate->maps->matrix, &key, &row) == 0 && row.flags & AG_ROW_HOLD;
}

/* Nobody knows what it opened: it may be a runtime. Where nothing is refused, only the daemon has to know that. */
static void let_go_unknown(Fan *f, FanEvent *e)
{
        set_pending(f, e->tgid, is_enforcing(f) ? AG_RESOLVED_OPENED : AG_RESOLVED_ASKED);
        fan_answer(f, e, true);
}

static void release(FanLibraries *l, FanEvent *list, uint32_t flags)
{
        while (list) {
                FanEvent *e = list;

                list = e->next;
                fan_library_on_known(l, e->tgid, flags);
                fan_answer(l->fan, e, true);
                free(e);
        }
}

static FanEvent *copy_of(const FanEvent *e)
{
        FanEvent *own = malloc(sizeof(*own));

        if (own) {
                *own = *e;
                own->since_ns = boottime_ns();
                own->next = NULL;
        }
        return own;
}

/* ------------------------------------------------------------------- scans */

static void job_free(Job *j)
{
        safe_close(j->fd);
        free(j);
}

static void unlink_job(FanLibraries *l, Job *j)
{
        Job **p = &l->jobs;

        while (*p != j)
                p = &(*p)->next;
        *p = j->next;
        l->n_jobs--;
}

/* On the pool's thread. */
static void on_scanned(ScanTask *t)
{
        Job *j = t->userdata;
        FanLibraries *l = j->libraries;
        Fan *f = l->fan;
        uint32_t flags;

        gate_judge(f->gate, t, &t->judgement);
        flags = t->judgement.object.flags &
                (AG_OBJECT_LIBRARY_STRONG | AG_OBJECT_LIBRARY_WEAK | AG_OBJECT_INTERPRETER);
        if (t->judgement.keep && !j->writer)
                fan_library_keep(f, j->fd, flags, j->seq);
        scan_task_free(t);
        pthread_mutex_lock(&l->lock);
        unlink_job(l, j);
        for (size_t i = 0; flags && i < j->n_passed; i++)
                note_opener(l, j->passed[i], flags);
        pthread_mutex_unlock(&l->lock);
        /* Nobody joins any more: it is in no list. */
        release(l, j->waiting, flags);
        for (size_t i = 0; flags && i < j->n_passed; i++)
                opened(l->fan, j->passed[i], flags);
        job_free(j);
}

/* Without them nothing goes on, this daemon included. What they open can only become pending. */
static bool must_not_wait(pid_t tgid)
{
        _cleanup_close_ int proc_fd = -EBADF;
        char exe[512];

        if (tgid == 1)
                return true;
        proc_fd = proc_open(tgid);
        return proc_fd < 0 || proc_exe(proc_fd, exe, sizeof(exe)) < 0 ||
               strncmp(exe, "/usr/lib/systemd/", 17) == 0 || strncmp(exe, "/lib/systemd/", 13) == 0 ||
               strcmp(exe, "/usr/bin/dbus-daemon") == 0;
}

static Job *find_job(FanLibraries *l, uint64_t dev, uint64_t ino)
{
        for (Job *j = l->jobs; j; j = j->next) {
                if (j->dev == dev && j->ino == ino)
                        return j;
        }
        return NULL;
}

/* With the lock, or before others see the job. Once for each process. */
static void note_passed(Job *j, pid_t tgid)
{
        if (!has_passed(j, tgid) && j->n_passed < ARRAY_SIZE(j->passed))
                j->passed[j->n_passed++] = tgid;
}

void fan_library_inherit(Fan *f, pid_t tgid, pid_t parent)
{
        FanLibraries *l = f->libraries;
        uint32_t flags;
        LOCK_SCOPE(&l->lock);

        for (Job *j = l->jobs; j; j = j->next) {
                if (has_passed(j, parent))
                        note_passed(j, tgid);
        }
        flags = opener_flags(l, parent);
        if (flags)
                note_opener(l, tgid, flags);
}

/* Puts the opener to the others. False: it does not wait, or there is no room. */
static bool join(FanLibraries *l, Job *j, FanEvent *e, bool wait)
{
        FanEvent *own = wait ? copy_of(e) : NULL;

        if (own) {
                own->next = j->waiting;
                j->waiting = own;
                return true;
        }
        note_passed(j, e->tgid);
        return false;
}

static int submit(FanLibraries *l, Job *j)
{
        ScanTask *t = calloc(1, sizeof(*t));
        char name[AG_PATH_MAX];
        int r;

        if (!t)
                return -ENOMEM;
        gate_event_name(j->fd, name);
        t->gate = l->fan->gate;
        t->fd = j->fd;
        t->job_fd = t->dir_fd = -EBADF;
        t->path = strdup(name);
        t->inode = (struct ag_inode_key){ .ino = j->ino, .dev = AG_DEV(j->dev >> 32, (uint32_t) j->dev) };
        t->urgent = true;
        t->userdata = j;
        t->on_done = on_scanned;
        r = scan_pool_submit(l->fan->gate->pool, t);
        if (r < 0)
                scan_task_free(t);
        return r;
}

static Job *job_new(FanLibraries *l, const FanEvent *e, const struct statx *st)
{
        Job *j = calloc(1, sizeof(*j));

        if (!j)
                return NULL;
        j->libraries = l;
        j->dev = (uint64_t) st->stx_dev_major << 32 | st->stx_dev_minor;
        j->ino = st->stx_ino;
        j->writer = true;
        j->fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 3);
        if (j->fd < 0) {
                job_free(j);
                return NULL;
        }
        j->writer = fan_cache_offer_library(j->fd, &j->seq) <= 0 || gate_has_writer(j->fd);
        return j;
}

static bool start_job(FanLibraries *l, Job *j)
{
        bool room;

        pthread_mutex_lock(&l->lock);
        room = l->n_jobs < JOBS_MAX && !l->stopping;
        if (room) {
                j->next = l->jobs;
                l->jobs = j;
                l->n_jobs++;
        }
        pthread_mutex_unlock(&l->lock);
        if (!room)
                return false;
        if (submit(l, j) >= 0)
                return true;
        pthread_mutex_lock(&l->lock);
        unlink_job(l, j);
        pthread_mutex_unlock(&l->lock);
        return false;
}

void fan_library_scan(FanLibraries *l, FanEvent *e)
{
        Fan *f = l->fan;
        bool wait = is_enforcing(f) && !must_not_wait(e->tgid), waits;
        struct statx st;
        Job *j;

        if (gate_statx(e->fd, &st) < 0 || !gate_fs_is_local(e->fd)) {
                let_go_unknown(f, e);
                return;
        }
        pthread_mutex_lock(&l->lock);
        j = find_job(l, (uint64_t) st.stx_dev_major << 32 | st.stx_dev_minor, st.stx_ino);
        waits = j && join(l, j, e, wait);
        pthread_mutex_unlock(&l->lock);
        if (j) {
                if (!waits)
                        let_go_unknown(f, e);
                return;
        }
        j = job_new(l, e, &st);
        waits = j && join(l, j, e, wait);
        if (!j || !start_job(l, j)) {
                FanEvent *list = j ? j->waiting : NULL;

                if (j)
                        job_free(j);
                free(list);
                let_go_unknown(f, e);
                return;
        }
        if (!waits)
                let_go_unknown(f, e);
}

void fan_libraries_sweep(FanLibraries *l, uint64_t now_ns)
{
        FanEvent *late = NULL;

        pthread_mutex_lock(&l->lock);
        for (Job *j = l->jobs; j; j = j->next) {
                for (FanEvent **p = &j->waiting; *p;) {
                        FanEvent *e = *p;

                        if (now_ns < e->since_ns || now_ns - e->since_ns < LIBRARY_WAIT_NS) {
                                p = &e->next;
                                continue;
                        }
                        *p = e->next;
                        e->next = late;
                        late = e;
                        note_passed(j, e->tgid);
                }
        }
        pthread_mutex_unlock(&l->lock);
        while (late) {
                FanEvent *e = late;

                late = e->next;
                let_go_unknown(l->fan, e);
                free(e);
        }
}

/* ------------------------------------------------------------------- reads */

static bool is_elf_on_disk(int fd)
{
        char magic[4] = {};

        return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && memcmp(magic, "\177ELF", 4) == 0;
}

static FanEvent *next_read(FanLibraries *l)
{
        FanEvent *e;

        LOCK_SCOPE(&l->lock);
        while (!l->reads && !l->stopping)
                pthread_cond_wait(&l->cond, &l->lock);
        e = l->reads;
        if (!e)
                return NULL;
        l->reads = e->next;
        if (!l->reads)
                l->reads_last = &l->reads;
        l->n_reads--;
        return e;
}

static void *reads_thread(void *userdata)
{
        FanLibraries *l = userdata;
        FanEvent *e;

        while ((e = next_read(l))) {
                fan_course(l->fan, e, is_elf_on_disk(e->fd));
                free(e);
        }
        return NULL;
}

void fan_library_read(FanLibraries *l, FanEvent *e)
{
        FanEvent *own = copy_of(e);
        bool room;

        pthread_mutex_lock(&l->lock);
        room = own && l->running && !l->stopping && l->n_reads < READS_MAX;
        if (room) {
                *l->reads_last = own;
                l->reads_last = &own->next;
                l->n_reads++;
                pthread_cond_signal(&l->cond);
        }
        pthread_mutex_unlock(&l->lock);
        if (room)
                return;
        free(own);
        /* Not looked into: what it is shows in the process. */
        fan_course(l->fan, e, false);
}

int fan_libraries_new(Fan *f, FanLibraries **ret)
{
        FanLibraries *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->fan = f;
        l->reads_last = &l->reads;
        lock_init(&l->lock);
        pthread_cond_init(&l->cond, NULL);
        *ret = l;
        return 0;
}

int fan_libraries_start(FanLibraries *l)
{
        int r = gate_thread_new(&l->thread, reads_thread, l, "aiguard-reads", false);

        l->running = r >= 0;
        return r;
}

FanLibraries *fan_libraries_free(FanLibraries *l)
{
        if (!l)
                return NULL;
        pthread_mutex_lock(&l->lock);
        l->stopping = true;
        pthread_cond_broadcast(&l->cond);
        pthread_mutex_unlock(&l->lock);
        if (l->running)
                pthread_join(l->thread, NULL);
        pthread_cond_destroy(&l->cond);
        pthread_mutex_destroy(&l->lock);
        free(l);
        return NULL;
}
