/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the reader of configurations, and with it the JSON scanner and the label finder, on anything. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_hf_config, data, size);
        return 0;
}
