/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_WORKLOAD_H
#define CLASSIFY_WORKLOAD_H
/*
 * What a model is in the hands of a workload: its own classification, and the
 * label lists in what else that workload read. Pure.
 */
#include <stdbool.h>

#include "lib/classification.h"
#include "lib/modelcap.h"

/* A label list that is plainly one of a vocabulary, from code or from a label file. */
typedef struct LabelsSeen {
        char modelcap[40];                           /* what it speaks of; its whole family is meant */
        uint8_t classes[CLASSIFICATION_CLASSES_MAX]; /* lengths of the lists of that text; 0: no more */
        uint8_t confidence;
        char where[80]; /* "line 3", as the scanner says it */
        char detail[200];
} LabelsSeen;

/* The same of one text, at most `max`; a model has none. Lists that make a suspect only (three words, single letters) are none. */
size_t labels_seen(const Classification *text, const ModelcapSet *set, LabelsSeen *ret, size_t max);

/* May a suspicion of this capability be raised by labels? Number as of modelcap_set_find(). */
bool modelcap_may_rise(const ModelcapSet *set, size_t i);

/*
 * The rule of classify() once more, with a list the file itself does not hold:
 * a suspicion about a family and a list of its vocabulary that has as many
 * classes as the model (where the model shows how many) identify together;
 * neither does alone, and contrary evidence keeps it a suspicion. `file` says
 * where the list is. True when *model changed: certainty, confidence, status
 * and a reason of kind "workload-code" that stands first.
 */
bool classify_with_labels(const LabelsSeen *seen, const char *file, const ModelcapSet *set,
                          Classification *model);

#endif
