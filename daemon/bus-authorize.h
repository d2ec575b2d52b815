/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BUS_AUTHORIZE_H
#define BUS_AUTHORIZE_H
/*
 * May somebody who is not root do this? Polkit is asked, and the method runs again when it has answered: nothing here
 * waits. Without polkit, on the private socket, and when it does not know the action: root alone.
 */
#include "bus-methods.h"

#define BUS_ACTION_CHANGE_GRANTS "org.aiguard1.change-grants"

/*
 * 1: yes. 0: it is being asked; the method returns 1, and is called again with the same message. -errno: no, an error
 * is set. `uid` is the sender's, by sender_uid(); `method` is whose first lines this is called from.
 */
int bus_authorize(BusPeer *peer, sd_bus_message *msg, uid_t uid, const char *action,
                  sd_bus_message_handler_t method, sd_bus_error *reterr);
/* Before the connection goes: who still waits for an answer gets none. */
void bus_authorize_forget(BusPeer *peer);

#endif
