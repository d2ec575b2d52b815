/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the document that ListModels answers with: every model that this
 * host was seen to open. Reads the inventory, changes nothing. Main thread.
 */
#include "bus-models.h"

#include "inventory.h"
#include "lib/json-util.h"

static json_t *findings(const Classification *c)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < c->n_modelcaps; i++) {
                const ModelcapFinding *f = &c->modelcaps[i];

                (void) json_array_append_new(list, json_pack("{s:o, s:s, s:i}", "name", json_text(f->name),
                                                             "status",
                                                             certainty_to_string((Certainty) f->certainty),
                                                             "confidence", (int) f->confidence));
        }
        return list;
}

static json_t *users(const InventoryRecord *r)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < INVENTORY_USERS_MAX && r->users[i].workload[0]; i++)
                (void) json_array_append_new(list,
                                             json_pack("{s:o, s:o}", "name", json_text(r->users[i].workload),
                                                       "last_used", json_date(r->users[i].last_usec)));
        return list;
}

static void add_model(void *userdata, const InventoryRecord *r)
{
        const Classification *c = &r->classification;

        (void) json_array_insert_new(userdata, 0,
                                     json_pack("{s:o, s:o, s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "path",
                                               json_text(r->path), "format", json_text(c->format), "status",
                                               scan_status_to_string((ScanStatus) c->status), "reason",
                                               json_text(c->reason), "declared", (int) r->declared,
                                               "classified", json_date(r->classified_usec), "last_used",
                                               json_date(r->users[0].last_usec), "model_capabilities",
                                               findings(c), "workloads", users(r)));
}

json_t *bus_models(Manager *m)
{
        json_t *list = json_array();

        if (list)
                inventory_each(manager_inventory(m), add_model, list);
        return list;
}
