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
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fan-internal.h"

#define OFTEN 3U    /* opens; a file that is opened once or twice is not worth a scan */
#define BUSY_MAX 8U /* background scans under way: what does not fit comes again */
#define LARGEST (16U << 20)

/* A scan that could not be kept would be made again and again. */
static bool is_worth_it(int fd, const struct stat *st, uint64_t *ret_seq)
{
        return S_ISREG(st->st_mode) && fan_only_root_writes(st) && st->st_size <= LARGEST &&
               gate_fs_is_local(fd) && fan_cache_offer(fd, ret_seq) > 0;
}

static void classify(Fan *f, int fd, const struct stat *st, uint64_t seq)
{
        struct ag_request r = {
                .version = AG_ABI_VERSION,
                .kind = AG_REQUEST_CLASSIFY,
                .inode = { .ino = st->st_ino, .dev = AG_DEV(major(st->st_dev), minor(st->st_dev)) },
                .tgid = (uint32_t) f->self,
                .tid = (uint32_t) f->self,
                .size = (uint64_t) st->st_size,
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

void fan_popular(Fan *f, int fd, const struct stat *st)
{
        uint16_t *n = &f->popular[fan_place_of(st) % FAN_POPULAR];
        uint64_t seq;

        if (__atomic_add_fetch(n, 1, __ATOMIC_RELAXED) < OFTEN)
                return;
        if (worker_background(f->gate->worker) >= BUSY_MAX)
                return;
        __atomic_store_n(n, 0, __ATOMIC_RELAXED);
        if (is_worth_it(fd, st, &seq))
                classify(f, fd, st, seq);
}
