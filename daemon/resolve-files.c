/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: "is this file an inference runtime or an interpreter?", asked for
 * each executable mapping. Owns a table of earlier answers for files whose
 * inode storage cannot be used (overlays of containers), by stat. Must not
 * parse anything: gate_classify_library() asks the sandboxed scanner.
 * Called by resolve.c on the worker and the main thread.
 */
#include "resolve-files.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <pthread.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>

#define SLOTS 4096U /* a full desktop maps some 1500 different files */

/* A file that was changed within this time could change again and keep its time stamp. */
#define SETTLE_SECONDS 2

typedef struct Slot {
        uint64_t ino;
        dev_t dev;
        off_t size;
        struct timespec mtime;
        struct timespec ctime;
        uint32_t flags;
        bool used;
} Slot;

struct ResolveFiles {
        Manager *m;
        pthread_mutex_t lock;
        Slot slots[SLOTS];
};

int resolve_files_new(Manager *m, ResolveFiles **ret)
{
        ResolveFiles *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->m = m;
        pthread_mutex_init(&f->lock, NULL);
        *ret = f;
        return 0;
}

ResolveFiles *resolve_files_free(ResolveFiles *f)
{
        if (f)
                pthread_mutex_destroy(&f->lock);
        free(f);
        return NULL;
}

static Slot *slot_of(ResolveFiles *f, const struct stat *st)
{
        uint64_t h = (st->st_ino ^ ((uint64_t) st->st_dev << 32)) * 0x9e3779b97f4a7c15ULL;

        return &f->slots[(h >> 40) % SLOTS];
}

static bool slot_matches(const Slot *s, const struct stat *st)
{
        return s->used && s->ino == st->st_ino && s->dev == st->st_dev && s->size == st->st_size &&
               s->mtime.tv_sec == st->st_mtim.tv_sec && s->mtime.tv_nsec == st->st_mtim.tv_nsec &&
               s->ctime.tv_sec == st->st_ctim.tv_sec && s->ctime.tv_nsec == st->st_ctim.tv_nsec;
}

static bool remembered(ResolveFiles *f, const struct stat *st, uint32_t *ret)
{
        bool hit;

        pthread_mutex_lock(&f->lock);
        hit = slot_matches(slot_of(f, st), st);
        if (hit)
                *ret = slot_of(f, st)->flags;
        pthread_mutex_unlock(&f->lock);
        return hit;
}

/* A time stamp proves nothing where a shared mapping writes without touching it (tmpfs), nor when it is fresh. */
static bool may_remember(int path_fd, const struct stat *st)
{
        struct statfs fs;
        time_t now = time(NULL);

        return fstatfs(path_fd, &fs) >= 0 && fs.f_type != TMPFS_MAGIC &&
               now - st->st_ctim.tv_sec > SETTLE_SECONDS && now - st->st_mtim.tv_sec > SETTLE_SECONDS;
}

static void remember(ResolveFiles *f, const struct stat *st, uint32_t flags)
{
        Slot s = {
                .ino = st->st_ino,
                .dev = st->st_dev,
                .size = st->st_size,
                .mtime = st->st_mtim,
                .ctime = st->st_ctim,
                .flags = flags,
                .used = true,
        };

        pthread_mutex_lock(&f->lock);
        *slot_of(f, st) = s;
        pthread_mutex_unlock(&f->lock);
}

/* The kernel's own note on the inode, when it still holds. */
static bool stored(ResolveFiles *f, int path_fd, uint32_t *ret)
{
        const LoaderMaps *maps = manager_maps(f->m);
        struct ag_object object;
        struct ag_write write = {};

        if (maps->objects < 0) {
                if (gate_known(manager_gate(f->m), path_fd, &object) < 0)
                        return false;
                *ret = object.flags;
                return true;
        }
        if (bpf_map_lookup_elem(maps->objects, &path_fd, &object) < 0 || object.state != AG_OBJECT_KNOWN)
                return false;
        if (bpf_map_lookup_elem(maps->writes, &path_fd, &write) < 0)
                write.seq = 0;
        if (object.write_seq != write.seq)
                return false;
        *ret = object.flags;
        return true;
}

int resolve_files_flags(ResolveFiles *f, int path_fd, const char *path, bool wait, uint32_t *ret)
{
        uint32_t flags = 0;
        struct stat st;
        bool keep;
        int r;

        if (fstat(path_fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EOPNOTSUPP;
        if (stored(f, path_fd, &flags) || remembered(f, &st, &flags)) {
                *ret = flags;
                return 0;
        }
        if (!wait)
                return -EAGAIN;
        keep = may_remember(path_fd, &st);
        r = gate_classify_library(manager_gate(f->m), path_fd, path, &flags);
        if (r < 0)
                return r;
        if (keep)
                remember(f, &st, flags);
        *ret = flags;
        return 0;
}
