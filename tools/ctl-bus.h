/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_BUS_H
#define CTL_BUS_H
/*
 * Talking to the daemon. Exit codes of every verb that does: 0 done, 1 refused
 * or failed, 2 called wrongly, EXIT_NO_DAEMON, EXIT_NO_RIGHTS.
 */
#include <jansson.h>
#include <systemd/sd-bus.h>

#define EXIT_NO_DAEMON 4 /* aiguardd does not run here */
#define EXIT_NO_RIGHTS 5 /* root, or for looking the group aiguard */

/* The private socket, else the system bus. -ENOENT: no daemon. -EACCES: no rights. Prints nothing. */
int ctl_bus_connect(sd_bus **ret);

/* The same for what polkit may allow to others than root: they take the system bus, and somebody may be asked. */
int ctl_bus_connect_to_change(sd_bus **ret);

/* One sentence on stderr for what ctl_bus_connect() or ctl_call() gave; the exit code. */
int ctl_bus_fail(int r, const sd_bus_error *e);

/* Calls a method with the given arguments; *ret_text is the reply's string (to be freed), may be NULL. */
int ctl_call(sd_bus *bus, const char *method, char **ret_text, sd_bus_error *reterr, const char *types, ...);

/* The same, and the reply is a document. New reference. Prints and gives an exit code on failure, 0 on success. */
int ctl_call_json(const char *method, json_t **ret, const char *types, ...);

#endif
