/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_INVENTORY_H
#define CTL_INVENTORY_H
/* `aiguardctl model list`. Returns an exit code. */
#include <stdbool.h>

int ctl_inventory(bool json);

#endif
