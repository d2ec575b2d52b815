/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: keeps ag_cgroups, of which it is the only writer: every cgroup of
 * the unified hierarchy with its workload, 0 for none. A cgroup that is not in
 * there is pending for the kernel side, so none may be forgotten. Cgroup ids
 * are never used twice; those of vanished cgroups only cost room.
 *
 * Main walks the tree at start and after each flip of the policy, the worker
 * adds what is made meanwhile. Each entry carries its generation, so that the
 * slower of the two never overwrites the newer answer.
 */
#include "cgroups.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cgroup-path.h"
#include "lib/log.h"
#include "lib/util-string.h"
#include "lock.h"

#define DEPTH_MAX 64U
/* So many new cgroups may come before the vanished ones are looked for; the map holds 16384. */
#define ADDED_MAX 4096U
#define HANDLE_TYPE_KERNFS 0xfe

struct Cgroups {
        Manager *m;
        char root[PATH_MAX];  /* "": no cgroup2 on this host */
        pthread_mutex_t lock; /* one entry; n_added */
        pthread_mutex_t walk_lock;
        unsigned n_added;
        bool full; /* said so */
};

int cgroups_new(Manager *m, Cgroups **ret)
{
        _cleanup_(cgroups_freep) Cgroups *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->m = m;
        lock_init(&c->lock);
        lock_init(&c->walk_lock);
        r = features_cgroup2_mount(c->root, sizeof(c->root));
        if (r < 0) {
                log_warning_errno(r,
                                  "cgroups: no cgroup2 hierarchy is mounted; units, slices and containers "
                                  "cannot be matched");
                c->root[0] = '\0';
        }
        *ret = TAKE_PTR(c);
        return 0;
}

Cgroups *cgroups_free(Cgroups *c)
{
        if (!c)
                return NULL;
        pthread_mutex_destroy(&c->lock);
        pthread_mutex_destroy(&c->walk_lock);
        free(c);
        return NULL;
}

uint16_t cgroups_workload(const PolicyTables *t, const char *path)
{
        char p[PATH_MAX];

        if (strlen(path) >= sizeof(p))
                return 0;
        strcpy(p, path);
        do {
                int w = policy_tables_match(t, p, NULL, UINT32_MAX);

                if (w >= AG_WORKLOAD_FIRST)
                        return (uint16_t) w;
        } while (cgroup_path_parent(p));
        return 0;
}

static int put(Cgroups *c, uint64_t id, uint16_t workload, uint32_t generation)
{
        const struct ag_workload_value v = { .workload = workload, .generation = generation };
        int map = manager_maps(c->m)->cgroups;
        struct ag_workload_value old;
        LOCK_SCOPE(&c->lock);

        if (bpf_map_lookup_elem(map, &id, &old) == 0) {
                if ((int32_t) (old.generation - generation) > 0)
                        return 0;
        } else
                c->n_added++;
        return bpf_map_update_elem(map, &id, &v, BPF_ANY) < 0 ? -errno : 0;
}

typedef struct Walk {
        Cgroups *c;
        const PolicyGeneration *g;
        char path[PATH_MAX];
        int error;
} Walk;

static void walk_dir(Walk *w, int parent_fd, const char *name, size_t n_path, unsigned depth)
{
        _cleanup_close_ int fd = -EBADF;
        struct dirent *e;
        struct stat st;
        DIR *dir;
        int r;

        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return; /* removed meanwhile */
        r = put(w->c, st.st_ino, cgroups_workload(w->g->tables, n_path ? w->path : "/"), w->g->generation);
        if (r < 0)
                w->error = r;
        dir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
        if (!dir)
                return;
        TAKE_FD(fd);
        while ((e = readdir(dir))) {
                size_t n = strlen(e->d_name);

                if (e->d_type != DT_DIR || e->d_name[0] == '.' || n_path + n + 2 > sizeof(w->path))
                        continue;
                w->path[n_path] = '/';
                memcpy(w->path + n_path + 1, e->d_name, n + 1);
                walk_dir(w, dirfd(dir), e->d_name, n_path + n + 1, depth + 1);
                w->path[n_path] = '\0';
        }
        closedir(dir);
}

