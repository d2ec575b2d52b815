/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H
/* One entry under construction: fields in one buffer, bounded. For journal*.c only. */
#include <stdbool.h>
#include <sys/uio.h>

#include "lib/macro.h"

#define JOURNAL_FIELDS_MAX 96
#define JOURNAL_ENTRY_BYTES_MAX (24U << 10)

typedef struct JournalEntry {
        size_t n_fields;
        size_t used;
        bool cut; /* something did not fit */
        struct iovec fields[JOURNAL_FIELDS_MAX];
        char buffer[JOURNAL_ENTRY_BYTES_MAX];
} JournalEntry;

void journal_entry_reset(JournalEntry *e);
/* Adds NAME=value; a value that is NULL or "" adds nothing. Values may hold any byte but NUL. */
void journal_entry_add(JournalEntry *e, const char *name, const char *value);
void journal_entry_addf(JournalEntry *e, const char *name, const char *format, ...) _printf_(3, 4);
/* NAME=value as it stands. */
void journal_entry_add_field(JournalEntry *e, const char *field);
/* The same with everything that is no plain text escaped: for MESSAGE. */
void journal_entry_add_text(JournalEntry *e, const char *name, const char *text);

#endif
