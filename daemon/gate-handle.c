/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: from an inode's number to a descriptor of it, where no name leads to
 * it any more: its opener is gone, and the container with it. By a file handle,
 * on the file systems whose handles are made of the number and the generation.
 * Only where nobody waits: an inode that was evicted meanwhile is read from disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate-internal.h"

#define HANDLE_INO32_GEN 1 /* FILEID_INO32_GEN of include/linux/exportfs.h */

/* Any directory of that file system that this namespace has mounted. */
static int open_file_system(uint32_t dev)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        if (!f)
                return -errno;
        while (getline(&line, &size, f) > 0) {
                unsigned major, minor;
                char point[1024];
                int fd;

                /* "36 35 98:0 /root /mount ..."; a point with an escape in it is left to another mount of the same. */
                if (sscanf(line, "%*d %*d %u:%u %*s %1023s", &major, &minor, point) !=
                                    3 || // NOLINT(cert-err34-c)
                    AG_DEV(major, minor) != dev ||
                    strchr(point, '\\'))
                        continue;
                fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
                if (fd >= 0)
                        return fd;
        }
        return -ENODEV;
}

int gate_open_handle(const struct ag_inode_key *inode)
{
        _Alignas(struct file_handle) char buffer[sizeof(struct file_handle) + 2 * sizeof(uint32_t)] = {};
        struct file_handle *h = (struct file_handle *) buffer;
        const uint32_t id[2] = { (uint32_t) inode->ino, inode->generation };
        _cleanup_close_ int mount_fd = -EBADF;
        int fd;

        if (inode->ino > UINT32_MAX)
                return -EOVERFLOW;
        mount_fd = open_file_system(inode->dev);
        if (mount_fd < 0)
                return mount_fd;
        h->handle_bytes = sizeof(id);
        h->handle_type = HANDLE_INO32_GEN;
        memcpy(h->f_handle, id, sizeof(id));
        fd = open_by_handle_at(mount_fd, h, O_PATH | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}
