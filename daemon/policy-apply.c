/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: fills the idle half of ag_matrix, the names, executables and users
 * of the workloads, then flips. Cgroups are cgroups.c's, after the flip. Sole
 * writer of these maps and of ag_control.slot. Called by the manager.
 */
#include "policy-apply.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/log.h"
#include "lock.h"
#include "mountdev.h"

static int apply_rows(const LoaderMaps *maps, const PolicyTables *t, uint32_t slot)
{
        static const struct ag_row empty;

        for (uint32_t w = 0; w < AG_WORKLOADS_MAX; w++) {
                const struct ag_row *row = w < t->n_workloads ? &t->rows[w] : &empty;
                uint32_t index = slot * AG_WORKLOADS_MAX + w;

                /* A workload that went away is looked up anew by who still carries its number; until then: undeclared. */
                if (w >= t->n_workloads)
                        row = &t->rows[AG_WORKLOAD_UNDECLARED];
                if (bpf_map_update_elem(maps->matrix, &index, row, BPF_ANY) < 0)
                        return log_error_errno(-errno, "policy: row %u cannot be written", w);
        }
        return 0;
}

static int apply_names(const LoaderMaps *maps, const PolicyTables *t)
{
        for (uint32_t w = 0; w < AG_WORKLOADS_MAX; w++) {
                struct ag_workload_name name = {};

                if (w < t->n_workloads)
                        snprintf(name.name, sizeof(name.name), "%s", t->workloads[w].name);
                if (bpf_map_update_elem(maps->workloads, &w, &name, BPF_ANY) < 0)
                        return log_error_errno(-errno, "policy: the name of workload %u cannot be written",
                                               w);
        }
        return 0;
}

/* The executable as it lies there now. One that is replaced later is looked up at the next reload. */
static int exe_key(const char *path, struct ag_exe_key *ret)
{
        _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
        struct stat st;
        uint32_t dev;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        r = mountdev_of_fd(fd, &dev);
        if (r < 0)
                return r;
        *ret = (struct ag_exe_key){ .ino = st.st_ino, .dev = dev };
        return 0;
}

static int user_id(const char *name, uint32_t *ret)
{
        char *end;
        unsigned long n = strtoul(name, &end, 10);
        const struct passwd *p;

        if (*name && !*end && n < UINT32_MAX) {
                *ret = (uint32_t) n;
                return 0;
        }
        p = getpwnam(name);
        if (!p)
                return -ENOENT;
        *ret = p->pw_uid;
        return 0;
}

/* First match in file order wins, as in policy_tables_match(): later workloads do not overwrite. */
static int put_match(int map, const void *key, struct ag_workload_value *value)
{
        struct ag_workload_value old;

        if (bpf_map_lookup_elem(map, key, &old) == 0 && old.generation == value->generation)
                return 0;
        return bpf_map_update_elem(map, key, value, BPF_ANY) < 0 ? -errno : 0;
}

static int apply_workload(const LoaderMaps *maps, const PolicyWorkload *w, struct ag_workload_value value,
                          uint32_t *flags)
{
        int r = 0;

        for (char **e = w->match.exes; e && *e && r >= 0; e++) {
                struct ag_exe_key key;

                *flags |= AG_CONTROL_EXES;
                if (exe_key(*e, &key) < 0)
                        log_notice("policy: %s of workload %s is not there (yet)", *e, w->name);
                else
                        r = put_match(maps->exes, &key, &value);
        }
        for (char **u = w->match.users; u && *u && r >= 0; u++) {
                uint32_t uid;

                *flags |= AG_CONTROL_USERS;
                if (user_id(*u, &uid) < 0)
                        log_notice("policy: user %s of workload %s does not exist (yet)", *u, w->name);
                else
                        r = put_match(maps->users, &uid, &value);
        }
        if ((w->match.units && *w->match.units) || (w->match.slices && *w->match.slices) ||
            (w->match.cgroups && *w->match.cgroups) || (w->match.containers && *w->match.containers))
                *flags |= AG_CONTROL_CGROUPS;
        return r;
}

