/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: opens the files beside a model that may hold its labels.
 * Owns: the care that takes: a name in a hostile directory may be a FIFO, a
 * device, a link elsewhere, or on a file system that hangs.
 * Must not: read them.
 * Called by: the gate's pool (privileged), aiguardctl.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
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

/* Of all snapshots of one model together. */
#define HUB_ENTRIES_MAX 1024

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

/* One more, or none if it could not be opened. Takes the descriptor. */
static size_t take(ScanSibling *to, int fd, const char *name)
{
        if (fd < 0)
                return 0;
        *to = (ScanSibling){ .fd = fd };
        (void) snprintf(to->name, sizeof(to->name), "%s", name);
        return 1;
}

static size_t open_named(int dir_fd, const char *self_name, bool follow, uint64_t *absent,
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
                n += take(&ret[n], fd, scan_sibling_names[i]);
        }
        return n;
}

/* --------------------------------------------- where else a model's files lie */

static int open_dir(int dir_fd, const char *name)
{
        const struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK,
                .resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        };
        int fd = (int) syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

        return fd < 0 ? -errno : fd;
}

/* The last part of what a link points to; nothing is followed. */
static bool link_target(int dir_fd, const char *name, char *ret, size_t size)
{
        char target[512];
        ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);
        const char *slash;

        if (n <= 0)
                return false;
        target[n] = 0;
        slash = strrchr(target, '/');
        return (size_t) snprintf(ret, size, "%s", slash ? slash + 1 : target) < size;
}

/* Is there a link to the blob in this directory, or in one below it? */
static bool has_link(int dir_fd, const char *blob, bool below, unsigned *entries_left)
{
        DIR *dir = fdopendir(dir_fd);
        char target[NAME_MAX + 1];
        bool found = false;
        struct dirent *d;

        if (!dir) {
                safe_close(dir_fd);
                return false;
        }
        while (!found && (d = readdir(dir)) && (*entries_left)-- > 1) {
                if (d->d_name[0] == '.')
                        continue;
                if (d->d_type == DT_DIR && below) {
                        int fd = open_dir(dirfd(dir), d->d_name);

                        found = fd >= 0 && has_link(fd, blob, false, entries_left);
                } else {
                        found = link_target(dirfd(dir), d->d_name, target, sizeof(target)) &&
                                strcmp(target, blob) == 0;
                }
        }
        closedir(dir);
        return found;
}

/*
 * The cache of the Hugging Face hub: models--ORG--NAME/snapshots/REVISION/config.json
 * is a link to ../../blobs/HASH, and the file that was opened is such a blob. Its
 * siblings are the blobs that the other names of its snapshot stand for.
 */
static size_t open_in_snapshot(int blobs_fd, int snapshot_fd, ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        char target[NAME_MAX + 1];
        size_t n = 0;

        for (size_t i = 0; scan_sibling_names[i] && n < SCAN_SIBLINGS_MAX; i++) {
                if (!link_target(snapshot_fd, scan_sibling_names[i], target, sizeof(target)))
                        continue;
                n += take(&ret[n], open_sibling(blobs_fd, target, false), scan_sibling_names[i]);
        }
        return n;
}

static size_t open_in_hub(int blobs_fd, const char *blob, ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        int snapshots_fd = open_dir(blobs_fd, "../snapshots");
        DIR *dir = snapshots_fd < 0 ? NULL : fdopendir(snapshots_fd);
        unsigned entries_left = HUB_ENTRIES_MAX;
        struct dirent *d;
        size_t n = 0;

        if (!dir) {
                safe_close(snapshots_fd);
                return 0;
        }
        while (n == 0 && (d = readdir(dir)) && entries_left-- > 1) {
                _cleanup_close_ int fd = -EBADF;
                int copy;

                if (d->d_name[0] == '.')
                        continue;
                fd = open_dir(dirfd(dir), d->d_name);
                copy = fd < 0 ? -EBADF : open_dir(fd, ".");
                if (copy >= 0 && has_link(copy, blob, true, &entries_left))
                        n = open_in_snapshot(blobs_fd, fd, ret);
        }
        closedir(dir);
        return n;
}

/* Beside the model there is nothing: maybe it lies where its siblings never do. */
static size_t open_elsewhere(int dir_fd, const char *self_name, ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        char proc[64], path[PATH_MAX], *last, *above;
        _cleanup_close_ int parent_fd = -EBADF;
        uint64_t absent = 0;
        ssize_t n;

        (void) snprintf(proc, sizeof(proc), "/proc/self/fd/%d", dir_fd);
        n = readlink(proc, path, sizeof(path) - 1);
        if (n <= 0)
                return 0;
        path[n] = 0;
        last = strrchr(path, '/');
        if (!last)
                return 0;
        *last++ = 0;
        above = strrchr(path, '/');
        if (strcmp(last, "blobs") == 0 && above && strncmp(above, "/models--", 9) == 0)
                return open_in_hub(dir_fd, self_name, ret);
        if (strcmp(last, "onnx") != 0)
                return 0;
        parent_fd = open_dir(dir_fd, "..");
        return parent_fd < 0 ? 0 : open_named(parent_fd, self_name, false, &absent, ret);
}

/* What TensorFlow.js and face-api.js call the document that says what the numbers of this file are. */
static bool manifest_name(const char *self_name, unsigned which, char *ret, size_t size)
{
        static const char *const endings[] = { ".json", "-weights_manifest.json" };
        const char *shard = strstr(self_name, "-shard"), *dot = strrchr(self_name, '.');
        size_t stem;

        if (shard)
                stem = (size_t) (shard - self_name);
        else if (dot && strcmp(dot, ".bin") == 0)
                stem = (size_t) (dot - self_name);
        else
                return false;
        if (which < ARRAY_SIZE(endings))
                return (size_t) snprintf(ret, size, "%.*s%s", (int) stem, self_name, endings[which]) < size;
        return which == ARRAY_SIZE(endings) && (size_t) snprintf(ret, size, "model.json") < size;
}

static size_t open_manifest(int dir_fd, const char *self_name, bool follow, ScanSibling *ret)
{
        for (unsigned i = 0; manifest_name(self_name, i, ret->name, sizeof(ret->name)); i++) {
                ret->fd = open_sibling(dir_fd, ret->name, follow);
                if (ret->fd >= 0)
                        return 1;
        }
        return 0;
}

size_t scan_siblings_open(int dir_fd, const char *self_name, bool follow, ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        uint64_t absent = 0;
        size_t n = scan_siblings_open_again(dir_fd, self_name, follow, &absent, ret);

        if (n < SCAN_SIBLINGS_MAX && dir_fd >= 0)
                n += open_manifest(dir_fd, self_name, follow, &ret[n]);
        return n;
}

size_t scan_siblings_open_again(int dir_fd, const char *self_name, bool follow, uint64_t *absent,
                                ScanSibling ret[SCAN_SIBLINGS_MAX])
{
        size_t n = open_named(dir_fd, self_name, follow, absent, ret);

        return n > 0 || dir_fd < 0 ? n : open_elsewhere(dir_fd, self_name, ret);
}

void scan_siblings_close(ScanSibling *siblings, size_t n)
{
        for (size_t i = 0; i < n; i++)
                siblings[i].fd = safe_close(siblings[i].fd);
}
