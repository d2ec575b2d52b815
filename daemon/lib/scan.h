/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCAN_H
#define SCAN_H
/*
 * Readers -> facts -> classify, in this process: for the sandboxed scanner,
 * for fuzzers and for tests. Nobody with privileges calls this on a file of
 * somebody else; they use scan-client.h.
 */
#include "lib/classification.h"
#include "lib/modelcap.h"

#define SCAN_SIBLINGS_MAX 8

/* A file that lies beside the scanned one. Descriptors stay the caller's. */
typedef struct ScanSibling {
        int fd;
        char name[64]; /* file name, no directory */
} ScanSibling;

/* `path` is for hints only and may be ""; it is never opened. Never fails: what cannot be read is unparsable. */
void scan_fd(int fd, const char *path, const ScanSibling *siblings, size_t n_siblings,
             const ModelcapSet *modelcaps, Classification *ret);

/* Names of files worth handing over as siblings of a model: config.json, labels.txt, ... NULL-terminated. */
extern const char *const scan_sibling_names[];

#endif
