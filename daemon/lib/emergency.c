/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads and writes ag_emergency, by descriptor. The daemon has its
 * own descriptors, aiguardctl takes them from the pins. Logs nothing: who
 * calls this owes an entry at alert.
 */
#include "lib/emergency.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/macro.h"
#include "lib/util-string.h"

static uint64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * 1000000000ULL + (uint64_t) t.tv_nsec;
}

int emergency_open(const char *pin_dir, const char *map)
{
        char path[256];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", pin_dir, map);
        fd = bpf_obj_get(path);
        return fd < 0 ? -errno : fd;
}

static int workload_name(int workloads_fd, uint32_t workload, char ret[AG_NAME_MAX])
{
        struct ag_workload_name n;

        if (bpf_map_lookup_elem(workloads_fd, &workload, &n) < 0)
                return -errno;
        n.name[AG_NAME_MAX - 1] = '\0';
        memcpy(ret, n.name, AG_NAME_MAX);
        return 0;
}

int emergency_workload(int workloads_fd, const char *name)
{
        char one[AG_NAME_MAX];

        if (!*name)
                return -ENOENT;
        /* Row 0 is what is no AI workload: nothing is refused there. */
        for (uint32_t w = AG_WORKLOAD_UNDECLARED; w < AG_WORKLOADS_MAX; w++) {
                int r = workload_name(workloads_fd, w, one);

                if (r < 0)
                        return r;
                if (streq(one, name))
                        return (int) w;
        }
        return -ENOENT;
}

int emergency_set(int emergency_fd, uint32_t workload, uint64_t seconds)
{
        uint64_t until = now_ns() + seconds * 1000000000ULL;

        if (seconds == 0 || seconds > EMERGENCY_SECONDS_MAX)
                return -ERANGE;
        return bpf_map_update_elem(emergency_fd, &workload, &until, BPF_ANY) < 0 ? -errno : 0;
}

int emergency_end(int emergency_fd, uint32_t workload)
{
        uint64_t until = 0;
        int r = 0;

        if (bpf_map_lookup_elem(emergency_fd, &workload, &until) < 0)
                return -errno;
        if (bpf_map_delete_elem(emergency_fd, &workload) < 0)
                r = -errno;
        return r < 0 ? r : until < now_ns() ? -ENOENT : 0;
}

size_t emergency_list(int emergency_fd, int workloads_fd, Emergency *ret, size_t max)
{
        uint32_t key, next;
        size_t n = 0;
        bool more = bpf_map_get_next_key(emergency_fd, NULL, &key) == 0;

        while (more && n < max) {
                uint64_t until;

                more = bpf_map_get_next_key(emergency_fd, &key, &next) == 0;
                if (bpf_map_lookup_elem(emergency_fd, &key, &until) == 0 && until > now_ns()) {
                        ret[n] = (Emergency){ .workload = key, .until_ns = until };
                        (void) workload_name(workloads_fd, key, ret[n].name);
                        n++;
                }
                key = next;
        }
        return n;
}
