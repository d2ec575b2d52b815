/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GATE_INTERNAL_H
#define GATE_INTERNAL_H
/*
 * What the parts of the gate share. gate*.c only.
 *
 * Who may touch what: GateFile, GateWaiter and the fanotify groups belong to
 * the gate's thread. A ScanTask belongs to whoever holds it: submitter, pool,
 * then the submitter again through `on_done`. Maps are written by any thread,
 * each write being one system call on one inode.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "gate.h"
#include "lib/scan-cache.h"
#include "lib/scan-client.h"
#include "lib/scan.h"
#include "lock.h"

#define GATE_FILES_MAX 4096U /* marked at once */
#define GATE_BUCKETS 1024U
#define GATE_STALE_NS 5000000000ULL  /* an entry of ag_gated whose event has not come by then is of nobody */
#define GATE_LINGER_NS 2000000000ULL /* a mark without openers stays that long, */
#define GATE_LINGER_ALIVE_NS 30000000000ULL /* or that long while the one who asked lives */
#define GATE_ALIVE_NS 3000000000ULL
#define GATE_TURN_MS 250
#define GATE_SCAN_CHILDREN 8U

/* ------------------------------------------------------------------- scans */

/* What was found out about one file, ready to be decided upon. */
typedef struct GateJudgement {
        struct ag_object object; /* flags, model, columns */
        uint64_t micros;
        bool keep; /* may be stored */
} GateJudgement;

typedef struct ScanPool ScanPool;
typedef struct ScanTask ScanTask;

struct ScanTask {
        ScanTask *next;
        /* Filled by the submitter. */
        int fd;      /* readable; stays the submitter's until on_done */
        int dir_fd;  /* of its directory, for siblings; taken; -EBADF: none */
        bool urgent; /* somebody waits */
        struct ag_inode_key inode;
        char *path; /* as the opener named it; taken; may be NULL */
        void *userdata;
        void (*on_done)(ScanTask *t); /* on the pool's thread; may free the task */
        Gate *gate;
        /* Filled by the pool. */
        int job_fd;
        uint64_t started_ns;
        uint64_t micros;
        bool has_key; /* `key` is of what the scanner was given: */
        ScanCacheKey key;
        ScanSibling *siblings;
        size_t n_siblings;
        bool failed;             /* judged unparsable for a reason of ours: not to be kept */
        Classification *result;  /* never NULL in on_done, unless memory is short */
        GateJudgement judgement; /* filled by on_done */
};

ScanTask *scan_task_free(ScanTask *t); /* not its fd */

typedef struct ScanPoolOptions {
        const char *scanner_program;
        const char *modelcaps_dir;
        const char *cache_path; /* NULL: nothing is kept over a restart */
        unsigned seconds;
        unsigned children;
        unsigned delay_seconds;
} ScanPoolOptions;

int scan_pool_new(const ScanPoolOptions *options, ScanPool **ret);
int scan_pool_start(ScanPool *p);
ScanPool *scan_pool_free(ScanPool *p); /* every task that is left is done as failed */
DEFINE_CLEANUP(ScanPool *, scan_pool_free);
/* Takes the task. -ENOBUFS: too many wait, and the task is the caller's again. */
int scan_pool_submit(ScanPool *p, ScanTask *t);

/* -------------------------------------------------------------- the opener */

typedef struct GateWaiter {
        struct GateWaiter *next;
        int group_fd; /* that the answer goes to; borrowed */
        int fd;       /* of the event */
        uint32_t tid;
        uint64_t since_ns;
        struct ag_gated who;
        /* Asleep until it is known who it is, or what that is to it which it opens: by itself that is known already. */
        bool resolved;
        struct GateFile *file;
        struct ag_object object;
} GateWaiter;

typedef struct GateFile {
        struct GateFile *next;
        uint64_t dev, ino;       /* stat's: what the table is keyed by */
        struct ag_inode_key key; /* the kernel's, as the last request or opener had it */
        int path_fd;             /* O_PATH; keeps the inode */
        char *path;
        uint32_t tid;  /* whose root the path is below */
        uint8_t flags; /* enum ag_request_flag of the last request */
        bool has_seq;  /* `seq` is of a request that saw no writer */
        uint64_t seq;
        bool marked;
        bool gated;         /* "gated" is what the inode's storage says */
        uint64_t active_ns; /* last request, event or answer */
        ScanTask *scan;     /* under way; its fd is the first waiter's */
        uint64_t scan_since_ns;
        uint8_t scan_flags; /* flags, has_seq and seq as they were when the scan began */
        bool scan_has_seq;
        uint64_t scan_seq;
        bool rescanned;
        GateWaiter *waiters; /* for a scan */
        size_t n_resolving;  /* waiters in the worker's hands */
} GateFile;

