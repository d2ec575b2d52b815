/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the worker: requests that need /proc or a scan. Openers wait for some
 * of them (RESOLVE) in the kernel's bridge, so it runs at the gate's priority,
 * those first. Background classification is asked for here and finished on the
 * pool's thread. Owns its queue and the background jobs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "gate-internal.h"
#include "lib/event.h"

#define WORKER_QUEUE_MAX 4096U
#define WORKER_BYTES_MAX (4U << 20)
#define MAPPED_FDS_MAX 1024U
#define MAPPED_FIRST_MAX 512U
#define BACKGROUND_MAX 512U
#define BACKGROUND_OPENERS_MAX 64U

typedef struct Item {
        struct Item *next;
        size_t size;
        GateWaiter *waiter; /* given back when its process has been looked at */
        int path_fd;        /* of what is to be classified */
        int dir_fd;
        struct ag_gated who;     /* the opener, */
        JournalProcess *process; /* as long as it was there */
        bool judged;             /* this is what it opened, and how long that took to find out: */
        struct ag_object object;
        uint64_t micros;
        struct ag_request request; /* cut behind its path */
} Item;

/* One file that audit mode let pass, and who opened it meanwhile. */
typedef struct Background {
        struct Background *next;
        struct Worker *worker;
        int path_fd;
        int fd;
        size_t n_openers;
        Item *openers;
        struct ag_inode_key inode;
        uint64_t seq;
        bool keep;
} Background;

struct Worker {
        Gate *gate;
        pthread_t thread;
        bool running;
        pthread_mutex_t lock; /* everything below */
        pthread_cond_t cond;
        Item *urgent, **urgent_last;
        Item *normal, **normal_last;
        size_t n, bytes;
        size_t n_mapped_fds;
        bool stopping;
        Background *background;
        size_t n_background;
};

static void item_free(Item *i)
{
        safe_close(i->path_fd);
        safe_close(i->dir_fd);
        journal_process_free(i->process);
        free(i);
}

static Item *item_new(const struct ag_request *r)
{
        size_t size = offsetof(Item, request) + request_size(r);
        Item *i = calloc(1, size);

        if (!i)
                return NULL;
        i->size = size;
        i->path_fd = i->dir_fd = -EBADF;
        memcpy(&i->request, r, request_size(r));
        return i;
}

int worker_new(Gate *g, struct Worker **ret)
{
        struct Worker *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        w->gate = g;
        lock_init(&w->lock);
        pthread_cond_init(&w->cond, NULL);
        w->urgent_last = &w->urgent;
        w->normal_last = &w->normal;
        *ret = w;
        return 0;
}

/* Somebody spins in the bridge for it, or sleeps: first. */
static void enqueue(struct Worker *w, Item *i)
{
        i->next = NULL;
        if (i->request.kind == AG_REQUEST_RESOLVE) {
                *w->urgent_last = i;
                w->urgent_last = &i->next;
        } else {
                *w->normal_last = i;
                w->normal_last = &i->next;
        }
        w->n++;
        w->bytes += i->size;
        w->n_mapped_fds += i->request.kind == AG_REQUEST_MAPPED && i->path_fd >= 0;
        pthread_cond_signal(&w->cond);
}

/* The opener as the gate would have seen it. */
static void fill_opener(const struct ag_request *r, struct ag_gated *ret)
{
        *ret = (struct ag_gated){
                .inode = r->inode,
                .time = r->time,
                .start_time = r->start_time,
                .cgroup_id = r->cgroup_id,
                .tgid = r->tgid,
                .uid = r->uid,
                .traits = r->traits,
                .workload = r->workload,
                .strength = r->strength,
                .flags = r->flags,
        };
        memcpy(ret->comm, r->comm, sizeof(ret->comm));
}

/* Takes the item. Bounded: what does not fit is counted and not looked at, and stays pending or unclassified. */
static void push(struct Worker *w, Item *i)
{
        if (!i)
                return;
        pthread_mutex_lock(&w->lock);
        /* One that maps and maps is not given more than this. */
        if (i->request.kind == AG_REQUEST_MAPPED && w->n_mapped_fds >= MAPPED_FDS_MAX)
                i->path_fd = safe_close(i->path_fd);
        if (!w->stopping && w->n < WORKER_QUEUE_MAX && w->bytes + i->size <= WORKER_BYTES_MAX) {
                enqueue(w, i);
                i = NULL;
        }
        pthread_mutex_unlock(&w->lock);
        if (!i)
                return;
        GATE_COUNT(w->gate, dropped);
        item_free(i);
}

