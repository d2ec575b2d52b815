/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_FINGERPRINT_H
#define MODEL_FINGERPRINT_H
/*
 * Recognises a known net whatever the file is called and whatever its metadata
 * says. `structure` covers operators and sizes: it tells the architecture, and
 * every net of that architecture has it. `sample` covers 64 bytes each of a few
 * tensors, the smallest ones (where the head is) and the largest: it tells one
 * trained net. Both survive renaming of file, graph, tensors and nodes.
 */
#include <sodium.h>

#include "lib/model/facts.h"
#include "lib/model/source.h"

typedef struct Fingerprint {
        crypto_generichash_state state;
        size_t n;
} Fingerprint;

void fingerprint_init(Fingerprint *p);
void fingerprint_add_operator(Fingerprint *p, const char *name);
void fingerprint_add_dims(Fingerprint *p, char tag, const int64_t *dims, size_t n);

/* Fills facts->structure, and facts->sample from the tensors that have data in this file. */
int fingerprint_finish(Fingerprint *p, Source *s, ModelFacts *f);

#endif