struct Gate {
        GateOptions options;
        const LoaderMaps *maps;
        struct ag_control *control;
        ScanPool *pool;
        struct Fan *fan; /* of the fanotify backend; NULL: the kernel's hooks say who is held */

        /* The gate's thread. */
        pthread_t thread;
        bool running;
        bool stopping; /* atomic: nobody is held any more, who waits is answered as unknown */
        bool finish;   /* atomic: the pool is gone, the thread ends when nobody waits */
        int wake_fd;   /* eventfd: a scan is done, or stop */
        struct ring_buffer *requests;
        unsigned batch;   /* requests in this turn */
        int group_fd;     /* new marks go here */
        int old_group_fd; /* of an earlier run, until its openers are answered; or -EBADF */
        uint64_t old_until_ns;
        uint64_t denied_previous; /* at this start */
        GateFile *files[GATE_BUCKETS];
        size_t n_files;
        uint64_t swept_ns;

        pthread_mutex_t done_lock; /* the two below */
        ScanTask *done;
        GateWaiter *resolved;

        /* The worker's thread. */
        struct Worker *worker;

        uint64_t heartbeat_ns; /* atomic */
        Counters *counters;
};

#define GATE_COUNT(g, field) COUNTER_ADD((g)->counters->gate.field)
#define GATE_COUNT_DOWN(g, field) COUNTER_SUB((g)->counters->gate.field)

/* gate-open.c: finding the file a request means. Never blocks, opens nothing for reading. */
/* O_PATH descriptor of exactly that regular file, or -errno. `ret_st` is filled. */
int gate_open_request(Gate *g, const struct ag_request *r, struct statx *ret_st);
/* The same for the program that the opener runs, which may have no name any more (a memfd). */
int gate_open_exe(Gate *g, const struct ag_request *r, struct statx *ret_st);
/* gate-handle.c: O_PATH, of what has no name here any more. Not checked to be anything. -ESTALE: not there either. */
int gate_open_handle(const struct ag_inode_key *inode);
/* Directory of `path` below the root of a thread, O_PATH; cached names only. `ret_name` points into path. */
int gate_open_directory(uint32_t tid, const char *path, const char **ret_name);
int gate_statx(int fd, struct statx *ret);
bool gate_fs_is_local(int fd);

/* gate-store.c: what goes into the maps. Any thread. */
int gate_read_seq(Gate *g, int fd, uint64_t *ret); /* -ENOENT: never offered */
int gate_read_object(Gate *g, int fd, struct ag_object *ret);
bool gate_object_holds(Gate *g, int fd, const struct ag_object *object);
int gate_write_gated(Gate *g, int fd);
void gate_write_none(Gate *g, int fd);
/* -EOPNOTSUPP: what a workload may make more of is asked at each open, and not kept. */
int gate_write_known(Gate *g, int fd, const struct ag_inode_key *inode, const struct ag_object *object,
                     uint64_t seq);
/* What it is to one workload was refused: so it is to all when nobody can classify. */
void gate_keep_refusal(Gate *g, const struct ag_inode_key *inode, const struct ag_object *object);
/* A scan's result in the words of the matrix; numbers the model, asks for declarations. Pool thread. */
void gate_judge(Gate *g, const ScanTask *t, GateJudgement *ret);

/* gate-files.c: the files that are marked. Gate thread. */
/* The entry of that inode, made when there is none; takes path_fd in any case. */
int gate_file_get(Gate *g, int path_fd, const struct statx *st, GateFile **ret);
int gate_file_close(Gate *g, GateFile *f); /* marks it: openers go to sleep */
/* These take the waiter, or the task. Answered now, or after a scan: */
void gate_file_wait(Gate *g, GateFile *f, GateWaiter *w);
void gate_file_unknown(Gate *g, GateWaiter *w, const char *path); /* nothing can be found out */
void gate_file_scanned(Gate *g, ScanTask *t);
void gate_file_resolved(Gate *g, GateWaiter *w);
void gate_files_sweep(Gate *g, uint64_t now_ns);
void gate_files_free(Gate *g);

