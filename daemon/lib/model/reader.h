/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_READER_H
#define MODEL_READER_H
/*
 * One reader per format. To add a format: write a file with a ModelReader,
 * declare it here and put it into the table of readers.c.
 */
#include "lib/model/facts.h"
#include "lib/model/source.h"

typedef enum ProbeResult {
        PROBE_NO,
        PROBE_MAYBE, /* read() decides: it sets facts->is_model */
} ProbeResult;

typedef struct ModelReader {
        const char *name; /* as in Classification.format */

        /* By content, never by name; looks at some hundred bytes at most. */
        ProbeResult (*probe)(Source *s);

        /*
         * Fills the facts. Sets is_model as soon as the file is convincingly of
         * this format; from then on -EBADMSG means unparsable, before that it
         * means another format. The reason is the source's.
         */
        int (*read)(Source *s, ModelFacts *ret);
} ModelReader;

extern const ModelReader model_reader_onnx;
extern const ModelReader model_reader_safetensors;
extern const ModelReader model_reader_hf_config;
extern const ModelReader model_reader_keras_hdf5;
extern const ModelReader model_reader_gguf;
extern const ModelReader model_reader_tensorrt;
extern const ModelReader model_reader_tflite;
extern const ModelReader model_reader_torch;
extern const ModelReader model_reader_torch_legacy;
extern const ModelReader model_reader_torch_tar;
extern const ModelReader model_reader_pickle;
extern const ModelReader model_reader_saved_model;
extern const ModelReader model_reader_tf_graph;
extern const ModelReader model_reader_tf_checkpoint;
extern const ModelReader model_reader_coreml;
extern const ModelReader model_reader_caffe;
extern const ModelReader model_reader_paddle;
extern const ModelReader model_reader_paddle_parameters;
extern const ModelReader model_reader_openvino;
extern const ModelReader model_reader_opencv;
extern const ModelReader model_reader_ncnn;
extern const ModelReader model_reader_darknet;
extern const ModelReader model_reader_prototxt;
extern const ModelReader model_reader_labels;
extern const ModelReader model_reader_mnn;
extern const ModelReader model_reader_keras_zip;

extern const ModelReader *const model_readers[]; /* NULL-terminated */

/* A file beside the model: labels.txt, config.json, ... Adds to the facts, as evidence of lower rank. */
void model_read_sibling(const char *name, Source *s, ModelFacts *facts);

/* What a file is that no reader knows: elf, text, zip, png, ... ""; for people only. */
const char *model_guess_format(Source *s);

#endif
