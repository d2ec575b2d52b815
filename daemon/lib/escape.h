/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ESCAPE_H
#define ESCAPE_H
/* Hostile text made fit to print: labels, paths, process names. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the valid UTF-8 sequence at `s`, 0 when there is none; *ret_code may be NULL. */
size_t utf8_next(const char *s, size_t n, uint32_t *ret_code);
bool utf8_is_valid(const char *s, size_t n);

/* Writes `code` (at most four bytes) and gives the length. */
size_t utf8_put(char *dst, uint32_t code);

/*
 * A new string, valid and printable UTF-8: control characters, bidirectional
 * and zero-width marks, broken sequences and the backslash become \xNN, byte
 * by byte, so that nothing is lost. NULL when memory is short.
 */
char *escape_new(const char *s, size_t n);

/* Copies what fits, whole characters only; what cannot be printed becomes U+FFFD. Always terminates. */
void text_copy(char *dst, size_t size, const char *s, size_t n);

#endif
