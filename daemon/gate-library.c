/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what a mapped file is to inference, for those who look at processes.
 * Waits for a scan when the inode's storage does not know. Never the gate's own
 * thread. Owns nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fan.h"
#include "gate-internal.h"

#define LIBRARY_FLAGS (AG_OBJECT_LIBRARY_STRONG | AG_OBJECT_LIBRARY_WEAK | AG_OBJECT_INTERPRETER)

int gate_reopen(int path_fd)
{
        struct statx st;
        char path[64];
        int fd, r;

        r = gate_statx(path_fd, &st);
        if (r < 0)
                return r;
        if (!S_ISREG(st.stx_mode))
                return -EOPNOTSUPP;
        if (!gate_fs_is_local(path_fd))
                return -EOPNOTSUPP;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOATIME);
        if (fd < 0 && errno == EPERM)
                fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* A read lease is refused while somebody has the file open for writing. */
bool gate_has_writer(int fd)
{
        if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
                return true;
        (void) fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
}

int gate_offer(Gate *g, int fd, uint64_t *ret_seq, bool *ret_writer)
{
        struct ag_write first = {};
        int r;

        if (g->fan) {
                r = fan_cache_offer(fd, ret_seq);
                if (r < 0)
                        return r;
                /* Its time stamp may not tell of the next write: as good as a writer. */
                *ret_writer = r == 0 || gate_has_writer(fd);
                return 0;
        }
        /* Made, never changed: whoever is first, a write after this raises it. */
        if (bpf_map_update_elem(g->maps->writes, &fd, &first, BPF_NOEXIST) < 0 && errno != EEXIST)
                return -errno;
        r = gate_read_seq(g, fd, ret_seq);
        if (r < 0)
                return r;
        /* Sequence first, writers second. */
        *ret_writer = gate_has_writer(fd);
        return 0;
}

typedef struct LibraryScan {
        Gate *gate;
        sem_t done;
        GateJudgement judgement;
} LibraryScan;

static void on_library_scanned(ScanTask *t)
{
        LibraryScan *s = t->userdata;

        gate_judge(s->gate, t, &s->judgement);
        scan_task_free(t);
        sem_post(&s->done);
}

static int scan_and_wait(Gate *g, int fd, const char *path, const struct statx *st, GateJudgement *ret)
{
        LibraryScan s = { .gate = g };
        ScanTask *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->gate = g;
        t->fd = fd;
        t->job_fd = -EBADF;
        t->dir_fd = -EBADF;
        t->path = path ? strdup(path) : NULL;
        t->inode = (struct ag_inode_key){ .ino = st->stx_ino,
                                          .dev = AG_DEV(st->stx_dev_major, st->stx_dev_minor) };
        t->urgent = true;
        t->userdata = &s;
        t->on_done = on_library_scanned;
        sem_init(&s.done, 0, 0);
        r = scan_pool_submit(g->pool, t);
        if (r < 0)
                scan_task_free(t);
        else
                while (sem_wait(&s.done) < 0 && errno == EINTR)
                        ;
        sem_destroy(&s.done);
        GATE_COUNT(g, scans);
        *ret = s.judgement;
        return r;
}

/* ------------------------------------------------------- for who asks by himself */

typedef struct OwnScan {
        void (*on_done)(void *userdata, const Classification *c);
        void *userdata;
        int fd;
} OwnScan;

static void on_own_scanned(ScanTask *t)
{
        OwnScan *s = t->userdata;

        s->on_done(s->userdata, t->failed ? NULL : t->result);
        scan_task_free(t);
        safe_close(s->fd);
        free(s);
}

int gate_scan(Gate *g, int fd, const char *path, bool urgent,
              void (*on_done)(void *userdata, const Classification *c), void *userdata)
{
        OwnScan *s = calloc(1, sizeof(*s));
        ScanTask *t = s ? calloc(1, sizeof(*t)) : NULL;

        if (t) {
                *s = (OwnScan){ .on_done = on_done, .userdata = userdata, .fd = fd };
                t->gate = g;
                t->fd = fd;
                t->job_fd = t->dir_fd = -EBADF;
                t->path = strdup(path);
                t->urgent = urgent;
                t->userdata = s;
                t->on_done = on_own_scanned;
                if (scan_pool_submit(g->pool, t) >= 0) {
                        GATE_COUNT(g, scans);
                        return 0;
                }
                scan_task_free(t);
        }
        free(s);
        safe_close(fd);
        return -ENOBUFS;
}

int gate_classify_library(Gate *g, int path_fd, const char *path, uint32_t *ret_flags)
{
        _cleanup_close_ int fd = -EBADF;
        struct ag_object object;
        GateJudgement j;
        struct statx st;
        bool writer = true;
        uint64_t seq = 0;
        int r;

        if (g->fan && fan_library_known(g->fan, path_fd, ret_flags))
                return 0;
        if (gate_read_object(g, path_fd, &object) == 0 && gate_object_holds(g, path_fd, &object)) {
                *ret_flags = object.flags & LIBRARY_FLAGS;
                return 0;
        }
        r = gate_statx(path_fd, &st);
        if (r < 0)
                return r;
        fd = gate_reopen(path_fd);
        if (fd < 0)
                return fd;
        if (g->fan) {
                r = fan_cache_offer_library(fd, &seq);
                writer = r == 0 || gate_has_writer(fd);
        } else
                r = gate_offer(g, fd, &seq, &writer);
        if (r < 0)
                return r;
        r = scan_and_wait(g, fd, path, &st, &j);
        if (r < 0)
                return r;
        if (j.keep && !writer && g->fan)
                fan_library_keep(g->fan, fd, j.object.flags & LIBRARY_FLAGS, seq);
        else if (j.keep && !writer)
                (void) gate_write_known(g, fd, NULL, &j.object, seq);
        *ret_flags = j.object.flags & LIBRARY_FLAGS;
        return 0;
}

int gate_open_mapped(Gate *g, const struct ag_request *r)
{
        struct statx st;

        int fd = r->path_len > 0 ? gate_open_request(g, r, &st) : -ENOENT;

        return fd >= 0 ? fd : gate_open_exe(g, r, &st);
}

int gate_known(Gate *g, int path_fd, struct ag_object *ret)
{
        struct ag_object o;
        int r = gate_read_object(g, path_fd, &o);

        if (r < 0)
                return r;
        if (!gate_object_holds(g, path_fd, &o))
                return -ESTALE;
        *ret = o;
        return 0;
}

int gate_forget(Gate *g, int path_fd, const struct ag_inode_key *inode)
{
        if (inode)
                (void) bpf_map_delete_elem(g->maps->denied, inode);
        if (g->fan) {
                fan_cache_forget(fan_cache(g->fan), path_fd);
                return 0;
        }
        return bpf_map_delete_elem(g->maps->objects, &path_fd) < 0 && errno != ENOENT ? -errno : 0;
}
