/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FAN_INTERNAL_H
#define FAN_INTERNAL_H
/*
 * What the parts of the fanotify backend's file side share. fan*.c only.
 *
 * The reader must not wait for anything of this process: whoever holds a lock
 * of the daemon may be in the middle of an open that only the reader lets go on.
 * So it takes the locks of this header and of fan-cache.c, under which nobody
 * opens a file, and asks BPF maps.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/fanotify.h>
#include <time.h>

#include "fan.h"
#include "gate-internal.h"

#define FAN_POPULAR 16384U
#define FAN_FDS_MAX 65536U /* the limit of open files that main.c sets */

/* An open that waits. Whoever has it answers it, once. */
typedef struct FanEvent {
        struct FanEvent *next;
        int fd;
        int group_fd;
        pid_t tgid;
        uint64_t since_ns;
} FanEvent;

/*
 * Shared with the keeper, a process that lets the host go on when this one is
 * stopped or traced. `owed`: opens of nobody's concern that the reader has taken
 * and not answered yet, a bit for each descriptor.
 */
typedef struct FanShared {
        uint64_t heartbeat_ns;
        uint64_t rescued; /* opens that the keeper had to answer */
        uint32_t owed[FAN_FDS_MAX / 32];
} FanShared;

typedef struct FanMounts FanMounts;
typedef struct FanLibraries FanLibraries;
typedef struct FanSettle FanSettle;
typedef struct FanRemote FanRemote;

/* A file on an overlay that a process was just asked about. */
typedef struct FanOverlaid {
        uint32_t tgid;
        uint64_t start_time;
        uint64_t size;
        struct timespec ctime, mtime;
        uint64_t since_ns;
} FanOverlaid;
#define FAN_OVERLAID 256U

struct Fan {
        Gate *gate;
        FanCache *cache;
        FanCache *library_cache;
        FanMounts *mounts;
        FanLibraries *libraries;
        FanSettle *settle;
        FanRemote *remote;
        FanShared *shared;
        bool watches; /* else it is only the cache, and no member below is used */
        int group_fd;
        int stop_fd; /* eventfd: wakes the reader */
        pid_t self;
        pid_t keeper;
        pthread_t reader;
        bool running;
        bool stopping; /* atomic */

        pthread_mutex_t lock; /* the list below, and nothing else */
        FanEvent *first, **last;
        size_t n_events;

        uint16_t popular[FAN_POPULAR];      /* fan-popular.c */
        FanOverlaid overlaid[FAN_OVERLAID]; /* fan-gate.c, by thread group */
        uint64_t overflows;
};

/* Once; closes its descriptor. */
void fan_answer(Fan *f, FanEvent *e, bool allow);
/* The same, yes, but for the descriptor, which the caller gets: for what nobody need wait for. */
int fan_let_go(Fan *f, FanEvent *e);
void fan_owe(Fan *f, int fd, bool owed);

/* fan-course.c: what is done with an event. Reader thread; the event is copied when it has to wait. */
void fan_event(Fan *f, FanEvent *e);
void fan_course(Fan *f, FanEvent *e, bool elf); /* the rest of the way, when its first bytes are known */
/*
 * Says to the kernel that nobody need ask for this file, until it is written or evicted. Only what root alone can write.
 * `st`: of the time when it was known to be clean.
 */
void fan_mark_clean(Fan *f, int fd, const struct stat *st);

/* fan-popular.c: counts opens by nobody; what is opened again and again is classified in the background. */
void fan_popular(Fan *f, int fd, const struct stat *st);

/* fan-who.c: who it is, as the gate wants it. False: nobody whose opens matter. `ret_opened`: it may have a
 * runtime in memory that nobody has seen there yet. Gate thread. */
bool fan_who(Fan *f, pid_t tgid, struct ag_gated *ret, bool *ret_opened);

/* fan-library.c: ELF files that nobody has classified. */
int fan_libraries_new(Fan *f, FanLibraries **ret);
int fan_libraries_start(FanLibraries *l);
FanLibraries *fan_libraries_free(FanLibraries *l);
void fan_library_read(FanLibraries *l,
                      FanEvent *e); /* takes over: reads the first bytes, then fan_course() */
void fan_library_scan(FanLibraries *l, FanEvent *e); /* takes over: answered after the scan */
bool fan_library_find(Fan *f, const struct stat *st, uint32_t *ret_flags); /* as fan_library_known() */
/* A child has open what its parent had. Any thread. */
void fan_library_inherit(Fan *f, pid_t tgid, pid_t parent);
void fan_library_on_known(FanLibraries *l, pid_t tgid,
                          uint32_t flags);                  /* AG_OBJECT_LIBRARY_* of what it opens */
void fan_libraries_sweep(FanLibraries *l, uint64_t now_ns); /* who has waited for too long goes on */

/* fan-settle.c: looks at a process a moment after it opened a runtime. A thread. */
int fan_settle_new(Fan *f, FanSettle **ret);
int fan_settle_start(FanSettle *s);
FanSettle *fan_settle_free(FanSettle *s);
/* `mounts`: first of all its file systems, at once. */
void fan_settle_push(FanSettle *s, pid_t tgid, bool mounts);

/* fan-mounts.c: which file systems are watched. */
int fan_mounts_new(Fan *f, const char *filesystems, FanMounts **ret);
FanMounts *fan_mounts_free(FanMounts *m);
void fan_mounts_mark_of(FanMounts *m, pid_t tgid); /* those of its namespace; any thread */
int fan_mounts_mark(FanMounts *m);                 /* those that came since; at least one must be watched */
int fan_mounts_fd(const FanMounts *m);             /* POLLPRI: something was mounted */

/* fan-remote.c: file systems whose bytes come from elsewhere. */
int fan_remote_new(Fan *f, FanRemote **ret);
int fan_remote_start(FanRemote *r);
FanRemote *fan_remote_free(FanRemote *r);
void fan_remote_add(FanRemote *r, const char *point);

/* fan-keeper.c */
int fan_keeper_start(Fan *f);
void fan_keeper_stop(Fan *f);

#endif
