/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: finds out who a process is and writes that to ag_resolved, of
 * which it is the only writer. Looks at mappings through /proc/PID/map_files
 * (magic links: no name is trusted, nothing is opened for reading here), at
 * the cgroup, the executable and the user. Must not decide anything.
 *
 *   ring -> gate -> worker: resolve_on_request() -> walk -> resolve-files.c
 *                                                -> ag_resolved, through a pidfd
 *
 * A process that waits in the bridge is let go by the update of ag_resolved.
 */
#include "resolve.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/pidfd.h>

#include "cgroups.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/resolve-memory.h"
#include "lib/util-string.h"
#include "lock.h"
#include "resolve-files.h"
#include "task-maps.h"

/* vm.max_map_count is 65530; a process beyond twice that stays pending, which counts as AI. */
#define MAP_LINES_MAX 131072U
#define MAPPED_FILES_MAX 4096U

/* What a look at a process can find; the others are the kernel side's to tell. */
#define FOUND_TRAITS (AG_TRAIT_RUNTIME | AG_TRAIT_RUNTIME_WEAK | AG_TRAIT_INTERPRETER | AG_TRAIT_DECLARED)

struct Resolve {
        Manager *m;
        ResolveFiles *files;
        pthread_mutex_t lock; /* read, modify, write of one entry of ag_resolved */
        /* The worker's: */
        ResolveMemory *memory;
        /* The last walk for which nobody waited. */
        pid_t walked;
        uint64_t walked_at_ns;
        uint64_t walked_for_ns;
};

typedef struct Walk {
        Resolve *r;
        int proc_fd;
        bool wait; /* for scans */
        Resolution *res;
        uint64_t last_ino;
        uint32_t last_major;
        uint32_t last_minor;
        const struct ag_request *looking_for; /* NULL: nothing in particular */
        bool found;
        size_t n_files;
        int error; /* of the last file that could not be classified */
} Walk;

static const struct {
        uint32_t trait;
        const char *name;
} trait_names[] = {
        { AG_TRAIT_RUNTIME, "runtime" },         { AG_TRAIT_MODEL, "model" },
        { AG_TRAIT_DECLARED, "declared" },       { AG_TRAIT_RUNTIME_WEAK, "runtime-weak" },
        { AG_TRAIT_ACCELERATOR, "accelerator" }, { AG_TRAIT_INTERPRETER, "interpreter" },
        { AG_TRAIT_PENDING_MAP, "pending-map" }, { AG_TRAIT_PENDING_CGROUP, "pending-cgroup" },
};

const char *resolve_trait_to_string(uint32_t trait)
{
        for (size_t i = 0; i < ARRAY_SIZE(trait_names); i++)
                if (trait_names[i].trait == trait)
                        return trait_names[i].name;
        return "unknown";
}

int resolve_new(Manager *m, Resolve **ret)
{
        _cleanup_(resolve_freep) Resolve *r = calloc(1, sizeof(*r));
        int k;

        if (!r)
                return -ENOMEM;
        r->m = m;
        lock_init(&r->lock);
        k = resolve_files_new(m, &r->files);
        if (k >= 0)
                k = resolve_memory_new(&r->memory);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(r);
        return 0;
}

Resolve *resolve_free(Resolve *r)
{
        if (!r)
                return NULL;
        resolve_files_free(r->files);
        resolve_memory_free(r->memory);
        pthread_mutex_destroy(&r->lock);
        free(r);
        return NULL;
}

static void add_evidence(Resolution *res, uint32_t trait, const char *format, ...) _printf_(3, 4);
static void add_evidence(Resolution *res, uint32_t trait, const char *format, ...)
{
        ResolveEvidence *e;
        va_list ap;

        res->traits |= trait;
        if (res->n_evidence >= RESOLVE_EVIDENCE_MAX)
                return;
        e = &res->evidence[res->n_evidence++];
        e->trait = trait;
        va_start(ap, format);
        vsnprintf(e->text, sizeof(e->text), format, ap);
        va_end(ap);
}

