/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOADER_H
#define LOADER_H
/*
 * A BPF object: opened, probed program by program, loaded, attached, pinned.
 * Maps are pinned under AG_PIN_DIR and survive the daemon, and so do the links
 * of the LSM object; "stop" closes descriptors, "uninstall" unpins.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "lib/macro.h"

/* Borrowed descriptors of the maps, -EBADF for a map this build does not have. */
typedef struct LoaderMaps {
        int subjects;
        int resolved;
        int writes;
        int objects;
        int denied;
        int matrix;
        int control;
        int workloads;
        int cgroups;
        int users;
        int exes;
        int emergency;
        int devices;
        int network_cameras;
        int suffixes;
        int consents;
        int gated;
        int refused;
        int requests;
        int events;
        int stats;
        int errors;
        int mount_spaces; /* -EBADF: nobody asks */
        bool by_tgid;     /* `subjects` and `resolved` are keyed by thread group, see task-maps.h */
} LoaderMaps;

typedef struct LoaderHook {
        char name[64];    /* of the program */
        char section[64]; /* lsm.s/file_open */
        bool required;    /* without it nothing is enforced */
        bool attached;
        char why_not[160]; /* one sentence; empty when attached */
} LoaderHook;

#define LOADER_HOOKS_MAX 64

typedef struct Loader Loader;
typedef struct LoaderObject LoaderObject; /* see loader-object.h */

/*
 * Opens and loads; adopts pinned maps when their version and `names_hash` (of
 * the list of model capabilities, which numbers the columns) are ours, else
 * starts from fresh ones. Attaches nothing yet.
 */
int loader_new(const LoaderObject *what, const char *pin_dir, uint32_t names_hash, Loader **ret);
Loader *loader_free(Loader *l);
DEFINE_CLEANUP(Loader *, loader_free);

/* Attaches what can be attached, pins the new links, then unpins the old ones. */
int loader_attach(Loader *l);

/*
 * Programs named ag_sensor_* look at each use of a sensor that is open, and cost each ioctl, read and mapping of the
 * host something: they are attached from the first call on, or with the others when those are not yet. For good.
 */
void loader_guard_sensors(Loader *l);

/* Starts an iterator program; reading the descriptor to its end runs it. -ENOENT: this kernel has none. */
int loader_iterator_open(Loader *l, const char *name);

bool loader_adopted(const Loader *l);   /* the maps are those of an earlier run */
bool loader_enforcing(const Loader *l); /* every required hook is attached */
const LoaderMaps *loader_maps(const Loader *l);
struct ag_control *loader_control(Loader *l); /* memory-mapped ag_control */
const LoaderHook *loader_hooks(const Loader *l, size_t *ret_n);

/* Removes every pin: what is attached only through them ends. */
int loader_unpin(const char *pin_dir);

#endif
