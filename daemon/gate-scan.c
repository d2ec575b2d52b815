/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the scan pool: a thread that opens siblings, gives files to the
 * scanner's zygote, and waits for its children; a bounded number at once, who
 * waits first. It may open files (the gate may not): what it opens can itself be
 * gated, and the gate lets it pass. Owns the zygote, the tasks in its hands and
 * the cache of what was found before, by which most files need no child.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gate-internal.h"
#include "lib/log.h"
#include "lib/message-ids.h"

#define POOL_QUEUE_MAX 8192U /* who waits */
#define POOL_BACKGROUND_MAX 1024U
#define POOL_CHILDREN_MAX 16U
#define RETRY_MS 50
#define SAVE_NS (60 * 1000000000ULL)

typedef struct TaskList {
        ScanTask *first;
        ScanTask **last;
        size_t n;
} TaskList;

struct ScanPool {
        ScanPoolOptions options;
        ScanServer *server;
        ScanCache *cache; /* NULL: none */
        bool rules_known; /* and the zygote works by those of the cache */
        uint64_t saved_ns;
        pthread_t thread;
        bool running;
        int wake_fd;
        pthread_mutex_t lock; /* the two queues, stopping */
        TaskList urgent;
        TaskList background;
        bool stopping;
        /* The thread's. */
        ScanTask *active[POOL_CHILDREN_MAX];
        size_t n_active;
        uint64_t retry_ns; /* the zygote is full or gone: not before */
};

static void forget_siblings(ScanTask *t)
{
        scan_siblings_close(t->siblings, t->n_siblings);
        free(t->siblings);
        t->siblings = NULL;
        t->n_siblings = 0;
}

ScanTask *scan_task_free(ScanTask *t)
{
        if (!t)
                return NULL;
        forget_siblings(t);
        safe_close(t->dir_fd);
        safe_close(t->job_fd);
        free(t->path);
        free(t->result);
        free(t);
        return NULL;
}

static void list_init(TaskList *l)
{
        l->first = NULL;
        l->last = &l->first;
        l->n = 0;
}

static void list_push(TaskList *l, ScanTask *t)
{
        t->next = NULL;
        *l->last = t;
        l->last = &t->next;
        l->n++;
}

static ScanTask *list_pop(TaskList *l)
{
        ScanTask *t = l->first;

        if (!t)
                return NULL;
        l->first = t->next;
        if (!l->first)
                l->last = &l->first;
        l->n--;
        return t;
}

int scan_pool_new(const ScanPoolOptions *options, ScanPool **ret)
{
        _cleanup_(scan_pool_freep) ScanPool *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->options = *options;
        if (p->options.children == 0)
                p->options.children = GATE_SCAN_CHILDREN;
        p->options.children = MIN(p->options.children, POOL_CHILDREN_MAX);
        if (p->options.seconds == 0)
                p->options.seconds = 10;
        lock_init(&p->lock);
        list_init(&p->urgent);
        list_init(&p->background);
        p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (p->wake_fd < 0)
                return -errno;
        /* A delay is for tests that want to see a scan. */
        if (p->options.delay_seconds == 0)
                (void) scan_cache_new(p->options.cache_path, &p->cache);
        *ret = TAKE_PTR(p);
        return 0;
}

int scan_pool_submit(ScanPool *p, ScanTask *t)
{
        const uint64_t one = 1;

        t->job_fd = -EBADF;
        pthread_mutex_lock(&p->lock);
        if (p->stopping ||
            (t->urgent ? p->urgent.n >= POOL_QUEUE_MAX : p->background.n >= POOL_BACKGROUND_MAX)) {
                pthread_mutex_unlock(&p->lock);
                return -ENOBUFS;
        }
        list_push(t->urgent ? &p->urgent : &p->background, t);
        pthread_mutex_unlock(&p->lock);
        (void) !write(p->wake_fd, &one, sizeof(one));
        return 0;
}

static ScanTask *next_task(ScanPool *p)
{
        ScanTask *t;

        LOCK_SCOPE(&p->lock);
        t = list_pop(&p->urgent);
        return t ? t : list_pop(&p->background);
}

static void put_back(ScanPool *p, ScanTask *t)
{
        TaskList *l = t->urgent ? &p->urgent : &p->background;

        LOCK_SCOPE(&p->lock);
        t->next = l->first;
        if (!l->first)
                l->last = &t->next;
        l->first = t;
        l->n++;
}

