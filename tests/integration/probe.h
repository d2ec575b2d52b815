/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_H
#define PROBE_H
/*
 * What the verbs of the probe share. The probe is the culprit of the tests: it
 * opens what it is told to and says in one line what came of it.
 */
#include <stddef.h>
#include <stdint.h>

#define _noreturn_ __attribute__((__noreturn__))

/* Exit codes. Killed by SIGALRM (142 in a shell) means that an open did not come back: it hung. */
enum {
        PROBE_OK = 0,
        PROBE_REFUSED = 1, /* EPERM, which is how a policy refuses */
        PROBE_USAGE = 2,
        PROBE_OTHER = 3, /* another errno, printed */
        PROBE_SETUP = 4, /* the test could not be staged at all */
};

/* What came of one open. Lives in shared memory when a child fills it. */
typedef struct Outcome {
        int error; /* errno, 0: it opened */
        int fd;
        int signals; /* handled while it waited */
        int done;
        unsigned long inode; /* of what opened */
        double wall_ms;
        double cpu_ms;
} Outcome;

extern const char *arg_ai;  /* a runtime library to load with dlopen() */
extern const char *arg_map; /* a library to map executable, without running it */

_noreturn_ void die(const char *what);
double now_ms(int clock);
void sleep_ms(unsigned ms);

/* Does what --ai and --map ask for. A verb calls it when the story wants it. */
void become_ai(void);

void timed_open(const char *path, int flags, Outcome *ret);
void print_outcome(const char *path, const Outcome *o);
int exit_code(const Outcome *o);

void *shared_memory(size_t size);

/* Copies a file over another's bytes, through `fd` or through the mapping `to`. */
void read_whole(const char *path, void **ret, size_t *ret_size);

int verb_threads(int argc, char **argv);
int verb_signal_handled(int argc, char **argv);
int verb_signal_kill(int argc, char **argv);
int verb_swap(int argc, char **argv);
int verb_deleted_fifo(int argc, char **argv);
int verb_shared_write(int argc, char **argv);
int verb_rewrite(int argc, char **argv);
int verb_many(int argc, char **argv);
int verb_connect(int argc, char **argv);

#endif
