/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCAN_CLIENT_H
#define SCAN_CLIENT_H
/*
 * Talks to aiguard-scanner, the sandboxed process that parses hostile files.
 * The client passes descriptors and gets a Classification; the scanner can
 * open nothing itself.
 *
 * A ScanServer is one zygote: started once, warm, without privileges. For each
 * job it forks a child that judges one file and answers on that job's own pipe,
 * so that a child taken over by its file can forge no other answer.
 */
#include <sys/types.h>

#include "lib/classification.h"
#include "lib/scan.h"

typedef struct ScanServer ScanServer;

typedef struct ScanServerOptions {
        const char *program;       /* NULL: the installed aiguard-scanner, or $AIGUARD_SCANNER for tests */
        const char *modelcaps_dir; /* NULL: the installed ones */
        unsigned seconds;          /* CPU and wall limit of one job; 0: default 10 */
        bool no_catalog;           /* as if no known model were known */
        bool reuse;                /* one child for many files: only for offline scans of one's own files */
        unsigned delay_ms; /* for tests: each job sleeps so long before it reads a byte; its limits begin after that */
} ScanServerOptions;

int scan_server_new(const ScanServerOptions *options, ScanServer **ret);
ScanServer *scan_server_free(ScanServer *s); /* ends the zygote */
DEFINE_CLEANUP(ScanServer *, scan_server_free);
pid_t scan_server_pid(const ScanServer *s);
/* The program that such a server runs; `buffer` is for the answer if need be. */
const char *scan_server_program(const ScanServerOptions *options, char *buffer, size_t size);

/*
 * Starts one job; does not wait. Borrowed descriptors are duplicated into the
 * message and stay the caller's. *ret_fd becomes readable when the answer is
 * there or the child is gone. Never blocks: -EAGAIN when the zygote's queue is
 * full, -EPIPE when it died (free it and start another).
 */
int scan_server_submit(ScanServer *s, int fd, const char *path, const ScanSibling *siblings,
                       size_t n_siblings, int *ret_fd);

/*
 * Reads one answer from the descriptor of a job (any moment after it is
 * readable; never blocks). A child that died, hung or lied gives a
 * classification with status unparsable and the reason, and 0: a broken child
 * costs its file the classification and nothing else.
 */
int scan_job_finish(int job_fd, Classification *ret);

/* submit + poll + finish, for tools. */
int scan_server_run(ScanServer *s, int fd, const char *path, const ScanSibling *siblings, size_t n_siblings,
                    Classification *ret);

/*
 * Opens the siblings of a file: `dir_fd` is its directory (O_PATH is enough).
 * Each is opened O_PATH first, must be a regular file on a local file system,
 * no symbolic link out of the directory unless `follow`, then read-only; it
 * can never block. Where there is none beside the file they are looked for in
 * the snapshot of a Hugging Face cache that has this blob, and above `onnx/`.
 * To the weights of TensorFlow.js belongs the manifest that tells what they are.
 * Returns the number of siblings, descriptors are the caller's.
 */
size_t scan_siblings_open(int dir_fd, const char *self_name, bool follow,
                          ScanSibling ret[SCAN_SIBLINGS_MAX]);
/*
 * The same for many files of one directory: what was not there the first time is
 * not looked for again. Without manifests, which are judged among these files.
 */
size_t scan_siblings_open_again(int dir_fd, const char *self_name, bool follow, uint64_t *absent,
                                ScanSibling ret[SCAN_SIBLINGS_MAX]);
void scan_siblings_close(ScanSibling *siblings, size_t n);

#endif
