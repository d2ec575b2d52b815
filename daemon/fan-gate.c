/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: opens by what is or may be an AI workload, on the gate's thread: in
 * the daemon what ag_model_open() is in the kernel. Which of them can be a model,
 * who waits, and what is asked; from there on gate-files.c goes on as it does
 * for an opener that a hook held. Owns nothing.
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fan-internal.h"

#define SMALLEST_MODEL 64U           /* as in object.bpf.h */
#define CANDIDATE_SIZE (64U * 1024U) /* likewise */

#define OVERLAID_NS 30000000000ULL /* an opener sleeps in between as long as a scan takes */

/* What is asked about one open. */
typedef struct Course {
        Fan *fan;
        FanEvent *event;
        struct ag_gated who;
        struct stat st;
        const struct ag_row *row;
        bool opened; /* a runtime, a moment ago */
} Course;

static bool is_plain(const struct ag_object *o)
{
        return o->n_columns == 0 && !(o->flags & AG_OBJECT_MODEL);
}

static bool has_suffix_of_models(Fan *f, int fd)
{
        char name[AG_PATH_MAX];
        struct ag_suffix s = {};
        const char *dot;
        uint8_t one;

        gate_event_name(fd, name);
        dot = strrchr(name, '.');
        if (!dot || strchr(dot, '/') || strlen(dot + 1) > sizeof(s.name))
                return false;
        for (size_t i = 0; dot[i + 1]; i++)
                s.name[i] = (char) tolower((unsigned char) dot[i + 1]);
        return bpf_map_lookup_elem(f->gate->maps->suffixes, &s, &one) == 0;
}

/* By its own right it is no AI workload: then only a file that could be a model is of interest. */
static bool is_of_interest(const Course *c, bool known)
{
        uint32_t own = c->who.traits & ~(uint32_t) AG_TRAITS_PENDING;

        if (c->opened || c->who.workload > AG_WORKLOAD_UNDECLARED ||
            own & (AG_TRAITS_STRONG | AG_TRAITS_WEAK))
                return true;
        return known || (uint64_t) c->st.st_size >= CANDIDATE_SIZE ||
               has_suffix_of_models(c->fan, c->event->fd);
}

/* The request that a hook would have sent in audit mode: nobody waits for what comes of it. */
static void classify_behind(const Course *c)
{
        uint64_t seq = 0;
        bool writer = true;
        struct ag_request r = {
                .version = AG_ABI_VERSION,
                .kind = AG_REQUEST_CLASSIFY,
                .tgid = c->who.tgid,
                .tid = c->who.tgid,
                .traits = c->who.traits,
                .time = c->who.time,
                .start_time = c->who.start_time,
                .cgroup_id = c->who.cgroup_id,
                .inode = c->who.inode,
                .size = (uint64_t) c->st.st_size,
                .workload = c->who.workload,
                .strength = c->who.strength,
                .uid = c->who.uid,
        };
        char link[64], name[AG_PATH_MAX];
        const char *unused;
        int path_fd, dir_fd;

        memcpy(r.comm, c->who.comm, sizeof(r.comm));
        if (gate_offer(c->fan->gate, c->event->fd, &seq, &writer) < 0 || writer)
                r.flags |= AG_REQUEST_WRITER;
        r.write_seq = seq;
        gate_event_name(c->event->fd, name);
        r.path_len = (uint32_t) strlen(name);
        memcpy(r.path, name, r.path_len + 1);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", c->event->fd);
        path_fd = open(link, O_PATH | O_CLOEXEC);
        if (path_fd < 0)
                return;
        dir_fd = r.path_len > 0 ? gate_open_directory(r.tid, name, &unused) : -EBADF;
        worker_push_classify(c->fan->gate->worker, &r, path_fd, dir_fd);
}

/* From here on it is one that waits in the gate, as if a hook had sent it there. */
static void wait_in_gate(const Course *c)
{
        Gate *g = c->fan->gate;
        GateWaiter *w = calloc(1, sizeof(*w));
        char name[AG_PATH_MAX];
        bool writer = true;
        uint64_t seq = 0;
        GateFile *file;

        if (!w) {
                fan_answer(c->fan, c->event, false);
                return;
        }
        *w = (GateWaiter){ .group_fd = c->event->group_fd,
                           .fd = TAKE_FD(c->event->fd),
                           .tid = c->who.tgid,
                           .since_ns = c->event->since_ns,
                           .who = c->who };
        GATE_COUNT(g, seen);
        GATE_COUNT(g, waiting);
        if (gate_offer(g, w->fd, &seq, &writer) < 0 || writer)
                w->who.flags |= AG_REQUEST_WRITER;
        if (gate_find_file(g, w->fd, w->tid, &file) < 0) {
                gate_event_name(w->fd, name);
                gate_file_unknown(g, w, name);
                return;
        }
        if (!file->scan) {
                file->has_seq = !writer;
                file->seq = seq;
        }
        gate_file_wait(g, file, w);
}

