/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the backend for kernels that do not run LSM programs. Sensors are
 * refused by a device program on the root cgroup, files by permission events on
 * whole file systems (fan.c), subjects come from tracepoints. Weaker than the
 * BPF LSM, and says how. Called through BackendOps.
 */
#include <bpf/bpf.h>
#include <string.h>

#include "backend.h"
#include "loader-object.h"

static int open_with(Backend *b, FeaturesBackend kind, const LoaderObject *object, uint32_t names_hash)
{
        int r = backend_check(b, kind);

        if (r < 0)
                return r;
        r = loader_new(object, AG_PIN_DIR, names_hash, &b->loader);
        if (r < 0)
                snprintf(b->reason, sizeof(b->reason), "the programs do not load (%s)", strerror(-r));
        return r;
}

static int fanotify_open(Backend *b, uint32_t names_hash)
{
        return open_with(b, FEATURES_FANOTIFY, &loader_object_fan, names_hash);
}

static int observe_open(Backend *b, uint32_t names_hash)
{
        return open_with(b, FEATURES_OBSERVE, &loader_object_observe, names_hash);
}

/* What an earlier run knew of processes is of then: nobody wrote down who came and went since. */
static void forget_processes(const LoaderMaps *maps)
{
        const int tables[] = { maps->subjects, maps->resolved };

        for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
                uint32_t tgid;

                while (bpf_map_get_next_key(tables[i], NULL, &tgid) == 0 &&
                       bpf_map_delete_elem(tables[i], &tgid) == 0)
                        ;
        }
}

static int fanotify_attach(Backend *b)
{
        forget_processes(loader_maps(b->loader));
        return loader_attach(b->loader);
}

static void fanotify_close(Backend *b)
{
        b->loader = loader_free(b->loader);
}

const BackendOps backend_fanotify_ops = {
        .name = "fanotify",
        .watches_files = true,
        .enforces = true,
        .automatic = true,
        .weaker = "a sensor or model that is open already is not taken away at its next use but by ending "
                  "its "
                  "process, descriptors that are passed on are not seen, and enforcement ends when the "
                  "daemon does",
        .open = fanotify_open,
        .attach = fanotify_attach,
        .close = fanotify_close,
};

const BackendOps backend_observe_ops = {
        .name = "observe",
        .automatic = true,
        .weaker = "nothing is refused: opens of sensors are told, as far as the kernel tells of them, and "
                  "models are "
                  "not looked at",
        .open = observe_open,
        .attach = fanotify_attach,
        .close = fanotify_close,
};
