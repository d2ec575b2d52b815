/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the readers of GGUF and TensorRT plans, on anything. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_gguf, data, size);
        fuzz_reader(&model_reader_tensorrt, data, size);
        return 0;
}
