/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POLICY_INTERNAL_H
#define POLICY_INTERNAL_H
/*
 * A policy between parsing and compiling. For policy-*.c only: everybody else
 * sees Policy as a handle, and PolicyTables.
 */
#include "lib/policy.h"
#include "lib/yaml-doc.h"

/* ------------------------------------------------- the table of defaults */

typedef enum PolicyClass {
        POLICY_CLASS_MEDIUM, /* undeclared, minimal or medium */
        POLICY_CLASS_HIGH,
        POLICY_CLASS_STATE, /* equated with state systems */
        _POLICY_CLASS_MAX,
} PolicyClass;

/* A line of the table. The first two follow the rules: they speak of what some rule refuses. */
typedef enum PolicyDefault {
        POLICY_DEFAULT_PROHIBITED,
        POLICY_DEFAULT_SUSPECT,
        POLICY_DEFAULT_CAPABLE,
        POLICY_DEFAULT_UNDECLARED_MODEL,
        POLICY_DEFAULT_SENSOR,
        POLICY_DEFAULT_UNPARSABLE,
        POLICY_DEFAULT_UNSCANNABLE,
        POLICY_DEFAULT_UNKNOWN,
        POLICY_DEFAULT_DAEMON_DOWN,
        _POLICY_DEFAULT_MAX,
} PolicyDefault;

typedef struct PolicyDefaultLine {
        const char *key; /* in `defaults:` */
        const char *id;  /* as a rule */
        uint8_t actions[_POLICY_CLASS_MAX];
        uint8_t unless; /* enum ag_grant; of the first two: that of the rule they follow */
        uint8_t first_column;
        uint8_t n_columns; /* AG_MODELCAPS_MAX for the first three */
} PolicyDefaultLine;

extern const PolicyDefaultLine policy_default_lines[_POLICY_DEFAULT_MAX];

PolicyClass policy_workload_class(const PolicyWorkload *w);

/* ---------------------------------------------------------------- parsed */

typedef enum PolicyContext {
        POLICY_CONTEXT_OTHER,
        POLICY_CONTEXT_WORKPLACE,
        POLICY_CONTEXT_EDUCATION,
        POLICY_CONTEXT_PUBLIC,
        POLICY_CONTEXT_MEDICAL,
        POLICY_CONTEXT_SAFETY,
        _POLICY_CONTEXT_MAX,
} PolicyContext;

extern const char *const policy_context_names[]; /* all of these end with NULL */
extern const char *const policy_risk_names[];
extern const char *const policy_autonomy_names[];
extern const char *const policy_mode_names[];
extern const char *const policy_action_names[];
extern const char *const policy_object_names[]; /* columns from AG_COL_CAMERA on */

typedef struct PolicyFile {
        char *name; /* without directory */
        char *path;
        char *data;
        size_t size;
} PolicyFile;

typedef struct ParsedWorkload {
        PolicyWorkload w;
        char **jurisdictions; /* NULL: the host's */
        char *autonomy_legal_basis;
        PolicyContext context;
} ParsedWorkload;

typedef enum SelectorKind {
        SELECTOR_ANY_AI,
        SELECTOR_UNDECLARED,
        SELECTOR_NAME,
        SELECTOR_ATTRIBUTES, /* all that are given must hold */
} SelectorKind;

typedef struct Selector {
        SelectorKind kind;
        char *name;
        unsigned line;
        unsigned column;
        char **jurisdictions; /* NULL: any */
        unsigned contexts;    /* bit for each; 0: any */
        unsigned risks;
        unsigned autonomies;
        int state_equivalent; /* -1: any */
} Selector;

typedef struct ParsedRule {
        PolicyRule r;
        Selector *selectors;
        size_t n_selectors;
        bool columns[AG_COLUMNS];
        uint8_t unless;  /* enum ag_grant */
        uint8_t action;  /* enum ag_action */
        PolicyMode mode; /* the milder of the rule's and its file's */
        bool everywhere; /* of any AI workload; selectors are empty */
} ParsedRule;

/* An entry of `defaults:`. */
typedef struct ParsedDefault {
        PolicyRule r;
        PolicyDefault line;
        uint8_t actions[_POLICY_CLASS_MAX]; /* enum ag_action; 0: not given */
        PolicyMode mode;
} ParsedDefault;

struct Policy {
        PolicyFile *files;
        size_t n_files;
        char **names;
        char **masks; /* sentences */
        PolicyAttested *attested;
        size_t n_attested;
        char **jurisdictions; /* of the host: for workloads that name none */
        PolicyMode host_mode;
        ParsedWorkload *workloads;
        size_t n_workloads;
        ParsedRule *rules;
        size_t n_rules;
        ParsedDefault *defaults;
        size_t n_defaults;
};

/* What a file is parsed with. */
typedef struct PolicyParser {
        Policy *policy;
        const PolicyFile *file;
        const ModelcapSet *modelcaps;
        Diag *diag;
        PolicyMode mode; /* of the file */
} PolicyParser;

/* policy-files.c: fills files and masks. Errors in `diag` and -EBADMSG, or -errno. */
int policy_files_read(Policy *p, const PolicySources *sources, Diag *diag);
void policy_file_done(PolicyFile *f);

/* policy-parse.c. Mistakes go to the diag and never end the work: only -errno such as -ENOMEM does. */
int policy_parse_file(PolicyParser *p);
int policy_parse_names(PolicyParser *p, const YamlNode *n, const char *what, char ***ret);

/* policy-workload.c */
int policy_parse_workloads(PolicyParser *p, const YamlNode *map);
void policy_workload_done(PolicyWorkload *w);

/* policy-rule.c */
int policy_parse_rules(PolicyParser *p, const YamlNode *list);
int policy_parse_defaults(PolicyParser *p, const YamlNode *map);
void policy_rule_done(PolicyRule *r);
void policy_selector_done(Selector *s);

/* policy-selector.c */
int policy_parse_selectors(PolicyParser *p, const YamlNode *n, ParsedRule *rule);
bool policy_selector_matches(const Policy *p, const ParsedRule *r, const ParsedWorkload *w);
/* Has the owner of this workload attested all that the rule wants? */
bool policy_rule_attested(const Policy *p, const ParsedRule *r, const ParsedWorkload *w);

/* For names that people give: letters, digits, "._-", not longer than a name in the kernel. */
bool policy_name_valid(const char *s);

int policy_jurisdictions_join(char *const *l, char **ret); /* "kz, eu" */

/* Room for one more element of a growing array; -ENOMEM, -E2BIG beyond `max`. */
int policy_grow(void **array, size_t *n, size_t size, size_t max);

#endif
