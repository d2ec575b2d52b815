/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: opens a BPF object, leaves out what this kernel has no hook for,
 * loads, attaches and pins. Owns the object, the links and AG_PIN_DIR; which
 * objects there are is in loader-object.c, the pins are found and removed in
 * loader-pins.c. Decides nothing about policy. Called by the backends.
 */
#include "loader.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/features.h"
#include "lib/log.h"
#include "loader-object.h"
#include "loader-pins.h"

#define NOT_YET "it is attached when a grant names a sensor"

struct Loader {
        char *pin_dir;
        struct btf *btf; /* of the kernel */
        const LoaderObject *what;
        struct bpf_object *object;
        int cgroup_fd; /* root of the cgroup2 tree; -EBADF: not needed yet */
        LoaderMaps maps;
        struct ag_control *control;
        size_t n_hooks;
        LoaderHook hooks[LOADER_HOOKS_MAX];
        struct bpf_link *links[LOADER_HOOKS_MAX];
        bool adopted;
        bool no_iterators;   /* this kernel does not load them */
        bool guards_sensors; /* see loader_guard_sensors() */
        unsigned long stamp; /* of the links of this run; 0: nothing is attached yet */
};

static int on_libbpf_print(enum libbpf_print_level level, const char *format, va_list ap)
{
        char text[512];
        size_t n;

        if (level == LIBBPF_DEBUG)
                return 0;
        vsnprintf(text, sizeof(text), format, ap);
        n = strlen(text);
        if (n > 0 && text[n - 1] == '\n')
                text[n - 1] = 0;
        log_debug("%s", text);
        return 0;
}

/*
 * Hooks whose arguments changed: of a program and its _compat twin exactly one
 * fits, told by the number of arguments that the hook has on this kernel.
 */
static const struct {
        const char *program;
        const char *target;
        unsigned n_args;
} variants[] = {
        { "ag_inode_setattr", "bpf_lsm_inode_setattr", 3 }, /* idmap in front, since 6.9 */
        { "ag_inode_setattr_compat", "bpf_lsm_inode_setattr", 2 },
};

/* Programs that are attached; iterators and test programs are not hooks. */
static bool is_hook(const char *section)
{
        static const char *const prefixes[] = { "lsm/",   "lsm.s/",    "tp_btf/", "fentry/",
                                                "fexit/", "fmod_ret/", "cgroup/" };

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
                if (strncmp(section, prefixes[i], strlen(prefixes[i])) == 0)
                        return true;
        }
        return false;
}

static bool is_iterator(const struct bpf_program *p)
{
        return strncmp(bpf_program__section_name(p), "iter/", 5) == 0;
}

static bool is_of_cgroup(const char *section)
{
        return strncmp(section, "cgroup/", 7) == 0;
}

static bool is_of_use(const LoaderHook *h)
{
        return strncmp(h->name, "ag_sensor_", strlen("ag_sensor_")) == 0;
}

static bool is_required(const Loader *l, const char *section)
{
        for (size_t i = 0; i < l->what->n_required; i++) {
                size_t n = strlen(section), e = strlen(l->what->required[i]);

                if (n >= e && strcmp(section + n - e, l->what->required[i]) == 0)
                        return true;
        }
        return false;
}

static LoaderHook *find_hook(Loader *l, const char *name)
{
        for (size_t i = 0; i < l->n_hooks; i++) {
                if (strcmp(l->hooks[i].name, name) == 0)
                        return &l->hooks[i];
        }
        return NULL;
}

static void list_hooks(Loader *l, struct bpf_object *object)
{
        struct bpf_program *p;

        bpf_object__for_each_program(p, object)
        {
                const char *section = bpf_program__section_name(p);
                LoaderHook *h;

                if (!is_hook(section) || l->n_hooks == LOADER_HOOKS_MAX)
                        continue;
                h = &l->hooks[l->n_hooks++];
                snprintf(h->name, sizeof(h->name), "%s", bpf_program__name(p));
                snprintf(h->section, sizeof(h->section), "%s", section);
                h->required = !is_of_use(h) && is_required(l, section);
        }
}

/* The BTF name of what a section attaches to. */
static int target_name(const char *section, char *ret, size_t size)
{
        const char *slash = strchr(section, '/');
        const char *prefix = strncmp(section, "lsm", 3) == 0      ? "bpf_lsm_"
                             : strncmp(section, "tp_btf", 6) == 0 ? "btf_trace_"
                                                                  : "";

        snprintf(ret, size, "%s%s", prefix, slash ? slash + 1 : section);
        return strncmp(section, "tp_btf", 6) == 0 ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC;
}

