/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_POLICY_H
#define CTL_POLICY_H
/* What the sub-verbs of `aiguardctl policy` share: options, and loading a policy without daemon or root. */
#include <jansson.h>
#include <stdbool.h>

#include "lib/policy.h"
#include "verbs.h"

#define CTL_POLICY_ON_MAX AG_OBJECT_COLUMNS
#define CTL_POLICY_ATTESTED_MAX 16

typedef struct CtlPolicyArgs {
        const char *modelcaps; /* directory */
        const char *root;
        const char *jurisdiction;
        bool mode_given;
        PolicyMode mode;
        bool json;
        bool all;
        const char *workload;
        const char *on[CTL_POLICY_ON_MAX];
        size_t n_on;
        uint8_t grants;                                   /* enum ag_grant */
        PolicyAttested attested[CTL_POLICY_ATTESTED_MAX]; /* all items, of each workload named */
        size_t n_attested;
        bool weak;
        bool emergency;
        char **files; /* positional, NULL-terminated */
        size_t n_files;
} CtlPolicyArgs;

/* One policy, compiled, with what it was made of. */
typedef struct CtlPolicy {
        ModelcapSet *modelcaps;
        Policy *policy;
        PolicyTables *tables;
} CtlPolicy;

/*
 * Loads args->files, or what is installed when there are none. Mistakes and
 * warnings are printed to stderr. 0, or -errno after the reason was printed.
 */
int ctl_policy_load(const CtlPolicyArgs *args, char **files, CtlPolicy *ret);
/* The same, silently, with a diag of the caller's. */
int ctl_policy_load_diag(const CtlPolicyArgs *args, char **files, Diag *diag, CtlPolicy *ret);
void ctl_policy_done(CtlPolicy *p);

/* Takes the document, NULL: it could not be made. Indented always. Returns an exit code. */
int ctl_policy_print_json(json_t *o);

int ctl_policy_matrix(const CtlPolicyArgs *args);
int ctl_policy_explain(const CtlPolicyArgs *args);
int ctl_policy_diff(const CtlPolicyArgs *args);

#endif
