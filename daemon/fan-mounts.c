/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which file systems are watched: every local one that holds files of
 * somebody's, as /proc/self/mountinfo names them, and those that are mounted
 * later. What the kernel shows of itself (proc, sysfs, cgroups) is not watched:
 * nothing there is a model. Remote ones are fan-remote.c's. Told by the name of
 * the type: no server is asked. Owns the list and its descriptor of the mount
 * table. Called by fan.c.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fan-internal.h"
#include "lib/log.h"
#include "lib/util-string.h"

#define WATCHED_MAX 4096U

struct FanMounts {
        Fan *fan;
        pthread_mutex_t lock; /* everything below; nothing is opened under it that the reader has to let go on */
        char *only;           /* mount points, blanks between; NULL: all */
        int fd;               /* of the mount table */
        uint64_t *seen; /* device numbers in this walk; a number is used again when its file system has gone */
        size_t n;
        size_t n_local;
        uint64_t *remote; /* those whose server was asked: not again and again, it may hang */
        size_t n_remote;
};

/* \040 and the like are how the table writes blanks. */
static void unescape(char *s)
{
        char *to = s;

        for (; *s; s++) {
                if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
                    s[3] >= '0' && s[3] <= '7') {
                        *to++ = (char) ((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
                        s += 3;
                } else
                        *to++ = *s;
        }
        *to = 0;
}

static bool is_chosen(const FanMounts *m, const char *point)
{
        size_t l = strlen(point);

        if (!m->only)
                return true;
        for (const char *p = m->only; *p;) {
                size_t n = strcspn(p, " ");

                if (n == l && strncmp(p, point, n) == 0)
                        return true;
                p += n;
                p += strspn(p, " ");
        }
        return false;
}

static bool is_among(const uint64_t *list, size_t n, uint64_t dev)
{
        for (size_t i = 0; i < n; i++) {
                if (list[i] == dev)
                        return true;
        }
        return false;
}

static int remember(uint64_t **list, size_t *n, uint64_t dev)
{
        uint64_t *p = *n < WATCHED_MAX ? reallocarray(*list, *n + 1, sizeof(*p)) : NULL;

        if (!p)
                return -ENOMEM;
        *list = p;
        p[(*n)++] = dev;
        return 0;
}

static bool is_in(const char *const *list, const char *type)
{
        for (; *list; list++) {
                if (strcmp(*list, type) == 0)
                        return true;
        }
        return false;
}

/* As gate_fs_is_local() and ag_fs_of(), by name. */
static bool is_local(const char *type)
{
        static const char *const types[] = { "ext2",     "ext3",      "ext4",    "xfs",      "btrfs",
                                             "bcachefs", "zfs",       "f2fs",    "tmpfs",    "ramfs",
                                             "rootfs",   "hugetlbfs", "overlay", "squashfs", "erofs",
                                             "iso9660",  "udf",       "vfat",    "msdos",    "exfat",
                                             "ntfs3",    "reiserfs",  "nilfs2",  "jfs",      NULL };

        return is_in(types, type);
}

static bool is_remote(const char *type)
{
        static const char *const types[] = { "nfs",      "nfs4", "cifs",    "smb3",   "9p",
                                             "ceph",     "afs",  "lustre",  "coda",   "ocfs2",
                                             "gfs2",     "gpfs", "vboxsf",  "vmhgfs", "orangefs",
                                             "virtiofs", "fuse", "fuseblk", NULL };

        return is_in(types, type) || strncmp(type, "fuse.", 5) == 0;
}

typedef struct Mount {
        uint64_t dev;
        char *point;
        const char *type;
} Mount;

/* `root`: of the process whose table it is; "" for our own. What is marked already is marked again: a number may be reused. */
static int watch(FanMounts *m, const char *root, const Mount *mount)
{
        char point[PATH_MAX + 64];
        int r;

        snprintf(point, sizeof(point), "%s%s", root, mount->point);
        if (is_remote(mount->type)) {
                if (is_among(m->remote, m->n_remote, mount->dev))
                        return 0;
                r = remember(&m->remote, &m->n_remote, mount->dev);
                if (r >= 0)
                        fan_remote_add(m->fan->remote, point);
                return r;
        }
        r = remember(&m->seen, &m->n, mount->dev);
        if (r < 0)
                return r;
        if (fanotify_mark(m->fan->group_fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD,
                          point) < 0)
                return -errno;
        m->n_local++;
        return 0;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static bool parse_line(char *line, Mount *ret)
{
        char *save = NULL, *end, *dash = strstr(line, " - ");
        char *words[5];

        if (!dash)
                return false;
        *dash = 0;
        ret->type = dash + 3;
        dash[3 + strcspn(dash + 3, " \n")] = 0;
        for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
                words[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
                if (!words[i])
                        return false;
        }
        ret->dev = (uint64_t) strtoul(words[2], &end, 10) << 32;
        if (*end != ':')
                return false;
        ret->dev |= strtoul(end + 1, NULL, 10);
        ret->point = words[4];
        unescape(ret->point);
        return true;
}

static void on_line(FanMounts *m, const char *root, char *line)
{
        Mount mount;
        int r;

        if (!parse_line(line, &mount) || is_among(m->seen, m->n, mount.dev) || !is_chosen(m, mount.point) ||
            (!is_local(mount.type) && !is_remote(mount.type)))
                return;
        r = watch(m, root, &mount);
        if (r < 0)
                log_warning_errno(r,
                                  "fanotify: the file system at %s cannot be watched: what lies there is "
                                  "not enforced",
                                  mount.point);
}

static int walk_table(FanMounts *m, const char *path, const char *root)
{
        _cleanup_fclose_ FILE *table = fopen(path, "re");
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        LOCK_SCOPE(&m->lock);

        if (!table)
                return -errno;
        m->n = m->n_local = 0;
        while (getline(&line, &room, table) > 0)
                on_line(m, root, line);
        return m->n_local > 0 ? 0 : -ENODEV;
}

/* Says that this namespace was looked into; asked for before, so that what is mounted meanwhile is asked for again. */
static void note_space(FanMounts *m, const char *proc)
{
        const uint8_t one = 1;
        char path[64];
        struct stat st;
        uint32_t number;

        snprintf(path, sizeof(path), "%s/ns/mnt", proc);
        if (stat(path, &st) < 0)
                return;
        number = (uint32_t) st.st_ino;
        (void) bpf_map_update_elem(m->fan->gate->maps->mount_spaces, &number, &one, BPF_ANY);
}

int fan_mounts_mark(FanMounts *m)
{
        note_space(m, "/proc/self");
        return walk_table(m, "/proc/self/mountinfo", "");
}

void fan_mounts_mark_of(FanMounts *m, pid_t tgid)
{
        char proc[32], table[64], root[64];

        snprintf(proc, sizeof(proc), "/proc/%d", tgid);
        snprintf(table, sizeof(table), "%s/mountinfo", proc);
        snprintf(root, sizeof(root), "%s/root", proc);
        note_space(m, proc);
        (void) walk_table(m, table, root);
}

int fan_mounts_fd(const FanMounts *m)
{
        return m->fd;
}

int fan_mounts_new(Fan *f, const char *filesystems, FanMounts **ret)
{
        FanMounts *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        m->fan = f;
        lock_init(&m->lock);
        *ret = m;
        m->fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        if (m->fd < 0)
                return -errno;
        if (filesystems && *filesystems) {
                m->only = strdup(filesystems);
                if (!m->only)
                        return -ENOMEM;
        }
        return 0;
}

FanMounts *fan_mounts_free(FanMounts *m)
{
        if (!m)
                return NULL;
        safe_close(m->fd);
        pthread_mutex_destroy(&m->lock);
        free(m->seen);
        free(m->remote);
        free(m->only);
        free(m);
        return NULL;
}
