/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the reader of MNN nets, on anything. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_mnn, data, size);
        return 0;
}
