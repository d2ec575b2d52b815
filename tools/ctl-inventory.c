/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the models that were seen on this host, as the daemon tells them: a
 * table, or the document itself. Paths and formats are hostile; the daemon has
 * escaped them, so that a table and a line can hold them. Called by ctl-model.c.
 */
#include "ctl-inventory.h"

#include <string.h>

#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/util-string.h"

#define COLUMNS "%-28.28s %-11s %-16.16s %-20s %-20.20s "

/* "emotion.face (2 more)", or what it is instead of a capability. */
static void describe(const json_t *model, char *what, size_t size, const char **ret_sure)
{
        const json_t *caps = json_object_get(model, "model_capabilities");
        size_t n = json_array_size(caps);
        const json_t *first = json_array_get(caps, 0);

        if (n == 0) {
                (void) snprintf(what, size, "%s", "-");
                *ret_sure = json_str(model, "status");
                return;
        }
        if (n == 1)
                (void) snprintf(what, size, "%s", json_str(first, "name"));
        else
                (void) snprintf(what, size, "%s (+%zu)", json_str(first, "name"), n - 1);
        *ret_sure = json_str(first, "status");
}

static OutColor color_of(const char *sure)
{
        if (streq(sure, "identified"))
                return OUT_BAD;
        if (streq(sure, "suspect") || streq(sure, "unparsable"))
                return OUT_DOUBT;
        return OUT_PLAIN;
}

static void print_model(const json_t *model)
{
        const json_t *users = json_object_get(model, "workloads");
        const char *sure = "", *last = json_str(model, "last_used");
        OutColor color;
        char what[80];

        describe(model, what, sizeof(what), &sure);
        color = color_of(sure);
        if (color != OUT_PLAIN)
                fputs(out_color(color), stdout);
        printf(COLUMNS, what, sure, json_str(model, "format"), *last ? last : "-",
               json_array_size(users) ? json_str(json_array_get(users, 0), "name") : "-");
        if (color != OUT_PLAIN)
                fputs(out_color(OUT_PLAIN), stdout);
        fputs(json_str(model, "path"), stdout);
        puts(json_is_true(json_object_get(model, "declared")) ? " (declared)" : "");
}

int ctl_inventory(bool json)
{
        json_t *models = NULL, *model;
        size_t i;
        int r = ctl_call_json("ListModels", &models, NULL);

        if (r != 0)
                return r;
        if (json)
                return out_json(models);
        if (json_array_size(models) == 0)
                puts("No AI workload has opened a model here yet.");
        else
                printf(COLUMNS "%s\n", "FOR", "HOW SURE", "FORMAT", "LAST USED", "BY", "PATH");
        json_array_foreach(models, i, model) print_model(model);
        json_decref(models);
        return EXIT_SUCCESS;
}
