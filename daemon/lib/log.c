/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: prints one line for a diagnostic. Owns the level and nothing else.
 * Called by daemon and tools; the library itself only ever debugs.
 */
#include "lib/log.h"

#include <stdarg.h>
#include <string.h>

static int max_level = LOG_INFO;

void log_set_max_level(int level)
{
        max_level = level;
}

static void log_line(int level, int r, const char *format, va_list ap)
{
        char text[1024];

        if (level > max_level)
                return;
        vsnprintf(text, sizeof(text), format, ap);
        if (!isatty(STDERR_FILENO) && getenv("INVOCATION_ID"))
                fprintf(stderr, "<%d>", level);
        if (r < 0)
                fprintf(stderr, "%s: %s\n", text, strerror(-r));
        else
                fprintf(stderr, "%s\n", text);
}

void log_full(int level, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        log_line(level, 0, format, ap);
        va_end(ap);
}

int log_full_errno(int level, int r, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        log_line(level, r, format, ap);
        va_end(ap);
        return r;
}
