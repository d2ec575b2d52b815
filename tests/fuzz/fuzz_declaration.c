/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: declarations, dates and spans, on anything. What is taken is written and read again, and must be the same. */
#include <stdint.h>
#include <string.h>

#include "lib/date.h"
#include "lib/declaration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const Declaration *d)
{
        json_t *o = declaration_to_json(d);
        char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
        Declaration *copy = NULL;

        if (!text || declaration_parse(text, strlen(text), &copy, NULL) < 0 ||
            strcmp(copy->id, d->id) != 0 || copy->until_usec != d->until_usec ||
            !declaration_id_valid(d->id))
                abort();
        declaration_free(copy);
        json_decref(o);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Declaration *d = NULL;
        char *why = NULL, *copy;
        uint64_t n;

        if (declaration_parse((const char *) data, size, &d, &why) >= 0) {
                uint8_t columns[AG_OBJECT_COLUMNS] = { AG_COL_IDENTIFIED, AG_COL_SUSPECT,
                                                       AG_COL_UNPARSABLE };
                uint8_t n_columns = 3;

                again(d);
                if (d->kind == DECLARATION_MODEL && strcmp(d->as, "none") == 0) {
                        declaration_apply_columns(d, NULL, columns, &n_columns);
                        if (n_columns != 1 || columns[0] != AG_COL_IDENTIFIED)
                                abort();
                }
                declaration_free(d);
        } else if (!why)
                abort();
        free(why);
        copy = strndup((const char *) data, size);
        (void) date_parse(copy, &n);
        if (span_parse(copy, 86400, &n) >= 0 && (n == 0 || n > 86400))
                abort();
        free(copy);
        return 0;
}
