/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: what /proc says, with names that processes chose to mislead its readers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "abi.h"
#include "lib/macro.h"
#include "lib/proc-fds.h"
#include "lib/proc.h"

static int parse(const char *line, ProcMap *ret)
{
        static char copy[PROC_LINE_MAX];

        snprintf(copy, sizeof(copy), "%s", line);
        return proc_map_parse(copy, ret);
}

Test(proc, a_line_of_maps)
{
        ProcMap m;

        cr_assert_eq(parse("55d0c0de1000-55d0c0de2000 r-xp 00002000 08:1f 131    /usr/lib/x y.so", &m), 0);
        cr_assert_eq(m.start, 0x55d0c0de1000);
        cr_assert_eq(m.end, 0x55d0c0de2000);
        cr_assert(m.executable);
        cr_assert_eq(m.major, 8);
        cr_assert_eq(m.minor, 0x1f);
        cr_assert_eq(m.ino, 131);
        cr_assert_str_eq(m.path, "/usr/lib/x y.so");
        cr_assert_eq(parse("7f00-7f01 rw-p 00000000 00:00 0 ", &m), 0);
        cr_assert(!m.executable);
        cr_assert_eq(m.ino, 0);
        cr_assert_str_eq(m.path, "");
        cr_assert_eq(parse("7f00-7f01 rw-p 00000000 00:00 7", &m), 0);
        cr_assert_eq(m.ino, 7);
}

Test(proc, broken_lines_of_maps_are_refused)
{
        static const char *const lines[] = {
                "",
                "-",
                "7f00",
                "7f00-7f01",
                "7f00-7f01 ",
                "7f00-7f01 r-x",
                "7f00-7f01 r-xp 0",
                "7f00-7f01 r-xp 0 8",
                "7f00-7f01 r-xp 0 8:1",
                "7f01-7f00 r-xp 0 08:01 1 x",
                "+1-2 r-xp 0 08:01 1 x",
                "fffffffffffffffff-1 r-xp 0 08:01 1 x",
                "7f00-7f01 r-xp 0 fffffffff:01 1 x",
        };
        ProcMap m;

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                cr_assert_eq(parse(lines[i], &m), -EBADMSG, "line %zu: %s", i, lines[i]);
}

Test(proc, a_name_with_brackets_does_not_move_the_start_time)
{
        const char *stat = "42 (a) 1 2 (R 3) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 2";
        uint64_t start = 0;

        cr_assert_eq(proc_stat_parse(stat, &start), 0);
        cr_assert_eq(start, 98765);
        cr_assert_eq(proc_stat_parse("42 (a", &start), -EBADMSG);
        cr_assert_eq(proc_stat_parse("42 (a) S 1", &start), -EBADMSG);
        cr_assert_eq(proc_stat_parse("", &start), -EBADMSG);
}

Test(proc, the_unified_hierarchy_is_found_among_many)
{
        char text[] = "12:pids:/x\n1:name=systemd:/a\n0::/system.slice/x.service (deleted)\n", path[64];
        char none[] = "12:pids:/x\n", longer[] = "0::/0123456789\n", tiny[8];

        cr_assert_eq(proc_cgroup_parse(text, path, sizeof(path)), 0);
        cr_assert_str_eq(path, "/system.slice/x.service");
        cr_assert_eq(proc_cgroup_parse(none, path, sizeof(path)), 0);
        cr_assert_str_eq(path, "");
        cr_assert_eq(proc_cgroup_parse(longer, tiny, sizeof(tiny)), -ENAMETOOLONG);
}

static int count_executable(void *userdata, const ProcMap *map)
{
        *(size_t *) userdata += map->executable && map->ino != 0;
        return 0;
}

static int stop_at_once(void *userdata, const ProcMap *map)
{
        return 7;
}

Test(proc, this_very_process)
{
        _cleanup_close_ int fd = proc_open(getpid());
        uint64_t ticks = 0;
        struct timespec now;
        uint32_t uid = 1;
        char exe[512];
        size_t n = 0;

        cr_assert_geq(fd, 0);
        cr_assert_eq(proc_maps_walk(fd, 100000, count_executable, &n), 0);
        cr_assert_gt(n, 3); /* the program, libc, ... */
        cr_assert_eq(proc_maps_walk(fd, 100000, stop_at_once, NULL), 7);
        cr_assert_eq(proc_maps_walk(fd, 2, count_executable, &n), -EFBIG);
        cr_assert_eq(proc_start_ticks(fd, &ticks), 0);
        clock_gettime(CLOCK_BOOTTIME, &now);
        cr_assert_leq(ticks,
                      proc_ticks_from_ns((uint64_t) now.tv_sec * 1000000000ULL + (uint64_t) now.tv_nsec));
        cr_assert_eq(proc_uid(fd, &uid), 0);
        cr_assert_eq(uid, getuid());
        cr_assert_eq(proc_exe(fd, exe, sizeof(exe)), 0);
        cr_assert_eq(exe[0], '/');
        cr_assert_eq(proc_exe(fd, exe, 3), -ENAMETOOLONG);
}

Test(proc, what_is_open)
{
        _cleanup_close_ int fd = proc_open(getpid()), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        cr_assert_geq(null, 0);
        cr_assert_eq(proc_has_device(fd, AG_DEV(1, 3)), 1);
        cr_assert_eq(proc_has_device(fd, AG_DEV(81, 0)), 0);
}

Test(proc, nobody)
{
        cr_assert_eq(proc_open(0), -ESRCH);
        cr_assert_eq(proc_open(-1), -ESRCH);
        cr_assert_eq(proc_open(0x3fffffff), -ESRCH);
}
