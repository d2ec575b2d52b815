/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FAN_H
#define FAN_H
/*
 * The file side of the fanotify backend: whole file systems are watched, each
 * open of a regular file there waits for an answer. What the gate sees of it;
 * the parts see fan-internal.h.
 *
 *   kernel -> reader thread: no AI workload, no library: answered here, at once
 *                            a library nobody knows:     fan-library.c, a scan
 *                            an AI workload:             fan_take() on the gate's thread
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "gate.h"

typedef struct Fan Fan;
typedef struct FanCache FanCache;

int fan_new(Gate *g, const GateOptions *options, Fan **ret);
int fan_start(Fan *f); /* its threads; nothing is watched yet */
int fan_watch(Fan *f); /* marks the file systems, and those that are mounted from here on */
/* Nothing is watched any more; who waits for a library goes on. Before anything is joined. */
void fan_stop(Fan *f);
Fan *fan_free(Fan *f);

/* The gate's thread: events of AI workloads. */
void fan_take(Fan *f);

/* It runs in a mount namespace that nobody has looked into: later, on another thread. */
void fan_watch_mounts_of(Fan *f, pid_t tgid);
/* It was forked by one that has a runtime open, or what may be one: is it in its memory? */
void fan_settle_process(Fan *f, pid_t tgid, pid_t parent);

/* AG_OBJECT_LIBRARY_* and AG_OBJECT_INTERPRETER of a file, when they are known; and for the next who asks. Any thread. */
bool fan_library_known(Fan *f, int fd, uint32_t *ret_flags);
void fan_library_keep(Fan *f, int fd, uint32_t flags, uint64_t seq);
/*
 * Flags as above of what this process, perhaps gone by now, has opened of late. Waits for scans, for a second: false
 * when one was still under way then. Not the gate's thread.
 */
bool fan_library_was_opened(Fan *f, pid_t tgid, uint32_t *ret_flags);

int fan_mounts_changed_fd(const Fan *f);
uint64_t fan_heartbeat(const Fan *f); /* boot time of the reader's last turn */
FanCache *fan_cache(Fan *f);

/* ------------------------------------------------------------------- cache
 *
 * Classifications by inode, for as long as the time of its last change stays
 * what it was before the scan. That time cannot be set by anybody; where it does
 * not tell of every write (tmpfs, or a change within the same tick) nothing is
 * kept. `seq` of the gate is that time. Any thread.
 */
int fan_cache_new(FanCache **ret);
FanCache *fan_cache_free(FanCache *c);
/*
 * What the cache goes by; of the rest of `ret` nothing is promised. The first asks no server. The second costs less and
 * is for the reader's files: they lie on local file systems, and the kernel has opened them for it.
 */
int fan_stat(int fd, struct stat *ret);
int fan_stat_local(int fd, struct stat *ret);
uint64_t fan_change_of(const struct stat *st); /* nanoseconds */
int fan_cache_stamp(int fd, uint64_t *ret);
int fan_cache_offer(int fd, uint64_t *ret); /* the same; 1: what is found out may be kept, 0: it may not */
/* For what a file is to inference alone: a library in memory is kept as well when root alone can write it. */
int fan_cache_offer_library(int fd, uint64_t *ret);
bool fan_only_root_writes(const struct stat *st);
unsigned fan_place_of(const struct stat *st); /* 24 bits, for a table */
int fan_cache_known(FanCache *c, const struct stat *st,
                    struct ag_object *ret); /* -ENOENT, -ESTALE: written since */
int fan_cache_get(FanCache *c, int fd,
                  struct ag_object *ret); /* -ENOENT; whether it still holds is the caller's to ask */
void fan_cache_put(FanCache *c, int fd, const struct ag_object *object);
void fan_cache_forget(FanCache *c, int fd);

#endif
