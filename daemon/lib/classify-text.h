/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_TEXT_H
#define CLASSIFY_TEXT_H
/* Brings words from models, paths and vocabularies into one form in which they can be compared. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKENS_SIZE 512

typedef enum TokenFlags {
        TOKENS_CAMEL = 1 << 0,     /* RobertaEmotion: two words */
        TOKENS_NO_DIGITS = 1 << 1, /* numbers are dropped, not words of their own */
        TOKENS_SKELETON = 1 << 2,  /* what looks like a Latin letter becomes it: sаd, h4ppy */
} TokenFlags;

/*
 * Lower case, without accents and invisible characters, punctuation and the
 * border between letters and digits taken as gaps: "a b c", no space at the
 * ends. What does not fit is dropped. Gives the length.
 */
size_t text_tokens(const char *s, size_t n, unsigned flags, char ret[TOKENS_SIZE]);

#endif
