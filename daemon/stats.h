/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STATS_H
#define STATS_H
/* The kernel side's counters, summed over the processors. */
#include "abi.h"
#include "loader.h"

typedef struct Stats {
        uint64_t n[AG_STAT_MAX];              /* by enum ag_stat */
        struct ag_error errors[AG_PLACE_MAX]; /* by enum ag_place */
} Stats;

int stats_read(const LoaderMaps *maps, Stats *ret);
const char *stats_place_to_string(unsigned place);

#endif
