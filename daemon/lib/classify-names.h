/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_NAMES_H
#define CLASSIFY_NAMES_H
/* Finds the phrases of the set among the words of a name. */
#include "lib/modelcap-internal.h"

typedef void (*PhraseFound)(const Phrase *p, void *userdata);

/* Whole words only, of both spellings (RobertaEmotion: one word, and two). Each phrase once for each name. */
void names_find(const ModelcapSet *set, const char *name, size_t n, PhraseFound found, void *userdata);

#endif
