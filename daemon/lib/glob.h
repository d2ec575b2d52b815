/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GLOB_H
#define GLOB_H
#include <stdbool.h>

/*
 * `*` is anything without a slash, `**` anything at all, `?` one character but
 * a slash. No sets, no escapes. Time is bounded by the product of the lengths,
 * whatever the pattern: fnmatch(3) promises no such thing.
 */
bool glob_match(const char *pattern, const char *s);

#endif