/* What an earlier generation matched and this one does not. */
static void sweep(int map, size_t key_size, uint32_t generation)
{
        struct ag_workload_value value;
        char key[32], next[32];
        bool more;

        if (bpf_map_get_next_key(map, NULL, key) < 0)
                return;
        do {
                more = bpf_map_get_next_key(map, key, next) == 0;
                if (bpf_map_lookup_elem(map, key, &value) == 0 && value.generation != generation)
                        (void) bpf_map_delete_elem(map, key);
                memcpy(key, next, key_size);
        } while (more);
}

void policy_apply_matches(struct ag_control *control)
{
        uint32_t n = control->matches + 1;

        /* 0 is a subject that was never looked up. */
        __atomic_store_n(&control->matches, n ? n : 1, __ATOMIC_RELEASE);
}

static bool denies(const PolicyTables *t)
{
        for (size_t w = 0; w < t->n_workloads; w++)
                for (unsigned c = 0; c < AG_COLUMNS; c++)
                        if (t->rows[w].cells[c].effective[0].action >= AG_ACTION_DENY)
                                return true;
        return false;
}

int policy_apply(const LoaderMaps *maps, struct ag_control *control, PolicyGeneration *g,
                 uint64_t *ret_now_ns)
{
        const PolicyTables *t = g->tables;
        uint32_t slot = (control->slot + 1) % AG_SLOTS, flags = 0;
        const uint32_t mine = AG_CONTROL_CGROUPS | AG_CONTROL_EXES | AG_CONTROL_USERS | AG_CONTROL_DENIES;
        int r;

        /* The maps outlive the daemon: numbers go on where the last run stopped. */
        if (g->generation <= control->generation)
                g->generation = control->generation + 1;
        r = apply_rows(maps, t, slot);
        if (r < 0)
                return r;
        r = apply_names(maps, t);
        for (uint16_t w = AG_WORKLOAD_FIRST; w < t->n_workloads && r >= 0; w++)
                r = apply_workload(maps, &t->workloads[w],
                                   (struct ag_workload_value){ .workload = w, .generation = g->generation },
                                   &flags);
        if (r < 0)
                return log_error_errno(r, "policy: a workload cannot be written");
        if (denies(t))
                flags |= AG_CONTROL_DENIES;

        *ret_now_ns = boottime_ns();
        /* Flags before, so that nobody reads new rows without the look-ups that they need. */
        __atomic_store_n(&control->flags, (control->flags & ~mine) | flags, __ATOMIC_RELEASE);
        __atomic_store_n(&control->generation, g->generation, __ATOMIC_RELEASE);
        __atomic_store_n(&control->slot, slot, __ATOMIC_RELEASE);
        policy_apply_matches(control);
        sweep(maps->exes, sizeof(struct ag_exe_key), g->generation);
        sweep(maps->users, sizeof(uint32_t), g->generation);
        return 0;
}

int policy_apply_suffixes(const LoaderMaps *maps)
{
        static const char *const suffixes[] = {
                "onnx",       "ort",     "safetensors", "pt",    "pth",    "pkl",  "pickle", "bin",
                "gguf",       "ggml",    "tflite",      "lite",  "h5",     "hdf5", "keras",  "pb",
                "caffemodel", "mlmodel", "mnn",         "param", "engine", "plan", "npz",    "npy",
                "joblib",     "xml",     "torchscript", "ckpt",  "task",   "dlc",  "rknn",
        };
        const uint8_t one = 1;

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                struct ag_suffix s = {};

                memcpy(s.name, suffixes[i], MIN(strlen(suffixes[i]), sizeof(s.name)));
                if (bpf_map_update_elem(maps->suffixes, &s, &one, BPF_ANY) < 0)
                        return log_error_errno(-errno, "policy: a suffix cannot be written");
        }
        return 0;
}