static void pass(const Course *c)
{
        fan_answer(c->fan, c->event, true);
}

/*
 * Since 6.5 the open of the real file behind an overlay is an event as well, in
 * the same system call. What was asked about the one is not asked about the other.
 */
static bool is_behind_overlay(Course *c)
{
        FanOverlaid *o = &c->fan->overlaid[c->who.tgid % FAN_OVERLAID];
        const struct stat *st = &c->st;
        struct statfs fs;

        if (fstatfs(c->event->fd, &fs) < 0)
                return false;
        if (fs.f_type == OVERLAYFS_SUPER_MAGIC) {
                *o = (FanOverlaid){ .tgid = c->who.tgid,
                                    .start_time = c->who.start_time,
                                    .size = (uint64_t) st->st_size,
                                    .ctime = st->st_ctim,
                                    .mtime = st->st_mtim,
                                    .since_ns = c->event->since_ns };
                return false;
        }
        return o->tgid == c->who.tgid && o->start_time == c->who.start_time &&
               o->size == (uint64_t) st->st_size && memcmp(&o->ctime, &st->st_ctim, sizeof(o->ctime)) == 0 &&
               memcmp(&o->mtime, &st->st_mtim, sizeof(o->mtime)) == 0 &&
               c->event->since_ns - o->since_ns < OVERLAID_NS;
}

static void take_course(Course *c)
{
        Gate *g = c->fan->gate;
        bool known, monitor = __atomic_load_n(&g->control->flags, __ATOMIC_ACQUIRE) & AG_CONTROL_MONITOR;
        struct ag_object object;

        if (fan_stat(c->event->fd, &c->st) < 0 || !S_ISREG(c->st.st_mode) ||
            (uint64_t) c->st.st_size < SMALLEST_MODEL) {
                pass(c);
                return;
        }
        c->who.inode = (struct ag_inode_key){ .ino = c->st.st_ino,
                                              .dev = AG_DEV(major(c->st.st_dev), minor(c->st.st_dev)) };
        known = fan_cache_known(c->fan->cache, &c->st, &object) == 0;
        if (known && is_plain(&object)) {
                fan_mark_clean(c->fan, c->event->fd, &c->st);
                pass(c);
                return;
        }
        if (!is_of_interest(c, known) || is_behind_overlay(c)) {
                pass(c);
                return;
        }
        /* Nobody waits where nothing is refused. */
        if (!(c->row->flags & AG_ROW_HOLD) || monitor) {
                /* Let go unjudged: what it turns out to be is counted when it is known. */
                GATE_COUNT(g, seen);
                GATE_COUNT(g, allowed);
                classify_behind(c);
                pass(c);
                return;
        }
        wait_in_gate(c);
}

static void on_open(Fan *f, FanEvent *e)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g =
                        policy_store_current(f->gate->options.store);
        Course c = { .fan = f, .event = e };

        if (!g || !fan_who(f, e->tgid, &c.who, &c.opened)) {
                fan_answer(f, e, true);
                return;
        }
        /* An interpreter is AI by the act of loading a model. */
        if (c.who.workload == AG_WORKLOAD_OTHER && c.who.traits & AG_TRAIT_INTERPRETER)
                c.who.workload = AG_WORKLOAD_UNDECLARED;
        if (c.who.workload == AG_WORKLOAD_OTHER || c.who.workload >= g->tables->n_workloads ||
            g->tables->rows[c.who.workload].flags & AG_ROW_NOT_AI) {
                fan_answer(f, e, true);
                return;
        }
        c.row = &g->tables->rows[c.who.workload];
        take_course(&c);
}

void fan_take(Fan *f)
{
        FanEvent *list;

        pthread_mutex_lock(&f->lock);
        list = f->first;
        f->first = NULL;
        f->last = &f->first;
        f->n_events = 0;
        pthread_mutex_unlock(&f->lock);
        while (list) {
                FanEvent *e = list;

                list = e->next;
                on_open(f, e);
                free(e);
        }
}
