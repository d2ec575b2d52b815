/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COUNTERS_H
#define COUNTERS_H
/*
 * What the daemon has counted, kept as long as the kernel's own counters: in a
 * mapped file that outlives it, so that both sides still add up after a
 * restart, wanted or not. Every member is added to atomically.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/macro.h"

#define COUNTERS_FILE "/run/aiguard/counters" /* lives as long as the pins do */

typedef struct Counters {
        uint64_t magic;
        uint64_t audit_since_usec; /* wall clock; 0: not in audit mode */
        struct {                   /* gate.h says what each is */
                uint64_t requests, invalid, gated, unreachable, late, scans, scan_failures, scans_saved;
                uint64_t allowed, reported, audited, denied, passed, denied_previous;
                uint64_t abandoned;
                uint64_t waiting, marks; /* of this run only */
                uint64_t background_reported, background_audited;
                uint64_t seen, dropped;
        } gate;
        struct { /* journal.h */
                uint64_t written, suppressed, lost, would_refuse, notes_lost;
                uint64_t pending; /* of this run only; what a run leaves here was lost with it */
        } journal;
} Counters;

/* Starts anew unless `adopt`. Never fails: without the file it counts for this run only. */
Counters *counters_open(const char *path, bool adopt);
Counters *counters_close(Counters *c);

#define COUNTER_ADD(counter) __atomic_add_fetch(&(counter), 1, __ATOMIC_RELAXED)
#define COUNTER_SUB(counter) __atomic_sub_fetch(&(counter), 1, __ATOMIC_RELAXED)
#define COUNTER_GET(counter) __atomic_load_n(&(counter), __ATOMIC_RELAXED)

#endif
