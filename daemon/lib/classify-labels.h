/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_LABELS_H
#define CLASSIFY_LABELS_H
/* Is a list of labels a list of these classes? */
#include "lib/classify-forms.h"
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

/* Long enough, and short enough: otherwise it matches nothing. */
bool label_list_may_match(const LabelList *list);

void label_list_match(const Vocabulary *v, const LabelList *list, const LabelForms *f, LabelMatch *ret);

#endif
