/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the gate's thread. Takes requests from the ring, puts openers of
 * unknown files to sleep, answers them, keeps saying that somebody is there.
 * Real-time priority and nothing that blocks: as long as it runs, openers spin
 * in the kernel for microseconds only. Owns the parts of the gate.
 */
#include "gate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fan.h"
#include "gate-internal.h"
#include "lib/event.h"
#include "lib/log.h"

#define REQUESTS_BATCH 64
#define SWEEP_NS 250000000ULL
#define STOP_NS 500000000ULL

int gate_thread_new(pthread_t *ret, void *(*run)(void *), void *userdata, const char *name, bool real_time)
{
        struct sched_param param = { .sched_priority = 1 };
        int r = pthread_create(ret, NULL, run, userdata);

        if (r != 0)
                return log_error_errno(-r, "gate: a thread cannot be started");
        (void) pthread_setname_np(*ret, name);
        if (!real_time)
                return 0;
        /* What it starts, the scanner, runs at the usual priority. */
        r = pthread_setschedparam(*ret, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
        if (r != 0)
                log_warning_errno(-r, "gate: %s has no real-time priority; holds may be late on a busy host",
                                  name);
        return 0;
}

void gate_wake(Gate *g)
{
        const uint64_t one = 1;

        (void) !write(g->wake_fd, &one, sizeof(one));
}

void gate_resolved(Gate *g, GateWaiter *w)
{
        pthread_mutex_lock(&g->done_lock);
        w->next = g->resolved;
        g->resolved = w;
        pthread_mutex_unlock(&g->done_lock);
        gate_wake(g);
}

static void refuse(Gate *g, const struct ag_request *r)
{
        uint64_t time = r->time;

        GATE_COUNT(g, unreachable);
        if (bpf_map_update_elem(g->maps->refused, &r->tid, &time, BPF_ANY) < 0)
                log_warning_errno(-errno, "gate: a hold cannot be answered");
}

static void remember_request(GateFile *f, const struct ag_request *r)
{
        f->key = r->inode;
        f->tid = r->tid;
        f->flags = r->flags;
        f->has_seq = !(r->flags & AG_REQUEST_WRITER);
        f->seq = r->write_seq;
        if (r->path_len > 0) {
                free(f->path);
                f->path = strdup(r->path);
        }
}

/* Tells those who wait in the bridge behind others that somebody works for them. */
static void gate_sign(Gate *g, uint64_t now)
{
        __atomic_store_n(&g->control->served_at, now, __ATOMIC_RELEASE);
}

/* Stage one: from here on its opener, and who else comes, sleeps. */
static void hold(Gate *g, const struct ag_request *r)
{
        struct ag_object object;
        struct statx st;
        uint64_t now = boottime_ns();
        GateFile *f;
        int fd;

        gate_sign(g, now);
        /* Its opener has surely gone: whoever has not gets the time. */
        if (now - r->time > AG_HOLD_PATIENCE * (uint64_t) g->control->hold_ms * 1000000ULL) {
                GATE_COUNT(g, late);
                return;
        }
        fd = gate_open_request(g, r, &st);
        if (fd < 0) {
                log_debug("gate: pid %u: %s is not reached: %s", r->tgid, r->path, strerror(-fd));
                refuse(g, r);
                return;
        }
        /* Classified since the request was made: the bridge sees it by itself. */
        if (!(r->flags & (AG_REQUEST_WRITER | AG_REQUEST_NO_CACHE)) &&
            gate_read_object(g, fd, &object) == 0 && gate_object_holds(g, fd, &object)) {
                safe_close(fd);
                return;
        }
        if (gate_file_get(g, fd, &st, &f) < 0) {
                refuse(g, r);
                return;
        }
        remember_request(f, r);
        if (gate_file_close(g, f) < 0)
                refuse(g, r);
}

/* Audit mode: judged in the background. Found now, while its opener is there to name it. */
static void classify(Gate *g, const struct ag_request *r)
{
        const char *name;
        struct statx st;
        int fd = gate_open_request(g, r, &st);

        if (fd < 0) {
                GATE_COUNT(g, unreachable);
                return;
        }
        worker_push_classify(g->worker, r, fd,
                             r->path_len > 0 ? gate_open_directory(r->tid, r->path, &name) : -EBADF);
}

/* Nobody is held: who opens something may be gone before it is known what it had mapped. */
static bool is_audit(Gate *g)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *p = policy_store_current(g->options.store);

        return p && p->tables->mode == POLICY_MODE_AUDIT;
}

