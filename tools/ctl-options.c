/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the one loop over the options of verbs that know --help and --json.
 * Owns nothing. Called by doctor, explain and status.
 */
#include "ctl-options.h"

#include <getopt.h>
#include <stdlib.h>

#include "verbs.h"

bool ctl_parse_json(int argc, char **argv, void (*print_usage)(FILE *f), bool *ret_json, int *ret_code)
{
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "json", no_argument, NULL, 'j' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "hj", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        print_usage(stdout);
                        *ret_code = EXIT_SUCCESS;
                        return true;
                case 'j':
                        *ret_json = true;
                        break;
                default:
                        print_usage(stderr);
                        *ret_code = EXIT_USAGE;
                        return true;
                }
        return false;
}
