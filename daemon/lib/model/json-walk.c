/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: remembers the keys on the way to a JSON value.
 * Owns: the path, as deep as JSON_DEPTH_MAX allows.
 * Must not: know what any key means.
 * Called by: the readers of formats that are JSON.
 */
#include "lib/model/json-walk.h"

#include <string.h>

#include "lib/macro.h"

void json_walk_init(JsonWalk *w, Source *source, const char *data, size_t size)
{
        json_scan_init(&w->scan, source, data, size);
        w->level = 0;
        w->key[0] = w->path[0][0] = 0;
}

int json_walk_next(JsonWalk *w)
{
        size_t n;
        int token;

        w->key[0] = 0;
        token = json_scan_next(&w->scan);
        if (token == JSON_KEY) {
                n = MIN(w->scan.n, sizeof(w->key) - 1);
                memcpy(w->key, w->scan.text, n);
                w->key[n] = 0;
                token = json_scan_next(&w->scan);
        }
        if (token == JSON_OBJECT || token == JSON_ARRAY)
                memcpy(w->path[w->scan.depth], w->key, sizeof(w->key));
        w->level = w->scan.depth + (token == JSON_OBJECT_END || token == JSON_ARRAY_END);
        return token;
}
