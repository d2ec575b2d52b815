/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: s_dev of a file, by its mount's line in /proc/self/mountinfo. Called
 * where a key of the kernel side has to be made from a path. Owns nothing.
 */
#include "mountdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "abi.h"
#include "lib/macro.h"

static int mount_id(int fd, int *ret)
{
        _cleanup_fclose_ FILE *f = NULL;
        char path[64], line[256];

        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        f = fopen(path, "re");
        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f)) {
                if (strncmp(line, "mnt_id:", 7) == 0) {
                        *ret = (int) strtol(line + 7, NULL, 10);
                        return 0;
                }
        }
        return -ENODATA;
}

int mountdev_of_fd(int fd, uint32_t *ret)
{
        _cleanup_fclose_ FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        struct stat st;
        int id = -1, r;

        r = mount_id(fd, &id);
        if (r < 0)
                return r;
        f = fopen("/proc/self/mountinfo", "re");
        if (!f)
                return -errno;
        while (getline(&line, &size, f) > 0) {
                char *p;
                unsigned long major, minor;

                /* "36 35 98:0 /root /mount ...": its number, its parent's, major:minor */
                if (strtol(line, &p, 10) != id)
                        continue;
                (void) strtol(p, &p, 10);
                major = strtoul(p, &p, 10);
                minor = *p == ':' ? strtoul(p + 1, NULL, 10) : 0;
                *ret = AG_DEV(major, minor);
                return 0;
        }
        /* A mount of another namespace: stat's number is right but for btrfs and overlayfs. */
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret = AG_DEV(major(st.st_dev), minor(st.st_dev));
        return 0;
}
