/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_TEXTS_H
#define MODEL_TEXTS_H
/* For the tests of readers of formats that are text: the shipped capabilities, a text scanned, and a hostile one. */
#include "model-files.h"

static ModelcapSet *set;

static void setup(void)
{
        set = shipped_modelcaps();
}

static void teardown(void)
{
        modelcap_set_free(set);
}

static Classification scan_text(const char *text)
{
        return scan_bytes_at(set, text, strlen(text), "");
}

/* A beginning, a part many times, and the 50 ms a hostile file may take. */
static Classification scan_many(const char *head, const char *part, int times)
{
        _cleanup_bytes_ Bytes b = {};
        double begin;
        Classification c;

        put(&b, head, strlen(head));
        for (int i = 0; i < times; i++)
                put(&b, part, strlen(part));
        begin = milliseconds();
        c = scan_bytes(set, &b);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "%f ms", milliseconds() - begin);
        return c;
}

#endif
