/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_KERAS_JSON_H
#define MODEL_KERAS_JSON_H
/*
 * The description of a net that Keras writes (model_config of HDF5, config.json
 * of .keras, model_to_json(), the topology of a TensorFlow.js layers model, the
 * metadata of a SavedModel), wherever it stands in a JSON document.
 */
#include "lib/model/facts.h"
#include "lib/model/source.h"

typedef struct KerasFound {
        size_t n_layers;
        bool is_net; /* at least one object that holds layers */
} KerasFound;

/* Adds names, shapes and layers to the facts. 0, or -EBADMSG with the source's reason; *ret is filled in both cases. */
int keras_json_read(ModelFacts *f, Source *s, const char *text, size_t n, KerasFound *ret);

#endif