static void add_library(Resolution *res, uint32_t flags, const char *path)
{
        if (flags & AG_OBJECT_LIBRARY_STRONG)
                add_evidence(res, AG_TRAIT_RUNTIME, "has mapped %s, which serves inference only", path);
        if (flags & AG_OBJECT_LIBRARY_WEAK)
                add_evidence(res, AG_TRAIT_RUNTIME_WEAK, "has mapped %s, which can also infer", path);
        if (flags & AG_OBJECT_INTERPRETER)
                add_evidence(res, AG_TRAIT_INTERPRETER, "has mapped %s, which runs programs that can infer",
                             path);
}

static bool same_name(const char *a, const char *b)
{
        const char *x = strrchr(a, '/'), *y = strrchr(b, '/');

        return x && y && x[1] && streq(x, y);
}

/*
 * Is this the mapping that the request is about? The numbers differ on overlayfs and btrfs, where the name
 * has to do; a wrong yes only means that the process is not looked at once more.
 */
static bool is_looked_for(const struct ag_request *q, const ProcMap *map)
{
        if (!q)
                return false;
        if (map->ino == q->inode.ino && AG_DEV(map->major, map->minor) == q->inode.dev)
                return true;
        return q->path_len > 0 && same_name(q->path, map->path);
}

static int on_map(void *userdata, const ProcMap *map)
{
        _cleanup_close_ int fd = -EBADF;
        Walk *w = userdata;
        uint32_t flags = 0;
        char name[64];
        int r;

        if (!map->executable || map->ino == 0)
                return 0;
        if (is_looked_for(w->looking_for, map))
                w->found = true;
        if (map->ino == w->last_ino && map->major == w->last_major && map->minor == w->last_minor)
                return 0;
        if (++w->n_files > MAPPED_FILES_MAX)
                return -EFBIG;

        snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
        fd = openat(w->proc_fd, name, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT || errno == ESRCH ? 0 : -errno; /* unmapped meanwhile */
        w->last_ino = map->ino;
        w->last_major = map->major;
        w->last_minor = map->minor;

        r = resolve_files_flags(w->r->files, fd, map->path, w->wait, &flags);
        if (r == -EOPNOTSUPP) {
                /* Remote or FUSE: nobody will ever look into it, so it weighs what an ambiguous library weighs. */
                add_evidence(w->res, AG_TRAIT_RUNTIME_WEAK, "has mapped %s, which cannot be looked into",
                             map->path);
                return 0;
        }
        if (r < 0) {
                w->error = r;
                return 0;
        }
        add_library(w->res, flags, map->path);
        return 0;
}

/* Walks the mappings; res->complete tells whether each was classified. */
static int resolve_mappings(Walk *w)
{
        int r;

        r = proc_maps_walk(w->proc_fd, MAP_LINES_MAX, on_map, w);
        if (r == -EFBIG) {
                log_debug("resolve: process %d has too many mappings", w->res->tgid);
                w->res->complete = false;
                return 0;
        }
        if (r < 0)
                return r;
        w->res->complete = w->error == 0;
        return 0;
}

static void resolve_workload(Resolve *r, Resolution *res)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g = policy_store_current(manager_store(r->m));
        const PolicyTables *t;
        int w;

        if (!g)
                return;
        t = g->tables;
        w = policy_tables_match(t, res->cgroup[0] ? res->cgroup : NULL, res->exe[0] ? res->exe : NULL,
                                res->uid);
        if (w < 0 && res->cgroup[0])
                w = cgroups_workload(t, res->cgroup);
        if (w < AG_WORKLOAD_FIRST)
                return;
        res->workload = (uint16_t) w;
        snprintf(res->workload_name, sizeof(res->workload_name), "%s", t->workloads[w].name);
        if (!t->workloads[w].not_ai)
                add_evidence(res, AG_TRAIT_DECLARED, "is declared as workload %s in %s:%u",
                             t->workloads[w].name, t->workloads[w].file ? t->workloads[w].file : "?",
                             t->workloads[w].line);
}

