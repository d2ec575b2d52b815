/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WITHDRAW_H
#define WITHDRAW_H
/*
 * Ends what runs on a key that has closed. The hook refuses the next open; what
 * is open already streams on until somebody stops it.
 */
#include "lib/grant-fold.h"
#include "manager.h"

/* Every holder of a device of these keys is stopped when this returns. Main thread. */
void withdraw_sessions(Manager *m, const GrantKey *closed, size_t n);

#endif
