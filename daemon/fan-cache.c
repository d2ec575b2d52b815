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
#include <sys/vfs.h>

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

static int look(int fd, struct statx *ret)
{
        if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_CTIME, ret) < 0)
                return -errno;
        return 0;
}

static uint64_t change_of(const struct statx *st)
{
        return (uint64_t) st->stx_ctime.tv_sec * 1000000000ULL + st->stx_ctime.tv_nsec;
}

int fan_cache_stamp(int fd, uint64_t *ret)
{
        struct statx st;
        int r = look(fd, &st);

        if (r >= 0)
                *ret = change_of(&st);
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

bool fan_only_root_writes(int fd)
{
        struct statx st;

        return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_UID | STATX_MODE, &st) == 0 &&
               st.stx_uid == 0 && !(st.stx_mode & 022);
}

int fan_cache_offer_library(int fd, uint64_t *ret)
{
        int r = fan_cache_stamp(fd, ret);

        if (r < 0)
                return r;
        return (!is_in_memory(fd) || fan_only_root_writes(fd)) && is_settled(*ret);
}

static uint64_t dev_of(const struct statx *st)
{
        return (uint64_t) st->stx_dev_major << 32 | st->stx_dev_minor;
}

static unsigned set_of(uint64_t dev, uint64_t ino)
{
        return (unsigned) ((ino ^ dev << 7) * 0x9e3779b97f4a7c15ULL >> 40) % SETS;
}

static Entry *find(FanCache *c, const struct statx *st)
{
        uint64_t dev = dev_of(st);
        Entry *set = c->entries[set_of(dev, st->stx_ino)];

        for (unsigned i = 0; i < WAYS; i++) {
                if (set[i].ino == st->stx_ino && set[i].dev == dev && set[i].object.state == AG_OBJECT_KNOWN)
                        return &set[i];
        }
        return NULL;
}

int fan_cache_get(FanCache *c, int fd, struct ag_object *ret)
{
        const Entry *e;
        struct statx st;
        int r = look(fd, &st);

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
        struct statx st;
        unsigned set;
        Entry *e;

        if (look(fd, &st) < 0)
                return;
        LOCK_SCOPE(&c->lock);
        e = find(c, &st);
        if (!e) {
                set = set_of(dev_of(&st), st.stx_ino);
                e = &c->entries[set][c->next[set]++ % WAYS];
        }
        *e = (Entry){ .dev = dev_of(&st), .ino = st.stx_ino, .object = *object };
}

void fan_cache_forget(FanCache *c, int fd)
{
        struct statx st;
        Entry *e;

        if (look(fd, &st) < 0)
                return;
        LOCK_SCOPE(&c->lock);
        e = find(c, &st);
        if (e)
                *e = (Entry){};
}
