/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_PB_WALK_H
#define MODEL_PB_WALK_H
/*
 * Protocol buffers by a table: which fields matter, and what is inside them.
 * Everything else is jumped over. Fields may come in any order and repeated.
 */
#include "lib/model/facts.h"
#include "lib/model/protobuf.h"

#define PB_TEXT_MAX 256

typedef struct PbRule PbRule;
struct PbRule {
        uint32_t number; /* 0 ends a table */
        PbWire wire;
        int tag;               /* what the visitor knows it by; > 0 */
        const PbRule *message; /* the fields inside; NULL: a value */
};

typedef enum PbStep {
        PB_BEGIN, /* of a message; PB_SKIP jumps over it, without an end */
        PB_VALUE,
        PB_END,
} PbStep;

#define PB_SKIP 1

/* Negative results end the walk and are handed on. */
typedef int (*PbVisit)(void *userdata, PbStep step, int tag, const PbField *field);

/* 0, or -EBADMSG with the source's reason. */
int pb_walk(PbCursor c, const PbRule *rules, PbVisit visit, void *userdata);

/* Is one of the first fields in this table? Looks at a few bytes. */
bool pb_may_begin(Source *s, const PbRule *rules);

/* A text, cut at PB_TEXT_MAX; terminated. */
typedef struct PbText {
        size_t n;
        char s[PB_TEXT_MAX + 1];
} PbText;

static inline void pb_text_clear(PbText *t)
{
        t->n = 0;
        t->s[0] = 0;
}

int pb_text(Source *s, const PbField *field, PbText *ret);

/* A text as a name among the facts, and as one more label. */
int pb_add_name(Source *s, ModelFacts *f, FactKind kind, const char *where, const PbField *field);
int pb_add_label(Source *s, ModelFacts *f, LabelListBuilder *b, const PbField *field);

/* Adds a number (a dimension) or the packed numbers of a field. */
int pb_add_dims(Source *s, const PbField *field, int64_t dims[FACTS_DIMS_MAX], uint8_t *n);

#endif
