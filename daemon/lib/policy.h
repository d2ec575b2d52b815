/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_H
#define POLICY_H
/*
 * The policy: files -> Policy -> PolicyTables. Pure; no kernel, no daemon.
 * policy-parse.c makes the first step, policy-compile.c the second,
 * policy-explain.c and policy-diff.c read the results.
 */
#include <stdint.h>
#include <stdio.h>

#include "abi.h"
#include "decide.h"
#include "lib/diag.h"
#include "lib/modelcap.h"

typedef enum PolicyMode {
        POLICY_MODE_AUDIT,
        POLICY_MODE_ENFORCE,
} PolicyMode;

typedef enum PolicyRisk {
        POLICY_RISK_MINIMAL,
        POLICY_RISK_MEDIUM,
        POLICY_RISK_HIGH,
} PolicyRisk;

typedef enum PolicyAutonomy {
        POLICY_AUTONOMY_LOW,
        POLICY_AUTONOMY_MEDIUM,
        POLICY_AUTONOMY_HIGH,
} PolicyAutonomy;

/* How a workload is matched: NULL or empty members are not asked; of the given ones any one is enough. */
typedef struct PolicyMatch {
        char **units;      /* glob on the unit name, as systemctl prints it; NULL-terminated */
        char **slices;     /* glob on a slice name anywhere above */
        char **cgroups;    /* glob on the path below the cgroup2 root */
        char **containers; /* glob on the container id or name part of the cgroup path */
        char **exes;       /* absolute path of the executable */
        char **users;      /* name or number */
} PolicyMatch;

typedef struct PolicyWorkload {
        char *name;
        char *jurisdiction; /* kz, eu, ... */
        char *context;      /* workplace, education, public, medical, safety, other */
        char *owner;
        char *purpose;
        char *file; /* where it is declared */
        unsigned line;
        PolicyRisk risk;
        PolicyAutonomy autonomy;
        bool state_equivalent;
        bool not_ai;
        PolicyMatch match;
} PolicyWorkload;

typedef struct PolicyRule {
        char *id;  /* kz-17-3-6 */
        char *law; /* KZ-AI-17-3-6; "" for a default */
        char *file;
        unsigned line;
        unsigned column;
        bool builtin; /* a line of the table of defaults */
        char **attest; /* it does not speak of a workload whose owner has attested all of these; NULL: no such thing */
} PolicyRule;

/* One item that an owner has attested of a workload, in words of the laws: "KZ-AI-17-3-1". */
typedef struct PolicyAttested {
        char workload[AG_NAME_MAX];
        char context[AG_NAME_MAX]; /* "": any */
        char item[AG_NAME_MAX];    /* "*": all */
} PolicyAttested;

typedef struct Policy Policy; /* opaque: parsed, checked, not compiled */

/* Compiled. Everything the kernel needs, and the names for what it answers. */
typedef struct PolicyTables {
        char *name;         /* "kz + baseline" */
        char hash[65];      /* SHA-256 of all files in order, lower-case hex */
        PolicyMode mode;    /* effective mode of the host */
        size_t n_workloads; /* rows; [0] other, [1] undeclared-ai */
        PolicyWorkload *workloads;
        size_t n_rules; /* [0] unused: rule 0 is "none" */
        PolicyRule *rules;
        char (*columns)[AG_NAME_MAX]; /* name of each column: "emotion.face identified", "camera", ... */
        struct ag_row *rows;          /* n_workloads */
        char **masks; /* sentences: which vendor file is masked or overridden, by what; NULL-terminated or NULL */
} PolicyTables;

typedef struct PolicySources {
        char **files; /* explicit files or directories; NULL: vendor and /etc/aiguard/policy.d, masks applied */
        const char *root;     /* prefix for the default directories; NULL: "" (tests) */
        PolicyMode host_mode; /* of aiguard.conf or the kernel command line: no file can be stricter than it */
        const char *jurisdiction; /* of aiguard.conf: "kz", "kz eu", or NULL; adds to what the files say */
        const PolicyAttested *attested; /* copied */
        size_t n_attested;
} PolicySources;

#define POLICY_VENDOR_DIR "/usr/lib/aiguard/policy.d"
#define POLICY_ADMIN_DIR "/etc/aiguard/policy.d"

/* Every mistake goes to `diag`; then -EBADMSG and no object. -errno for I/O. */
int policy_load(const PolicySources *sources, const ModelcapSet *modelcaps, Diag *diag, Policy **ret);
Policy *policy_free(Policy *p);
DEFINE_CLEANUP(Policy *, policy_free);

/* Deterministic. `diag` gets warnings only (a rule without effect, a mask that loosens). */
int policy_compile(const Policy *p, const ModelcapSet *modelcaps, Diag *diag, PolicyTables **ret);
PolicyTables *policy_tables_free(PolicyTables *t);
DEFINE_CLEANUP(PolicyTables *, policy_tables_free);

/* Index of a workload by name, -ENOENT. */
int policy_tables_find(const PolicyTables *t, const char *workload);

/*
 * The declared workload of a process, -ENOENT when none: first match in file order.
 * `cgroup` is the path below the cgroup2 root ("/system.slice/x.service"); any argument may be NULL / UINT32_MAX.
 */
int policy_tables_match(const PolicyTables *t, const char *cgroup, const char *exe, uint32_t uid);

/* Number of a column by its name in the policy language, -ENOENT: "camera", "emotion.face", "emotion.face:suspect", ... */
int policy_column_parse(const ModelcapSet *modelcaps, const char *name);

const char *policy_action_to_string(uint8_t action); /* allow report audit deny suspend kill */
const char *policy_mode_to_string(PolicyMode m);
const char *policy_risk_to_string(PolicyRisk r);
const char *policy_autonomy_to_string(PolicyAutonomy a);

#endif
