/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SUBJECTS_H
#define SUBJECTS_H
/*
 * What was running before enforcement began, and the periods of use of sensors.
 */
#include <jansson.h>

#include "manager.h"

int subjects_new(Manager *m, Subjects **ret);
Subjects *subjects_free(Subjects *s);
DEFINE_CLEANUP(Subjects *, subjects_free);

/*
 * Every process there is: resolved, and given its ag_subjects when it is AI.
 * Only after attach and while AG_CONTROL_MONITOR is set: the one time that the
 * daemon writes that map.
 */
int subjects_walk(Subjects *s);

/* Each valid event: an allowed open of a sensor begins a session. Main thread. */
void subjects_on_event(Subjects *s, const struct ag_event *ev);
/* The same from any thread. */
void subjects_post_event(Subjects *s, const struct ag_event *ev);

/* New reference: the AI workloads older than enforcement that still run. */
json_t *subjects_older_to_json(Subjects *s);
/* New reference: open sensor sessions. */
json_t *subjects_sessions_to_json(Subjects *s);

#endif
