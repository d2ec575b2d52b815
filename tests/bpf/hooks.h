/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOOKS_H
#define HOOKS_H
/*
 * What the tests of the hooks share: a test is a function that runs in a child and
 * whose return is the child's exit status, mostly the errno of an open.
 */
#include <stdbool.h>
#include <stdint.h>

#include "aiguard.skel.h"
#include "stand-in.h"

#define DIR "/tmp/hooks"
#define KILO 4096

extern struct aiguard *skel;
extern int hooks_bad;

void ok(bool good, const char *name, const char *why);
void expect(int got, int want, const char *name);

void make_file(const char *path, const char *head, size_t size);
int try_open(const char *path, int flags);

/* Maps a file executable, as the dynamic loader does with a library. */
void map_library(const char *path);

/* Exit status of the child; 200 + N: it died of signal N. */
int in_child(int (*test)(const void *), const void *arg);

uint64_t stat_of(enum ag_stat stat);

void hooks_test_workloads(void);
void hooks_test_events(void);

#endif
