/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: pickles, plain and compressed, on anything. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_pickle, data, size);
        return 0;
}
