/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONF_FILES_H
#define CONF_FILES_H
/*
 * Files that come from a vendor directory and an administrator's, as systemd
 * does it: of two with one name the administrator's wins, and a symbolic link
 * to /dev/null there masks the vendor's.
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/macro.h"

typedef struct ConfFile {
        char *name; /* without directory */
        char *path;
        char *overrides; /* path of the vendor's file of that name, or NULL */
        bool masked;     /* not to be read */
} ConfFile;

typedef struct ConfFiles {
        ConfFile *files; /* sorted by name */
        size_t n;
} ConfFiles;

/* A directory that is not there is empty. `suffix` is ".yaml" or the like; names with a dot in front do not count. */
int conf_files_list(const char *root, const char *vendor_dir, const char *admin_dir, const char *suffix,
                    ConfFiles *ret);
void conf_files_done(ConfFiles *f);

#endif
