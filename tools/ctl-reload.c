/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: `aiguardctl reload`: the daemon reads the policy again; a bad one keeps the old, and says why. */
#include <getopt.h>
#include <stdlib.h>

#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/bus-names.h"
#include "lib/macro.h"
#include "verbs.h"

static void print_usage(FILE *f)
{
        fputs("aiguardctl reload\n\n"
              "Reads the policy and the host's mode again. One that has mistakes is not taken: the old\n"
              "one stays in force.\n\n"
              "Exit: 0 the new policy is in force; 1 the old one stays; 2 called wrongly; 4 no daemon;\n"
              "5 no rights (root).\n",
              f);
}

int verb_reload(int argc, char **argv)
{
        static const struct option options[] = { { "help", no_argument, NULL, 'h' }, {} };
        sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *text = NULL;
        sd_bus *bus = NULL;
        int c, r, code = EXIT_SUCCESS;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                print_usage(c == 'h' ? stdout : stderr);
                return c == 'h' ? EXIT_SUCCESS : EXIT_USAGE;
        }
        if (optind < argc) {
                print_usage(stderr);
                return EXIT_USAGE;
        }
        r = ctl_bus_connect(&bus);
        if (r >= 0)
                r = ctl_call(bus, "Reload", &text, &e, NULL);
        if (r < 0 && sd_bus_error_has_name(&e, BUS_ERROR_BAD_POLICY)) {
                /* Lines of file:line:col, escaped by whoever made them. */
                fputs(e.message, stderr);
                code = EXIT_FAILURE;
        } else if (r < 0)
                code = ctl_bus_fail(r, &e);
        else
                fputs(text, stderr);
        sd_bus_error_free(&e);
        sd_bus_close_unref(bus);
        return code;
}
