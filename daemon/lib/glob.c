/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: matches names against patterns of the policy. Pure. Called by
 * policy-match.c for units and cgroups, and for groups such as emotion.*.
 */
#include "lib/glob.h"

#include <stddef.h>

bool glob_match(const char *pattern, const char *s)
{
        /* Where to go on when a guess failed: behind the last star, and how much it has eaten. */
        const char *star = NULL, *star_s = NULL; /* within one path component */
        const char *deep = NULL, *deep_s = NULL;

        for (;;) {
                if (pattern[0] == '*' && pattern[1] == '*') {
                        while (*pattern == '*')
                                pattern++;
                        deep = pattern;
                        deep_s = s;
                        star = NULL;
                        continue;
                }
                if (*pattern == '*') {
                        star = ++pattern;
                        star_s = s;
                        continue;
                }
                if (!*pattern && !*s)
                        return true;
                if (*pattern && *s && (*pattern == *s || (*pattern == '?' && *s != '/'))) {
                        pattern++;
                        s++;
                        continue;
                }
                if (star && *star_s && *star_s != '/') {
                        pattern = star;
                        s = ++star_s;
                } else if (deep && *deep_s) {
                        pattern = deep;
                        s = ++deep_s;
                        star = NULL;
                } else {
                        return false;
                }
        }
}
