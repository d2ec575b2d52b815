/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl policy diff A [B]`: what is in force after, and was
 * not before. Exit 0 same, 1 different, 2 mistake, as diff(1) has it.
 */
#include "ctl-policy.h"
#include <string.h>

#include "lib/policy-diff.h"

int ctl_policy_diff(const CtlPolicyArgs *args)
{
        _cleanup_(ctl_policy_done) CtlPolicy a = {}, b = {};
        _cleanup_(policy_diff_done) PolicyDiff d = {};
        char *one[2] = {}, *other[2] = {};
        int r;

        if (args->n_files < 1 || args->n_files > 2) {
                fputs("aiguardctl policy diff: one or two policies are needed\n", stderr);
                return EXIT_USAGE;
        }
        if (args->n_files == 2)
                one[0] = args->files[0];
        other[0] = args->files[args->n_files - 1];
        if (ctl_policy_load(args, one[0] ? one : NULL, &a) < 0 || ctl_policy_load(args, other, &b) < 0)
                return EXIT_USAGE;
        r = policy_diff(a.tables, b.tables, &d);
        if (r < 0) {
                fprintf(stderr, "aiguardctl: %s\n", strerror(-r));
                return EXIT_USAGE;
        }
        policy_diff_print(&d, stdout);
        return d.n > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