/* gate-fanotify.c: groups, events, answers. Gate thread. */
int gate_groups_open(Gate *g, const int *old, size_t n_old); /* takes the descriptors */
void gate_groups_close(Gate *g);
void gate_events_read(Gate *g);
void gate_answer(Gate *g, GateWaiter *w, bool allow); /* takes the waiter */
void gate_old_group_sweep(Gate *g, uint64_t now_ns);
/* The entry of the file of an event, with its path. */
int gate_find_file(Gate *g, int fd, uint32_t tid, GateFile **ret);
void gate_event_name(int fd, char ret[AG_PATH_MAX]); /* the path behind the descriptor of an event */
int gate_respond(int group_fd, int fd, bool allow);

/* gate-answer.c: the verdict, natively. Any thread. */
/* Decides, and returns whether the opener may go on. Tells nobody: gate_tell() does, after the answer. */
bool gate_decide(Gate *g, const struct ag_gated *who, uint32_t tid, const struct ag_object *object,
                 struct ag_event *ret);
/* Is it AI only because it is not known yet? Then asking may change the verdict. */
bool gate_must_resolve(const struct ag_gated *who);
/* Traits, strength and workload as they are now, if that process is still there. */
void gate_refresh_who(Gate *g, struct ag_gated *who);
/* The same after its mappings were looked at: what it had open then is no doubt any more. Worker thread: waits. */
void gate_look_at_who(Gate *g, struct ag_gated *who, bool sensor);
/* The same for one that may be gone, from what it had mapped when it made this request. Waits. Worker thread. */
void gate_settle_who(Gate *g, const struct ag_request *opened, struct ag_gated *who);
/* May what its workload has read make more of it than a suspicion? */
bool gate_may_raise(Gate *g, const struct ag_object *object);
/* Makes it what it is to that workload, scripts of the opener included; `process` may be NULL. Waits. Worker thread. */
void gate_raise(Gate *g, const struct ag_gated *who, const JournalProcess *process,
                struct ag_object *object);
/* Takes the process, which may be NULL. */
void gate_tell(Gate *g, const struct ag_event *ev, uint64_t wait_us, bool held, JournalProcess *taken);
void gate_event_path(struct ag_event *ev, const char *path);
/* Of AG_REQUEST_PASSED: a hook saw the sensor's path; a device program saw its number only, so its name is looked up. */
void gate_event_sensor(const Gate *g, const struct ag_request *r, struct ag_event *ev);

/* gate-worker.c: what may take a while. */
int worker_new(Gate *g, struct Worker **ret);
int worker_start(struct Worker *w);
void worker_stop(struct Worker *w);           /* joins its thread */
struct Worker *worker_free(struct Worker *w); /* after the pool is gone */
void worker_push(struct Worker *w, const struct ag_request *r);
/* The same with the file that was mapped, so that its process need not be there. Takes the descriptor. */
void worker_push_mapped(struct Worker *w, const struct ag_request *r, int path_fd);
/* An open that passed and needs no file to be judged. */
void worker_push_passed(struct Worker *w, const struct ag_request *r);
/* Takes the descriptors; dir_fd may be -EBADF. */
void worker_push_classify(struct Worker *w, const struct ag_request *r, int path_fd, int dir_fd);
size_t worker_background(struct Worker *w); /* background scans under way */
/* Has the process of a waiter looked at, then gives the waiter back through gate_resolved(). -ENOBUFS: still the caller's. */
int worker_push_waiter(struct Worker *w, GateWaiter *waiter);

/* gate-library.c */
bool gate_has_writer(int fd); /* somebody can write it now */
/* Offers a file that the daemon found by itself: its sequence, and whether somebody can write it now. */
int gate_offer(Gate *g, int fd, uint64_t *ret_seq, bool *ret_writer);

/* gate.c */
int gate_thread_new(pthread_t *ret, void *(*run)(void *), void *userdata, const char *name, bool real_time);
void gate_take_requests(Gate *g); /* a batch; between any two other things that the gate does */
void gate_wake(Gate *g);
void gate_resolved(Gate *g, GateWaiter *w); /* any thread */

#endif
