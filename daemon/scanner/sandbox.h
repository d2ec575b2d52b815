/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SANDBOX_H
#define SANDBOX_H
/* What the scanner may not do. Each step is one way; none can be undone. */
#include <stdbool.h>

typedef struct Sandbox Sandbox;

/* While files can still be opened: builds the filters. Ends the program when that is impossible. */
int sandbox_prepare(Sandbox **ret);

/* The zygote: another user, no privileges, no descriptors but one, no new files; it can still fork. */
int sandbox_enter_zygote(const Sandbox *s);

/* A child: nothing but reading what it holds and writing its answer. `reuse`: also take the next job. */
int sandbox_enter_child(const Sandbox *s, bool reuse, unsigned seconds);

#endif
