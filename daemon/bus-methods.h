/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BUS_METHODS_H
#define BUS_METHODS_H
/* The vtable of org.aiguard1.Manager. For manager-bus.c only. */
#include <systemd/sd-bus.h>

#include "manager.h"

typedef struct BusQuestion BusQuestion;

/* One connection; the userdata of the vtable on it. */
typedef struct BusPeer {
        Manager *m;
        bool is_private;
        uid_t uid; /* of the private socket's other end; on the system bus each message is asked about */
        /* For bus-authorize.c: what polkit is being asked, and what it has just said. */
        BusQuestion *questions;
        unsigned n_questions;
        const BusQuestion *answered;
} BusPeer;

int bus_sender_uid(BusPeer *peer, sd_bus_message *msg, uid_t *ret);
/* Whoever asked is root, and *ret his number; else an error is set. */
int bus_require_root(BusPeer *peer, sd_bus_message *msg, uid_t *ret, sd_bus_error *reterr);

int bus_methods_add(sd_bus *bus, BusPeer *peer);

#endif