/* What the kernel side knows; its traits that are not ours to find get a sentence too. */
static void resolve_subject_known(Resolve *r, int pidfd, Resolution *res)
{
        struct ag_subject s;

        if (task_subject_get(manager_maps(r->m), pidfd, res->tgid, &s) < 0)
                return;
        res->has_subject = true;
        res->map_seq = s.map_seq;
        res->cgroup_id = s.cgroup_id;
        res->traits |= s.traits & ~AG_TRAITS_PENDING;
}

/*
 * The hooks clear "pending" when the process next opens something that matters: what is settled already is not
 * shown, although its bit may still be there.
 */
static uint32_t still_pending(Resolve *r, const struct ag_subject *s, const struct ag_resolved *resolved)
{
        uint32_t pending = s->traits & AG_TRAITS_PENDING;
        struct ag_workload_value v;

        if (resolved->map_seq == s->map_seq)
                pending &= ~(uint32_t) AG_TRAIT_PENDING_MAP;
        if (bpf_map_lookup_elem(manager_maps(r->m)->cgroups, &s->cgroup_id, &v) == 0)
                pending &= ~(uint32_t) AG_TRAIT_PENDING_CGROUP;
        return pending;
}

static void explain_known(Resolve *r, int pidfd, Resolution *res)
{
        struct ag_resolved old = {};
        struct ag_subject s = {};
        uint32_t known;

        (void) task_resolved_get(manager_maps(r->m), pidfd, res->tgid, &old);
        (void) task_subject_get(manager_maps(r->m), pidfd, res->tgid, &s);
        known = (s.traits & ~AG_TRAITS_PENDING) | old.traits | still_pending(r, &s, &old);
        for (size_t i = 0; i < res->n_evidence; i++)
                known &= ~res->evidence[i].trait;
        if (known & AG_TRAIT_MODEL)
                add_evidence(res, AG_TRAIT_MODEL, "it, or a process it came from, has opened a model");
        if (known & AG_TRAIT_ACCELERATOR)
                add_evidence(res, AG_TRAIT_ACCELERATOR,
                             "it, or a process it came from, has opened an accelerator");
        if (known & AG_TRAIT_RUNTIME)
                add_evidence(res, AG_TRAIT_RUNTIME, "inherited, or mapped earlier: an inference runtime");
        if (known & AG_TRAIT_RUNTIME_WEAK)
                add_evidence(res, AG_TRAIT_RUNTIME_WEAK,
                             "inherited, or mapped earlier: a library that can also infer");
        if (known & AG_TRAIT_DECLARED)
                add_evidence(res, AG_TRAIT_DECLARED,
                             "inherited: a process it came from is a declared workload");
        if (known & AG_TRAIT_PENDING_MAP)
                add_evidence(res, AG_TRAIT_PENDING_MAP, "an executable mapping is not classified yet");
        if (known & AG_TRAIT_PENDING_CGROUP)
                add_evidence(res, AG_TRAIT_PENDING_CGROUP, "its cgroup is not classified yet");
}

