/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_FINGERPRINT_H
#define MODEL_FINGERPRINT_H
/*
 * Recognises a known net and its descendants, whatever the file and everything
 * in it is called and whatever it is stored in. Two sketches, of tensors only:
 *
 * `shape` is a MinHash over the sizes of the kernels without the head, the
 * order of the axes and axes of length 1 left aside: it tells the architecture,
 * survives conversion and another number of classes.
 *
 * `weights` is a code for each vector: does its second value exceed the first,
 * the third the second, ... Biases and normalisations keep their order in every
 * container, so most codes survive conversion, rounding to half precision and
 * a new head; nets of one architecture trained apart share none.
 */
#include "lib/model/facts.h"
#include "lib/model/source.h"

/* Fills facts->sketch. -EBADMSG only when the file cannot be read; most files have no sketch. */
int fingerprint_make(Source *s, ModelFacts *f);

/* 0 to 100. */
unsigned sketch_shape_likeness(const uint16_t a[SKETCH_SHAPE_SIZE], const uint16_t b[SKETCH_SHAPE_SIZE]);

/* How many of the codes of a known model a file has. */
size_t sketch_weights_found(const ModelSketch *file, const WeightCode *known, size_t n);

/*
 * The numbers of classes that the model can be seen to put out: by its outputs,
 * by its configuration, or by the one layer nothing follows. 0 ends the list.
 */
#define FACTS_HEADS_MAX 4
void facts_heads(const ModelFacts *f, int64_t ret[FACTS_HEADS_MAX]);

/* 1 or 3: what the first layer of a net for pictures takes; 0: nothing shows. */
unsigned facts_channels(const ModelFacts *f);

#endif
