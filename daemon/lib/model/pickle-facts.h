/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_PICKLE_FACTS_H
#define MODEL_PICKLE_FACTS_H
/* What the values of a pickle say about a model. */
#include "lib/model/facts.h"
#include "lib/model/pickle.h"

typedef struct PickleContext {
        const char *file; /* "data.pkl": for the evidence; constant or of the arena of the facts */
        /* Where the bytes of a storage lie in the whole file; NULL, or false: not known. */
        bool (*locate)(void *userdata, const char *key, uint64_t *ret_start, uint64_t *ret_length);
        void *userdata;
        uint32_t first, end; /* only these values; 0 and 0: all */
} PickleContext;

typedef struct PickleFound {
        bool framework; /* names a class of a library for models: nothing else would be pickled so */
} PickleFound;

/* 0 or -EBADMSG with the source's reason set. Also good for a pickle that broke half-way. */
int pickle_facts(Pickle *p, ModelFacts *f, const PickleContext *c, PickleFound *ret);

/* Bytes of one element of a storage, by its class ("torch FloatStorage"); 0: unknown. */
uint64_t pickle_element_size(const char *storage);

/* For Pickle.on_build: steps over the arrays that joblib writes in between. */
int pickle_numpy_inline(Pickle *p, uint32_t object);
/* Makes the text of an array of numpy a list. */
int pickle_numpy_text(Pickle *p, uint32_t tuple);

#endif
