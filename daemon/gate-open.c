/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: from a request to a descriptor of its file. Everything here runs on
 * threads that must not block, so nothing is opened for reading, only names
 * that the kernel has in its cache are followed (the opener has just walked
 * them), and attributes are taken as they are cached: a hung FUSE or NFS mount
 * in the path, a FIFO or a device at its end catches nobody.
 *
 * No name is trusted: what is found must be the inode that was asked for, and
 * even then mark and classification go to the inode, not to the name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "gate-internal.h"

#define CACHED_TRIES 4
#define FALLBACK_FDS_MAX 256

/* Not in linux/magic.h of the oldest headers we build with. */
#define MAGIC_BCACHEFS 0xca451a4eUL
#define MAGIC_EXFAT 0x2011bab0UL
#define MAGIC_NTFS3 0x7366746eUL
#define MAGIC_UDF 0x15013346UL
#define MAGIC_XFS 0x58465342UL
#define MAGIC_ZFS 0x2fc12fc1UL

bool gate_fs_is_local(int fd)
{
        struct statfs s;

        /* No remote file system is ever asked: the kernel side sends none of them here. */
        if (fstatfs(fd, &s) < 0)
                return false;
        switch ((unsigned long) s.f_type) {
        case EXT4_SUPER_MAGIC:
        case MAGIC_XFS:
        case BTRFS_SUPER_MAGIC:
        case MAGIC_BCACHEFS:
        case MAGIC_ZFS:
        case F2FS_SUPER_MAGIC:
        case TMPFS_MAGIC:
        case RAMFS_MAGIC:
        case HUGETLBFS_MAGIC:
        case OVERLAYFS_SUPER_MAGIC:
        case SQUASHFS_MAGIC:
        case 0xe0f5e1e2UL: /* erofs */
        case ISOFS_SUPER_MAGIC:
        case MAGIC_UDF:
        case MSDOS_SUPER_MAGIC:
        case MAGIC_EXFAT:
        case MAGIC_NTFS3:
        case REISERFS_SUPER_MAGIC:
        case NILFS_SUPER_MAGIC:
        case 0x3153464aUL: /* jfs */
                return true;
        default:
                return false;
        }
}

int gate_statx(int fd, struct statx *ret)
{
        if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO | STATX_SIZE, ret) < 0)
                return -errno;
        return 0;
}

static int open_cached(int root_fd, const char *path, uint64_t flags)
{
        struct open_how how = {
                .flags = O_PATH | O_CLOEXEC | flags,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_CACHED | RESOLVE_NO_MAGICLINKS,
        };

        /* EAGAIN: a name was not cached, or somebody renamed something nearby just now. */
        for (int i = 0; i < CACHED_TRIES; i++) {
                long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

                if (fd >= 0)
                        return (int) fd;
                if (errno != EAGAIN)
                        return -errno;
        }
        return -EAGAIN;
}

