/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: each kind of journal entry has a text in the catalog, and each text a kind. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/macro.h"
#include "lib/message-ids.h"

#define CATALOG "packaging/catalog/aiguard.catalog"

static size_t count_in_catalog(const char *id)
{
        _cleanup_fclose_ FILE *f = fopen(CATALOG, "re");
        char line[512], want[64];
        size_t n = 0;

        cr_assert_not_null(f, "run from the top of the tree");
        snprintf(want, sizeof(want), "-- %s\n", id);
        while (fgets(line, sizeof(line), f))
                n += strcmp(line, want) == 0;
        return n;
}

Test(message_ids, each_has_one_text)
{
        for (const MessageId *m = message_ids; m->name; m++)
                cr_assert_eq(count_in_catalog(m->id), 1, "%s (%s)", m->name, m->id);
}

Test(message_ids, each_text_has_an_id_and_a_subject)
{
        _cleanup_fclose_ FILE *f = fopen(CATALOG, "re");
        char line[512];
        size_t n = 0;

        cr_assert_not_null(f, "run from the top of the tree");
        while (fgets(line, sizeof(line), f)) {
                if (strncmp(line, "-- ", 3) != 0)
                        continue;
                line[strcspn(line, "\n")] = 0;
                cr_assert_not_null(message_id_name(line + 3), "%s", line);
                cr_assert_not_null(fgets(line, sizeof(line), f));
                cr_assert_eq(strncmp(line, "Subject: ", 9), 0, "%s", line);
                n++;
        }
        cr_assert_gt(n, 0);
}

Test(message_ids, they_are_different_and_well_formed)
{
        for (const MessageId *m = message_ids; m->name; m++) {
                cr_assert_eq(strlen(m->id), 32);
                for (const char *p = m->id; *p; p++)
                        cr_assert(isxdigit((unsigned char) *p) && !isupper((unsigned char) *p));
                for (const MessageId *o = m + 1; o->name; o++) {
                        cr_assert_neq(strcmp(m->id, o->id), 0);
                        cr_assert_neq(strcmp(m->name, o->name), 0);
                }
        }
        cr_assert_null(message_id_name("0"));
}
