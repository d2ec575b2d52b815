/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODELCAP_LOAD_H
#define MODELCAP_LOAD_H
/* From one YAML document into the set; every mistake goes to `diag`, then -EBADMSG. */
#include "lib/modelcap-internal.h"
#include "lib/yaml-doc.h"

/* A document with `vocabulary:` or `modalities:`. */
int modelcap_load_shared(ModelcapSet *s, const YamlNode *root, Diag *diag);

/* A document with `modelcap:`, whose name the set holds already. */
int modelcap_load_one(ModelcapSet *s, const YamlNode *root, Diag *diag);

/* Adds the phrases of a list, normalised. */
int modelcap_load_phrases(ModelcapSet *s, const YamlNode *map, const char *key, PhraseUse use, int index,
                          Diag *diag);

#endif
