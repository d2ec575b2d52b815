/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONF_PARSER_H
#define CONF_PARSER_H
/*
 * INI files by a table. Lines are "[Section]", "Key=value" or comments that
 * begin with # or ;. A key that no table knows is a warning, so that one file
 * serves two versions; a value that cannot be read is an error.
 */
#include "lib/diag.h"

/* Writes to `data`. -EINVAL when the value is none; *reterr_wanted then says what would have been one. */
typedef int (*ConfParse)(const char *value, void *data, const char **reterr_wanted);

typedef struct ConfItem {
        const char *section;
        const char *key;
        ConfParse parse;
        size_t offset; /* of the member in the structure */
} ConfItem;

#define CONF_SIZE_MAX (64U * 1024U)

/* `items` ends with a NULL section. -EBADMSG after errors, all of them in `diag`; -errno for I/O. */
int conf_parse_file(const char *path, const ConfItem *items, void *object, Diag *diag);
int conf_parse_buffer(const char *name, const char *data, size_t size, const ConfItem *items, void *object,
                      Diag *diag);

int conf_parse_string(const char *value, void *data, const char **reterr_wanted); /* char *; empty: NULL */

#endif
