/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RESOLVE_FILES_H
#define RESOLVE_FILES_H
/* What a mapped file is to inference. For resolve.c only. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "manager.h"

typedef struct ResolveFiles ResolveFiles;

int resolve_files_new(Manager *m, ResolveFiles **ret);
ResolveFiles *resolve_files_free(ResolveFiles *f);

/*
 * AG_OBJECT_LIBRARY_* and AG_OBJECT_INTERPRETER of the file behind an O_PATH descriptor. Without `wait`
 * only what is known already: -EAGAIN. -EOPNOTSUPP: cannot be looked into (remote, FUSE, not regular).
 */
int resolve_files_flags(ResolveFiles *f, int path_fd, const char *path, bool wait, uint32_t *ret);

#endif