/* Number of arguments of a kernel function, UINT_MAX when it is not there. */
static unsigned count_args(const struct btf *btf, const char *function)
{
        int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
        const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32) id) : NULL;

        t = t ? btf__type_by_id(btf, t->type) : NULL;
        return t ? btf_vlen(t) : UINT_MAX;
}

/* A hook that this kernel does not have is known before the verifier is asked. */
static void skip_missing_hooks(Loader *l, const struct btf *btf)
{
        for (size_t i = 0; i < l->n_hooks; i++) {
                LoaderHook *h = &l->hooks[i];
                char target[96];
                int kind = target_name(h->section, target, sizeof(target));

                if (is_of_cgroup(h->section))
                        continue;
                if (btf__find_by_name_kind(btf, target, (__u32) kind) <= 0)
                        snprintf(h->why_not, sizeof(h->why_not), "this kernel has no %s", target);
                for (size_t k = 0; k < ARRAY_SIZE(variants); k++) {
                        if (strcmp(variants[k].program, h->name) == 0 &&
                            count_args(btf, variants[k].target) != variants[k].n_args)
                                snprintf(h->why_not, sizeof(h->why_not), "it is for kernels with another %s",
                                         target);
                }
        }
}

static void apply_skips(Loader *l, struct bpf_object *object)
{
        struct bpf_program *p;

        bpf_object__for_each_program(p, object)
        {
                const LoaderHook *h = find_hook(l, bpf_program__name(p));

                /* Hooks are loaded unless known to fail, iterators with them; other programs (tests) never. */
                bpf_program__set_autoload(p, h ? !h->why_not[0] : is_iterator(p) && !l->no_iterators);
        }
}

static bool is_unused(const LoaderObject *what, const char *map)
{
        for (const char *const *u = what->unused_maps; *u; u++) {
                if (strcmp(*u, map) == 0)
                        return true;
        }
        return false;
}

