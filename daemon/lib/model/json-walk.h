/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_JSON_WALK_H
#define MODEL_JSON_WALK_H
/* Tokens of JSON, and under which keys each of them is: the path that led there. */
#include "lib/model/json-scan.h"

#define JSON_PATH_KEY_MAX 64 /* longer keys are cut: none of those that matter is as long */

typedef struct JsonWalk {
        JsonScan scan;
        unsigned level;              /* of the container at hand, which may just have begun or ended */
        char key[JSON_PATH_KEY_MAX]; /* of the value at hand; "" in an array */
        /* path[d]: the key of the d-th container around; path[0] is the document itself and "". */
        char path[JSON_DEPTH_MAX + 1][JSON_PATH_KEY_MAX];
} JsonWalk;

void json_walk_init(JsonWalk *w, Source *source, const char *data, size_t size);

/* A JsonToken but JSON_KEY, which goes into the path; -EBADMSG with the source's reason set. */
int json_walk_next(JsonWalk *w);

/* The key of a container around the value at hand, the innermost one (or the one that begins or ends) first. */
static inline const char *json_walk_up(const JsonWalk *w, unsigned up)
{
        return w->level >= up ? w->path[w->level - up] : "";
}

#endif
