/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_LABELS_H
#define CLASSIFY_LABELS_H
/* Is a list of labels a list of these classes? */
#include "lib/model/facts.h"
#include "lib/modelcap-internal.h"

typedef struct LabelMatch {
        bool matches;
        Certainty certainty;
        unsigned confidence;
        int modality; /* what a list of abbreviations tells; MODELCAP_NONE */
        bool needs_modality;
        bool foreign; /* a real list of labels, about something else */
        char detail[200];
} LabelMatch;

void label_list_match(const Vocabulary *v, const LabelList *list, LabelMatch *ret);

#endif
