/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: `aiguardctl workload`: says that something is no AI workload, although it looks like one. */
#include <limits.h>
#include <string.h>

#include "ctl-declare.h"
#include "ctl-output.h"
#include "lib/util-string.h"
#include "verbs.h"

static const char usage_text[] =
                "aiguardctl workload declare NAME|--exe=PATH|--unit=GLOB --not-ai --reason=TEXT "
                "--until=DATE|--for=30d [--out=FILE]\n"
                "aiguardctl workload list [--json]\n"
                "aiguardctl workload revoke ID\n\n"
                "Says that something is no AI workload although it looks like one: a QR reader that links\n"
                "OpenCV. NAME is a workload of the policy; a state-equivalent one takes a second "
                "signature:\n"
                "--out=FILE writes the declaration, somebody in trust.d signs it (aiguardctl consent sign\n"
                "--kind=declaration), root imports it (aiguardctl consent import). The reason is logged and "
                "listed.\n\n"
                "Exit: 0 done; 1 refused; 2 called wrongly; 5 no rights (root).\n";

static int fill(const CtlDeclareArgs *args, Declaration *d)
{
        char real[PATH_MAX];

        if (!args->not_ai || args->as || args->persons || !!args->what + !!args->exe + !!args->unit != 1) {
                fputs(usage_text, stderr);
                return EXIT_USAGE;
        }
        if (args->exe) {
                /* The file itself, behind whatever links lead to it: that is what the kernel sees run. */
                if (args->exe[0] != '/' || !realpath(args->exe, real)) {
                        out_error("--exe=%s: %s", args->exe,
                                  args->exe[0] != '/' ? "must be an absolute path" : strerror(errno));
                        return EXIT_FAILURE;
                }
                d->exe = strdup(real);
                return d->exe ? 0 : EXIT_FAILURE;
        }
        if (args->unit)
                d->unit = strdup(args->unit);
        else
                d->workload = strdup(args->what);
        return d->unit || d->workload ? 0 : EXIT_FAILURE;
}

int verb_workload(int argc, char **argv)
{
        static const CtlDeclareKind kind = { DECLARATION_WORKLOAD, usage_text, fill };

        return ctl_declare_verb(&kind, argc, argv);
}
