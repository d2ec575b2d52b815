/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the files that are gated: mark, scan, answer, and at last unmark. One
 * entry for each inode, found by its descriptor's numbers. The gate's thread
 * only; blocks on nothing.
 *
 * A mark goes when the storage says "gated" no more and ag_gated has no entry of
 * that inode: the hook inserts its entry before it looks at the storage again, so
 * an opener that saw "gated" is seen here.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gate-internal.h"
#include "lib/log.h"

#define QUIET_LOOKS 4

static size_t bucket_of(uint64_t dev, uint64_t ino)
{
        return (size_t) ((ino ^ dev << 7) * 0x9e3779b97f4a7c15ULL >> 40) % GATE_BUCKETS;
}

static uint64_t dev_of(const struct statx *st)
{
        return (uint64_t) st->stx_dev_major << 32 | st->stx_dev_minor;
}

int gate_file_get(Gate *g, int path_fd, const struct statx *st, GateFile **ret)
{
        size_t b = bucket_of(dev_of(st), st->stx_ino);
        GateFile *f;

        for (f = g->files[b]; f; f = f->next) {
                if (f->dev == dev_of(st) && f->ino == st->stx_ino) {
                        safe_close(path_fd);
                        *ret = f;
                        return 0;
                }
        }
        if (g->n_files >= GATE_FILES_MAX)
                gate_files_sweep(g, UINT64_MAX);
        f = g->n_files < GATE_FILES_MAX ? calloc(1, sizeof(*f)) : NULL;
        if (!f) {
                safe_close(path_fd);
                return -ENOBUFS;
        }
        f->dev = dev_of(st);
        f->ino = st->stx_ino;
        f->path_fd = path_fd;
        f->active_ns = boottime_ns();
        f->next = g->files[b];
        g->files[b] = f;
        g->n_files++;
        *ret = f;
        return 0;
}

static int mark(Gate *g, const GateFile *f, unsigned how)
{
        char path[64];

        /* An O_PATH descriptor serves, by its link: the kernel marks the inode. */
        snprintf(path, sizeof(path), "/proc/self/fd/%d", f->path_fd);
        return fanotify_mark(g->group_fd, how, FAN_OPEN_PERM, AT_FDCWD, path) < 0 ? -errno : 0;
}

int gate_file_close(Gate *g, GateFile *f)
{
        int r;

        f->active_ns = boottime_ns();
        if (!f->marked) {
                r = mark(g, f, FAN_MARK_ADD);
                if (r < 0)
                        return r;
                f->marked = true;
                GATE_COUNT(g, gated);
                GATE_COUNT(g, marks);
        }
        r = gate_write_gated(g, f->path_fd);
        f->gated = r >= 0;
        return r;
}

static void file_free(Gate *g, GateFile *f)
{
        GateFile **p = &g->files[bucket_of(f->dev, f->ino)];

        while (*p != f)
                p = &(*p)->next;
        *p = f->next;
        g->n_files--;
        if (f->marked) {
                (void) mark(g, f, FAN_MARK_REMOVE);
                GATE_COUNT_DOWN(g, marks);
        }
        safe_close(f->path_fd);
        free(f->path);
        free(f);
}

static bool is_shareable(uint8_t flags)
{
        return !(flags & (AG_REQUEST_WRITER | AG_REQUEST_NO_CACHE));
}

static const struct ag_object unknown_object = { .n_columns = 1, .columns = { AG_COL_UNKNOWN } };

static bool is_plain(const struct ag_object *object)
{
        return object->n_columns == 0 && !(object->flags & AG_OBJECT_MODEL);
}

/*
 * What it opens is known and not harmless; who it is, or what else its workload has
 * read, may change the verdict, and here it can wait for that asleep. Takes the
 * waiter when true.
 */
static bool ask_who(Gate *g, GateFile *f, GateWaiter *w, const struct ag_object *object)
{
        if (w->resolved || is_plain(object) || !(gate_must_resolve(&w->who) || gate_may_raise(g, object)) ||
            __atomic_load_n(&g->stopping, __ATOMIC_ACQUIRE))
                return false;
        w->object = *object;
        w->file = f;
        if (worker_push_waiter(g->worker, w) < 0)
                return false;
        f->n_resolving++;
        return true;
}

