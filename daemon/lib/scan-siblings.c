/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: opens the files beside a model that may hold its labels.
 * Owns: the care that takes: a name in a hostile directory may be a FIFO, a
 * device, a link elsewhere, or on a file system that hangs.
 * Must not: read them.
 * Called by: the gate's pool (privileged), aiguardctl.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "lib/scan-client.h"

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xfe534d42
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#ifndef CEPH_SUPER_MAGIC
#define CEPH_SUPER_MAGIC 0x00c36400
#endif

static bool is_local(int fd)
{
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return false;
        switch ((unsigned long) fs.f_type & 0xffffffffUL) {
        case NFS_SUPER_MAGIC:
        case SMB_SUPER_MAGIC:
        case CIFS_SUPER_MAGIC:
        case SMB2_SUPER_MAGIC:
        case FUSE_SUPER_MAGIC:
        case CEPH_SUPER_MAGIC:
        case AFS_SUPER_MAGIC:
        case CODA_SUPER_MAGIC:
        case NCP_SUPER_MAGIC:
        case V9FS_MAGIC:
        case AUTOFS_SUPER_MAGIC:
        case PROC_SUPER_MAGIC:
                return false;
        default:
                return true;
        }
}

static int open_sibling(int dir_fd, const char *name, bool follow)
{
        const struct open_how how = {
                .flags = O_PATH | O_CLOEXEC,
                .resolve = RESOLVE_NO_MAGICLINKS | (follow ? 0 : RESOLVE_BENEATH),
        };
        _cleanup_close_ int path_fd = -EBADF;
        char proc[64];
        struct stat st;
        int fd;

        path_fd = (int) syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
        if (path_fd < 0)
                return -errno;
        if (fstat(path_fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_local(path_fd))
                return -EBADF;
        (void) snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
        /* Not to wait for a lease. */
        fd = open(proc, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

size_t scan_siblings_open(int dir_fd, const char *self_name, bool follow, ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        uint64_t absent = 0;

        return scan_siblings_open_again(dir_fd, self_name, follow, &absent, ret);
}

size_t scan_siblings_open_again(int dir_fd, const char *self_name, bool follow, uint64_t *absent,
                                ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        size_t n = 0;

        for (size_t i = 0; scan_sibling_names[i] && n < SCAN_SIBLINGS_MAX; i++) {
                int fd;

                if ((i < 64 && *absent & 1ULL << i) || strcmp(scan_sibling_names[i], self_name) == 0)
                        continue;
                fd = open_sibling(dir_fd, scan_sibling_names[i], follow);
                if (fd == -ENOENT && i < 64)
                        *absent |= 1ULL << i;
                if (fd < 0)
                        continue;
                ret[n] = (ScanSibling){ .fd = fd };
                (void) snprintf(ret[n].name, sizeof(ret[n].name), "%s", scan_sibling_names[i]);
                n++;
        }
        return n;
}

void scan_siblings_close(ScanSibling *siblings, size_t n)
{
        for (size_t i = 0; i < n; i++)
                siblings[i].fd = safe_close(siblings[i].fd);
}
