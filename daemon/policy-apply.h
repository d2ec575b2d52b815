/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_APPLY_H
#define POLICY_APPLY_H
/* Puts a compiled policy into the kernel: the idle slot is filled, then one word is stored. */
#include "abi.h"
#include "loader.h"
#include "policy-store.h"

/*
 * On an error the active slot is untouched and still in force. `now_ns` gets the time of the flip. The generation
 * is numbered behind the one that the kernel has.
 */
int policy_apply(const LoaderMaps *maps, struct ag_control *control, PolicyGeneration *g,
                 uint64_t *ret_now_ns);

/* What a cgroup, an executable or a user is has changed: who is known already is looked up again. Main thread. */
void policy_apply_matches(struct ag_control *control);

/* Suffixes that models use, for openers that are interpreters. Once. */
int policy_apply_suffixes(const LoaderMaps *maps);

#endif
