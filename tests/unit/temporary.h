/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TEMPORARY_H
#define TEMPORARY_H
/* The end of a directory that a test has made with mkdtemp(). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static inline void remove_tree(const char *dir)
{
        char command[128];

        cr_assert_lt(snprintf(command, sizeof(command), "rm -rf '%s'", dir), (int) sizeof(command));
        cr_assert_eq(system(command), 0);
}

#endif
