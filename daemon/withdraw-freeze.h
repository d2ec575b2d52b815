/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WITHDRAW_FREEZE_H
#define WITHDRAW_FREEZE_H
/* Cgroups that stand still for a moment. Also thawed when the daemon died in between: freezer_recover(). */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FREEZER_MAX 16U

typedef struct Freezer {
        char *paths[FREEZER_MAX]; /* directories that we froze */
        size_t n;
} Freezer;

/* Freezes the cgroup of a process, unless it is ours, the root, or frozen already. */
void freezer_add(Freezer *f, pid_t pid);
/* Until no thread of them is in the kernel, or some milliseconds have passed. */
void freezer_wait(const Freezer *f);
void freezer_thaw(Freezer *f);
void freezer_recover(void);

#endif
