/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DIAG_H
#define DIAG_H
/*
 * What is wrong with something a person wrote: a bounded list of messages with
 * file, line and column. The library never prints; whoever asked prints this.
 */
#include <stdbool.h>
#include <stdio.h>

#include "lib/macro.h"

typedef enum DiagLevel {
        DIAG_ERROR,
        DIAG_WARNING,
} DiagLevel;

typedef struct DiagEntry {
        DiagLevel level;
        char *file;      /* NULL: no file */
        unsigned line;   /* from 1; 0: none */
        unsigned column; /* from 1; 0: none */
        char *message;
        char *hint; /* "did you mean ...", or NULL */
} DiagEntry;

typedef struct Diag Diag;

#define DIAG_ENTRIES_MAX 200U

int diag_new(Diag **ret);
Diag *diag_free(Diag *d);
DEFINE_CLEANUP(Diag *, diag_free);

/* Adds one entry; beyond DIAG_ENTRIES_MAX it is only counted. `hint` may be NULL. Never fails visibly. */
void diag_add(Diag *d, DiagLevel level, const char *file, unsigned line, unsigned column, const char *hint,
              const char *format, ...) _printf_(7, 8);

size_t diag_count(const Diag *d, DiagLevel level);
const DiagEntry *diag_get(const Diag *d, size_t i); /* NULL past the end */

/* By file, line and column; what has the same place keeps its order. */
void diag_sort(Diag *d);

/* "file:line:col: error: message (did you mean x?)", one a line, control characters escaped. */
void diag_print(const Diag *d, FILE *f);

#endif
