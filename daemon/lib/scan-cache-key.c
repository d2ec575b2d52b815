/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: by what a state of a file is known again, and whether it may be; and
 * by what the rules are. Reads what the kernel says of descriptors and the rules
 * themselves; owns nothing. Called by the scan pool.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "lib/scan-cache.h"
#include "lib/util-string.h"

#define MAGIC_XFS 0x58465342UL
#define RULES_FILE_MAX (4U << 20)
#define PROGRAM_MAX (64U << 20)

/*
 * Those whose ctime moves with every write, shared mappings included, and whose
 * inodes keep their number. Not those in memory (a mapping is written without a
 * trace), overlays (the lower file), images that were made once (all of their
 * times are the same) and FAT.
 */
static bool keeps_times(const struct statfs *fs)
{
        switch ((unsigned long) fs->f_type) {
        case EXT4_SUPER_MAGIC:
        case MAGIC_XFS:
        case BTRFS_SUPER_MAGIC:
        case F2FS_SUPER_MAGIC:
                return true;
        default:
                return false;
        }
}

static uint64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t) t.tv_sec * 1000000000ULL + (uint64_t) t.tv_nsec;
}

/* A read lease is refused while somebody has the file open or mapped for writing. */
static bool has_writer(int fd)
{
        if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
                return true;
        (void) fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
}

static int read_state(int fd, ScanCacheKey *ret)
{
        int generation = 0;
        struct statfs fs;
        struct statx st;
        uint64_t now;

        if (fstatfs(fd, &fs) < 0 ||
            statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_SIZE | STATX_CTIME | STATX_TYPE, &st) < 0)
                return -errno;
        if (!S_ISREG(st.stx_mode) || !keeps_times(&fs))
                return -EOPNOTSUPP;
        (void) ioctl(fd, FS_IOC_GETVERSION, &generation);
        *ret = (ScanCacheKey){
                .dev = (uint64_t) st.stx_dev_major << 32 | st.stx_dev_minor,
                .ino = st.stx_ino,
                .size = st.stx_size,
                .change_ns = (uint64_t) st.stx_ctime.tv_sec * 1000000000ULL + st.stx_ctime.tv_nsec,
                .generation = (uint32_t) generation,
        };
        memcpy(&ret->fsid, &fs.f_fsid, sizeof(ret->fsid));
        now = now_ns();
        if (ret->change_ns > now || now - ret->change_ns < SCAN_CACHE_SETTLE_NS)
                return -EBUSY;
        return has_writer(fd) ? -EBUSY : 0;
}

int scan_cache_key(int fd, const char *path, const ScanSibling *siblings, size_t n_siblings,
                   ScanCacheKey *ret)
{
        crypto_generichash_state digest;
        ScanCacheKey key, sibling;
        int r;

        r = read_state(fd, &key);
        if (r < 0)
                return r;
        crypto_generichash_init(&digest, NULL, 0, sizeof(key.context));
        if (path)
                crypto_generichash_update(&digest, (const unsigned char *) path, strlen(path) + 1);
        for (size_t i = 0; i < n_siblings; i++) {
                r = read_state(siblings[i].fd, &sibling);
                if (r < 0)
                        return r;
                crypto_generichash_update(&digest, (const unsigned char *) siblings[i].name,
                                          strlen(siblings[i].name) + 1);
                crypto_generichash_update(&digest, (const unsigned char *) &sibling, sizeof(sibling));
        }
        crypto_generichash_final(&digest, key.context, sizeof(key.context));
        *ret = key;
        return 0;
}

/* ------------------------------------------------------------------- rules */

/* Name and content, each with its length, so that nothing can be moved from one to the other. */
static int digest_file(crypto_generichash_state *s, int dir_fd, const char *name, size_t max)
{
        _cleanup_free_ char *text = NULL;
        uint64_t sizes[2] = { strlen(name) };
        size_t size;
        int r;

        r = read_file_capped(dir_fd, name, max, &text, &size);
        if (r < 0)
                return r;
        sizes[1] = size;
        crypto_generichash_update(s, (const unsigned char *) sizes, sizeof(sizes));
        crypto_generichash_update(s, (const unsigned char *) name, strlen(name));
        crypto_generichash_update(s, (const unsigned char *) text, size);
        return 0;
}

static int is_rules_file(const struct dirent *d)
{
        return d->d_name[0] != '.' && endswith(d->d_name, ".yaml");
}

static int digest_directory(crypto_generichash_state *s, const char *dir)
{
        _cleanup_close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent **list = NULL;
        int n, r = 0;

        if (dir_fd < 0)
                return -errno;
        n = scandirat(dir_fd, ".", &list, is_rules_file, alphasort);
        if (n < 0)
                return -errno;
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = digest_file(s, dir_fd, list[i]->d_name, RULES_FILE_MAX);
                free(list[i]);
        }
        free(list);
        if (r < 0)
                return r;
        r = digest_file(s, dir_fd, "../runtimes.yaml", RULES_FILE_MAX);
        return r == -ENOENT ? 0 : r;
}

int scan_rules_digest(const char *program, const char *modelcaps_dir,
                      unsigned char ret[static SCAN_CACHE_RULES_SIZE])
{
        crypto_generichash_state s;
        int r;

        crypto_generichash_init(&s, NULL, 0, SCAN_CACHE_RULES_SIZE);
        r = digest_file(&s, AT_FDCWD, program, PROGRAM_MAX);
        if (r >= 0)
                r = digest_directory(&s, modelcaps_dir);
        if (r < 0)
                return r;
        crypto_generichash_final(&s, ret, SCAN_CACHE_RULES_SIZE);
        return 0;
}
