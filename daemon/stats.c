/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads ag_stats and ag_errors. Owns nothing. Called by the manager
 * when somebody asks for the status.
 */
#include "stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

int stats_read(const LoaderMaps *maps, Stats *ret)
{
        int n_cpus = libbpf_num_possible_cpus();
        _cleanup_free_ struct ag_counters *counters = NULL;
        _cleanup_free_ struct ag_error *errors = NULL;
        Stats s = {};
        uint32_t key = 0;

        if (n_cpus < 0)
                return n_cpus;
        counters = calloc((size_t) n_cpus, sizeof(*counters));
        errors = calloc((size_t) n_cpus, sizeof(*errors));
        if (!counters || !errors)
                return -ENOMEM;
        if (bpf_map_lookup_elem(maps->stats, &key, counters) < 0)
                return -errno;
        for (int c = 0; c < n_cpus; c++) {
                for (size_t i = 0; i < AG_STAT_MAX; i++)
                        s.n[i] += counters[c].n[i];
        }
        for (key = 0; maps->errors >= 0 && key < AG_PLACE_MAX; key++) {
                if (bpf_map_lookup_elem(maps->errors, &key, errors) < 0)
                        return -errno;
                for (int c = 0; c < n_cpus; c++) {
                        s.errors[key].count += errors[c].count;
                        if (errors[c].count > 0)
                                s.errors[key].last = errors[c].last;
                }
        }
        *ret = s;
        return 0;
}

const char *stats_place_to_string(unsigned place)
{
        static const char *const names[AG_PLACE_MAX] = {
                [AG_PLACE_SUBJECT_STORAGE] = "subject storage",
                [AG_PLACE_WRITE_STORAGE] = "write sequence",
                [AG_PLACE_REQUEST_RING] = "request ring",
                [AG_PLACE_EVENT_RING] = "event ring",
                [AG_PLACE_PATH] = "path",
                [AG_PLACE_GATED_INSERT] = "gated table",
                [AG_PLACE_QUOTA] = "quota",
        };

        return place < AG_PLACE_MAX && names[place] ? names[place] : "unknown";
}
