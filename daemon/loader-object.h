/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOADER_OBJECT_H
#define LOADER_OBJECT_H
/*
 * The BPF objects that the loader can load, one for each backend, and what it
 * must know of each. loader*.c and the backends only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LoaderObject {
        const char *name;                     /* of the skeleton */
        const void *(*elf)(size_t *ret_size); /* its bytes */
        const char *const *required; /* ends of sections without which a refusal would be an empty promise */
        size_t n_required;
        const char *const *unused_maps;  /* defined with the others, and not made: NULL-terminated */
        const char *subjects, *resolved; /* names of these two maps */
        bool by_tgid;                    /* both are keyed by thread group, not by pidfd */
        bool no_inode_storage;           /* classifications are kept by the daemon itself */
        bool links_survive;              /* pinned: what is attached outlives the daemon */
        uint32_t salt;                   /* makes its pins another version than those of the other object */
} LoaderObject;

extern const LoaderObject loader_object_lsm;
extern const LoaderObject loader_object_fan;
extern const LoaderObject loader_object_observe;

#endif
