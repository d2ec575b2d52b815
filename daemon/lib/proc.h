/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROC_H
#define PROC_H
/*
 * What /proc says of a process. Everything in it may be chosen by that process:
 * lines are bounded, strings unescaped. `proc_fd` is an O_PATH descriptor of
 * /proc/PID; it keeps meaning that one process, whoever gets its number later.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_LINE_MAX 8192U

typedef struct ProcMap {
        uint64_t start;
        uint64_t end;
        uint64_t ino; /* 0: anonymous */
        uint32_t major;
        uint32_t minor;
        bool executable;
        const char *path; /* into the line; "" when there is none */
} ProcMap;

/* One line of /proc/PID/maps, without its newline. -EBADMSG. */
int proc_map_parse(char *line, ProcMap *ret);

/*
 * Calls `on_map` for each mapping; its non-zero result ends the walk and is returned.
 * -ESRCH: gone. -EFBIG: more than `max_lines`.
 */
int proc_maps_walk(int proc_fd, size_t max_lines, int (*on_map)(void *userdata, const ProcMap *map),
                   void *userdata);

int proc_open(pid_t pid); /* descriptor, or -ESRCH */

/* Nothing of its memory is left to be looked at: it has ended, whether or not its parent has noticed. */
bool proc_has_ended(pid_t pid);

/* The path in the unified hierarchy, from /proc/PID/cgroup. "" when there is none. */
int proc_cgroup(int proc_fd, char *ret, size_t size);
int proc_cgroup_parse(char *text, char *ret, size_t size);

/* Field 22 of /proc/PID/stat; and the kernel's boot time in those ticks. */
int proc_start_ticks(int proc_fd, uint64_t *ret);
uint64_t proc_ticks_from_ns(uint64_t ns);
uint64_t proc_ns_from_ticks(uint64_t ticks);
int proc_stat_parse(const char *text, uint64_t *ret_start);

int proc_uid(int proc_fd, uint32_t *ret);          /* real user */
int proc_exe(int proc_fd, char *ret, size_t size); /* as the kernel names it; -ENOENT: a kernel thread */
int proc_cwd(int proc_fd, char *ret, size_t size); /* likewise */
/*
 * Each argument with a NUL behind it, and one more at the end of the buffer; at most size - 1 bytes, gives their
 * number. The kernel shows anonymous memory only, so a page that never comes cannot hold up the reader.
 */
ssize_t proc_cmdline(int proc_fd, char *ret, size_t size);

#endif