static bool is_stopping(ScanPool *p)
{
        LOCK_SCOPE(&p->lock);
        return p->stopping;
}

/* Done: with what the child said, or for a reason of ours, unparsable. */
static void finish(ScanTask *t, const char *reason)
{
        t->micros = (boottime_ns() - t->started_ns) / 1000;
        if (!t->result)
                t->result = calloc(1, sizeof(*t->result));
        if (reason) {
                t->failed = true;
                if (t->result) {
                        *t->result = (Classification){ .version = CLASSIFICATION_VERSION,
                                                       .status = SCAN_UNPARSABLE };
                        snprintf(t->result->reason, sizeof(t->result->reason), "%s", reason);
                }
        }
        t->job_fd = safe_close(t->job_fd);
        t->dir_fd = safe_close(t->dir_fd);
        forget_siblings(t);
        t->on_done(t);
}

/* ------------------------------------------------------------------- cache */

static int digest_rules(const ScanServerOptions *options, unsigned char ret[static SCAN_CACHE_RULES_SIZE])
{
        char buffer[4096];

        return scan_rules_digest(scan_server_program(options, buffer, sizeof(buffer)),
                                 options->modelcaps_dir ? options->modelcaps_dir : MODELCAPS_DIR, ret);
}

/* The zygote has read its rules between the two looks. */
static int start_server(ScanPool *p, const ScanServerOptions *options)
{
        unsigned char before[SCAN_CACHE_RULES_SIZE], after[SCAN_CACHE_RULES_SIZE];
        bool known = p->cache && digest_rules(options, before) >= 0;
        int r;

        r = scan_server_new(options, &p->server);
        if (r < 0)
                return r;
        p->rules_known = known && digest_rules(options, after) >= 0 &&
                         memcmp(before, after, sizeof(before)) == 0;
        if (p->rules_known)
                scan_cache_set_rules(p->cache, after);
        return 0;
}

/* True: it is known what this file is, in this place, with these siblings. */
static bool look_up(ScanPool *p, ScanTask *t)
{
        Classification *found;

        t->has_key = p->rules_known &&
                     scan_cache_key(t->fd, t->path, t->siblings, t->n_siblings, &t->key) >= 0;
        if (!t->has_key)
                return false;
        found = malloc(sizeof(*found));
        if (!found || !scan_cache_get(p->cache, &t->key, found)) {
                free(found);
                return false;
        }
        t->result = found;
        GATE_COUNT(t->gate, scans_saved);
        return true;
}

/* If it still is what it was before the scanner read it, and nobody can change it. */
static void keep_found(ScanPool *p, const ScanTask *t)
{
        ScanCacheKey now;

        if (t->has_key && p->rules_known &&
            scan_cache_key(t->fd, t->path, t->siblings, t->n_siblings, &now) >= 0 &&
            memcmp(&now, &t->key, sizeof(now)) == 0)
                scan_cache_put(p->cache, &t->key, t->result);
}

static void save_cache(ScanPool *p, bool now)
{
        int r;

        if (!p->cache || (!now && boottime_ns() - p->saved_ns < SAVE_NS))
                return;
        p->saved_ns = boottime_ns();
        r = scan_cache_save(p->cache);
        if (r < 0)
                log_warning_errno(r, "gate: %s cannot be written", p->options.cache_path);
}

/* ------------------------------------------------------------------ children */

static int ensure_server(ScanPool *p)
{
        ScanServerOptions options = {
                .program = p->options.scanner_program,
                .modelcaps_dir = p->options.modelcaps_dir,
                .seconds = p->options.seconds,
                .delay_ms = p->options.delay_seconds * 1000,
        };
        int r;

        if (p->server)
                return 0;
        r = start_server(p, &options);
        if (r < 0)
                return log_error_errno(r, "gate: the scanner cannot be started");
        return 0;
}

static int open_siblings(ScanTask *t)
{
        const char *name = t->path ? strrchr(t->path, '/') : NULL;

        if (t->siblings || t->dir_fd < 0 || !name || !gate_fs_is_local(t->dir_fd))
                return 0;
        t->siblings = calloc(SCAN_SIBLINGS_MAX, sizeof(*t->siblings));
        if (!t->siblings)
                return -ENOMEM;
        t->n_siblings = scan_siblings_open(t->dir_fd, name + 1, false, t->siblings);
        return 0;
}