/* Decides, grants the trait, answers, and only then tells. Takes the waiter. */
static void release(Gate *g, GateFile *f, GateWaiter *w, const struct ag_object *object)
{
        const GateHandlers *h = &g->options.handlers;
        uint64_t wait_us = (boottime_ns() - w->since_ns) / 1000;
        struct ag_gated who = w->who;
        uint32_t tid = w->tid;
        struct ag_event ev;
        bool allow;

        if (ask_who(g, f, w, object))
                return;
        allow = gate_decide(g, &who, tid, object, &ev);
        gate_event_path(&ev, f->path);
        if (allow && object->flags & AG_OBJECT_MODEL && who.traits & ~(uint32_t) AG_TRAITS_PENDING &&
            h->on_traits)
                h->on_traits(h->userdata, (pid_t) who.tgid, who.start_time, AG_TRAIT_MODEL);
        gate_answer(g, w, allow);
        gate_tell(g, &ev, wait_us, true, NULL);
        f->active_ns = boottime_ns();
}

static void settle(Gate *g, GateFile *f);

void gate_file_unknown(Gate *g, GateWaiter *w, const char *path)
{
        const uint32_t tid = w->tid;
        struct ag_gated who = w->who;
        struct ag_event ev;
        bool allow = gate_decide(g, &who, tid, &unknown_object, &ev);

        gate_event_path(&ev, path);
        gate_answer(g, w, allow);
        gate_tell(g, &ev, 0, true, NULL);
}

void gate_file_resolved(Gate *g, GateWaiter *w)
{
        GateFile *f = w->file;
        struct ag_object object = w->object;

        f->n_resolving--;
        w->resolved = true;
        gate_refresh_who(g, &w->who);
        release(g, f, w, &object);
        settle(g, f);
}

/* The answers to who has come until then (all: UINT64_MAX). */
static void release_all(Gate *g, GateFile *f, const struct ag_object *object, uint64_t until_ns)
{
        GateWaiter *list = f->waiters, *later = NULL;

        f->waiters = NULL;
        while (list) {
                GateWaiter *w = list;

                list = w->next;
                if (w->since_ns <= until_ns) {
                        release(g, f, w, object);
                        continue;
                }
                w->next = later;
                later = w;
        }
        f->waiters = later;
}

static void on_scan_done(ScanTask *t)
{
        Gate *g = t->gate;

        gate_judge(g, t, &t->judgement);
        pthread_mutex_lock(&g->done_lock);
        t->next = g->done;
        g->done = t;
        pthread_mutex_unlock(&g->done_lock);
        gate_wake(g);
}

static int start_scan(Gate *g, GateFile *f)
{
        ScanTask *t = calloc(1, sizeof(*t));
        const char *name;
        int r;

        if (!t)
                return -ENOMEM;
        t->gate = g;
        t->fd = f->waiters->fd;
        t->job_fd = -EBADF;
        t->dir_fd = f->path ? gate_open_directory(f->tid, f->path, &name) : -EBADF;
        t->path = f->path ? strdup(f->path) : NULL;
        t->inode = f->key;
        t->urgent = true;
        t->userdata = f;
        t->on_done = on_scan_done;
        f->scan = t;
        f->scan_since_ns = boottime_ns();
        f->scan_flags = f->flags;
        f->scan_has_seq = f->has_seq;
        f->scan_seq = f->seq;
        r = scan_pool_submit(g->pool, t);
        if (r < 0) {
                f->scan = NULL;
                scan_task_free(t);
                return r;
        }
        GATE_COUNT(g, scans);
        return 0;
}

static void scan(Gate *g, GateFile *f)
{
        if (!f->waiters || f->scan)
                return;
        /* Nobody to ask any more, or no room: what the policy says of files it does not know. */
        if (__atomic_load_n(&g->stopping, __ATOMIC_ACQUIRE) || start_scan(g, f) < 0)
                release_all(g, f, &unknown_object, UINT64_MAX);
}

