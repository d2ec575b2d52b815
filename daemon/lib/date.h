/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DATE_H
#define DATE_H
/* Moments and spans, as people write them. */
#include <stdint.h>

#define DATE_TEXT_MAX 32U

/* "2026-12-31T15:04:05Z", or "2026-12-31": that whole day, in UTC. Microseconds since 1970; -EINVAL. */
int date_parse(const char *text, uint64_t *ret_usec);
void date_format(uint64_t usec, char ret[DATE_TEXT_MAX]); /* "2026-12-31T15:04:05Z" */

/* "90s", "15m", "2h", "1d"; a bare number is seconds. -EINVAL, -ERANGE beyond `max`. */
int span_parse(const char *text, uint64_t max_seconds, uint64_t *ret_seconds);
void span_format(uint64_t seconds, char ret[DATE_TEXT_MAX]); /* "12 days", "3 h", "15 min", "9 s" */

#endif
