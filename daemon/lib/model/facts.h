/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_FACTS_H
#define MODEL_FACTS_H
/*
 * What a reader found in a file, without any judgement. Everything is bounded;
 * what goes beyond a bound is dropped and counted. Strings are bytes of the
 * file: not checked, NUL-terminated, may be anything.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/macro.h"

#define FACTS_NAMES_MAX 4096
#define FACTS_BULK_MAX \
        3072 /* of them: nodes and tensors, of which a big model has more than is worth keeping */
#define FACTS_LISTS_MAX 256
#define FACTS_LABELS_MAX 64 /* of one list; longer lists are no label lists of ours */
#define FACTS_SHAPES_MAX 64
#define FACTS_TENSORS_MAX 4096
#define FACTS_DIMS_MAX 8
#define FACTS_TEXT_MAX 200
#define FACTS_OVERFLOW "more names and lists than a model has"

typedef enum FactKind {
        FACT_PRODUCER,
        FACT_GRAPH, /* name of the net, of a model, of a domain */
        FACT_INPUT,
        FACT_OUTPUT,
        FACT_NODE,
        FACT_TENSOR,
        FACT_METADATA, /* key or value of a free map */
        FACT_DOC,
        FACT_ARCHITECTURE, /* class name of the net */
        FACT_TYPE,         /* model_type */
        FACT_TASK,         /* finetuning_task, pipeline_tag, problem_type */
        FACT_BASE,         /* _name_or_path: what it was made from */
        FACT_KEY,          /* a key of the configuration */
        FACT_MEMBER,       /* a needed library, a symbol */
        _FACT_KIND_MAX,
} FactKind;

/* `where` of the files that a document says its model's weights are in. */
#define FACTS_WEIGHTS_PATHS "paths of the weights"

typedef struct FactName {
        FactKind kind;
        bool sibling;      /* from a file beside the model */
        const char *where; /* "graph output", "config.json architectures" */
        const char *text;
} FactName;

typedef struct LabelList {
        bool sibling;
        bool config; /* of a configuration that belongs to the model, not of a loose list */
        const char *where;
        size_t n_total; /* as the file has it */
        size_t n;       /* kept */
        const char **labels;
} LabelList;

typedef struct FactShape {
        bool output;
        const char *name;
        uint8_t n;
        int64_t dims[FACTS_DIMS_MAX]; /* -1: not fixed */
} FactShape;

typedef struct FactTensor {
        const char *name;
        uint8_t n;
        int64_t dims[FACTS_DIMS_MAX];
        uint64_t data_start; /* where the weights lie in the whole file; 0 and 0: elsewhere, or packed */
        uint64_t data_length;
} FactTensor;

/* See fingerprint.h. */
#define SKETCH_SHAPE_SIZE 16
#define SKETCH_WEIGHTS_MAX 64
#define SKETCH_ORDER_BITS 24

typedef struct WeightCode {
        uint16_t length; /* of the vector */
        uint32_t order;  /* SKETCH_ORDER_BITS */
} WeightCode;

typedef struct ModelSketch {
        bool has_shape;
        uint16_t shape[SKETCH_SHAPE_SIZE];
        size_t n_weights, n_vectors; /* vectors come first */
        WeightCode weights[SKETCH_WEIGHTS_MAX];
} ModelSketch;

/* How much the file itself is. */
typedef enum FactsStanding {
        STANDS_AS_MODEL,
        STANDS_AS_LABELS, /* no model, but maybe a list of labels and nothing else: counts when it is one */
        STANDS_AS_TEXT,   /* code or data with lists in it: makes a suspect at most */
} FactsStanding;

typedef struct ArenaBlock ArenaBlock;

typedef struct ModelFacts {
        const char *container; /* constant: onnx, safetensors, ... */
        const char *reason;    /* constant: a model by its looks, and not understood; NULL when fine */
        bool is_model;
        FactsStanding standing;
        bool overflow; /* something that matters found no room: not clean */
        size_t n_names, n_lists, n_shapes, n_tensors, n_bulk;
        FactName *names;
        LabelList *lists;
        FactShape *shapes;
        FactTensor *tensors;
        int64_t num_labels; /* stated by a configuration; 0: not */
        ModelSketch sketch; /* not by the reader: scan.c makes it from the tensors */
        ArenaBlock *arena;
        size_t arena_used;
} ModelFacts;

void facts_init(ModelFacts *f);
void facts_done(ModelFacts *f);
#define _cleanup_facts_ _cleanup_(facts_done)

/* NULL when the budget of one file is used up (then `overflow` is set): callers drop the fact. */
void *facts_alloc(ModelFacts *f, size_t size);
const char *facts_text(ModelFacts *f, const char *s, size_t n);

/*
 * Text of two or four bytes a character becomes UTF-8, other NUL bytes vanish:
 * a string of the file that is not one for C. At most size - 1 bytes, terminated; gives the length.
 */
size_t text_narrow(const char *s, size_t n, char *ret, size_t size);

/* The copies are cut at FACTS_TEXT_MAX. `where` must be constant or of the arena. */
void facts_add_name(ModelFacts *f, FactKind kind, bool sibling, const char *where, const char *s, size_t n);
void facts_add_shape(ModelFacts *f, const FactShape *shape);
void facts_add_tensor(ModelFacts *f, const FactTensor *tensor);

/* A list under construction. Add any number; it is kept when it may be a label list. */
typedef struct LabelListBuilder {
        const char *labels[FACTS_LABELS_MAX];
        size_t n, n_total;
} LabelListBuilder;

/* Without clearing what nobody reads: a hostile file begins a million lists. */
static inline void label_list_begin(LabelListBuilder *b)
{
        b->n = b->n_total = 0;
}

void label_list_add(ModelFacts *f, LabelListBuilder *b, const char *s, size_t n);
void label_list_finish(ModelFacts *f, LabelListBuilder *b, bool sibling, bool config, const char *where);

#endif
