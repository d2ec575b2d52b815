/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what files are, where the kernel keeps nothing by inode. Owns the
 * table. A file that was written is not looked for: its time of change no longer
 * is the one it was classified under. Called through gate-store.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fan.h"
#include "gate-internal.h"

#define SETS 4096U /* 32768 files; a desktop maps and loads some thousands */
#define WAYS 8U

/* The kernel's clock of inodes moves once a tick, at least 100 times a second. */
#define SETTLE_NS 50000000ULL

typedef struct Entry {
        uint64_t dev, ino;
        struct ag_object object; /* write_seq: its time of change */
} Entry;

struct FanCache {
        pthread_mutex_t lock;
        Entry entries[SETS][WAYS];
        uint8_t next[SETS]; /* goes round */
};

int fan_cache_new(FanCache **ret)
{
        FanCache *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        lock_init(&c->lock);
        *ret = c;
        return 0;
}

FanCache *fan_cache_free(FanCache *c)
{
        if (c)
                pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
}

int fan_stat(int fd, struct stat *ret)
{
        struct statx st = {};

        *ret = (struct stat){};
        if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) < 0)
                return -errno;
        ret->st_dev = makedev(st.stx_dev_major, st.stx_dev_minor);
        ret->st_ino = st.stx_ino;
        ret->st_mode = st.stx_mode;
        ret->st_uid = st.stx_uid;
        ret->st_size = (off_t) st.stx_size;
        ret->st_mtim.tv_sec = st.stx_mtime.tv_sec;
        ret->st_mtim.tv_nsec = st.stx_mtime.tv_nsec;
        ret->st_ctim.tv_sec = st.stx_ctime.tv_sec;
        ret->st_ctim.tv_nsec = st.stx_ctime.tv_nsec;
        return 0;
}

/*
 * The system call itself: before Linux 6.11 statx(), and the fstat() of many a C
 * library with it, clears a page for a name that is empty.
 */
int fan_stat_local(int fd, struct stat *ret)
{
        *ret = (struct stat){};
        return syscall(SYS_fstat, fd, ret) < 0 ? -errno : 0;
}

uint64_t fan_change_of(const struct stat *st)
{
        return (uint64_t) st->st_ctim.tv_sec * 1000000000ULL + (uint64_t) st->st_ctim.tv_nsec;
}

int fan_cache_stamp(int fd, uint64_t *ret)
{
        struct stat st;
        int r = fan_stat(fd, &st);

        if (r >= 0)
                *ret = fan_change_of(&st);
        return r;
}

static bool is_in_memory(int fd)
{
        struct statfs fs;

        return fstatfs(fd, &fs) < 0 || fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC ||
               (unsigned long) fs.f_type == HUGETLBFS_MAGIC;
}

/* A change within the same tick of the clock leaves no trace. */
static bool is_settled(uint64_t change_ns)
{
        uint64_t now = realtime_usec() * 1000;

        return now > change_ns && now - change_ns > SETTLE_NS;
}

int fan_cache_offer(int fd, uint64_t *ret)
{
        int r = fan_cache_stamp(fd, ret);

        if (r < 0)
                return r;
        /* A shared mapping of a file in memory is written without a trace. */
        return !is_in_memory(fd) && is_settled(*ret);
}

bool fan_only_root_writes(const struct stat *st)
{
        return st->st_uid == 0 && !(st->st_mode & 022);
}

int fan_cache_offer_library(int fd, uint64_t *ret)
{
        struct stat st;
        int r = fan_stat(fd, &st);

        if (r < 0)
                return r;
        *ret = fan_change_of(&st);
        return (!is_in_memory(fd) || fan_only_root_writes(&st)) && is_settled(*ret);
}

unsigned fan_place_of(const struct stat *st)
{
        return (unsigned) ((st->st_ino ^ (uint64_t) st->st_dev << 7) * 0x9e3779b97f4a7c15ULL >> 40);
}

static Entry *find(FanCache *c, const struct stat *st)
{
        Entry *set = c->entries[fan_place_of(st) % SETS];

        for (unsigned i = 0; i < WAYS; i++) {
                if (set[i].ino == st->st_ino && set[i].dev == st->st_dev &&
                    set[i].object.state == AG_OBJECT_KNOWN)
                        return &set[i];
        }
        return NULL;
}

int fan_cache_known(FanCache *c, const struct stat *st, struct ag_object *ret)
{
        const Entry *e;
        LOCK_SCOPE(&c->lock);

        e = find(c, st);
        if (!e)
                return -ENOENT;
        if (e->object.write_seq != fan_change_of(st))
                return -ESTALE;
        *ret = e->object;
        return 0;
}

int fan_cache_get(FanCache *c, int fd, struct ag_object *ret)
{
        const Entry *e;
        struct stat st;
        int r = fan_stat(fd, &st);

        if (r < 0)
                return r;
        LOCK_SCOPE(&c->lock);
        e = find(c, &st);
        if (!e)
                return -ENOENT;
        *ret = e->object;
        return 0;
}

void fan_cache_put(FanCache *c, int fd, const struct ag_object *object)
{
        struct stat st;
        unsigned set;
        Entry *e;

        if (fan_stat(fd, &st) < 0)
                return;
        LOCK_SCOPE(&c->lock);
        e = find(c, &st);
        if (!e) {
                set = fan_place_of(&st) % SETS;
                e = &c->entries[set][c->next[set]++ % WAYS];
        }
        *e = (Entry){ .dev = st.st_dev, .ino = st.st_ino, .object = *object };
}

void fan_cache_forget(FanCache *c, int fd)
{
        struct stat st;
        Entry *e;

        if (fan_stat(fd, &st) < 0)
                return;
        LOCK_SCOPE(&c->lock);
        e = find(c, &st);
        if (e)
                *e = (Entry){};
}
