/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: builds the field list of one journal entry. Bounded: a field that
 * does not fit is left out and the entry says so. Called by journal.c and
 * journal-fields.c. Knows neither events nor journald.
 */
#include "journal-entry.h"

#include <stdarg.h>
#include <string.h>

#include "lib/escape.h"

void journal_entry_reset(JournalEntry *e)
{
        e->n_fields = 0;
        e->used = 0;
        e->cut = false;
}

void journal_entry_add_field(JournalEntry *e, const char *field)
{
        size_t l = strlen(field);

        if (e->n_fields == JOURNAL_FIELDS_MAX || l > sizeof(e->buffer) - e->used) {
                e->cut = true;
                return;
        }
        memcpy(e->buffer + e->used, field, l);
        e->fields[e->n_fields++] = (struct iovec){ .iov_base = e->buffer + e->used, .iov_len = l };
        e->used += l;
}

void journal_entry_add(JournalEntry *e, const char *name, const char *value)
{
        char field[4600];

        if (!value || !*value)
                return;
        if ((size_t) snprintf(field, sizeof(field), "%s=%s", name, value) >= sizeof(field))
                e->cut = true;
        journal_entry_add_field(e, field);
}

void journal_entry_addf(JournalEntry *e, const char *name, const char *format, ...)
{
        char value[1024];
        va_list ap;

        va_start(ap, format);
        if ((size_t) vsnprintf(value, sizeof(value), format, ap) >= sizeof(value))
                e->cut = true;
        va_end(ap);
        journal_entry_add(e, name, value);
}

void journal_entry_add_text(JournalEntry *e, const char *name, const char *text)
{
        _cleanup_free_ char *escaped = escape_new(text, strlen(text));

        journal_entry_add(e, name, escaped);
}