/* Everything about the process but its mappings. The map_seq is read before the mappings are: never after. */
static int resolve_begin(Resolve *r, pid_t tgid, Resolution *res, int *ret_proc_fd, int *ret_pidfd)
{
        _cleanup_close_ int proc_fd = -EBADF, pidfd = -EBADF;
        int k;

        *res = (Resolution){ .tgid = tgid, .uid = UINT32_MAX };
        pidfd = pidfd_open(tgid, 0);
        if (pidfd < 0)
                return errno == EINVAL ? -ESRCH : -errno;
        proc_fd = proc_open(tgid);
        if (proc_fd < 0)
                return proc_fd;
        /* The descriptor of /proc/PID is of this very process only if it still lives now. */
        if (pidfd_send_signal(pidfd, 0, NULL, 0) < 0 && errno != EPERM)
                return -ESRCH;
        k = proc_start_ticks(proc_fd, &res->start_ticks);
        if (k < 0)
                return k;
        resolve_subject_known(r, pidfd, res);
        (void) proc_uid(proc_fd, &res->uid);
        if (proc_cgroup(proc_fd, res->cgroup, sizeof(res->cgroup)) < 0)
                res->cgroup[0] = '\0';
        if (proc_exe(proc_fd, res->exe, sizeof(res->exe)) < 0)
                res->exe[0] = '\0';
        resolve_workload(r, res);
        *ret_proc_fd = TAKE_FD(proc_fd);
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}

/* Traits only grow, the sequence only rises. */
static int write_resolved(Resolve *r, int pidfd, pid_t tgid, const struct ag_resolved *add, bool only_traits)
{
        const LoaderMaps *maps = manager_maps(r->m);
        struct ag_resolved v = {};
        LOCK_SCOPE(&r->lock);

        (void) task_resolved_get(maps, pidfd, tgid, &v);
        v.traits |= add->traits;
        v.flags = (v.flags & ~(uint32_t) AG_RESOLVED_PARTLY) | (add->flags & AG_RESOLVED_PARTLY);
        if (!only_traits && (int32_t) (add->map_seq - v.map_seq) > 0)
                v.map_seq = add->map_seq;
        return task_resolved_put(maps, pidfd, tgid, &v);
}

static int commit(Resolve *r, int pidfd, const Resolution *res, uint32_t map_seq)
{
        const struct ag_resolved v = {
                /* What BPF found stays BPF's to tell. */
                .traits = res->traits & FOUND_TRAITS,
                .map_seq = map_seq,
                /*
                 * No workload: its number would outlive a reload. The hooks look it up themselves, in
                 * ag_cgroups, which has this cgroup from here on.
                 */
        };
        int k;

        if (res->cgroup[0])
                cgroups_learn(manager_cgroups(r->m), res->cgroup);
        k = write_resolved(r, pidfd, res->tgid, &v, false);
        if (k < 0 && k != -ESRCH)
                log_warning_errno(k, "resolve: process %d cannot be marked", res->tgid);
        else if (!res->workload)
                task_forget_plain(manager_maps(r->m), res->tgid);
        return k;
}

/* `map_seq`: for which number the answer is; 0: the one that the hooks have now. */
static int resolve_for(Resolve *r, pid_t tgid, uint32_t map_seq, Resolution *ret)
{
        _cleanup_close_ int proc_fd = -EBADF, pidfd = -EBADF;
        Resolution res;
        int k;

        k = resolve_begin(r, tgid, &res, &proc_fd, &pidfd);
        if (k < 0)
                return k;
        k = resolve_mappings(&(Walk){ .r = r, .proc_fd = proc_fd, .wait = true, .res = &res });
        if (k < 0)
                return k;
        if (map_seq)
                res.map_seq = map_seq;
        if (res.complete)
                k = commit(r, pidfd, &res, res.map_seq);
        else
                /* What was seen counts at once, the rest stays pending. */
                (void) write_resolved(r, pidfd, tgid,
                                      &(struct ag_resolved){ .traits = res.traits & FOUND_TRAITS,
                                                             .flags = AG_RESOLVED_PARTLY },
                                      true);
        if (k >= 0 && ret)
                *ret = res;
        return k;
}

int resolve_process(Resolve *r, pid_t tgid, Resolution *ret)
{
        return resolve_for(r, tgid, 0, ret);
}