void worker_push(struct Worker *w, const struct ag_request *r)
{
        push(w, item_new(r));
}

void worker_push_mapped(struct Worker *w, const struct ag_request *r, int path_fd)
{
        Item *i = item_new(r);

        if (!i) {
                safe_close(path_fd);
                return;
        }
        i->path_fd = path_fd;
        push(w, i);
}

/* Who it was, as long as it is there to be asked. */
static void take_opener(Item *i)
{
        const struct ag_request *r = &i->request;

        i->process = journal_process_new((pid_t) r->tgid, r->start_time);
        fill_opener(r, &i->who);
}

void worker_push_passed(struct Worker *w, const struct ag_request *r)
{
        Item *i = item_new(r);

        if (!i)
                return;
        i->judged = true;
        i->object = (struct ag_object){
                .n_columns = r->n_columns,
                .flags = r->flags & AG_REQUEST_MODEL ? AG_OBJECT_MODEL : 0,
                .model = r->number, /* what a grant names: a model, or one sensor */
        };
        memcpy(i->object.columns, r->columns, sizeof(i->object.columns));
        take_opener(i);
        push(w, i);
}

void worker_push_classify(struct Worker *w, const struct ag_request *r, int path_fd, int dir_fd)
{
        Item *i = item_new(r);

        if (!i) {
                safe_close(path_fd);
                safe_close(dir_fd);
                return;
        }
        i->path_fd = path_fd;
        i->dir_fd = dir_fd;
        /* Now: it may be gone in a moment. */
        take_opener(i);
        push(w, i);
}

size_t worker_background(struct Worker *w)
{
        LOCK_SCOPE(&w->lock);
        return w->n_background;
}

int worker_push_waiter(struct Worker *w, GateWaiter *waiter)
{
        const struct ag_request r = {
                .version = AG_ABI_VERSION,
                .kind = AG_REQUEST_RESOLVE,
                .tgid = waiter->who.tgid,
                .tid = waiter->tid,
                .traits = waiter->who.traits,
                .start_time = waiter->who.start_time,
                .cgroup_id = waiter->who.cgroup_id,
        };
        Item *i = item_new(&r);

        if (!i)
                return -ENOBUFS;
        i->waiter = waiter;
        LOCK_SCOPE(&w->lock);
        if (w->stopping) {
                item_free(i);
                return -ENOBUFS;
        }
        enqueue(w, i);
        return 0;
}

static void popped(struct Worker *w, const Item *i)
{
        w->n--;
        w->bytes -= i->size;
        w->n_mapped_fds -= i->request.kind == AG_REQUEST_MAPPED && i->path_fd >= 0;
}

/* The first mapping of that process, from before the question, that nobody has looked at. */
static Item *pop_mapped(struct Worker *w, const struct ag_request *of)
{
        LOCK_SCOPE(&w->lock);
        for (Item **p = &w->normal; *p; p = &(*p)->next) {
                Item *i = *p;

                if (i->request.kind != AG_REQUEST_MAPPED || i->request.tgid != of->tgid ||
                    i->request.start_time != of->start_time ||
                    (of->map_seq && (int32_t) (i->request.map_seq - of->map_seq) > 0))
                        continue;
                *p = i->next;
                if (!i->next)
                        w->normal_last = p;
                popped(w, i);
                return i;
        }
        return NULL;
}

static Item *pop(struct Worker *w)
{
        Item *i;

        LOCK_SCOPE(&w->lock);
        while (!w->urgent && !w->normal && !w->stopping)
                pthread_cond_wait(&w->cond, &w->lock);
        if (w->stopping)
                return NULL;
        if (w->urgent) {
                i = w->urgent;
                w->urgent = i->next;
                if (!w->urgent)
                        w->urgent_last = &w->urgent;
        } else {
                i = w->normal;
                w->normal = i->next;
                if (!w->normal)
                        w->normal_last = &w->normal;
        }
        popped(w, i);
        return i;
}

/* --------------------------------------------------------------- background */

/* As the programs ask, once it is known which workload it is. */
static bool is_not_ai(Gate *g, uint16_t workload)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *p = policy_store_current(g->options.store);

        return p && workload < p->tables->n_workloads && p->tables->rows[workload].flags & AG_ROW_NOT_AI;
}