/* Pins every map of ours; data sections belong to one run. */
static int set_maps(Loader *l, struct bpf_object *object)
{
        struct bpf_map *m;
        char path[512];
        int r;

        bpf_object__for_each_map(m, object)
        {
                if (bpf_map__is_internal(m))
                        continue;
                if (is_unused(l->what, bpf_map__name(m))) {
                        r = bpf_map__set_autocreate(m, false);
                        if (r < 0)
                                return r;
                        continue;
                }
                snprintf(path, sizeof(path), "%s/%s", l->pin_dir, bpf_map__name(m));
                r = bpf_map__set_pin_path(m, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static struct bpf_object *open_object(const LoaderObject *what)
{
        LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = what->name);
        size_t size;
        const void *elf = what->elf(&size);

        return bpf_object__open_mem(elf, size, &options);
}

/* Loads the object with this one program only, unpinned: why does the whole not load? */
static int probe_one(const LoaderObject *what, const char *name)
{
        struct bpf_object *object = open_object(what);
        struct bpf_program *p;
        struct bpf_map *m;
        int r;

        if (!object)
                return -errno;
        bpf_object__for_each_program(p, object)
                        bpf_program__set_autoload(p, strcmp(bpf_program__name(p), name) == 0);
        bpf_object__for_each_map(m, object)
        {
                if (is_unused(what, bpf_map__name(m)))
                        (void) bpf_map__set_autocreate(m, false);
        }
        r = bpf_object__load(object);
        bpf_object__close(object);
        return r;
}

static void probe_programs(Loader *l)
{
        for (size_t i = 0; i < l->n_hooks; i++) {
                LoaderHook *h = &l->hooks[i];
                int r;

                if (h->why_not[0])
                        continue;
                r = probe_one(l->what, h->name);
                if (r >= 0)
                        continue;
                snprintf(h->why_not, sizeof(h->why_not), "the kernel does not load it: %s", strerror(-r));
        }
}

static int try_load(Loader *l)
{
        int r;

        l->object = open_object(l->what);
        if (!l->object)
                return log_error_errno(-errno, "loader: the BPF object cannot be opened");
        if (l->n_hooks == 0) {
                list_hooks(l, l->object);
                skip_missing_hooks(l, l->btf);
        }
        apply_skips(l, l->object);
        r = set_maps(l, l->object);
        if (r >= 0)
                r = bpf_object__load(l->object);
        if (r < 0) {
                bpf_object__close(l->object);
                l->object = NULL;
        }
        return r;
}

/* All at once; when that fails each program by itself, then the rest; at last without the old maps. */
static int load(Loader *l, uint32_t names_hash)
{
        int r = try_load(l);

        if (r < 0) {
                /* One of them is refused: find out which. Iterators are a comfort, never worth a hook. */
                l->no_iterators = true;
                probe_programs(l);
                r = try_load(l);
        }
        if (r < 0 && l->adopted) {
                log_notice("loader: the maps of an earlier run do not fit, starting from fresh ones");
                r = loader_pins_set_aside(l->pin_dir);
                if (r < 0)
                        return r;
                l->adopted = false;
                r = try_load(l);
        }
        if (r < 0)
                return log_error_errno(r, "loader: the BPF programs cannot be loaded");
        return l->adopted ? 0 : loader_pins_write_version(l->pin_dir, names_hash);
}

static int find_maps(Loader *l)
{
        /* clang-format off */
        const struct { const char *name; int *fd; bool optional; } table[] = {
                { l->what->subjects, &l->maps.subjects, false }, { l->what->resolved, &l->maps.resolved, false },
                { "ag_writes", &l->maps.writes, l->what->no_inode_storage },
                { "ag_objects", &l->maps.objects, l->what->no_inode_storage },
                { "ag_denied", &l->maps.denied, false },       { "ag_matrix", &l->maps.matrix, false },
                { "ag_control", &l->maps.control, false },     { "ag_workloads", &l->maps.workloads, false },
                { "ag_cgroups", &l->maps.cgroups, false },     { "ag_users", &l->maps.users, false },
                { "ag_exes", &l->maps.exes, false },           { "ag_emergency", &l->maps.emergency, false },
                { "ag_network_cameras", &l->maps.network_cameras, false },
                { "ag_devices", &l->maps.devices, false },     { "ag_suffixes", &l->maps.suffixes, false },
                { "ag_consents", &l->maps.consents, false },   { "ag_gated", &l->maps.gated, false },
                { "ag_refused", &l->maps.refused, l->what->no_inode_storage },
                { "ag_requests", &l->maps.requests, false },   { "ag_events", &l->maps.events, false },
                { "ag_stats", &l->maps.stats, false },         { "ag_errors", &l->maps.errors, true },
                { "ag_mount_spaces", &l->maps.mount_spaces, !l->what->by_tgid },
        };
        /* clang-format on */
        void *p;

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                struct bpf_map *m = bpf_object__find_map_by_name(l->object, table[i].name);

                *table[i].fd = m && bpf_map__fd(m) >= 0 ? bpf_map__fd(m) : -EBADF;
                if (*table[i].fd < 0 && !table[i].optional)
                        return log_error_errno(-ENOENT, "loader: the object has no map %s", table[i].name);
        }
        l->maps.by_tgid = l->what->by_tgid;
        p = mmap(NULL, (size_t) sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, l->maps.control,
                 0);
        if (p == MAP_FAILED)
                return log_error_errno(-errno, "loader: ag_control cannot be mapped");
        l->control = p;
        return 0;
}

int loader_new(const LoaderObject *what, const char *pin_dir, uint32_t names_hash, Loader **ret)
{
        _cleanup_(loader_freep) Loader *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->what = what;
        l->cgroup_fd = -EBADF;
        names_hash ^= what->salt;
        l->pin_dir = strdup(pin_dir);
        if (!l->pin_dir)
                return -ENOMEM;
        libbpf_set_print(on_libbpf_print);

        l->btf = btf__load_vmlinux_btf();
        if (!l->btf)
                return log_error_errno(
                                -errno,
                                "loader: the kernel has no BTF; boot one with CONFIG_DEBUG_INFO_BTF=y");

        r = loader_pins_prepare(pin_dir, names_hash);
        if (r < 0)
                return r;
        l->adopted = r > 0;
        r = load(l, names_hash);
        if (r < 0)
                return r;
        r = find_maps(l);
        if (r < 0)
                return r;
        /* Some megabytes that nobody asks again. */
        btf__free(l->btf);
        l->btf = NULL;
        *ret = TAKE_PTR(l);
        return 0;
}

Loader *loader_free(Loader *l)
{
        if (!l)
                return NULL;
        if (l->control)
                (void) munmap(l->control, (size_t) sysconf(_SC_PAGESIZE));
        for (size_t i = 0; i < l->n_hooks; i++) {
                /* The pin keeps it attached; only our descriptor goes. */
                if (l->links[i])
                        (void) bpf_link__destroy(l->links[i]);
        }
        bpf_object__close(l->object);
        safe_close(l->cgroup_fd);
        btf__free(l->btf);
        free(l->pin_dir);
        free(l);
        return NULL;
}

static int open_cgroup_root(Loader *l)
{
        char path[PATH_MAX];
        int r;

        if (l->cgroup_fd >= 0)
                return l->cgroup_fd;
        r = features_cgroup2_mount(path, sizeof(path));
        if (r < 0)
                return r;
        l->cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return l->cgroup_fd < 0 ? -errno : l->cgroup_fd;
}

static struct bpf_link *attach_program(Loader *l, const LoaderHook *h, struct bpf_program *p)
{
        int fd;

        if (!is_of_cgroup(h->section))
                return bpf_program__attach(p);
        fd = open_cgroup_root(l);
        if (fd < 0) {
                errno = -fd;
                return NULL;
        }
        return bpf_program__attach_cgroup(p, fd);
}

static int attach_one(Loader *l, size_t i, unsigned long stamp)
{
        LoaderHook *h = &l->hooks[i];
        struct bpf_program *p = bpf_object__find_program_by_name(l->object, h->name);
        char path[512];
        int r;

        if (h->why_not[0] || !p)
                return -ENOENT;
        l->links[i] = attach_program(l, h, p);
        if (!l->links[i]) {
                r = -errno;
                snprintf(h->why_not, sizeof(h->why_not), "the kernel does not attach it: %s", strerror(-r));
                return r;
        }
        snprintf(path, sizeof(path), "%s/" LOADER_LINK_PREFIX "%s_%lu", l->pin_dir, h->name, stamp);
        r = l->what->links_survive ? bpf_link__pin(l->links[i], path) : 0;
        if (r < 0) {
                snprintf(h->why_not, sizeof(h->why_not), "its link cannot be pinned: %s", strerror(-r));
                (void) bpf_link__destroy(l->links[i]);
                l->links[i] = NULL;
                return r;
        }
        h->attached = true;
        return 0;
}

void loader_guard_sensors(Loader *l)
{
        if (l->guards_sensors)
                return;
        l->guards_sensors = true;
        for (size_t i = 0; l->stamp && i < l->n_hooks; i++) {
                LoaderHook *h = &l->hooks[i];

                if (!is_of_use(h))
                        continue;
                if (strcmp(h->why_not, NOT_YET) == 0)
                        h->why_not[0] = '\0';
                if (attach_one(l, i, l->stamp) < 0)
                        log_notice("loader: %s is not attached: %s", h->section, h->why_not);
        }
}

int loader_attach(Loader *l)
{
        struct timespec now;
        unsigned long stamp;

        clock_gettime(CLOCK_REALTIME, &now);
        stamp = (unsigned long) now.tv_sec * 1000UL + (unsigned long) now.tv_nsec / 1000000UL;
        for (size_t i = 0; i < l->n_hooks; i++) {
                LoaderHook *h = &l->hooks[i];

                if (is_of_use(h) && !l->guards_sensors) {
                        if (!h->why_not[0])
                                snprintf(h->why_not, sizeof(h->why_not), NOT_YET);
                        continue;
                }
                if (attach_one(l, i, stamp) < 0)
                        log_notice("loader: %s is not attached%s: %s", h->section,
                                   h->required ? " (nothing can be enforced without it)" : "", h->why_not);
        }
        l->stamp = stamp;
        if (!loader_enforcing(l))
                return -EOPNOTSUPP; /* what an earlier run attached stays */
        /* Both generations are attached for a moment: no gap. */
        return loader_pins_remove_links(l->pin_dir, stamp);
}

bool loader_adopted(const Loader *l)
{
        return l->adopted;
}

bool loader_enforcing(const Loader *l)
{
        size_t n = 0;

        for (size_t i = 0; i < l->n_hooks; i++) {
                if (l->hooks[i].required && !l->hooks[i].attached)
                        return false;
                n += l->hooks[i].required;
        }
        return n >= l->what->n_required;
}

int loader_iterator_open(Loader *l, const char *name)
{
        struct bpf_program *p = bpf_object__find_program_by_name(l->object, name);
        struct bpf_link *link;
        int fd, r;

        if (!p || bpf_program__fd(p) < 0)
                return -ENOENT;
        link = bpf_program__attach_iter(p, NULL);
        if (!link)
                return -errno;
        fd = bpf_iter_create(bpf_link__fd(link));
        r = fd < 0 ? -errno : fd;
        (void) bpf_link__destroy(link);
        return r;
}

const LoaderMaps *loader_maps(const Loader *l)
{
        return &l->maps;
}

struct ag_control *loader_control(Loader *l)
{
        return l->control;
}

const LoaderHook *loader_hooks(const Loader *l, size_t *ret_n)
{
        *ret_n = l->n_hooks;
        return l->hooks;
}

int loader_unpin(const char *pin_dir)
{
        return loader_pins_remove_all(pin_dir);
}