static int open_root(uint32_t tid)
{
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/%u/root", tid);
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static const char *below_root(const char *path)
{
        while (*path == '/')
                path++;
        return *path ? path : ".";
}

/* Is it a regular file, was it offered, and does its number agree where the numbers of stat are the kernel's? */
static int check_identity(Gate *g, const struct ag_request *r, int fd, struct statx *ret_st)
{
        uint64_t seq;
        int q = gate_statx(fd, ret_st);

        if (q < 0)
                return q;
        if (!S_ISREG(ret_st->stx_mode))
                return -EBADFD;
        if (r->fs_magic != OVERLAYFS_SUPER_MAGIC && ret_st->stx_ino != r->inode.ino)
                return -ESTALE;
        return gate_read_seq(g, fd, &seq) < 0 ? -ESTALE : 0;
}

/* An unlinked file that its opener has open already: /proc/self/fd/N was opened again. */
static int open_by_descriptor(Gate *g, const struct ag_request *r, struct statx *ret_st)
{
        char path[64];
        const struct dirent *e;
        DIR *d;
        int found = -ENOENT;

        snprintf(path, sizeof(path), "/proc/%u/fd", r->tid);
        d = opendir(path);
        if (!d)
                return -errno;
        for (int i = 0; i < FALLBACK_FDS_MAX && (e = readdir(d));) {
                int fd;

                if (e->d_name[0] == '.')
                        continue;
                i++;
                fd = openat(dirfd(d), e->d_name, O_PATH | O_CLOEXEC);
                if (fd < 0)
                        continue;
                if (check_identity(g, r, fd, ret_st) == 0) {
                        found = fd;
                        break;
                }
                safe_close(fd);
        }
        closedir(d);
        return found;
}

/*
 * Where nobody waits, the opener may be gone already. Most have the same root as we; and because some have not, here
 * the device has to agree as well.
 */
static int open_below_our_root(Gate *g, const struct ag_request *r, struct statx *ret_st)
{
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int fd, q;

        if (root < 0)
                return -ESRCH;
        fd = open_cached(root, below_root(r->path), 0);
        if (fd < 0)
                return fd;
        q = check_identity(g, r, fd, ret_st);
        /* Btrfs and overlayfs tell stat another number: theirs are not found this way. */
        if (q == 0 && AG_DEV(ret_st->stx_dev_major, ret_st->stx_dev_minor) != r->inode.dev)
                q = -ESTALE;
        if (q < 0)
                safe_close(fd);
        return q < 0 ? q : fd;
}

/* The name was one of a container that is gone: by its number, then, on the file systems that can. */
static int open_by_number(Gate *g, const struct ag_request *r, struct statx *ret_st)
{
        int fd, q;

        if (r->fs_magic != EXT4_SUPER_MAGIC && r->fs_magic != MAGIC_XFS && r->fs_magic != F2FS_SUPER_MAGIC)
                return -EOPNOTSUPP;
        fd = gate_open_handle(&r->inode);
        if (fd < 0)
                return fd;
        q = check_identity(g, r, fd, ret_st);
        if (q < 0)
                safe_close(fd);
        return q < 0 ? q : fd;
}

static bool nobody_waits(const struct ag_request *r)
{
        return r->kind == AG_REQUEST_CLASSIFY || r->kind == AG_REQUEST_MAPPED;
}

int gate_open_request(Gate *g, const struct ag_request *r, struct statx *ret_st)
{
        int root, fd, q = -ENAMETOOLONG;

        if (r->path_len > 0 && !(r->flags & AG_REQUEST_NO_PATH)) {
                root = open_root(r->tid);
                if (root < 0) {
                        fd = nobody_waits(r) ? open_below_our_root(g, r, ret_st) : -ESRCH;
                        return fd < 0 && nobody_waits(r) ? open_by_number(g, r, ret_st) : fd;
                }
                fd = q = open_cached(root, below_root(r->path), 0);
                safe_close(root);
                if (fd >= 0) {
                        q = check_identity(g, r, fd, ret_st);
                        if (q == 0)
                                return fd;
                        safe_close(fd);
                }
        }
        fd = open_by_descriptor(g, r, ret_st);
        if (fd < 0 && nobody_waits(r))
                fd = open_by_number(g, r, ret_st);
        return fd >= 0 ? fd : q;
}

int gate_open_exe(Gate *g, const struct ag_request *r, struct statx *ret_st)
{
        char path[64];
        int fd, q;

        snprintf(path, sizeof(path), "/proc/%u/exe", r->tid);
        fd = open(path, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        q = check_identity(g, r, fd, ret_st);
        if (q < 0)
                safe_close(fd);
        return q < 0 ? q : fd;
}

int gate_open_path(pid_t pid, const char *path)
{
        int root = open_root((uint32_t) pid), fd;

        if (root < 0)
                return root;
        fd = open_cached(root, below_root(path), 0);
        safe_close(root);
        return fd;
}

int gate_open_directory(uint32_t tid, const char *path, const char **ret_name)
{
        const char *slash = strrchr(path, '/');
        char directory[AG_PATH_MAX];
        int root, fd;

        if (!slash || (size_t) (slash - path) >= sizeof(directory))
                return -EINVAL;
        memcpy(directory, path, (size_t) (slash - path));
        directory[slash - path] = 0;
        root = open_root(tid);
        if (root < 0)
                return root;
        fd = open_cached(root, below_root(directory), O_DIRECTORY);
        safe_close(root);
        if (fd >= 0)
                *ret_name = slash + 1;
        return fd;
}