/* What enforcing would have done, told when it is known. On the worker, or who it is is known. */
static void tell_opener(Gate *g, Item *i)
{
        const struct ag_request *r = &i->request;
        const GateHandlers *h = &g->options.handlers;
        bool sensor = r->kind == AG_REQUEST_PASSED && r->flags & AG_REQUEST_SENSOR;
        struct ag_event ev;

        if (gate_must_resolve(&i->who) && !g->fan)
                gate_settle_who(g, &i->request, &i->who);
        else if (sensor && g->fan)
                gate_look_at_who(g, &i->who, true);
        if (i->who.workload == AG_WORKLOAD_OTHER || is_not_ai(g, i->who.workload))
                return;
        if (!sensor)
                gate_raise(g, &i->who, i->process, &i->object);
        /* An interpreter is AI by the act of loading a model, and by no other. */
        if (sensor && i->who.strength == AG_STRENGTH_NONE && i->who.workload == AG_WORKLOAD_UNDECLARED)
                return;
        (void) gate_decide(g, &i->who, r->tid, &i->object, &ev);
        gate_event_path(&ev, r->path);
        ev.time = r->time;
        ev.ppid = r->ppid;
        if (sensor)
                gate_event_sensor(g, r, &ev);
        if (i->object.flags & AG_OBJECT_MODEL && i->who.traits & ~(uint32_t) AG_TRAITS_PENDING &&
            h->on_traits)
                h->on_traits(h->userdata, (pid_t) r->tgid, r->start_time, AG_TRAIT_MODEL);
        gate_tell(g, &ev, i->micros, false, TAKE_PTR(i->process));
        if (sensor && h->on_sensor)
                h->on_sensor(h->userdata, &ev);
}

/* From the pool, which must not wait for what the worker waits for the pool for. Takes the item. */
static void hand_back(struct Worker *w, Item *i, const GateJudgement *j)
{
        i->judged = true;
        i->object = j->object;
        i->micros = j->micros;
        if ((gate_must_resolve(&i->who) && !w->gate->fan) || gate_may_raise(w->gate, &i->object)) {
                LOCK_SCOPE(&w->lock);
                if (!w->stopping) {
                        enqueue(w, i);
                        return;
                }
                /* Nobody resolves any more. */
        } else
                tell_opener(w->gate, i);
        item_free(i);
}

static void background_free(Background *b)
{
        while (b->openers) {
                Item *next = b->openers->next;

                item_free(b->openers);
                b->openers = next;
        }
        safe_close(b->fd);
        safe_close(b->path_fd);
        free(b);
}

static void on_background_scanned(ScanTask *t)
{
        Background *b = t->userdata, **p;
        struct Worker *w = b->worker;
        Gate *g = w->gate;

        gate_judge(g, t, &t->judgement);
        if (b->keep && t->judgement.keep)
                (void) gate_write_known(g, b->path_fd, &b->inode, &t->judgement.object, b->seq);
        pthread_mutex_lock(&w->lock);
        for (p = &w->background; *p != b; p = &(*p)->next)
                ;
        *p = b->next;
        w->n_background--;
        pthread_mutex_unlock(&w->lock);
        while (b->openers) {
                Item *i = b->openers;

                b->openers = i->next;
                hand_back(w, i, &t->judgement);
        }
        scan_task_free(t);
        background_free(b);
}

/* The same file is being judged: this opener is told with the others. Takes the item when true. */
static bool join_background(struct Worker *w, Item *i)
{
        LOCK_SCOPE(&w->lock);
        for (Background *b = w->background; b; b = b->next) {
                if (memcmp(&b->inode, &i->request.inode, sizeof(b->inode)) != 0 ||
                    b->seq != i->request.write_seq || b->n_openers >= BACKGROUND_OPENERS_MAX)
                        continue;
                i->next = b->openers;
                b->openers = i;
                b->n_openers++;
                return true;
        }
        return false;
}

static int submit_background(struct Worker *w, Background *b, Item *i)
{
        const struct ag_request *r = &i->request;
        ScanTask *t = calloc(1, sizeof(*t));
        int q;

        if (!t)
                return -ENOMEM;
        t->gate = w->gate;
        t->fd = b->fd;
        t->job_fd = -EBADF;
        t->dir_fd = TAKE_FD(i->dir_fd);
        t->path = r->path_len ? strdup(r->path) : NULL;
        t->inode = b->inode;
        t->userdata = b;
        t->on_done = on_background_scanned;
        pthread_mutex_lock(&w->lock);
        b->next = w->background;
        w->background = b;
        w->n_background++;
        pthread_mutex_unlock(&w->lock);
        q = scan_pool_submit(w->gate->pool, t);
        if (q < 0) {
                pthread_mutex_lock(&w->lock);
                w->background = b->next; /* nobody else adds to it */
                w->n_background--;
                pthread_mutex_unlock(&w->lock);
                scan_task_free(t);
                return q;
        }
        GATE_COUNT(w->gate, scans);
        return 0;
}