int resolve_explain(Resolve *r, pid_t tgid, Resolution *ret)
{
        _cleanup_close_ int proc_fd = -EBADF, pidfd = -EBADF;
        Resolution res;
        int k;

        k = resolve_begin(r, tgid, &res, &proc_fd, &pidfd);
        if (k < 0)
                return k;
        k = resolve_mappings(&(Walk){ .r = r, .proc_fd = proc_fd, .wait = false, .res = &res });
        if (k < 0)
                return k;
        explain_known(r, pidfd, &res);
        *ret = res;
        return 0;
}

/* A pidfd of that very process, not of another that has got its number. */
static int open_same(pid_t tgid, uint64_t start_time)
{
        _cleanup_close_ int proc_fd = -EBADF, pidfd = -EBADF;
        uint64_t ticks;
        int k;

        pidfd = pidfd_open(tgid, 0);
        if (pidfd < 0)
                return -errno;
        proc_fd = proc_open(tgid);
        if (proc_fd < 0)
                return proc_fd;
        k = proc_start_ticks(proc_fd, &ticks);
        if (k < 0)
                return k;
        /* The kernel rounds the same number; another process with this number started later. */
        if (start_time && ticks > proc_ticks_from_ns(start_time) + 1)
                return -ESRCH;
        return TAKE_FD(pidfd);
}

void resolve_add_traits(Resolve *r, pid_t tgid, uint64_t start_time, uint32_t traits)
{
        const struct ag_resolved add = { .traits = traits };
        _cleanup_close_ int pidfd = open_same(tgid, start_time);

        if (pidfd >= 0)
                (void) write_resolved(r, pidfd, tgid, &add, true);
}

void resolve_set_opened(Resolve *r, pid_t tgid, uint32_t flags)
{
        const uint32_t mine = AG_RESOLVED_OPENED | AG_RESOLVED_ASKED;
        _cleanup_close_ int pidfd = pidfd_open(tgid, 0);
        const LoaderMaps *maps = manager_maps(r->m);
        struct ag_resolved v = {};
        LOCK_SCOPE(&r->lock);

        if (pidfd < 0)
                return;
        (void) task_resolved_get(maps, pidfd, tgid, &v);
        if (!flags && !(v.flags & mine))
                return;
        v.flags = flags ? v.flags | flags : v.flags & ~mine;
        (void) task_resolved_put(maps, pidfd, tgid, &v);
        if (!flags)
                task_forget_plain(maps, tgid);
}

/*
 * When all mappings before this one were known, and this one is, then all are: no walk. While a program loads its
 * libraries one by one this is the rule, and walking each time would be quadratic.
 */
static bool settle_next(Resolve *r, const struct ag_request *q, uint32_t traits)
{
        _cleanup_close_ int pidfd = open_same((pid_t) q->tgid, q->start_time);
        const LoaderMaps *maps = manager_maps(r->m);
        struct ag_resolved v = {};
        LOCK_SCOPE(&r->lock);

        if (pidfd < 0)
                return false;
        /* No answer so far is an answer about nothing: number 0. */
        (void) task_resolved_get(maps, pidfd, (pid_t) q->tgid, &v);
        if (v.map_seq + 1 != q->map_seq)
                return false;
        v.traits |= traits;
        v.map_seq = q->map_seq;
        return task_resolved_put(maps, pidfd, (pid_t) q->tgid, &v) == 0;
}

/* The newest mapping that the hooks know of; 0 when they know nothing of the process. */
static uint32_t newest_mapping(Resolve *r, pid_t tgid)
{
        _cleanup_close_ int pidfd = pidfd_open(tgid, 0);
        struct ag_subject s;

        if (pidfd < 0 || task_subject_get(manager_maps(r->m), pidfd, tgid, &s) < 0)
                return 0;
        return s.map_seq;
}

/*
 * The hook comes before the mapping can be seen in /proc, so the file is looked at by itself first. The walk over
 * all mappings is for the last one only: while a program loads its libraries, the next request is under way.
 */
