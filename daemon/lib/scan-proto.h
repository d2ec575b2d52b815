/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCAN_PROTO_H
#define SCAN_PROTO_H
/*
 * Between scan-client.c and aiguard-scanner, over a SOCK_SEQPACKET pair that
 * the scanner finds as descriptor 3.
 *
 * scanner -> client, once: ScanHello.
 * client -> scanner, for each file: ScanJob with SCM_RIGHTS: the file, the
 * socket for the answer, the siblings. The answer is one Classification, cut
 * behind its last finding, in one message; an end of file instead means that the child is gone.
 */
#include <stdint.h>

#include "lib/scan.h"

#define SCAN_PROTO_FD 3
#define SCAN_PROTO_MAGIC 0x53474941U /* AIGS */
#define SCAN_PROTO_PATH_MAX 1024

typedef struct ScanHello {
        uint32_t magic;
        int32_t error; /* 0: ready; -errno: why not, with the details on stderr */
} ScanHello;

typedef struct ScanJob {
        uint32_t magic;
        uint32_t n_siblings;
        char path[SCAN_PROTO_PATH_MAX]; /* for hints only; the end of it when it is longer */
        char names[SCAN_SIBLINGS_MAX][64];
} ScanJob;

#define SCAN_PROTO_FDS_MAX (2 + SCAN_SIBLINGS_MAX)

#endif
