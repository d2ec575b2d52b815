/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: finds the program of an interpreter on its command line, without
 * knowing the interpreter: the first arguments that are no options, and code
 * given in place of a file. A wrong guess costs a look at a file.
 * Must not: open anything.
 * Called by: daemon/scripts.c, tests.
 */
#include "lib/script-args.h"

#include <stdbool.h>
#include <string.h>

#include "lib/macro.h"

#define ARGS_LOOKED_AT 16U /* an interpreter's options come first, the program's arguments mean nothing */

static bool is(const char *arg, size_t n, const char *const *words)
{
        for (; *words; words++)
                if (strlen(*words) == n && memcmp(*words, arg, n) == 0)
                        return true;
        return false;
}

/* python -c, node -e and -p, perl -e, ruby -e. */
static bool takes_code(const char *arg, size_t n)
{
        static const char *const words[] = { "-c", "-e", "-p", "-pe", "--eval", "--print", NULL };

        return is(arg, n, words);
}

static bool takes_module(const char *arg, size_t n)
{
        static const char *const words[] = { "-m", NULL };

        return is(arg, n, words);
}

size_t script_args(const char *cmdline, size_t size, ScriptArg ret[static SCRIPT_ARGS_MAX])
{
        const char *p = cmdline, *end = cmdline + size, *before = NULL;
        size_t found = 0, n_before = 0;

        for (size_t i = 0; p < end && i < ARGS_LOOKED_AT && found < SCRIPT_ARGS_MAX; i++) {
                size_t n = strnlen(p, (size_t) (end - p));
                ScriptArg a = { .text = p, .n = n, .kind = SCRIPT_FILE };
                bool option = n > 0 && p[0] == '-';

                if (before && takes_code(before, n_before))
                        a.kind = SCRIPT_INLINE;
                else if (before && takes_module(before, n_before))
                        a.kind = SCRIPT_MODULE;
                if (i > 0 && n > 0 && (!option || a.kind == SCRIPT_INLINE))
                        ret[found++] = a;
                before = i > 0 ? p : NULL;
                n_before = n;
                p += n + 1;
        }
        return found;
}
