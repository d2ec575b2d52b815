/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SESSIONS_H
#define SESSIONS_H
/*
 * Periods of use of a sensor by an AI workload: from the open that was allowed
 * to the close of the last descriptor of that process, or its end.
 */
#include <jansson.h>

#include "manager.h"

#define SESSIONS_MAX 1024U

typedef struct Sessions Sessions;

int sessions_new(Manager *m, Sessions **ret);
Sessions *sessions_free(Sessions *s);
DEFINE_CLEANUP(Sessions *, sessions_free);

void sessions_on_event(Sessions *s, const struct ag_event *ev); /* main thread */
/* The same from any thread: main takes it up. */
void sessions_post_event(Sessions *s, const struct ag_event *ev);
json_t *sessions_to_json(Sessions *s);

#endif
