/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of Darknet configurations, texts of which are written by hand everywhere.
 */
#include "model-texts.h"

TestSuite(darknet, .init = setup, .fini = teardown);

#define NET(size, channels, filters)                                                            \
        "# comment\n[net]\nbatch=1\nheight=" size "\nwidth=" size "\nchannels=" channels "\n\n" \
        "[convolutional]\nfilters=" filters "\nsize=1\n\n[avgpool]\n\n[softmax]\ngroups=1\n"

Test(darknet, shape)
{
        Classification c = scan_text(NET("48", "1", "7"));

        cr_assert_str_eq(c.format, "darknet");
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
        c = scan_text(NET("28", "3", "10"));
        cr_assert_eq(c.status, SCAN_CLEAN);
}

Test(darknet, other_sections_are_no_model)
{
        static const char *const others[] = {
                "[net]\nwidth=48\n",
                "[Unit]\nDescription=emotion\n\n[Service]\n",
                "[net]\ngit-fetch-with-cli = true\n\n[build]\njobs = 1\n",
                "# [net]\n[convolutional]\nfilters=7\n",
                "#!/bin/sh\necho [net]\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                cr_assert_eq(scan_text(others[i]).status, SCAN_NOT_A_MODEL, "%s", others[i]);
}

Test(darknet, hostile)
{
        cr_assert_eq(scan_many("[net]\n[conv]\n", "\n", 500000).status, SCAN_UNPARSABLE);
        (void) scan_many("[net]\n", "[conv]\n", 100000);
        (void) scan_many("[net]\n[conv]\nfilters=", "9", 1000000);
}
