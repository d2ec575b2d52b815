/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads and writes dates and spans. Strict, and the same in every
 * locale and time zone: the texts go into files that another host may read.
 * No state.
 */
#include "lib/date.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "lib/util-string.h"

/* "DDDD-DD-DD": digits where digits belong and the given marks between. */
static bool has_form(const char *text, const char *form)
{
        if (strlen(text) != strlen(form))
                return false;
        for (; *form; form++, text++)
                if (*form == 'D' ? *text < '0' || *text > '9' : *text != *form)
                        return false;
        return true;
}

int date_parse(const char *text, uint64_t *ret_usec)
{
        struct tm tm = {}, check;
        bool day = has_form(text, "DDDD-DD-DD");
        time_t t;

        if (!day && !has_form(text, "DDDD-DD-DDTDD:DD:DDZ"))
                return -EINVAL;
        if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                   &tm.tm_min, &tm.tm_sec) < 3)
                return -EINVAL;
        if (day) {
                tm.tm_hour = 23;
                tm.tm_min = 59;
                tm.tm_sec = 59;
        }
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        check = tm;
        t = timegm(&check);
        /* timegm() turns 31 February into 3 March: what was meant is not for us to guess. */
        if (t <= 0 || check.tm_mday != tm.tm_mday || check.tm_mon != tm.tm_mon ||
            check.tm_hour != tm.tm_hour || check.tm_min != tm.tm_min || check.tm_sec != tm.tm_sec)
                return -EINVAL;
        *ret_usec = (uint64_t) t * 1000000ULL;
        return 0;
}

void date_format(uint64_t usec, char ret[DATE_TEXT_MAX])
{
        time_t t = (time_t) (usec / 1000000ULL);
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(ret, DATE_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                strcpy(ret, "?");
}

int span_parse(const char *text, uint64_t max_seconds, uint64_t *ret_seconds)
{
        static const struct {
                char unit;
                uint64_t seconds;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
        size_t n = strspn(text, "0123456789");
        uint64_t value, factor = text[n] ? 0 : 1;
        char digits[20];

        if (n == 0 || n >= sizeof(digits) || (text[n] && text[n + 1]))
                return -EINVAL;
        memcpy(digits, text, n);
        digits[n] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (text[n] == units[i].unit)
                        factor = units[i].seconds;
        if (factor == 0 || parse_u64(digits, UINT64_MAX / 86400, &value) < 0 || value == 0)
                return -EINVAL;
        if (value * factor > max_seconds)
                return -ERANGE;
        *ret_seconds = value * factor;
        return 0;
}

void span_format(uint64_t seconds, char ret[DATE_TEXT_MAX])
{
        if (seconds >= 2 * 86400)
                snprintf(ret, DATE_TEXT_MAX, "%" PRIu64 " days", seconds / 86400);
        else if (seconds >= 2 * 3600)
                snprintf(ret, DATE_TEXT_MAX, "%" PRIu64 " h", seconds / 3600);
        else if (seconds >= 120)
                snprintf(ret, DATE_TEXT_MAX, "%" PRIu64 " min", seconds / 60);
        else
                snprintf(ret, DATE_TEXT_MAX, "%" PRIu64 " s", seconds);
}
