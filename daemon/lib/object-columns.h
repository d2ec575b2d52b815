/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OBJECT_COLUMNS_H
#define OBJECT_COLUMNS_H
/* A classification, in the words of the matrix. Pure. */
#include <stdbool.h>

#include "abi.h"
#include "lib/classification.h"
#include "lib/modelcap.h"

/*
 * Fills flags, columns and n_columns of `ret`, worst column first; the rest of
 * it stays. A capability that the set does not know makes the file unparsable:
 * scanner and daemon then speak of different policies.
 */
void object_from_classification(const Classification *c, const ModelcapSet *modelcaps, bool declared,
                                struct ag_object *ret);

/* What kind of opener a library makes of its process: AG_OBJECT_LIBRARY_* and AG_OBJECT_INTERPRETER. */
uint32_t object_flags_from_runtime(uint8_t runtime);

#endif
