/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BUS_GRANTS_H
#define BUS_GRANTS_H
/* For the vtable of bus-methods.c. */
#include "bus-methods.h"

int bus_grant_import(sd_bus_message *msg, void *userdata, sd_bus_error *reterr);   /* s envelope -> s json */
int bus_grant_withdraw(sd_bus_message *msg, void *userdata, sd_bus_error *reterr); /* s id, s by -> s json */

#endif
