/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the readers of formats that are protocol buffers read by a table, on anything; each input by each of them. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_saved_model, data, size);
        fuzz_reader(&model_reader_tf_graph, data, size);
        fuzz_reader(&model_reader_coreml, data, size);
        fuzz_reader(&model_reader_caffe, data, size);
        fuzz_reader(&model_reader_paddle, data, size);
        fuzz_reader(&model_reader_paddle_parameters, data, size);
        return 0;
}
