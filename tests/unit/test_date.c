/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: dates and spans, and that nothing but exactly these forms is taken. */
#include <criterion/criterion.h>
#include <errno.h>

#include "lib/date.h"
#include "lib/macro.h"

Test(date, there_and_back)
{
        char text[DATE_TEXT_MAX];
        uint64_t usec = 0;

        cr_assert_eq(date_parse("2026-11-24T11:22:33Z", &usec), 0);
        cr_assert_eq(usec, 1795519353ULL * 1000000ULL);
        date_format(usec, text);
        cr_assert_str_eq(text, "2026-11-24T11:22:33Z");
        cr_assert_eq(date_parse("2028-02-29", &usec), 0);
        date_format(usec, text);
        cr_assert_str_eq(text, "2028-02-29T23:59:59Z");
}

Test(date, nothing_else)
{
        static const char *const texts[] = {
                "",
                "2026",
                "2026-11-31",
                "2026-02-29",
                "2026-13-01",
                "2026-00-10",
                "26-11-24",
                "2026-11-24 11:22:33",
                "2026-11-24T11:22:33",
                "2026-11-24T24:00:00Z",
                "2026-11-24T11:60:00Z",
                "2026-1-2-3-4",
                "+026-11-24",
                "2026-11-24x",
                "1969-12-31",
                "2026-11-24T11:22:33+01:00",
        };
        uint64_t usec = 7;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                cr_assert_eq(date_parse(texts[i], &usec), -EINVAL, "%s", texts[i]);
        cr_assert_eq(usec, 7);
}

Test(date, spans)
{
        static const struct {
                const char *text;
                uint64_t seconds;
        } good[] = { { "9", 9 }, { "90s", 90 }, { "15m", 900 }, { "2h", 7200 }, { "1d", 86400 } };
        static const char *const bad[] = { "",     "m",     "0",   "0s", "-1",
                                           "1.5h", "1h30m", "5 m", "1w", "99999999999999999999s",
                                           "+5s" };
        uint64_t s = 0;

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                cr_assert_eq(span_parse(good[i].text, 86400, &s), 0, "%s", good[i].text);
                cr_assert_eq(s, good[i].seconds);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_eq(span_parse(bad[i], 86400, &s), -EINVAL, "%s", bad[i]);
        cr_assert_eq(span_parse("2d", 86400, &s), -ERANGE);
        cr_assert_eq(span_parse("213503982334602d", UINT64_MAX, &s), -EINVAL);
}

Test(date, spans_in_words)
{
        char text[DATE_TEXT_MAX];

        span_format(5, text);
        cr_assert_str_eq(text, "5 s");
        span_format(900, text);
        cr_assert_str_eq(text, "15 min");
        span_format(7200, text);
        cr_assert_str_eq(text, "2 h");
        span_format(12 * 86400, text);
        cr_assert_str_eq(text, "12 days");
}
