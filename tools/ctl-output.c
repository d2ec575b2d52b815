/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what all verbs print with. Whatever comes from a process, a file
 * or a policy goes through the escaping here. No state.
 */
#include "ctl-output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/macro.h"
#include "lib/util-string.h"

int out_json(json_t *o)
{
        int r = o ? json_dumpf(o, stdout, isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT) : -1;

        json_decref(o);
        if (r < 0 || putchar('\n') == EOF)
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

const char *json_str(const json_t *o, const char *key)
{
        const char *s = json_string_value(json_object_get(o, key));

        return s ? s : "";
}

long long json_int(const json_t *o, const char *key)
{
        return json_integer_value(json_object_get(o, key));
}

static void print_escaped(FILE *f, const char *format, va_list ap) __attribute__((__format__(printf, 2, 0)));
static void print_escaped(FILE *f, const char *format, va_list ap)
{
        _cleanup_free_ char *text = NULL;

        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                return;
        }
        fputs_escaped(text, f);
        fputc('\n', f);
}

void out_line(const char *label, const char *format, ...)
{
        va_list ap;

        printf("%-13s", label);
        va_start(ap, format);
        print_escaped(stdout, format, ap);
        va_end(ap);
}

void out_error(const char *format, ...)
{
        va_list ap;

        fputs("aiguardctl: ", stderr);
        va_start(ap, format);
        print_escaped(stderr, format, ap);
        va_end(ap);
}

const char *out_color(OutColor c)
{
        static const char *const codes[] = { "\033[0m", "\033[32m", "\033[31m", "\033[33m", "\033[2m" };

        return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? codes[c] : "";
}
