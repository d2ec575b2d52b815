/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: PyTorch before its zip files: stacked pickles and tar, on anything. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_torch_legacy, data, size);
        fuzz_reader(&model_reader_torch_tar, data, size);
        return 0;
}
