/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MANAGER_BUS_H
#define MANAGER_BUS_H
/*
 * org.aiguard1 on the system bus where there is one, and always on the private
 * socket; one vtable for both (lib/bus-names.h).
 */
#include "manager.h"

typedef struct ManagerBus ManagerBus;

int manager_bus_new(Manager *m, ManagerBus **ret);
ManagerBus *manager_bus_free(ManagerBus *b);
DEFINE_CLEANUP(ManagerBus *, manager_bus_free);

#endif