/* Takes the item. */
static void classify(struct Worker *w, Item *i)
{
        const struct ag_request *r = &i->request;
        bool keep = !(r->flags & (AG_REQUEST_WRITER | AG_REQUEST_NO_CACHE));
        Gate *g = w->gate;
        const GateHandlers *h = &g->options.handlers;
        struct ag_object object;
        Background *b;

        /* No hook saw what it has mapped: looked for while it is there. */
        if (g->fan)
                gate_look_at_who(g, &i->who, false);
        /* While it is there to be looked at; what it opens may turn out to be more in its hands. */
        if (h->on_look)
                h->on_look(h->userdata, (pid_t) r->tgid, r->cgroup_id, false);
        if (join_background(w, i))
                return;
        if (keep && gate_read_object(g, i->path_fd, &object) == 0 &&
            gate_object_holds(g, i->path_fd, &object)) {
                i->object = object;
                tell_opener(g, i);
                item_free(i);
                return;
        }
        b = w->n_background < BACKGROUND_MAX ? calloc(1, sizeof(*b)) : NULL;
        if (!b) {
                item_free(i);
                return;
        }
        i->next = NULL;
        *b = (Background){
                .worker = w,
                .path_fd = TAKE_FD(i->path_fd),
                .n_openers = 1,
                .openers = i,
                .inode = r->inode,
                .seq = r->write_seq,
                .keep = keep,
        };
        b->fd = gate_reopen(b->path_fd);
        if (b->fd < 0 || submit_background(w, b, i) < 0)
                background_free(b);
}

/*
 * Who it is, is asked ahead of the queue, but its own mappings come first: one that is under way in another thread
 * is not to be seen in /proc yet, so a walk would answer for a number that it has not looked at.
 */
static void resolve(struct Worker *w, Item *i)
{
        const GateHandlers *h = &w->gate->options.handlers;
        Item *mapped;

        /* A waiter may be known, and wait for what its workload has read only. */
        if (h->on_resolve && (!i->waiter || gate_must_resolve(&i->waiter->who))) {
                for (unsigned n = 0; n < MAPPED_FIRST_MAX && i->request.kind == AG_REQUEST_RESOLVE; n++) {
                        mapped = pop_mapped(w, &i->request);
                        if (!mapped)
                                break;
                        h->on_resolve(h->userdata, &mapped->request, mapped->path_fd);
                        item_free(mapped);
                }
                h->on_resolve(h->userdata, &i->request, i->path_fd);
        }
        if (i->waiter) {
                gate_raise(w->gate, &i->waiter->who, NULL, &i->waiter->object);
                gate_resolved(w->gate, i->waiter);
        }
        item_free(i);
}

static void *worker_thread(void *userdata)
{
        struct Worker *w = userdata;
        const GateHandlers *h = &w->gate->options.handlers;
        Item *i;

        while ((i = pop(w))) {
                switch (i->request.kind) {
                case AG_REQUEST_RESOLVE:
                case AG_REQUEST_MAPPED:
                        resolve(w, i);
                        break;
                case AG_REQUEST_CGROUP:
                        if (h->on_cgroup)
                                h->on_cgroup(h->userdata, &i->request);
                        item_free(i);
                        break;
                default:
                        if (!i->judged) {
                                classify(w, i);
                                break;
                        }
                        tell_opener(w->gate, i);
                        item_free(i);
                }
        }
        return NULL;
}

int worker_start(struct Worker *w)
{
        int r = gate_thread_new(&w->thread, worker_thread, w, "aiguard-worker", true);

        w->running = r >= 0;
        return r;
}

/* Who waits for an answer about itself gets none, and goes back to the gate. */
static void drain(struct Worker *w, Item *list)
{
        while (list) {
                Item *next = list->next;

                if (list->waiter)
                        gate_resolved(w->gate, list->waiter);
                item_free(list);
                list = next;
        }
}

void worker_stop(struct Worker *w)
{
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_broadcast(&w->cond);
        pthread_mutex_unlock(&w->lock);
        if (w->running)
                pthread_join(w->thread, NULL);
        w->running = false;
        drain(w, w->urgent);
        drain(w, w->normal);
        w->urgent = w->normal = NULL;
        w->urgent_last = &w->urgent;
        w->normal_last = &w->normal;
}

/* The pool must be gone already: it finishes the background jobs. */
struct Worker *worker_free(struct Worker *w)
{
        if (!w)
                return NULL;
        pthread_cond_destroy(&w->cond);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return NULL;
}
