/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASK_MAPS_H
#define TASK_MAPS_H
/*
 * Entries of ag_subjects and ag_resolved, whatever they are keyed by: by a
 * pidfd where they are task storage, by the thread group where they are hashes.
 * The caller has both at hand: the pidfd is what makes sure that it is still
 * that process. Any thread; each call is one or two system calls.
 */
#include <sys/types.h>

#include "abi.h"
#include "loader.h"

/* 0, or -ENOENT: nothing is known of it. */
int task_subject_get(const LoaderMaps *maps, int pidfd, pid_t tgid, struct ag_subject *ret);
int task_resolved_get(const LoaderMaps *maps, int pidfd, pid_t tgid, struct ag_resolved *ret);

/* -ESRCH: it is gone. */
int task_resolved_put(const LoaderMaps *maps, int pidfd, pid_t tgid, const struct ag_resolved *value);

/* Where subjects are hashes: takes out who was looked at and found to be nothing. */
void task_forget_plain(const LoaderMaps *maps, pid_t tgid);

#endif
