/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_INTERNAL_H
#define CLASSIFY_INTERNAL_H
/* Between classify.c (weighs) and classify-collect.c (collects the evidence). */
#include "lib/classify-forms.h"
#include "lib/classify.h"
#include "lib/model/fingerprint.h"

#define HITS_MAX 8

typedef enum HitKind {
        HIT_FINGERPRINT,
        HIT_LABEL_LIST,
        HIT_SIBLING_LIST,
        HIT_INTERNAL_NAME,
        HIT_ARCHITECTURE,
        HIT_SIBLING_NAME,
        HIT_STRUCTURE,
        HIT_PATH,
        HIT_SHAPE,
        _HIT_KIND_MAX,
} HitKind;

typedef struct Hit {
        unsigned weight; /* 0 to 100; 0: none */
        bool strong;     /* enough by itself */
        char where[80];
        char detail[200];
} Hit;

/* The best of each kind: a word that is found in a hundred nodes is found once. */
typedef struct Hits {
        Hit best[_HIT_KIND_MAX];
} Hits;

typedef struct ModalitySign {
        unsigned seen; /* bits: which kinds of sign */
        unsigned score;
        char why[120];
} ModalitySign;

/* Large; what stands behind `caps' is not cleared, and of `caps' only what the set has. */
typedef struct Judge {
        const ModelFacts *facts;
        const ModelcapSet *set;
        bool contrary[MODELCAP_VOCABULARIES_MAX];
        ModalitySign modalities[MODELCAP_MODALITIES_MAX]; /* by content */
        unsigned path_modalities;                         /* bits: by path */
        int code_modality;                                /* of an abbreviation list */
        int64_t heads[FACTS_HEADS_MAX];
        uint8_t list_sizes[CLASSIFICATION_CLASSES_MAX]; /* of lists that are plainly of a vocabulary */
        size_t n_labels;                                /* looked at */
        bool foreign_list; /* the model has labels, and they are about something else */
        Hits vocabularies[MODELCAP_VOCABULARIES_MAX];
        Hits caps[32];    /* AG_MODELCAPS_MAX */
        LabelForms forms; /* of the list at hand */
} Judge;

void hit_add(Hits *hits, HitKind kind, unsigned weight, bool strong, const char *where, const char *detail);
void classify_collect(Judge *j, const char *path);

#endif
