/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patterns of the policy. */
#include <criterion/criterion.h>
#include <string.h>

#include "lib/glob.h"

static void expect(const char *pattern, const char *s, bool match)
{
        cr_expect_eq(glob_match(pattern, s), match, "%s on %s", pattern, s);
}

Test(policy_glob, patterns)
{
        expect("", "", true);
        expect("", "a", false);
        expect("a", "", false);
        expect("*", "", true);
        expect("*", "abc", true);
        expect("*", "a/b", false);
        expect("**", "a/b", true);
        expect("a?c", "abc", true);
        expect("a?c", "a/c", false);
        expect("triage@*.service", "triage@1.service", true);
        expect("triage@*.service", "triage@.service", true);
        expect("triage@*.service", "triage@1.scope", false);
        expect("*a*b*c", "xxaxxbxxc", true);
        expect("*a*b*c", "xxbxxaxxc", false);
        expect("/a/*/c", "/a/b/c", true);
        expect("/a/*/c", "/a/b/d/c", false);
        expect("/a/**/c", "/a/b/d/c", true);
        expect("/a/**", "/a", false);
        expect("**/x*/y", "/a/x1/b/x2/y", true);
        expect("**x/*y", "ax/bx/cy", true);
        expect("[ab]", "a", false);
        expect("[ab]", "[ab]", true);
        expect("***", "a/b/c", true);
        expect("*\xc3\xa4*", "x\xc3\xa4y", true);
}

/* What makes a backtracking matcher take for ever. */
Test(policy_glob, bounded, .timeout = 5)
{
        char pattern[1100] = "", s[4096];

        for (int i = 0; i < 256; i++)
                strcat(pattern, "*a*?");
        memset(s, 'a', sizeof(s) - 1);
        s[sizeof(s) - 1] = '\0';
        strcat(pattern, "b");
        cr_expect_not(glob_match(pattern, s));
        memset(pattern, '*', 1000);
        cr_expect_not(glob_match(pattern, s));
}
