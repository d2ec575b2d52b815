/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages: their order, their bound, and what a terminal gets to see. */
#include <criterion/criterion.h>
#include <string.h>

#include "lib/diag.h"

static char *printed(const Diag *d)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        cr_assert_not_null(f);
        diag_print(d, f);
        cr_assert_eq(fclose(f), 0);
        return text;
}

Test(diag, form)
{
        Diag *d;
        char *text;

        cr_assert_eq(diag_new(&d), 0);
        diag_add(d, DIAG_ERROR, "a.yaml", 3, 7, "did you mean \"deny\"?", "unknown action \"%s\"", "dney");
        diag_add(d, DIAG_WARNING, "a.yaml", 4, 0, NULL, "no column");
        diag_add(d, DIAG_WARNING, "a.yaml", 0, 0, NULL, "no line");
        diag_add(d, DIAG_ERROR, NULL, 0, 0, NULL, "no file");
        text = printed(d);
        cr_expect_str_eq(text, "a.yaml:3:7: error: unknown action \"dney\" (did you mean \"deny\"?)\n"
                               "a.yaml:4: warning: no column\n"
                               "a.yaml: warning: no line\n"
                               "error: no file\n");
        cr_expect_eq(diag_count(d, DIAG_ERROR), 2U);
        cr_expect_eq(diag_count(d, DIAG_WARNING), 2U);
        cr_expect_null(diag_get(d, 4));
        free(text);
        diag_free(d);
}

Test(diag, bounded_but_counted)
{
        Diag *d;
        char *text;

        cr_assert_eq(diag_new(&d), 0);
        for (unsigned i = 0; i < DIAG_ENTRIES_MAX + 50; i++)
                diag_add(d, DIAG_ERROR, "f", i + 1, 1, NULL, "bad");
        cr_expect_eq(diag_count(d, DIAG_ERROR), DIAG_ENTRIES_MAX + 50);
        cr_expect_not_null(diag_get(d, DIAG_ENTRIES_MAX - 1));
        cr_expect_null(diag_get(d, DIAG_ENTRIES_MAX));
        text = printed(d);
        cr_expect_not_null(strstr(text, "... and 50 more\n"));
        free(text);
        diag_free(d);
}

Test(diag, hostile_text_is_escaped)
{
        Diag *d;
        char *text;

        cr_assert_eq(diag_new(&d), 0);
        diag_add(d, DIAG_ERROR, "a\n.yaml", 1, 1, "x\x1b[2J", "\x1b]0;owned\a \xe2\x80\xae \xff");
        text = printed(d);
        cr_expect_null(strchr(text, '\x1b'));
        cr_expect_null(strchr(text, '\a'));
        cr_expect_null(strstr(text, "\xe2\x80\xae"), "no turning of the direction");
        cr_expect_not_null(strstr(text, "a\\x0a.yaml:1:1: error: \\x1b]0;owned\\x07"));
        free(text);
        diag_free(d);
}

Test(diag, nothing_to_write_to)
{
        diag_add(NULL, DIAG_ERROR, "f", 1, 1, NULL, "ignored");
        cr_expect_eq(diag_count(NULL, DIAG_ERROR), 0U);
        cr_expect_null(diag_get(NULL, 0));
        cr_expect_null(diag_free(NULL));
}
