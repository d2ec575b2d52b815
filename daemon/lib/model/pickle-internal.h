/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_PICKLE_INTERNAL_H
#define MODEL_PICKLE_INTERNAL_H
/* Between pickle.c (what opcodes do), pickle-op.c (how they are written) and pickle-value.c (what they make). */
#include "lib/model/pickle.h"

#define PICKLE_ROOM_MAX (16U * 1024 * 1024) /* elements of any array */

/* Makes room for `need` elements of a growing array (given by its address). */
int pickle_room(Pickle *p, void *array, size_t *room, size_t need, size_t size);

typedef struct PickleOp {
        unsigned char code;
        uint64_t number;                    /* of FOLLOWS_1 to _8 */
        uint64_t start, length;             /* of FOLLOWS_SIZED, of a line */
        char line[2 * PICKLE_LINE_MAX + 2]; /* one line, or "module name" */
} PickleOp;

int pickle_read_op(Pickle *p, PickleOp *ret);

static inline int pickle_broken(Pickle *p)
{
        return source_fail(p->source, "a broken pickle");
}

#endif
