/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the structural fingerprint and the sample of a net.
 * Owns: the definition of both; changing it makes the fingerprints under
 * policies/modelcaps/ void (they are printed by `aiguardctl scan --json`).
 * Must not: read more than a few hundred bytes of weights.
 * Called by: the readers of formats that have tensors.
 */
#include "lib/model/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#define HASH_SIZE ((FACTS_FINGERPRINT_SIZE - 1) / 2)
#define SAMPLE_TENSORS 4 /* of the smallest, and as many of the largest */
#define SAMPLE_BYTES 64

void fingerprint_init(Fingerprint *p)
{
        p->n = 0;
        (void) crypto_generichash_init(&p->state, NULL, 0, HASH_SIZE);
}

static void add(Fingerprint *p, const void *data, size_t n)
{
        (void) crypto_generichash_update(&p->state, data, n);
}

void fingerprint_add_operator(Fingerprint *p, const char *name)
{
        add(p, "o", 1);
        add(p, name, strlen(name) + 1);
        p->n++;
}

void fingerprint_add_dims(Fingerprint *p, char tag, const int64_t *dims, size_t n)
{
        unsigned char bytes[8];

        add(p, &tag, 1);
        for (size_t i = 0; i < n; i++) {
                for (int b = 0; b < 8; b++)
                        bytes[b] = (unsigned char) ((uint64_t) dims[i] >> (8 * b));
                add(p, bytes, sizeof(bytes));
        }
        add(p, ";", 1);
        p->n++;
}

static void to_hex(char ret[FACTS_FINGERPRINT_SIZE], crypto_generichash_state *state)
{
        unsigned char hash[HASH_SIZE];

        (void) crypto_generichash_final(state, hash, sizeof(hash));
        sodium_bin2hex(ret, FACTS_FINGERPRINT_SIZE, hash, sizeof(hash));
}

static int by_size(const void *a, const void *b)
{
        const FactTensor *x = *(const FactTensor *const *) a, *y = *(const FactTensor *const *) b;

        if (x->data_length != y->data_length)
                return x->data_length < y->data_length ? -1 : 1;
        return x->data_start < y->data_start ? -1 : x->data_start > y->data_start;
}

int fingerprint_finish(Fingerprint *p, Source *s, ModelFacts *f)
{
        _cleanup_free_ const FactTensor **sorted = NULL;
        unsigned char bytes[SAMPLE_BYTES];
        crypto_generichash_state state;
        size_t n = 0;
        int r;

        if (p->n >= 8)
                to_hex(f->structure, &p->state);
        sorted = calloc(f->n_tensors + 1, sizeof(*sorted));
        if (!sorted)
                return source_fail(s, "out of memory");
        for (size_t i = 0; i < f->n_tensors; i++)
                if (f->tensors[i].data_length >= 8)
                        sorted[n++] = &f->tensors[i];
        if (n < 2 * SAMPLE_TENSORS)
                return 0;
        qsort(sorted, n, sizeof(*sorted), by_size);
        (void) crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
        for (size_t i = 0; i < 2 * SAMPLE_TENSORS; i++) {
                const FactTensor *t = sorted[i < SAMPLE_TENSORS ? i : n - 2 * SAMPLE_TENSORS + i];
                size_t k = (size_t) MIN(t->data_length, (uint64_t) SAMPLE_BYTES);

                r = source_read(s, t->data_start, bytes, k);
                if (r < 0)
                        return r;
                (void) crypto_generichash_update(&state, bytes, k);
        }
        to_hex(f->sample, &state);
        return 0;
}
