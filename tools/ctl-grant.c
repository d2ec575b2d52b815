/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl grant list`: everything that loosens a rule on this
 * host, of whatever kind: consents, enrolled sets, exceptions, declarations and attestations.
 */
#include <getopt.h>
#include <string.h>

#include "ctl-bus.h"
#include "ctl-consent.h"
#include "ctl-options.h"
#include "ctl-output.h"
#include "lib/util-string.h"
#include "verbs.h"

static void print_usage(FILE *f)
{
        fputs("aiguardctl grant list [--json]\n\n"
              "Everything that lifts a rule on this host: consents, enrolled sets, approved exceptions,\n"
              "declarations, attestations and emergencies, with whether each counts at this moment and why "
              "not. Reads the "
              "store; needs "
              "no\n"
              "daemon.\n\n"
              "Exit: 0 done; 1 the store cannot be read; 2 called wrongly; 5 no rights (group aiguard).\n",
              f);
}

static int list_all(bool json)
{
        CtlGrants g;
        json_t *list;
        int r = ctl_grants_open(&(CtlConsentArgs){}, &g);

        if (r == 0) {
                list = ctl_grants_to_json(&g, ~0U);
                if (json)
                        r = out_json(list);
                else {
                        ctl_grants_print(list);
                        if (json_array_size(list) == 0)
                                puts("Nothing lifts a rule on this host.");
                        json_decref(list);
                }
        }
        ctl_grants_done(&g);
        return r;
}

int verb_grant(int argc, char **argv)
{
        bool json = false;
        int code = 0;

        if (ctl_parse_json(argc, argv, print_usage, &json, &code))
                return code;
        if (argc - optind != 1 || !streq(argv[optind], "list")) {
                print_usage(stderr);
                return EXIT_USAGE;
        }
        return list_all(json);
}
