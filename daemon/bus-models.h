/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BUS_MODELS_H
#define BUS_MODELS_H
/* The inventory as a document. For bus-methods.c. */
#include <jansson.h>

#include "manager.h"

/*
 * New reference, NULL without memory: an array, of the model that came last first, of
 * {path, format, status, reason, declared, classified, last_used,
 *  model_capabilities[] {name, status, confidence}, workloads[] {name, last_used}}
 */
json_t *bus_models(Manager *m);

#endif
