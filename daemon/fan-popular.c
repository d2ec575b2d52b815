/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which files are opened again and again by processes that are no AI
 * workload. Those are classified in the background, so that what is clean among
 * them is never asked for again. Counts in a table without keys: two files that
 * share a place are classified a little early. Called by fan-course.c.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fan-internal.h"

#define OFTEN 3U    /* opens; a file that is opened once or twice is not worth a scan */
#define BUSY_MAX 8U /* background scans under way: what does not fit comes again */
#define LARGEST (16U << 20)

static uint16_t *place_of(Fan *f, const struct statx *st)
{
        uint64_t dev = (uint64_t) st->stx_dev_major << 32 | st->stx_dev_minor;

        return &f->popular[((st->stx_ino ^ dev << 7) * 0x9e3779b97f4a7c15ULL >> 40) % FAN_POPULAR];
}

/* A scan that could not be kept would be made again and again. */
static bool is_worth_it(int fd, const struct statx *st, uint64_t *ret_seq)
{
        return S_ISREG(st->stx_mode) && st->stx_uid == 0 && !(st->stx_mode & 022) &&
               st->stx_size <= LARGEST && gate_fs_is_local(fd) && fan_cache_offer(fd, ret_seq) > 0;
}

static void classify(Fan *f, int fd, const struct statx *st, uint64_t seq)
{
        struct ag_request r = {
                .version = AG_ABI_VERSION,
                .kind = AG_REQUEST_CLASSIFY,
                .inode = { .ino = st->stx_ino, .dev = AG_DEV(st->stx_dev_major, st->stx_dev_minor) },
                .tgid = (uint32_t) f->self,
                .tid = (uint32_t) f->self,
                .size = st->stx_size,
                .write_seq = seq,
        };
        char link[64], name[AG_PATH_MAX];
        const char *unused;
        int path_fd, dir_fd;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        path_fd = open(link, O_PATH | O_CLOEXEC);
        if (path_fd < 0)
                return;
        gate_event_name(fd, name);
        r.path_len = (uint32_t) strlen(name);
        memcpy(r.path, name, r.path_len + 1);
        dir_fd = r.path_len > 0 ? gate_open_directory((uint32_t) f->self, name, &unused) : -EBADF;
        worker_push_classify(f->gate->worker, &r, path_fd, dir_fd);
}

void fan_popular(Fan *f, int fd)
{
        uint64_t seq;
        struct statx st;
        uint16_t *n;

        if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
                  STATX_TYPE | STATX_MODE | STATX_UID | STATX_INO | STATX_SIZE, &st) < 0)
                return;
        n = place_of(f, &st);
        if (__atomic_add_fetch(n, 1, __ATOMIC_RELAXED) < OFTEN)
                return;
        if (worker_background(f->gate->worker) >= BUSY_MAX)
                return;
        __atomic_store_n(n, 0, __ATOMIC_RELAXED);
        if (is_worth_it(fd, &st, &seq))
                classify(f, fd, &st, seq);
}
