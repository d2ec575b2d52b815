/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLASSIFY_FORMS_H
#define CLASSIFY_FORMS_H
/* The forms in which each label of one list may be a word of a vocabulary; made once, looked up in each of them. */
#include "lib/model/facts.h"

#define LABEL_FORMS_MAX 12
#define LABEL_FORMS_STORE 32768

typedef struct LabelForms {
        uint8_t n[FACTS_LABELS_MAX]; /* 0: a number or a sign */
        uint16_t at[FACTS_LABELS_MAX][LABEL_FORMS_MAX];
        size_t used;
        char store[LABEL_FORMS_STORE];
} LabelForms;

/* With `thorough' also what is disguised, hidden, or stands beside a second language; else the plain form only. */
void label_forms_make(LabelForms *f, const LabelList *list, bool thorough);

static inline const char *label_form(const LabelForms *f, size_t label, size_t form)
{
        return f->store + f->at[label][form];
}

#endif
