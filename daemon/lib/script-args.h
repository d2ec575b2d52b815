/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SCRIPT_ARGS_H
#define SCRIPT_ARGS_H
/* Which code does a command line name? Pure: opens nothing. */
#include <stddef.h>

#define SCRIPT_ARGS_MAX 3U
#define SCRIPT_ARGS_BYTES (64U * 1024) /* of /proc/PID/cmdline, and so of one argument */

typedef struct ScriptArg {
        const char *text; /* into the command line */
        size_t n;
        enum {
                SCRIPT_FILE,   /* a path; whether there is such a file is for the caller to see */
                SCRIPT_MODULE, /* python -m a.b: a/b.py, when it lies in the working directory */
                SCRIPT_INLINE, /* the code itself */
        } kind;
} ScriptArg;

/*
 * `cmdline` as /proc/PID/cmdline has it: each argument with a NUL behind it, or
 * cut anywhere. It may be anything, the process can rewrite it. Gives how many
 * of `ret` are filled: what an interpreter could take for its program, first
 * come first.
 */
size_t script_args(const char *cmdline, size_t size, ScriptArg ret[static SCRIPT_ARGS_MAX]);

#endif