static bool look_at_mapped(Resolve *r, const struct ag_request *q, int path_fd, uint32_t *ret_traits)
{
        _cleanup_close_ int own_fd = path_fd < 0 ? gate_open_mapped(manager_gate(r->m), q) : -EBADF;
        Resolution res = {};
        uint32_t flags;

        if (path_fd < 0)
                path_fd = own_fd;
        if (path_fd < 0 || resolve_files_flags(r->files, path_fd, q->path, true, &flags) < 0)
                return false;
        add_library(&res, flags, q->path);
        *ret_traits = res.traits;
        resolve_memory_mapped(r->memory, q, res.traits);
        return true;
}

/* A process that maps and maps may not keep the worker: a walk of t is followed by a pause of 4 t. It stays pending. */
static bool may_walk(const Resolve *r, pid_t tgid)
{
        return r->walked != tgid || boottime_ns() - r->walked_at_ns > 4 * r->walked_for_ns;
}

static void on_mapped(Resolve *r, const struct ag_request *q, int path_fd)
{
        _cleanup_close_ int proc_fd = -EBADF, pidfd = -EBADF;
        Walk w = { .r = r, .wait = true, .looking_for = q };
        uint32_t traits = 0;
        bool known = look_at_mapped(r, q, path_fd, &traits);
        Resolution res;
        uint64_t began;
        int k;

        if (known && settle_next(r, q, traits))
                return;
        if (traits)
                resolve_add_traits(r, (pid_t) q->tgid, q->start_time, traits);
        if (known && newest_mapping(r, (pid_t) q->tgid) != q->map_seq)
                return;
        if (!may_walk(r, (pid_t) q->tgid) || resolve_begin(r, (pid_t) q->tgid, &res, &proc_fd, &pidfd) < 0)
                return;
        w.res = &res;
        w.proc_fd = proc_fd;
        began = boottime_ns();
        k = resolve_mappings(&w);
        r->walked = (pid_t) q->tgid;
        r->walked_at_ns = boottime_ns();
        r->walked_for_ns = r->walked_at_ns - began;
        if (k < 0)
                return;
        /* Not res.map_seq: a mapping that came after this one has a request of its own. */
        if ((known || w.found) && res.complete) {
                (void) commit(r, pidfd, &res, q->map_seq);
                resolve_memory_walked(r->memory, q, q->map_seq, res.traits);
        } else
                /* What was seen counts at once, the rest stays pending. */
                (void) write_resolved(r, pidfd, res.tgid,
                                      &(struct ag_resolved){ .traits = res.traits & ~AG_TRAITS_PENDING },
                                      true);
}

bool resolve_runs_code(Resolve *r, pid_t tgid)
{
        const uint32_t code = AG_TRAIT_INTERPRETER | AG_TRAIT_RUNTIME | AG_TRAIT_RUNTIME_WEAK;
        _cleanup_close_ int pidfd = pidfd_open(tgid, 0);
        struct ag_resolved v = {};

        return pidfd >= 0 && task_resolved_get(manager_maps(r->m), pidfd, tgid, &v) == 0 && v.traits & code;
}

bool resolve_recall(Resolve *r, const struct ag_request *q, uint32_t *ret_traits)
{
        return resolve_memory_recall(r->memory, q, ret_traits);
}

void resolve_on_request(Resolve *r, const struct ag_request *q, int path_fd)
{
        Resolution res;
        int k;

        if (q->kind == AG_REQUEST_MAPPED) {
                on_mapped(r, q, path_fd);
                return;
        }
        /* A mapping that came after the question has a request of its own, and may not be in /proc yet. */
        k = resolve_for(r, (pid_t) q->tgid, q->map_seq, &res);
        if (k >= 0 && res.complete)
                resolve_memory_walked(r->memory, q, res.map_seq, res.traits);
        else if (k < 0 && k != -ESRCH)
                log_warning_errno(k, "resolve: process %u, ignoring", q->tgid);
}
