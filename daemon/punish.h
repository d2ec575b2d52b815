/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PUNISH_H
#define PUNISH_H
/* What follows a refusal, where the policy says more than deny: suspend or kill. */
#include "abi.h"

/* After the entry is on its way. Only that very process: its start time is compared. */
void punish(const struct ag_event *ev);

#endif
