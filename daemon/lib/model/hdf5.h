/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_HDF5_H
#define MODEL_HDF5_H
/*
 * As much of HDF5 as it takes to find attributes, groups and where datasets lie
 * (HDF5 File Format Specification 3.0): superblocks 0 to 3, object headers 1
 * and 2, groups by symbol table or by link messages, the global heap. Groups
 * and attributes in fractal heaps ("dense", which nobody writes by default) are
 * not followed; that there are some is told.
 */
#include "lib/model/source.h"

#define HDF5_NAME_MAX 96
#define HDF5_DIMS_MAX 8
#define HDF5_NOWHERE UINT64_MAX

typedef struct Hdf5 {
        Source *s;
        uint64_t base;                      /* addresses count from here */
        unsigned address_size, length_size; /* of the numbers in this file */
} Hdf5;

typedef struct Hdf5Type {
        bool string;   /* of a fixed size, or */
        bool variable; /* in the global heap */
        uint32_t size;
} Hdf5Type;

typedef struct Hdf5Space {
        uint8_t n;
        uint64_t dims[HDF5_DIMS_MAX];
} Hdf5Space;

typedef struct Hdf5Attribute {
        char name[HDF5_NAME_MAX];
        Hdf5Type type;
        Hdf5Space space;
        uint64_t data; /* position in the source */
} Hdf5Attribute;

typedef struct Hdf5Object {
        uint64_t tree, heap; /* of a group by symbol table, else HDF5_NOWHERE */
        bool dense;          /* has attributes or links that are not followed */
        bool dataset;
        unsigned seen; /* bits: space, type, layout; with these a dataset is known */
        Hdf5Type type;
        Hdf5Space space;
        uint64_t data, length; /* when it lies in one piece; else 0 and 0 */
} Hdf5Object;

/* Negative results end the walk and are handed on. */
typedef struct Hdf5Visitor {
        int (*attribute)(void *userdata, const Hdf5Attribute *a);
        int (*link)(void *userdata, const char *name, uint64_t address);
        void *userdata;
} Hdf5Visitor;

/* Position of the signature: 0, 512, 1024, ... as there may be something before it; HDF5_NOWHERE when there is none. */
uint64_t hdf5_find(Source *s);

/* Address of the root group. All functions: 0, or -EBADMSG with the source's reason. */
int hdf5_open(Hdf5 *h, Source *s, uint64_t signature, uint64_t *ret_root);

/* The header of an object: its attributes and, if they stand there, its links are visited; of a dataset not all. */
int hdf5_object(Hdf5 *h, uint64_t address, const Hdf5Visitor *v, Hdf5Object *ret);

/* The links of a group by symbol table. */
int hdf5_group(Hdf5 *h, const Hdf5Object *group, const Hdf5Visitor *v);

/* Where the i-th string of an attribute or dataset lies. */
int hdf5_string(Hdf5 *h, const Hdf5Type *type, uint64_t data, uint64_t i, uint64_t *ret_pos,
                uint64_t *ret_length);

/* How many elements; at most UINT32_MAX. */
uint64_t hdf5_count(const Hdf5Space *space);

#endif
