/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the table of BPF objects. The one file that sees the skeletons;
 * of them only the bytes are used, since which programs and maps are loaded is
 * decided one by one. Called by the backends, read by loader.c.
 */
#include "loader-object.h"

#include <bpf/libbpf.h>

#include "aiguard.skel.h"
#include "aiguard_fan.skel.h"
#include "lib/macro.h"

static const void *lsm_elf(size_t *ret_size)
{
        return aiguard__elf_bytes(ret_size);
}

static const void *fan_elf(size_t *ret_size)
{
        return aiguard_fan__elf_bytes(ret_size);
}

static const char *const lsm_required[] = { "/file_open", "/mmap_file", "/task_alloc" };
static const char *const lsm_unused[] = { NULL };

const LoaderObject loader_object_lsm = {
        .name = "aiguard",
        .elf = lsm_elf,
        .required = lsm_required,
        .n_required = ARRAY_SIZE(lsm_required),
        .unused_maps = lsm_unused,
        .subjects = "ag_subjects",
        .resolved = "ag_resolved",
        .links_survive = true,
};

/* Inode storage of a kernel that does not run the BPF LSM lies in other modules' memory: never made, never asked. */
static const char *const fan_required[] = { "cgroup/dev", "/sched_process_fork", "/sched_process_exec" };
static const char *const fan_unused[] = { "ag_subjects", "ag_resolved", "ag_writes", "ag_objects",
                                          "ag_quota",    "ag_refused",  NULL };

const LoaderObject loader_object_fan = {
        .name = "aiguard_fan",
        .elf = fan_elf,
        .required = fan_required,
        .n_required = ARRAY_SIZE(fan_required),
        .unused_maps = fan_unused,
        .subjects = "ag_processes",
        .resolved = "ag_process_resolved",
        .by_tgid = true,
        .no_inode_storage = true,
        .salt = 0x66616e, /* "fan" */
};

/* The same programs, none of which is needed: what can be attached shows what would be refused. */
const LoaderObject loader_object_observe = {
        .name = "aiguard_fan",
        .elf = fan_elf,
        .required = NULL,
        .n_required = 0,
        .unused_maps = fan_unused,
        .subjects = "ag_processes",
        .resolved = "ag_process_resolved",
        .by_tgid = true,
        .no_inode_storage = true,
        .salt = 0x66616e,
};
