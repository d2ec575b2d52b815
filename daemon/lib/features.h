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
        bool required;    /* without it the daemon does not enforce as it should */
        char detail[240]; /* what was seen or is missing: one sentence */
        char fix[400];    /* empty when ok */
} FeatureResult;

#define FEATURES_MAX 20

/* What enforces on a host, the strongest first; the names are those of Backend=. */
typedef enum FeaturesBackend {
        FEATURES_LSM,
        FEATURES_FANOTIFY,
        FEATURES_OBSERVE,    /* nothing is enforced */
        FEATURES_NO_BACKEND, /* the daemon does not start */
        _FEATURES_BACKEND_MAX,
} FeaturesBackend;

/* Runs every probe, cheapest first; returns how many. */
size_t features_probe(FeatureResult ret[FEATURES_MAX]);

/* The strongest backend that nothing is missing for. What could not be asked is not missing. */
FeaturesBackend features_backend(const FeatureResult *features, size_t n);
/* The first thing that this backend needs and that is not ok; NULL: nothing. */
const FeatureResult *features_missing_for(FeaturesBackend backend, const FeatureResult *features, size_t n);
const FeatureResult *features_find(const FeatureResult *features, size_t n, const char *name);

/* Where cgroup2 is mounted ("/sys/fs/cgroup"), found in /proc/self/mounts; -ENOENT. */
int features_cgroup2_mount(char *ret, size_t size);

#endif
