/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCRIPTS_H
#define SCRIPTS_H
/* What program does this process run? Its text, as the scanner sees it, goes into the dossier of its workload. */
#include <stdbool.h>
#include <sys/types.h>

#include "manager.h"

typedef struct Scripts Scripts;

int scripts_new(Manager *m, Scripts **ret);
Scripts *scripts_free(Scripts *s); /* after the gate is gone */
DEFINE_CLEANUP(Scripts *, scripts_free);

/*
 * Looks at the command line of that process; `cgroup_id` may be 0. With `wait`
 * its scripts are in the dossier when it returns, or two seconds have passed; not
 * on the scan pool's thread then. Without, they come there by and by. Neither on
 * the gate's thread. What was looked at before costs the reading of a command line.
 */
void scripts_look(Scripts *s, pid_t pid, uint64_t cgroup_id, bool wait);

#endif
