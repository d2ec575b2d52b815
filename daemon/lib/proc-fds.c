/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: walks /proc/PID/fd. The links are magic: statx() on one asks the
 * open file itself. AT_STATX_DONT_SYNC, so that a hung FUSE or NFS server
 * cannot hold the caller. No state.
 */
#include "lib/proc-fds.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "abi.h"
#include "lib/util-string.h"

int proc_fds_walk(int proc_fd, int (*on_fd)(void *userdata, const ProcFd *f), void *userdata)
{
        _cleanup_close_ int fd = -EBADF;
        struct dirent *e;
        size_t n = 0;
        int r = 0;
        DIR *dir;

        fd = openat(proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        dir = fdopendir(fd);
        if (!dir)
                return -errno;
        TAKE_FD(fd);
        while (r == 0 && n++ < PROC_FDS_MAX && (e = readdir(dir))) {
                struct statx sx;
                ProcFd f = {};
                uint64_t number;

                if (parse_u64(e->d_name, INT32_MAX, &number) < 0)
                        continue;
                if (statx(dirfd(dir), e->d_name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &sx) < 0)
                        continue;
                f.fd = (int) number;
                f.mode = sx.stx_mode;
                f.rdev = AG_DEV(sx.stx_rdev_major, sx.stx_rdev_minor);
                r = on_fd(userdata, &f);
        }
        closedir(dir);
        return r;
}

static int is_device(void *userdata, const ProcFd *f)
{
        return S_ISCHR(f->mode) && f->rdev == *(const uint32_t *) userdata;
}

int proc_has_device(int proc_fd, uint32_t rdev)
{
        return proc_fds_walk(proc_fd, is_device, &rdev);
}
