/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODELCAP_H
#define MODELCAP_H
/*
 * Model capabilities as data: the YAML files of policies/modelcaps/, loaded.
 * The set is sorted by name; the index of a capability in it is what the
 * policy compiler uses as column number.
 */
#include <stddef.h>

#include "lib/diag.h"

typedef struct Modelcap Modelcap; /* one capability: vocabularies, hints, digests; see modelcap-internal.h */
typedef struct ModelcapSet ModelcapSet;

#define MODELCAPS_DIR "/usr/lib/aiguard/modelcaps"

/*
 * Loads every *.yaml of the directory. Errors go to `diag` with file, line and
 * column, and the result is -EBADMSG: never half a set. -ENOENT: no directory.
 */
int modelcap_set_load(const char *dir, Diag *diag, ModelcapSet **ret);
ModelcapSet *modelcap_set_free(ModelcapSet *s);
DEFINE_CLEANUP(ModelcapSet *, modelcap_set_free);

/* As if no known model were known: what is left shows what the rest recognises. */
void modelcap_set_forget_catalog(ModelcapSet *s);

size_t modelcap_set_size(const ModelcapSet *s);                 /* at most AG_MODELCAPS_MAX */
const char *modelcap_set_name(const ModelcapSet *s, size_t i);  /* "emotion.face" */
const char *modelcap_set_title(const ModelcapSet *s, size_t i); /* words for people */
int modelcap_set_find(const ModelcapSet *s, const char *name);  /* index, or -ENOENT */

#endif
