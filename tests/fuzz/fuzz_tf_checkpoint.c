/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the reader of TensorFlow checkpoints, on anything with the footer of a table behind it. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_tf_checkpoint, data, size);
        return 0;
}
