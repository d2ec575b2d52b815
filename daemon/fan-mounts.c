/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: which file systems are watched: every local one that holds files of
 * somebody's, as /proc/self/mountinfo names them, and those that are mounted
 * later. What the kernel shows of itself (proc, sysfs, cgroups) is not watched:
 * nothing there is a model. Remote ones neither: the descriptor of an event is
 * opened for the reader, and a server that hangs would hang this host. Owns the
 * list and its descriptor of the mount table. Called by fan.c.
 */
#include <errno.h>
#include <fcntl.h>
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
        char *only; /* mount points, blanks between; NULL: all */
        int fd;     /* of the mount table */
        uint64_t *watched;
        size_t n;
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

static bool is_watched(const FanMounts *m, uint64_t dev)
{
        for (size_t i = 0; i < m->n; i++) {
                if (m->watched[i] == dev)
                        return true;
        }
        return false;
}

static int watch(FanMounts *m, uint64_t dev, const char *point)
{
        _cleanup_close_ int fd = open(point, O_PATH | O_CLOEXEC);
        char path[64];
        uint64_t *p;

        if (fd < 0)
                return -errno;
        if (!gate_fs_is_local(fd))
                return 0;
        p = m->n < WATCHED_MAX ? reallocarray(m->watched, m->n + 1, sizeof(*p)) : NULL;
        if (!p)
                return -ENOMEM;
        m->watched = p;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (fanotify_mark(m->fan->group_fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD,
                          path) < 0)
                return -errno;
        m->watched[m->n++] = dev;
        log_debug("fanotify: %s is watched", point);
        return 0;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static void on_line(FanMounts *m, char *line)
{
        unsigned major, minor;
        char *point = NULL, *save = NULL, *end;
        uint64_t dev = 0;
        int r;

        for (unsigned i = 0; i < 5; i++) {
                char *word = strtok_r(i == 0 ? line : NULL, " ", &save);

                if (!word)
                        return;
                if (i == 2) {
                        major = (unsigned) strtoul(word, &end, 10);
                        if (*end != ':')
                                return;
                        minor = (unsigned) strtoul(end + 1, NULL, 10);
                        dev = (uint64_t) major << 32 | minor;
                }
                point = word;
        }
        unescape(point);
        if (is_watched(m, dev) || !is_chosen(m, point))
                return;
        r = watch(m, dev, point);
        if (r < 0)
                log_warning_errno(r,
                                  "fanotify: the file system at %s cannot be watched: what lies there is "
                                  "not enforced",
                                  point);
}

int fan_mounts_mark(FanMounts *m)
{
        _cleanup_fclose_ FILE *table = fopen("/proc/self/mountinfo", "re");
        _cleanup_free_ char *line = NULL;
        size_t room = 0;

        if (!table)
                return -errno;
        while (getline(&line, &room, table) > 0)
                on_line(m, line);
        return m->n > 0 ? 0 : -ENODEV;
}

int fan_mounts_fd(const FanMounts *m)
{
        return m->fd;
}

size_t fan_mounts_watched(const FanMounts *m)
{
        return m->n;
}

int fan_mounts_new(Fan *f, const char *filesystems, FanMounts **ret)
{
        FanMounts *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        m->fan = f;
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
        free(m->watched);
        free(m->only);
        free(m);
        return NULL;
}
