/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads /proc/PID for the resolver, the start-up walk and tools.
 * Owns the parsing of these files and nothing else; keeps no state. Must not
 * open anything that the process names itself.
 */
#include "lib/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/macro.h"

static int proc_errno(int error)
{
        /* A process that ends while it is read answers in all of these ways. */
        return error == ENOENT || error == ESRCH || error == EIO ? -ESRCH : -error;
}

int proc_open(pid_t pid)
{
        char path[32];
        int fd;

        if (pid <= 0)
                return -ESRCH;
        snprintf(path, sizeof(path), "/proc/%d", pid);
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? proc_errno(errno) : fd;
}

/* Reads at most size - 1 bytes and terminates; gives their number. */
static ssize_t proc_read(int proc_fd, const char *name, char *ret, size_t size)
{
        _cleanup_close_ int fd = -EBADF;
        size_t n = 0;

        fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return proc_errno(errno);
        while (n < size - 1) {
                ssize_t k = read(fd, ret + n, size - 1 - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return proc_errno(errno);
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        ret[n] = '\0';
        return (ssize_t) n;
}

static int parse_number(char **p, int base, char end, uint64_t *ret)
{
        char *stop;
        unsigned long long v;

        /* strtoull would take blanks and signs. */
        if (!strchr("0123456789abcdef", **p) || **p == '\0')
                return -EBADMSG;
        errno = 0;
        v = strtoull(*p, &stop, base);
        if (errno || *stop != end)
                return -EBADMSG;
        *p = stop + 1;
        *ret = v;
        return 0;
}

int proc_map_parse(char *line, ProcMap *ret)
{
        ProcMap m = {};
        uint64_t offset, major, minor;
        char *p = line;
        size_t blank;

        /* 55d0-55d1 r-xp 00002000 08:01 131 [blanks] /usr/bin/x */
        if (parse_number(&p, 16, '-', &m.start) < 0 || parse_number(&p, 16, ' ', &m.end) < 0)
                return -EBADMSG;
        if (strnlen(p, 5) < 5 || p[4] != ' ')
                return -EBADMSG;
        m.executable = p[2] == 'x';
        p += 5;
        if (parse_number(&p, 16, ' ', &offset) < 0 || parse_number(&p, 16, ':', &major) < 0 ||
            parse_number(&p, 16, ' ', &minor) < 0)
                return -EBADMSG;
        blank = strcspn(p, " ");
        if (p[blank] == '\0') {
                /* Some kernels end the line right behind the number. */
                p[blank] = '\0';
                m.path = p + blank;
                m.ino = strtoull(p, NULL, 10);
        } else {
                if (parse_number(&p, 10, ' ', &m.ino) < 0)
                        return -EBADMSG;
                m.path = p + strspn(p, " ");
        }
        if (m.end < m.start || major > UINT32_MAX || minor > UINT32_MAX)
                return -EBADMSG;
        m.major = (uint32_t) major;
        m.minor = (uint32_t) minor;
        *ret = m;
        return 0;
}

int proc_maps_walk(int proc_fd, size_t max_lines, int (*on_map)(void *userdata, const ProcMap *map),
                   void *userdata)
{
        _cleanup_close_ int fd = -EBADF;
        char buffer[4 * PROC_LINE_MAX];
        size_t n = 0, lines = 0;

        fd = openat(proc_fd, "maps", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return proc_errno(errno);
        for (;;) {
                ssize_t k = read(fd, buffer + n, sizeof(buffer) - 1 - n);
                char *p = buffer, *end;

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return proc_errno(errno);
                if (k == 0)
                        return n > 0 ? -EBADMSG : 0;
                n += (size_t) k;
                buffer[n] = '\0';
                while ((end = memchr(p, '\n', n - (size_t) (p - buffer)))) {
                        ProcMap map;
                        int r;

                        *end = '\0';
                        if (++lines > max_lines)
                                return -EFBIG;
                        r = proc_map_parse(p, &map);
                        if (r >= 0)
                                r = on_map(userdata, &map);
                        if (r != 0)
                                return r;
                        p = end + 1;
                }
                n -= (size_t) (p - buffer);
                if (n >= PROC_LINE_MAX)
                        return -EBADMSG;
                memmove(buffer, p, n);
        }
}

int proc_cgroup_parse(char *text, char *ret, size_t size)
{
        char *save = NULL;

        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                static const char deleted[] = " (deleted)";
                size_t n;

                if (strncmp(line, "0::/", 4) != 0)
                        continue;
                line += 3;
                n = strlen(line);
                if (n >= sizeof(deleted) && strcmp(line + n - strlen(deleted), deleted) == 0)
                        n -= strlen(deleted);
                if (n >= size)
                        return -ENAMETOOLONG;
                memcpy(ret, line, n);
                ret[n] = '\0';
                return 0;
        }
        ret[0] = '\0';
        return 0;
}

int proc_cgroup(int proc_fd, char *ret, size_t size)
{
        /* A hybrid host lists a dozen hierarchies, each path at most PATH_MAX. The one we want comes last. */
        char text[16 * 1024];
        int r;

        r = (int) proc_read(proc_fd, "cgroup", text, sizeof(text));
        if (r < 0)
                return r;
        return proc_cgroup_parse(text, ret, size);
}

bool proc_has_ended(pid_t pid)
{
        _cleanup_close_ int proc_fd = proc_open(pid);
        char text[64];

        /* The first field of statm is the size; a process lets go of its memory before it becomes a zombie. */
        return proc_fd < 0 || proc_read(proc_fd, "statm", text, sizeof(text)) < 0 ||
               strncmp(text, "0 ", 2) == 0;
}

int proc_stat_parse(const char *text, uint64_t *ret_start)
{
        /* The second field is the process's name and may hold blanks and brackets: skip to the last one. */
        const char *p = strrchr(text, ')');
        char *end;
        unsigned long long v;

        if (!p || p[1] != ' ')
                return -EBADMSG;
        p += 2;
        for (unsigned field = 3; field < 22; field++) {
                p = strchr(p, ' ');
                if (!p)
                        return -EBADMSG;
                p++;
        }
        errno = 0;
        v = strtoull(p, &end, 10);
        if (errno || end == p || (*end != ' ' && *end != '\n' && *end != '\0'))
                return -EBADMSG;
        *ret_start = v;
        return 0;
}

int proc_start_ticks(int proc_fd, uint64_t *ret)
{
        char text[2048];
        int r;

        r = (int) proc_read(proc_fd, "stat", text, sizeof(text));
        if (r < 0)
                return r;
        return proc_stat_parse(text, ret);
}

uint64_t proc_ticks_from_ns(uint64_t ns)
{
        long hz = sysconf(_SC_CLK_TCK);

        return ns / (1000000000ULL / (uint64_t) (hz > 0 ? hz : 100));
}

uint64_t proc_ns_from_ticks(uint64_t ticks)
{
        long hz = sysconf(_SC_CLK_TCK);

        return ticks * (1000000000ULL / (uint64_t) (hz > 0 ? hz : 100));
}

int proc_uid(int proc_fd, uint32_t *ret)
{
        char text[4096];
        const char *p;
        unsigned uid;
        int r;

        r = (int) proc_read(proc_fd, "status", text, sizeof(text));
        if (r < 0)
                return r;
        /* "Name:" comes first and has its newlines escaped by the kernel. */
        p = strstr(text, "\nUid:\t");
        if (!p || sscanf(p, "\nUid:\t%u", &uid) != 1)
                return -EBADMSG;
        *ret = uid;
        return 0;
}

static int read_link(int proc_fd, const char *name, char *ret, size_t size)
{
        ssize_t n = readlinkat(proc_fd, name, ret, size);

        if (n < 0)
                return -errno;
        if ((size_t) n >= size)
                return -ENAMETOOLONG;
        ret[n] = '\0';
        return 0;
}

int proc_exe(int proc_fd, char *ret, size_t size)
{
        return read_link(proc_fd, "exe", ret, size);
}

int proc_cwd(int proc_fd, char *ret, size_t size)
{
        return read_link(proc_fd, "cwd", ret, size);
}

ssize_t proc_cmdline(int proc_fd, char *ret, size_t size)
{
        return proc_read(proc_fd, "cmdline", ret, size);
}
