/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef UTIL_STRING_H
#define UTIL_STRING_H
/* Strings and NULL-terminated lists of strings (strv). Nothing here knows what the strings mean. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "lib/macro.h"

static inline bool streq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

/* NULL equals NULL. */
bool streq_ptr(const char *a, const char *b);
/* What follows the prefix, or NULL. */
const char *startswith(const char *s, const char *prefix);
bool endswith(const char *s, const char *suffix);

/* Offset of the first byte that is not UTF-8 (NUL is none); size when all is well. */
size_t utf8_valid_prefix(const char *s, size_t size);

/* escape_new() straight to a stream: for whatever somebody else wrote. */
void fputs_escaped(const char *s, FILE *f);

/* Strict: decimal digits only, no sign, no blanks. -EINVAL or -ERANGE. */
int parse_u64(const char *s, uint64_t max, uint64_t *ret);
/* yes/no, true/false, on/off, 1/0 */
int parse_boolean(const char *s);

/* printf into a new string, -ENOMEM. */
int string_printf(char **ret, const char *format, ...) _printf_(2, 3);

char **strv_free(char **l);
DEFINE_CLEANUP(char **, strv_free);
size_t strv_length(char *const *l); /* NULL: 0 */
bool strv_contains(char *const *l, const char *s);
/* Appends a copy; a NULL list is begun. */
int strv_extend(char ***l, const char *s);
/* Reads one line or a whole file of at most `max` bytes; the result has a NUL behind it. -EFBIG beyond it. */
int read_file_capped(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size);
/*
 * The file `name` of this very directory, whole and synced, or as it was: written as `temporary` and renamed. Only one
 * at a time may use that name; what a power cut left in it is overwritten.
 */
int write_file_synced(int dir_fd, const char *name, const char *temporary, const char *text, size_t n,
                      mode_t mode);

#endif