/* 0: a child is at work. 1: there is no need of one. */
static int submit(ScanPool *p, ScanTask *t)
{
        int r;

        r = ensure_server(p);
        if (r >= 0)
                r = open_siblings(t);
        if (r < 0)
                return r;
        if (look_up(p, t))
                return 1;
        r = scan_server_submit(p->server, t->fd, t->path ? t->path : "", t->siblings, t->n_siblings,
                               &t->job_fd);
        if (r == -EPIPE) {
                log_warning("gate: the scanner's zygote is gone, starting another");
                p->server = scan_server_free(p->server);
        }
        return r < 0 ? r : 0;
}

static void start_tasks(ScanPool *p)
{
        ScanTask *t;

        while (p->n_active < p->options.children && boottime_ns() >= p->retry_ns && (t = next_task(p))) {
                int r;

                if (t->started_ns == 0)
                        t->started_ns = boottime_ns();
                r = submit(p, t);
                if (r > 0) {
                        finish(t, NULL);
                        continue;
                }
                if (r == 0) {
                        t->started_ns = boottime_ns();
                        p->active[p->n_active++] = t;
                        continue;
                }
                if (boottime_ns() - t->started_ns > p->options.seconds * 1000000000ULL || is_stopping(p)) {
                        finish(t, "the scanner cannot be reached");
                        continue;
                }
                put_back(p, t);
                p->retry_ns = boottime_ns() + RETRY_MS * 1000000ULL;
        }
}

static uint64_t deadline_of(const ScanPool *p, const ScanTask *t)
{
        return t->started_ns + (p->options.seconds + p->options.delay_seconds + 1) * 1000000000ULL;
}

/* Takes task i out when it is done or late. */
static void settle(ScanPool *p, size_t i, bool readable, uint64_t now)
{
        ScanTask *t = p->active[i];
        const char *reason = NULL;

        if (readable) {
                t->result = calloc(1, sizeof(*t->result));
                if (t->result) {
                        int r = scan_job_finish(t->job_fd, t->result);

                        if (r < 0)
                                reason = "the scanner gave no answer";
                        else
                                keep_found(p, t);
                }
        } else if (now >= deadline_of(p, t))
                reason = "timed out";
        else
                return;
        p->active[i] = p->active[--p->n_active];
        finish(t, reason);
}

static void wait_and_settle(ScanPool *p)
{
        struct pollfd fds[POOL_CHILDREN_MAX + 1];
        uint64_t ignored;

        fds[0] = (struct pollfd){ .fd = p->wake_fd, .events = POLLIN };
        for (size_t i = 0; i < p->n_active; i++)
                fds[i + 1] = (struct pollfd){ .fd = p->active[i]->job_fd, .events = POLLIN };
        (void) poll(fds, p->n_active + 1, p->retry_ns > boottime_ns() ? RETRY_MS : 1000);
        (void) !read(p->wake_fd, &ignored, sizeof(ignored));
        /* From the end: settling moves the last one down. */
        for (size_t i = p->n_active; i-- > 0;)
                settle(p, i, fds[i + 1].revents != 0, boottime_ns());
}

static void *pool_thread(void *userdata)
{
        ScanPool *p = userdata;
        ScanTask *t;

        while (!is_stopping(p)) {
                start_tasks(p);
                wait_and_settle(p);
                if (p->n_active == 0)
                        save_cache(p, false);
        }
        while (p->n_active > 0)
                finish(p->active[--p->n_active], "the daemon stops");
        while ((t = next_task(p)))
                finish(t, "the daemon stops");
        save_cache(p, true);
        return NULL;
}

int scan_pool_start(ScanPool *p)
{
        int r;

        /* Before anything is held: a host without a scanner is told at once. */
        r = ensure_server(p);
        if (r < 0)
                return r;
        r = gate_thread_new(&p->thread, pool_thread, p, "aiguard-pool", false);
        p->running = r >= 0;
        return r;
}

ScanPool *scan_pool_free(ScanPool *p)
{
        const uint64_t one = 1;

        if (!p)
                return NULL;
        pthread_mutex_lock(&p->lock);
        p->stopping = true;
        pthread_mutex_unlock(&p->lock);
        (void) !write(p->wake_fd, &one, sizeof(one));
        if (p->running)
                pthread_join(p->thread, NULL);
        scan_server_free(p->server);
        scan_cache_free(p->cache);
        safe_close(p->wake_fd);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
}
