/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_CODE_LABELS_H
#define MODEL_CODE_LABELS_H
/* Lists of labels in what people write: programs of any language with brackets and quotes, YAML, and compiled Python. */
#include "lib/model/facts.h"
#include "lib/model/source.h"

#define CODE_LIST_MIN 3
#define CODE_LIST_MAX 40

/*
 * Arrays, sets, tuples, calls with several texts, keys and values of maps,
 * enumerations, unions of texts, and runs of assignments become label lists.
 * 0, or -EBADMSG when there is more of it than of any program.
 */
int code_find_labels(ModelFacts *f, Source *s, const char *text, size_t n);

/* Runs of lines: "- angry", "0: angry", "angry: 0"; and keys of YAML that say what a model is. */
int lines_find_labels(ModelFacts *f, Source *s, const char *text, size_t n);

/* The constants of a compiled Python module (.pyc). */
bool pyc_is(const char *text, size_t n);
int pyc_find_labels(ModelFacts *f, Source *s, const char *text, size_t n);

#endif
