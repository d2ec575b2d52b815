/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the readers of formats that are text: OpenVINO, OpenCV, ncnn, Darknet, Caffe; each input by each of them. */
#include "fuzz-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_reader(&model_reader_openvino, data, size);
        fuzz_reader(&model_reader_opencv, data, size);
        fuzz_reader(&model_reader_ncnn, data, size);
        fuzz_reader(&model_reader_darknet, data, size);
        fuzz_reader(&model_reader_prototxt, data, size);
        return 0;
}
