/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FEATURES_H
#define FEATURES_H
/*
 * Is this host able? A table of probes, each either ok or one sentence of what
 * is missing and the exact fix. Used by the daemon at its start and by
 * `aiguardctl doctor`; needs no daemon, no skeleton, and changes nothing.
 */
#include <stdbool.h>
#include <stddef.h>

typedef enum FeatureState {
        FEATURE_OK,
        FEATURE_MISSING,
        FEATURE_UNKNOWN, /* could not be asked, for example without rights */
} FeatureState;

typedef struct FeatureResult {
        const char *name;  /* btf, bpf-lsm, ... */
        const char *title; /* what it is, in words */
        FeatureState state;
        bool required;    /* without it the daemon does not start */
        char detail[200]; /* what was seen or is missing: one sentence */
        char fix[240];    /* empty when ok */
} FeatureResult;

#define FEATURES_MAX 16

/* Runs every probe, cheapest first; returns how many. */
size_t features_probe(FeatureResult ret[FEATURES_MAX]);

/* Where cgroup2 is mounted ("/sys/fs/cgroup"), found in /proc/self/mounts; -ENOENT. */
int features_cgroup2_mount(char *ret, size_t size);

#endif
