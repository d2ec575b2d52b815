/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODELCAP_VOCABULARY_H
#define MODELCAP_VOCABULARY_H
/* The words in which labels are written. */
#include "lib/modelcap-internal.h"
#include "lib/yaml-doc.h"

int vocabulary_load(ModelcapSet *s, const YamlNode *root, Diag *diag);

/* Class of a normalised word, or -ENOENT. */
int vocabulary_class(const Vocabulary *v, const char *word);

/* Is the word in a sorted list? */
bool sorted_contains(char *const *list, const char *word);

#endif
