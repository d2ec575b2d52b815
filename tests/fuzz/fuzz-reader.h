/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FUZZ_READER_H
#define FUZZ_READER_H
/* One reader on one input, and the classifier on what it found. The result must be one that a client would accept. */
#include <stdlib.h>
#include <string.h>

#include "lib/classify.h"
#include "lib/model/fingerprint.h"
#include "lib/model/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline const ModelcapSet *fuzz_modelcaps(void)
{
        static ModelcapSet *set;
        Diag *diag = NULL;

        if (set)
                return set;
        if (diag_new(&diag) < 0 || modelcap_set_load("policies/modelcaps", diag, &set) < 0) {
                diag_print(diag, stderr);
                abort();
        }
        diag_free(diag);
        return set;
}

static inline void fuzz_check(const Classification *c)
{
        const Classification *valid;

        if (classification_validate(c, sizeof(*c), &valid) < 0)
                abort();
}

static inline void fuzz_reader(const ModelReader *reader, const uint8_t *data, size_t size)
{
        Classification c = { .version = CLASSIFICATION_VERSION };
        ModelFacts facts;
        Source s;

        source_init_memory(&s, data, size);
        if (reader->probe(&s) == PROBE_NO)
                return;
        facts_init(&facts);
        if (reader->read(&s, &facts) < 0 && !s.reason)
                abort(); /* a failure without a reason */
        if (facts.is_model && fingerprint_make(&s, &facts) < 0 && !s.reason)
                abort();
        if (facts.is_model && classify(&facts, "/srv/emotion/x.bin", fuzz_modelcaps(), &c) == 0)
                fuzz_check(&c);
        facts_done(&facts);
}

#endif