/*
 * Programs and libraries are what a process opens most while it starts. No
 * reader takes ELF for a model, so the first bytes answer for this open; what
 * the library is to inference is asked when it is mapped. Only from the page
 * cache: nothing here waits for a disk.
 */
static bool is_elf(int fd)
{
        char magic[4] = {};
        struct iovec v = { .iov_base = magic, .iov_len = sizeof(magic) };

        return preadv2(fd, &v, 1, 0, RWF_NOWAIT) == sizeof(magic) && memcmp(magic, "\177ELF", 4) == 0;
}

static const struct ag_object plain_object;

void gate_file_wait(Gate *g, GateFile *f, GateWaiter *w)
{
        struct ag_object object;

        f->active_ns = boottime_ns();
        f->key = w->who.inode;
        f->flags |= w->who.flags;
        if (is_shareable(f->flags) && gate_read_object(g, f->path_fd, &object) == 0 &&
            gate_object_holds(g, f->path_fd, &object)) {
                release(g, f, w, &object);
                settle(g, f);
                return;
        }
        if (is_elf(w->fd)) {
                release(g, f, w, &plain_object);
                settle(g, f);
                return;
        }
        w->next = f->waiters;
        f->waiters = w;
        scan(g, f);
        settle(g, f);
}

/* The classification goes into the inode's storage, if it still is of what is there. */
static int keep(Gate *g, GateFile *f, const GateJudgement *j)
{
        /* Where the kernel's number of the inode is not stat's, nothing is kept by number. */
        const struct ag_inode_key *inode = f->key.ino == f->ino ? &f->key : NULL;

        if (!j->keep || !f->scan_has_seq || !is_shareable(f->scan_flags | f->flags))
                return -EOPNOTSUPP;
        return gate_write_known(g, f->path_fd, inode, &j->object, f->scan_seq);
}

/* What was found out, for those who waited for it. */
static void scanned(Gate *g, GateFile *f, const GateJudgement *j, uint64_t until_ns)
{
        int r;

        if (__atomic_load_n(&g->stopping, __ATOMIC_ACQUIRE)) {
                release_all(g, f, &unknown_object, UINT64_MAX);
                return;
        }
        r = keep(g, f, j);
        if (r == -ESTALE && !f->rescanned) {
                /* Written while it was scanned. Once more, then for these opens only. */
                f->rescanned = true;
                f->has_seq = false;
                scan(g, f);
                return;
        }
        f->rescanned = false;
        /* Not kept: for who was there before the scan began. The others may see something else already. */
        release_all(g, f, &j->object, r >= 0 ? UINT64_MAX : until_ns);
        f->flags = 0;
        f->has_seq = false;
        for (const GateWaiter *w = f->waiters; w; w = w->next)
                f->flags |= w->who.flags;
        scan(g, f);
}

void gate_file_scanned(Gate *g, ScanTask *t)
{
        GateFile *f = t->userdata;
        GateJudgement j = t->judgement;
        uint64_t until_ns = f->scan_since_ns;

        f->scan = NULL;
        f->active_ns = boottime_ns();
        if (t->failed)
                GATE_COUNT(g, scan_failures);
        scan_task_free(t);
        scanned(g, f, &j, until_ns);
        settle(g, f);
}

/* ------------------------------------------------------------------- sweep */

typedef struct Inos {
        uint64_t *ino;
        size_t n;
        bool failed;
} Inos;

/* Opens on their way to fanotify. Whose thread is gone, or who has been on the way for too long, is of nobody. */
static void collect_gated(Gate *g, uint64_t now_ns, Inos *ret)
{
        uint32_t key = 0, next;
        struct ag_gated who;
        bool more = bpf_map_get_next_key(g->maps->gated, NULL, &next) == 0;
        size_t room = 0;

        for (size_t turn = 0; more && turn < 65536; turn++) {
                /* With hundreds on the way this takes longer than a spinner has. Not when it is itself within a request. */
                if (now_ns != UINT64_MAX)
                        gate_take_requests(g);
                key = next;
                more = bpf_map_get_next_key(g->maps->gated, &key, &next) == 0;
                if (bpf_map_lookup_elem(g->maps->gated, &key, &who) < 0)
                        continue;
                if (tgkill((pid_t) who.tgid, (pid_t) key, 0) < 0 ||
                    (now_ns != UINT64_MAX && now_ns > who.time && now_ns - who.time > GATE_STALE_NS)) {
                        if (bpf_map_delete_elem(g->maps->gated, &key) == 0)
                                GATE_COUNT(g, abandoned);
                        continue;
                }
                if (ret->n == room) {
                        uint64_t *p = reallocarray(ret->ino, room + 256, sizeof(*p));

                        if (!p) {
                                ret->failed = true;
                                return;
                        }
                        ret->ino = p;
                        room += 256;
                }
                ret->ino[ret->n++] = who.inode.ino;
        }
}

