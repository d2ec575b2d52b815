/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_LABEL_FIND_H
#define MODEL_LABEL_FIND_H
/* Finds lists of labels in text and in JSON, however they are written down. */
#include "lib/model/facts.h"
#include "lib/model/json-scan.h"

/*
 * One list from a short text: a line for each, commas between them, JSON, the
 * dictionary that Python prints, "0: angry", "'hap' => 0", "- angry". Text that
 * is none of these gives a list nobody will take for labels, or none.
 */
void label_find_text(ModelFacts *f, bool sibling, bool config, const char *where, const char *s, size_t n);

typedef struct JsonFound {
        unsigned model_keys; /* how many top-level keys only a model's configuration has */
        bool complete;       /* the document was read to its end */
} JsonFound;

/*
 * Walks one JSON document: every array of strings, every map from numbers to
 * strings or back becomes a label list; known keys become names. 0, or
 * -EBADMSG with the source's reason set; *ret is filled in both cases.
 */
int label_find_json(ModelFacts *f, Source *source, bool sibling, const char *file, const char *data,
                    size_t size, JsonFound *ret);

/* A short text of a kind that nobody stated: JSON when it is JSON, else as label_find_text(). */
void label_find_any(ModelFacts *f, Source *source, bool sibling, const char *where, const char *s, size_t n);

#endif
