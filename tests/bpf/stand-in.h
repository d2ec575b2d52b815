/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STAND_IN_H
#define STAND_IN_H
/*
 * A stand-in for the daemon: the least that the programs need to be tried. Loads and
 * attaches them, and answers requests in a process of its own by the first three
 * bytes of the file:
 *
 *   EMO  a model that is identified           RUN  a library whose only use is inference
 *   MOD  a model that is harmless             WEA  a library that can also infer
 *   IGN  never answered                       INT  an interpreter
 *   REF  answered: I do not get at it         else nothing of ours
 *   GAD, GAA  taken over by fanotify, which denies or allows after 300 ms
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi.h"

struct aiguard;

/* Loads and attaches. -EPERM: this kernel refuses LSM programs. */
int stand_in_load(struct aiguard **ret);

/* Sets a row of the active slot: every refusing column denies (or, with audit, is audited only). */
void stand_in_row(struct aiguard *skel, uint32_t workload, uint32_t flags, uint8_t action);

struct ag_control *stand_in_control(struct aiguard *skel);

/* Starts and stops the process that answers. */
pid_t stand_in_start(struct aiguard *skel);
void stand_in_stop(struct aiguard *skel, pid_t pid);

/* Stops the process that answers, and lets it go on. */
void stand_in_pause(bool pause);

int stand_in_pidfd(pid_t pid);
uint64_t boot_ns(void);

#endif