static bool is_on_its_way(const Inos *inos, const GateFile *f)
{
        for (size_t i = 0; i < inos->n; i++) {
                if (inos->ino[i] == f->key.ino || inos->ino[i] == f->ino)
                        return true;
        }
        return inos->failed;
}

/* Is nobody of that inode on the way? Asked for few: with many on the way, the sweep looks at all of them once. */
static bool is_quiet(Gate *g, const GateFile *f)
{
        uint32_t key = 0, next;
        struct ag_gated who;
        bool more = bpf_map_get_next_key(g->maps->gated, NULL, &next) == 0;

        for (size_t n = 0; more; n++) {
                if (n == QUIET_LOOKS)
                        return false;
                key = next;
                more = bpf_map_get_next_key(g->maps->gated, &key, &next) == 0;
                if (bpf_map_lookup_elem(g->maps->gated, &key, &who) == 0 &&
                    (who.inode.ino == f->key.ino || who.inode.ino == f->ino))
                        return false;
        }
        return true;
}

/*
 * Nobody waits any more: opens the gate, and lets go of the file at once when
 * nobody is on the way. A descriptor that stayed would keep a file system busy.
 * The file may be gone after this.
 */
static void settle(Gate *g, GateFile *f)
{
        /* With others on the way it stays gated: they need not ask anew. */
        if (f->waiters || f->n_resolving || f->scan || !is_quiet(g, f))
                return;
        if (f->gated)
                gate_write_none(g, f->path_fd);
        f->gated = false;
        if (is_quiet(g, f))
                file_free(g, f);
}

/*
 * May the one who asked still come? On a host where hundreds want the CPU it can take seconds from asking to
 * the next look at the answer, and an answer that has gone by then is none.
 */
static bool is_expected(const GateFile *f, uint64_t now_ns)
{
        uint64_t age = now_ns - f->active_ns;

        if (now_ns == UINT64_MAX)
                return false;
        return age < GATE_LINGER_NS ||
               (age < GATE_LINGER_ALIVE_NS && syscall(SYS_tkill, (pid_t) f->tid, 0) == 0);
}

/* UINT64_MAX: the table is full, nobody lingers. */
void gate_files_sweep(Gate *g, uint64_t now_ns)
{
        Inos inos = {};

        if (g->n_files == 0)
                return;
        for (size_t b = 0; b < GATE_BUCKETS; b++) {
                for (GateFile *f = g->files[b]; f; f = f->next) {
                        if (f->waiters || f->n_resolving || f->scan || !f->gated)
                                continue;
                        if (is_expected(f, now_ns))
                                continue;
                        /* Nobody came: the opener died, or it was another inode. State first, mark later. */
                        gate_write_none(g, f->path_fd);
                        f->gated = false;
                }
        }
        collect_gated(g, now_ns, &inos);
        for (size_t b = 0; b < GATE_BUCKETS; b++) {
                for (GateFile *f = g->files[b], *next; f; f = next) {
                        next = f->next;
                        if (!f->waiters && !f->n_resolving && !f->scan && !f->gated &&
                            !is_on_its_way(&inos, f))
                                file_free(g, f);
                }
        }
        free(inos.ino);
}

void gate_files_free(Gate *g)
{
        for (size_t b = 0; b < GATE_BUCKETS; b++) {
                while (g->files[b]) {
                        if (g->files[b]->gated)
                                gate_write_none(g, g->files[b]->path_fd);
                        file_free(g, g->files[b]);
                }
        }
}
