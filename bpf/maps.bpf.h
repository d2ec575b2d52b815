/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AG_MAPS_BPF_H
#define AG_MAPS_BPF_H
/*
 * Every map of the programs. maps.bpf.c defines them (AG_MAPS_DEFINE), all
 * others see them as extern: the linker then makes one of each, shared by all.
 *
 * What each holds, who writes it, who reads it, and why it is of that kind.
 * Hashes are preallocated: sleepable programs may use no others.
 */
#include "kernel.h"
#include "abi.h"

#ifdef AG_MAPS_DEFINE
#define AG_MAP
#else
#define AG_MAP extern
#endif

#define AG_MAP_STORAGE(name, kind, value_type)        \
        AG_MAP struct {                               \
                __uint(type, kind);                   \
                __uint(map_flags, BPF_F_NO_PREALLOC); \
                __type(key, int);                     \
                __type(value, value_type);            \
        } name SEC(".maps")

#define AG_MAP_TABLE(name, kind, entries, key_type, value_type) \
        AG_MAP struct {                                         \
                __uint(type, kind);                             \
                __uint(max_entries, entries);                   \
                __type(key, key_type);                          \
                __type(value, value_type);                      \
        } name SEC(".maps")

/* For a table that one file alone has. */
#define AG_MAP_DEFINED(name, kind, entries, key_type, value_type) \
        struct {                                                  \
                __uint(type, kind);                               \
                __uint(max_entries, entries);                     \
                __type(key, key_type);                            \
                __type(value, value_type);                        \
        } name SEC(".maps")

/*
 * Who acts: workload and traits of a thread group. Writer: fork, exec, mmap and
 * open hooks. Read at every open, so absence must be the cheap answer: who is no
 * AI workload has no entry. On the leader, since a trait that one thread earns
 * binds all of them.
 */
AG_MAP_STORAGE(ag_subjects, BPF_MAP_TYPE_TASK_STORAGE, struct ag_subject);

/*
 * What the daemon found out about a thread group. Writer: the daemon, through a
 * pidfd; the hooks merge it into ag_subjects. Two maps, so that neither side
 * ever overwrites what the other has just learnt.
 */
AG_MAP_STORAGE(ag_resolved, BPF_MAP_TYPE_TASK_STORAGE, struct ag_resolved);

/*
 * How often an inode may have changed. Writer: the write hooks. Readers: open and
 * mmap hooks, and the daemon before a scan. Only inodes that were offered for
 * classification have one, so writers elsewhere on the host pay one lookup.
 */
AG_MAP_STORAGE(ag_writes, BPF_MAP_TYPE_INODE_STORAGE, struct ag_write);

/*
 * What an inode is. Writer: the daemon, by fd. Readers: open and mmap hooks. Dies
 * with the inode, so a number that is used again cannot inherit anything.
 */
AG_MAP_STORAGE(ag_objects, BPF_MAP_TYPE_INODE_STORAGE, struct ag_object);

/* Refusals by inode number. Writer: the daemon. Reader: the open hook, when nobody can classify. Pinned. */
AG_MAP_TABLE(ag_denied, BPF_MAP_TYPE_HASH, 16384, struct ag_inode_key, struct ag_denied);

/* The compiled policy, two halves. Writer: the daemon (the idle half). Reader: every decision. */
AG_MAP_TABLE(ag_matrix, BPF_MAP_TYPE_ARRAY, AG_SLOTS *AG_WORKLOADS_MAX, __u32, struct ag_row);

/*
 * The switchboard. Writer: the daemon, through a shared mapping, so that renewing
 * `alive_until` each second is a store and not a system call; the exit hook clears
 * it. Reader: all hooks.
 */
AG_MAP struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(map_flags, BPF_F_MMAPABLE);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct ag_control);
} ag_control SEC(".maps");

/* Names of workloads, by number. Writer: the daemon. Reader: aiguardctl, also with the daemon dead. */
AG_MAP_TABLE(ag_workloads, BPF_MAP_TYPE_ARRAY, AG_WORKLOADS_MAX, __u32, struct ag_workload_name);

/* Workload -> boot time until which its refusals are only logged. Writer: root's tool. Reader: decisions. */
AG_MAP_TABLE(ag_emergency, BPF_MAP_TYPE_HASH, AG_WORKLOADS_MAX, __u32, __u64);

/* What makes a workload. Writer: the daemon. Readers: exec, cgroup moves, and opens after a reload. */
AG_MAP_TABLE(ag_cgroups, BPF_MAP_TYPE_HASH, 16384, __u64, struct ag_workload_value);
AG_MAP_TABLE(ag_users, BPF_MAP_TYPE_HASH, 1024, __u32, struct ag_workload_value);
AG_MAP_TABLE(ag_exes, BPF_MAP_TYPE_HASH, 4096, struct ag_exe_key, struct ag_workload_value);

/* Sensors and accelerators, by device number: a name in /dev proves nothing. Writer: the daemon. */
AG_MAP_TABLE(ag_devices, BPF_MAP_TYPE_HASH, 1024, __u32, struct ag_device);

/* Addresses of network cameras. Writer: the daemon, at its start. Readers: connect hooks, for AI workloads only. */
AG_MAP_TABLE(ag_network_cameras, BPF_MAP_TYPE_ARRAY, AG_NETWORK_CAMERAS_MAX, __u32,
             struct ag_network_camera);

/* File suffixes that models use. Writer: the daemon. Reader: opens by interpreters. */
AG_MAP_TABLE(ag_suffixes, BPF_MAP_TYPE_HASH, 256, struct ag_suffix, __u8);

/* Grants with their end. Writer: the daemon. Reader: decisions, which check the end themselves. */
AG_MAP_TABLE(ag_consents, BPF_MAP_TYPE_HASH, 16384, struct ag_consent_key, struct ag_consent);

/* Opens that went on to fanotify. Writer: the open hook; the daemon deletes. Reader: the gate. */
AG_MAP_TABLE(ag_gated, BPF_MAP_TYPE_HASH, 8192, __u32, struct ag_gated);

/*
 * tid -> time of the request that cannot be answered by inode, since the daemon
 * did not get at that inode. Writer: the daemon. Reader: the bridge, which then
 * need not run into its deadline. LRU: an answer that came too late leaves by itself.
 */
AG_MAP_TABLE(ag_refused, BPF_MAP_TYPE_LRU_HASH, 4096, __u32, __u64);

/* Two rings: a flood of the one cannot starve the other. Writer: the hooks. Reader: the daemon. */
AG_MAP struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 4 << 20);
} ag_requests SEC(".maps");

AG_MAP struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 1 << 20);
} ag_events SEC(".maps");

/* Counters and errors. Per CPU, and still added to atomically: sleepable programs are preempted. */
AG_MAP_TABLE(ag_stats, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct ag_counters);
AG_MAP_TABLE(ag_errors, BPF_MAP_TYPE_PERCPU_ARRAY, AG_PLACE_MAX, __u32, struct ag_error);

/* Bridges under way, by workload. Writer and reader: the bridge. */
AG_MAP_TABLE(ag_quota, BPF_MAP_TYPE_ARRAY, AG_WORKLOADS_MAX, __u32, __u32);

#endif
