/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: collects what is wrong with something a person wrote. Owns its
 * entries; never prints by itself, never stops anybody. A message that cannot
 * be stored (no memory, too many) is still counted, so that a caller who asks
 * "any errors?" is never told no. Called by every parser; read by tools and by
 * the daemon's reload.
 */
#include "lib/diag.h"

#include <stdarg.h>

#include "lib/util-string.h"

struct Diag {
        DiagEntry entries[DIAG_ENTRIES_MAX];
        size_t n_entries;
        size_t n_levels[2];
};

int diag_new(Diag **ret)
{
        Diag *d;

        d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        *ret = d;
        return 0;
}

Diag *diag_free(Diag *d)
{
        for (size_t i = 0; d && i < d->n_entries; i++) {
                free(d->entries[i].file);
                free(d->entries[i].message);
                free(d->entries[i].hint);
        }
        free(d);
        return NULL;
}

void diag_add(Diag *d, DiagLevel level, const char *file, unsigned line, unsigned column, const char *hint,
              const char *format, ...)
{
        DiagEntry e = { .level = level, .line = line, .column = column };
        va_list ap;
        int n;

        if (!d)
                return;
        d->n_levels[level == DIAG_ERROR ? DIAG_ERROR : DIAG_WARNING]++;
        if (d->n_entries >= DIAG_ENTRIES_MAX)
                return;

        va_start(ap, format);
        n = vasprintf(&e.message, format, ap);
        va_end(ap);
        if (n < 0)
                return;
        e.file = file ? strdup(file) : NULL;
        e.hint = hint ? strdup(hint) : NULL;
        d->entries[d->n_entries++] = e;
}

size_t diag_count(const Diag *d, DiagLevel level)
{
        return d ? d->n_levels[level == DIAG_ERROR ? DIAG_ERROR : DIAG_WARNING] : 0;
}

const DiagEntry *diag_get(const Diag *d, size_t i)
{
        return d && i < d->n_entries ? &d->entries[i] : NULL;
}

static int by_place(const DiagEntry *a, const DiagEntry *b)
{
        int r = strcmp(a->file ? a->file : "", b->file ? b->file : "");

        if (r != 0)
                return r;
        if (a->line != b->line)
                return a->line < b->line ? -1 : 1;
        return a->column < b->column ? -1 : a->column > b->column;
}

void diag_sort(Diag *d)
{
        /* few entries, and a stable order: by insertion */
        for (size_t i = 1; d && i < d->n_entries; i++) {
                DiagEntry e = d->entries[i];
                size_t k = i;

                for (; k > 0 && by_place(&d->entries[k - 1], &e) > 0; k--)
                        d->entries[k] = d->entries[k - 1];
                d->entries[k] = e;
        }
}

void diag_print(const Diag *d, FILE *f)
{
        size_t total = diag_count(d, DIAG_ERROR) + diag_count(d, DIAG_WARNING);

        for (size_t i = 0; d && i < d->n_entries; i++) {
                const DiagEntry *e = &d->entries[i];

                if (e->file) {
                        fputs_escaped(e->file, f);
                        fputs(":", f);
                        if (e->line > 0)
                                fprintf(f, "%u:", e->line);
                        if (e->line > 0 && e->column > 0)
                                fprintf(f, "%u:", e->column);
                        fputs(" ", f);
                }
                fputs(e->level == DIAG_ERROR ? "error: " : "warning: ", f);
                fputs_escaped(e->message, f);
                if (e->hint) {
                        fputs(" (", f);
                        fputs_escaped(e->hint, f);
                        fputs(")", f);
                }
                fputs("\n", f);
        }
        if (d && total > d->n_entries)
                fprintf(f, "... and %zu more\n", total - d->n_entries);
}
