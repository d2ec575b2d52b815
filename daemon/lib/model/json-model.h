/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_JSON_MODEL_H
#define MODEL_JSON_MODEL_H
/* Models that are JSON documents: TensorFlow.js in its three kinds, Keras, PaddlePaddle, the list of a Core ML package. */
#include "lib/model/facts.h"
#include "lib/model/source.h"

/*
 * Adds to the facts and sets is_model and the container when the document is
 * one of these. 0, or -EBADMSG with the source's reason.
 */
int json_model_read(ModelFacts *f, Source *s, const char *text, size_t n);

/* Does the text hold a key that only these have? For a document too long to be read to its end otherwise. */
bool json_model_hint(const char *text, size_t n);

#endif