static int on_request(void *userdata, void *data, size_t size)
{
        Gate *g = userdata;
        const struct ag_request *r;

        GATE_COUNT(g, requests);
        if (request_validate(data, size, &r) < 0)
                GATE_COUNT(g, invalid);
        else if (r->kind == AG_REQUEST_HOLD)
                hold(g, r);
        else if (r->kind == AG_REQUEST_CLASSIFY)
                classify(g, r);
        else if (r->kind == AG_REQUEST_MOUNTS && g->fan)
                fan_watch_mounts_of(g->fan, (pid_t) r->tgid);
        else if (r->kind == AG_REQUEST_PASSED)
                worker_push_passed(g->worker, r);
        else if (r->kind == AG_REQUEST_MAPPED && is_audit(g))
                worker_push_mapped(g->worker, r, gate_open_mapped(g, r));
        else if (r->kind == AG_REQUEST_RESOLVE && g->fan)
                fan_settle_process(g->fan, (pid_t) r->tgid, (pid_t) r->number);
        else
                worker_push(g->worker, r);
        return ++g->batch >= REQUESTS_BATCH ? -EAGAIN : 0;
}

/* Who spins in the bridge is let go before anybody else is looked at: its deadline is the only one there is. */
void gate_take_requests(Gate *g)
{
        gate_sign(g, boottime_ns());
        g->batch = 0;
        (void) ring_buffer__consume(g->requests);
}

static void take_done(Gate *g)
{
        GateWaiter *waiters;
        ScanTask *list;

        pthread_mutex_lock(&g->done_lock);
        list = g->done;
        g->done = NULL;
        waiters = g->resolved;
        g->resolved = NULL;
        pthread_mutex_unlock(&g->done_lock);
        while (waiters) {
                GateWaiter *w = waiters;

                waiters = w->next;
                gate_file_resolved(g, w);
                gate_take_requests(g);
        }
        while (list) {
                ScanTask *t = list;

                list = t->next;
                gate_file_scanned(g, t);
                gate_take_requests(g);
        }
}

static void beat(Gate *g)
{
        uint64_t now = boottime_ns();

        __atomic_store_n(&g->heartbeat_ns, now, __ATOMIC_RELEASE);
        if (!__atomic_load_n(&g->stopping, __ATOMIC_ACQUIRE))
                __atomic_store_n(&g->control->alive_until, now + GATE_ALIVE_NS, __ATOMIC_RELEASE);
        if (now - g->swept_ns > SWEEP_NS) {
                g->swept_ns = now;
                gate_files_sweep(g, now);
                gate_old_group_sweep(g, now);
        }
}

static void turn(Gate *g)
{
        struct pollfd fds[] = {
                { .fd = ring_buffer__epoll_fd(g->requests), .events = POLLIN },
                { .fd = g->group_fd, .events = POLLIN },
                { .fd = g->wake_fd, .events = POLLIN },
                { .fd = g->old_group_fd, .events = POLLIN },
        };
        uint64_t ignored;

        (void) poll(fds, ARRAY_SIZE(fds), GATE_TURN_MS);
        (void) !read(g->wake_fd, &ignored, sizeof(ignored));
        /* Openers in the bridge spin, those in fanotify sleep: requests first, a batch at a time. */
        gate_take_requests(g);
        gate_events_read(g);
        if (g->fan)
                fan_take(g->fan);
        take_done(g);
}

static bool is_idle(Gate *g)
{
        uint32_t key;

        return COUNTER_GET(g->counters->gate.waiting) == 0 &&
               bpf_map_get_next_key(g->maps->gated, NULL, &key) < 0;
}

static void *gate_thread(void *userdata)
{
        Gate *g = userdata;
        uint64_t finish_ns = 0;

        for (;;) {
                beat(g);
                turn(g);
                if (!__atomic_load_n(&g->finish, __ATOMIC_ACQUIRE))
                        continue;
                /* Openers between hook and fanotify get here too; then nobody is left to be let go. */
                if (finish_ns == 0)
                        finish_ns = boottime_ns() + STOP_NS;
                if (is_idle(g) || boottime_ns() > finish_ns)
                        return NULL;
        }
}

