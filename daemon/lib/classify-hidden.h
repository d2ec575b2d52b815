/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_HIDDEN_H
#define CLASSIFY_HIDDEN_H
/* Text in another dress: base64, hexadecimal digits, two or four bytes a character. */
#include <stddef.h>

#include "lib/model/facts.h"

/*
 * What base64 or hexadecimal digits stand for, when that is readable text; at
 * most size - 1 bytes, NUL-terminated. Gives the length, 0 when there is nothing.
 */
size_t text_reveal(const char *s, size_t n, char *ret, size_t size);

/* Adds what the names of `facts` hide to *ret: as names of the same kind and as label lists. */
void facts_reveal(const ModelFacts *facts, ModelFacts *ret);

#endif
