/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_SCAN_H
#define CTL_SCAN_H
/* The parts of `aiguardctl scan`: ctl-scan.c walks, ctl-scan-output.c shows. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/classification.h"

typedef struct ScanCounts {
        uint64_t files, by_status[_SCAN_STATUS_MAX];
} ScanCounts;

void scan_print_json(const char *path, const Classification *c);
/* `named`: the file was given by name, so it is shown whatever it is. */
void scan_print_text(const char *path, const Classification *c, bool named);
void scan_print_summary(const ScanCounts *counts, uint64_t micros);

/* A bar on stderr. Nothing happens when that is no terminal. */
void progress_begin(uint64_t total); /* 0: not known */
void progress_step(const char *path);
void progress_clear(void); /* before something else is printed */
void progress_end(void);

#endif