/* kernfs hands out a file handle that is the id itself. */
static bool cgroup_exists(int root_fd, uint64_t id)
{
        union {
                struct file_handle handle;
                char room[sizeof(struct file_handle) + sizeof(uint64_t)];
        } h = { .handle = { .handle_bytes = sizeof(id), .handle_type = HANDLE_TYPE_KERNFS } };
        int fd;

        memcpy(h.handle.f_handle, &id, sizeof(id));
        fd = open_by_handle_at(root_fd, &h.handle, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return errno != ESTALE;
        safe_close(fd);
        return true;
}

static void sweep(Cgroups *c, int root_fd)
{
        int map = manager_maps(c->m)->cgroups;
        uint64_t key, next;
        bool more = bpf_map_get_next_key(map, NULL, &key) == 0;

        while (more) {
                more = bpf_map_get_next_key(map, &key, &next) == 0;
                if (!cgroup_exists(root_fd, key))
                        (void) bpf_map_delete_elem(map, &key);
                key = next;
        }
}

/* One sentence, once: the rest of the cgroups counts as AI, which is the safe side and a nuisance. */
static void warn_full(Cgroups *c, int r)
{
        if (!c->full)
                log_warning_errno(r, "cgroups: not every cgroup can be marked; what runs in the others is "
                                     "pending");
        c->full = true;
}

int cgroups_walk(Cgroups *c)
{
        _cleanup_(policy_generation_unrefp) PolicyGeneration *g = policy_store_current(manager_store(c->m));
        _cleanup_free_ Walk *w = NULL;
        _cleanup_close_ int fd = -EBADF;
        LOCK_SCOPE(&c->walk_lock);

        if (!c->root[0] || !g)
                return 0;
        w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        fd = open(c->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return log_error_errno(-errno, "cgroups: %s cannot be opened", c->root);
        /* First the room that vanished cgroups take, then the living ones. */
        sweep(c, fd);
        w->c = c;
        w->g = g;
        walk_dir(w, fd, ".", 0, 0);
        pthread_mutex_lock(&c->lock);
        c->n_added = 0;
        pthread_mutex_unlock(&c->lock);
        if (w->error < 0)
                warn_full(c, w->error);
        return 0;
}

void cgroups_learn(Cgroups *c, const char *path)
{
        struct ag_request q = { .kind = AG_REQUEST_CGROUP };
        struct ag_workload_value v;
        char full[PATH_MAX];
        struct stat st;
        int map;

        if (!c->root[0] || (size_t) snprintf(full, sizeof(full), "%s%s", c->root, path) >= sizeof(full))
                return;
        if (stat(full, &st) < 0 || !S_ISDIR(st.st_mode))
                return;
        map = manager_maps(c->m)->cgroups;
        q.cgroup_id = st.st_ino;
        if (bpf_map_lookup_elem(map, &q.cgroup_id, &v) == 0)
                return;
        q.path_len = (uint32_t) strlen(path);
        memcpy(q.path, path, q.path_len + 1);
        cgroups_on_request(c, &q);
}

void cgroups_on_request(Cgroups *c, const struct ag_request *q)
{
        uint32_t generation;
        int r = 0;

        if (!c->root[0] || q->path_len == 0 || c->n_added > ADDED_MAX)
                (void) cgroups_walk(c);
        if (q->path_len == 0)
                return;
        /* A flip between the look-up and the write is answered by looking up again. */
        do {
                _cleanup_(policy_generation_unrefp) PolicyGeneration *g =
                                policy_store_current(manager_store(c->m));
                _cleanup_(policy_generation_unrefp) PolicyGeneration *now = NULL;

                if (!g)
                        return;
                generation = g->generation;
                r = put(c, q->cgroup_id, cgroups_workload(g->tables, q->path), generation);
                now = policy_store_current(manager_store(c->m));
                if (now->generation == generation)
                        break;
        } while (true);
        if (r == -E2BIG)
                (void) cgroups_walk(c);
        else if (r < 0)
                warn_full(c, r);
}
