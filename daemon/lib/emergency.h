/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EMERGENCY_H
#define EMERGENCY_H
/*
 * Breaking the glass: until a boot time that the kernel itself checks, one
 * workload's refusals are only logged. Works on the pinned maps, so with the
 * daemon dead too. Root only, because the pins are.
 */
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#define EMERGENCY_SECONDS_MAX 86400U /* what takes longer than a day is a change of policy */

typedef struct Emergency {
        uint32_t workload;
        char name[AG_NAME_MAX];
        uint64_t until_ns; /* boot time */
} Emergency;

/* Descriptor of a pinned map: "ag_emergency". -ENOENT: nothing is pinned here. */
int emergency_open(const char *pin_dir, const char *map);

/* Number of a workload by its name; -ENOENT. */
int emergency_workload(int workloads_fd, const char *name);

int emergency_set(int emergency_fd, uint32_t workload, uint64_t seconds);
int emergency_end(int emergency_fd, uint32_t workload); /* -ENOENT: there was none */

/* Those in force, at most `max`; returns how many. */
size_t emergency_list(int emergency_fd, int workloads_fd, Emergency *ret, size_t max);

#endif
