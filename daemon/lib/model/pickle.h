/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_PICKLE_H
#define MODEL_PICKLE_H
/*
 * Python's pickles, taken apart and never executed: a call is noted as "this
 * global, these arguments". What was made stays in `values`, in the order of its
 * making, also when the pickle throws it away; containers may hold themselves.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/model/source.h"

#define PICKLE_OPS_MAX 300000U /* as many as other files may have fields */
#define PICKLE_TEXT_MAX 200U   /* kept of a text; the rest is where it is */
#define PICKLE_LINE_MAX 4096U  /* kept of a text that is escaped in the file */

typedef enum PickleType {
        PICKLE_OTHER, /* None, a truth value, a number with a fraction */
        PICKLE_INT,
        PICKLE_TEXT,
        PICKLE_BYTES,
        PICKLE_GLOBAL, /* text: "module name" */
        PICKLE_TUPLE,
        PICKLE_LIST, /* or a set */
        PICKLE_DICT,
        PICKLE_OBJECT,     /* made by a call */
        PICKLE_PERSISTENT, /* of whoever loads the pickle: in PyTorch, weights */
} PickleType;

typedef struct PickleValue {
        PickleType type;
        uint32_t n, first, last; /* what it holds: links */
        union {
                int64_t integer;
                struct {
                        uint64_t start; /* in the source; 0: it was not copied from there as it is */
                        uint32_t length;
                        uint32_t text; /* of texts */
                };
                struct {
                        uint32_t callable, arguments, state; /* values, 0: none */
                };
        };
} PickleValue;

typedef struct PickleLink {
        uint32_t key; /* 0: an item of a list */
        uint32_t value;
        uint32_t next; /* 0: the last one */
} PickleLink;

typedef struct PickleNumbers {
        uint32_t *at;
        size_t n, room;
} PickleNumbers;

typedef struct Pickle Pickle;
struct Pickle {
        Source *source;
        uint64_t pos;
        unsigned ops_left, n_ops;
        uint32_t result; /* of the last stream */
        PickleValue *values;
        PickleLink *links;
        char *texts;
        size_t n_values, n_links, n_texts, room_values, room_links, room_texts;
        PickleNumbers stack, marks, memo;

        /* Called when an object got its state: what follows in the file may not be a pickle (see joblib). */
        int (*on_build)(Pickle *p, uint32_t object);
};

int pickle_begin(Pickle *p, Source *s, uint64_t pos);
void pickle_done(Pickle *p);
#define _cleanup_pickle_ _cleanup_(pickle_done)

/* One stream, from `pos` to behind its end. -EBADMSG with the source's reason set. */
int pickle_run(Pickle *p);
/* One stream inside of another one, which it knows nothing of. */
int pickle_run_inner(Pickle *p);

const char *pickle_text(const Pickle *p, uint32_t value); /* "" when it is none */
bool pickle_is_global(const Pickle *p, uint32_t value, const char *module_and_name);
/* The i-th item; 0 when there is none. */
uint32_t pickle_item(const Pickle *p, uint32_t value, unsigned i);
/* What a text leads to in a dictionary; 0 when there is none. The first 256 entries are looked at. */
uint32_t pickle_get(const Pickle *p, uint32_t dict, const char *key);

/* For those that find more values in the file; 0 or -EBADMSG. */
int pickle_new(Pickle *p, PickleType type, uint32_t *ret);
int pickle_new_text(Pickle *p, const char *s, size_t n, uint32_t *ret);
int pickle_add(Pickle *p, uint32_t container, uint32_t key, uint32_t value);

#endif
