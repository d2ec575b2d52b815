/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODELCAP_CATALOG_H
#define MODELCAP_CATALOG_H
/* A catalog of known models; after all model capabilities are loaded. */
#include "lib/modelcap-internal.h"
#include "lib/yaml-doc.h"

int catalog_load(ModelcapSet *s, const YamlNode *root, Diag *diag);

/* Frees what a capability knows; its list is empty then. */
void catalog_forget(Modelcap *c);

/*
 * Writes one entry, as catalog_load() reads it, to a file of the caller. `name`
 * and `origin` may be anything. -ENODATA: the facts have no sketch.
 */
int catalog_write(FILE *f, const ModelFacts *facts, const char *name, const char *origin,
                  const char *modelcap);

#endif