int gate_new(const GateOptions *options, Gate **ret)
{
        _cleanup_(gate_freep) Gate *g = calloc(1, sizeof(*g));
        int r;

        if (!g)
                return -ENOMEM;
        g->options = *options;
        g->maps = options->maps;
        g->control = options->control;
        g->counters = options->counters;
        g->group_fd = g->old_group_fd = -EBADF;
        lock_init(&g->done_lock);
        g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = gate_groups_open(g, options->fanotify_fds, options->n_fanotify_fds);
        if (r < 0)
                return r;
        if (g->wake_fd < 0)
                return -errno;
        g->requests = ring_buffer__new(g->maps->requests, on_request, g, NULL);
        if (!g->requests)
                return log_error_errno(-errno, "gate: the ring of requests cannot be mapped");
        r = scan_pool_new(
                        &(ScanPoolOptions){
                                        .scanner_program = options->scanner_program,
                                        .cache_path = options->scan_cache,
                                        .modelcaps_dir = options->modelcaps_dir,
                                        .seconds = options->scan_seconds,
                                        .children = options->scan_children,
                                        .delay_seconds = options->delay_seconds,
                        },
                        &g->pool);
        if (r >= 0)
                r = worker_new(g, &g->worker);
        /* Without inode storage its cache is what keeps classifications, whether files are watched or not. */
        if (r >= 0 && (options->watch_all || g->maps->objects < 0))
                r = fan_new(g, options, &g->fan);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(g);
        return 0;
}

int gate_start(Gate *g)
{
        int r;

        /* A lease that somebody breaks sends this; the default would end the daemon. */
        (void) signal(SIGIO, SIG_IGN);
        g->heartbeat_ns = boottime_ns();
        r = scan_pool_start(g->pool);
        if (r >= 0)
                r = worker_start(g->worker);
        if (r >= 0)
                r = gate_thread_new(&g->thread, gate_thread, g, "aiguard-gate", true);
        if (r < 0)
                return r;
        g->running = true;
        return g->fan ? fan_start(g->fan) : 0;
}

int gate_watch(Gate *g)
{
        return g->fan ? fan_watch(g->fan) : 0;
}

int gate_mounts_fd(const Gate *g)
{
        return g->fan ? fan_mounts_changed_fd(g->fan) : -EBADF;
}

Gate *gate_free(Gate *g)
{
        if (!g)
                return NULL;
        /* Nobody new is held; who waits for a scan is answered as unknown; then the thread may go. */
        if (g->fan)
                fan_stop(g->fan);
        if (g->worker)
                worker_stop(g->worker);
        __atomic_store_n(&g->stopping, true, __ATOMIC_RELEASE);
        __atomic_store_n(&g->control->alive_until, 0, __ATOMIC_RELEASE);
        g->pool = scan_pool_free(g->pool);
        __atomic_store_n(&g->finish, true, __ATOMIC_RELEASE);
        if (g->running) {
                gate_wake(g);
                pthread_join(g->thread, NULL);
        }
        /* Its last turn may have renewed it. */
        __atomic_store_n(&g->control->alive_until, 0, __ATOMIC_RELEASE);
        gate_files_free(g);
        g->fan = fan_free(g->fan);
        gate_groups_close(g);
        ring_buffer__free(g->requests);
        g->worker = worker_free(g->worker);
        safe_close(g->wake_fd);
        pthread_mutex_destroy(&g->done_lock);
        free(g);
        return NULL;
}

size_t gate_fanotify_fds(const Gate *g, int ret[2])
{
        int old = __atomic_load_n(&g->old_group_fd, __ATOMIC_ACQUIRE);
        size_t n = 0;

        if (old >= 0)
                ret[n++] = old;
        ret[n++] = g->group_fd;
        return n;
}

void gate_counters(Gate *g, GateCounters *ret)
{
#define GET(field) .field = COUNTER_GET(g->counters->gate.field)
        *ret = (GateCounters){
                GET(requests),
                GET(invalid),
                GET(gated),
                GET(unreachable),
                GET(late),
                GET(scans),
                GET(scan_failures),
                GET(scans_saved),
                GET(allowed),
                GET(reported),
                GET(audited),
                GET(denied),
                GET(passed),
                GET(denied_previous),
                GET(abandoned),
                GET(waiting),
                GET(marks),
                GET(background_reported),
                GET(background_audited),
                GET(seen),
                GET(dropped),
        };
#undef GET
}

uint64_t gate_denied_previous(const Gate *g)
{
        return g->denied_previous;
}

uint64_t gate_heartbeat(const Gate *g)
{
        uint64_t beat = __atomic_load_n(&g->heartbeat_ns, __ATOMIC_ACQUIRE);

        return g->fan ? MIN(beat, fan_heartbeat(g->fan)) : beat;
}
