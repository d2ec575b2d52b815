/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RESOLVE_MEMORY_H
#define RESOLVE_MEMORY_H
/* What was found out about processes, for when they are gone. Any thread. */
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "lib/macro.h"

typedef struct ResolveMemory ResolveMemory;

int resolve_memory_new(ResolveMemory **ret);
ResolveMemory *resolve_memory_free(ResolveMemory *m);

/* The file of this MAPPED request is known; `traits` is what it makes of its process. */
void resolve_memory_mapped(ResolveMemory *m, const struct ag_request *q, uint32_t traits);

/* All mappings up to this number were looked at. `q`: any request of that process. */
void resolve_memory_walked(ResolveMemory *m, const struct ag_request *q, uint32_t map_seq, uint32_t traits);

/* Is everything known that the process had mapped when it made this request? Then its traits. */
bool resolve_memory_recall(ResolveMemory *m, const struct ag_request *q, uint32_t *ret_traits);

#endif
