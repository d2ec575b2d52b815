/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl policy`: its options, loading, and the two short
 * sub-verbs check and show. Works on files alone: no daemon, no root. The
 * others are ctl-policy-{matrix,explain,diff}.c.
 */
#include "ctl-data.h"
#include "ctl-policy.h"

#include <getopt.h>
#include <jansson.h>

#include "lib/config.h"
#include "lib/policy-explain.h"
#include "lib/util-string.h"
#include "lib/yaml-doc.h"

static void print_usage(FILE *f)
{
        fputs("aiguardctl policy check [FILE|DIR...]        find every mistake\n"
              "aiguardctl policy show [FILE|DIR...]         what is in force, as one file\n"
              "aiguardctl policy matrix [FILE|DIR...]       the table the kernel reads\n"
              "aiguardctl policy explain --workload W --on WHAT [FILE|DIR...]\n"
              "                                             one decision, and why\n"
              "aiguardctl policy diff A [B]                 what gets tighter or looser from A to B;\n"
              "                                             with one argument, from what is installed to "
              "it\n"
              "\nWithout FILE: what is installed under /usr/lib and /etc, masks applied.\n\n"
              "Options:\n"
              "  --mode=audit|enforce  mode of the host; default: what aiguard.conf says\n"
              "  --jurisdiction=NAMES  of the host, added to what the files say\n"
              "  --modelcaps=DIR       model capabilities; default " MODELCAPS_DIR "\n"
              "  --root=DIR            look for what is installed below DIR\n"
              "  --attested=WORKLOAD   as if its owner had attested all there is to attest; may be "
              "repeated\n"
              "  --json                for programs (check, matrix, explain)\n"
              "  --all                 columns that allow everything as well (matrix)\n"
              "  --workload=NAME       a workload, undeclared-ai or other (explain)\n"
              "  --on=WHAT             emotion.face, emotion.face:suspect, emotion.face:capable, camera,\n"
              "                        microphone, network-camera, undeclared-model, unparsable,\n"
              "                        unscannable, unknown, daemon-down; may be repeated (explain)\n"
              "  --grant=GRANT         consent or exception; may be repeated (explain)\n"
              "  --weak                the signs that it is AI are weak (explain)\n"
              "  --emergency           an emergency is declared (explain)\n"
              "\nExit: 0 good or no difference; 1 a difference (diff); 2 a mistake.\n",
              f);
}

/* ------------------------------------------------------------------ load */

void ctl_policy_done(CtlPolicy *p)
{
        policy_tables_free(p->tables);
        policy_free(p->policy);
        modelcap_set_free(p->modelcaps);
        *p = (CtlPolicy){};
}

/* A directory that looks like a whole system is one: its policy is what is installed in it. */
static bool is_root(const char *path)
{
        static const char *const dirs[] = { POLICY_VENDOR_DIR, POLICY_ADMIN_DIR };

        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
                _cleanup_free_ char *dir = NULL;

                if (string_printf(&dir, "%s%s", path, dirs[i]) >= 0 && access(dir, F_OK) == 0)
                        return true;
        }
        return false;
}

static int host_settings(const CtlPolicyArgs *args, Diag *diag, Config *ret)
{
        int r = config_load(args->root, diag, ret);

        if (r < 0)
                return r;
        if (args->mode_given)
                ret->mode = args->mode;
        return 0;
}

static int load(const CtlPolicyArgs *args, char **files, Diag *diag, CtlPolicy *p)
{
        _cleanup_(config_done) Config config = {};
        PolicySources sources = { .files = files, .root = args->root };
        int r;

        if (files && files[0] && !files[1] && is_root(files[0])) {
                sources.root = files[0];
                sources.files = NULL;
        }
        r = host_settings(args, diag, &config);
        if (r < 0)
                return r;
        sources.host_mode = config.mode;
        sources.attested = args->attested;
        sources.n_attested = args->n_attested;
        sources.jurisdiction = args->jurisdiction ? args->jurisdiction : config.jurisdiction;
        r = modelcap_set_load(args->modelcaps, diag, &p->modelcaps);
        if (r == -ENOENT)
                diag_add(diag, DIAG_ERROR, args->modelcaps, 0, 0, "see --modelcaps",
                         "no model capabilities are here");
        if (r < 0)
                return r;
        r = policy_load(&sources, p->modelcaps, diag, &p->policy);
        if (r < 0)
                return r;
        return policy_compile(p->policy, p->modelcaps, diag, &p->tables);
}

int ctl_policy_load_diag(const CtlPolicyArgs *args, char **files, Diag *diag, CtlPolicy *ret)
{
        CtlPolicy p = {};
        int r = load(args, files, diag, &p);

        if (r < 0) {
                ctl_policy_done(&p);
                return r;
        }
        *ret = p;
        return 0;
}

int ctl_policy_load(const CtlPolicyArgs *args, char **files, CtlPolicy *ret)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        int r;

        r = diag_new(&diag);
        if (r >= 0)
                r = ctl_policy_load_diag(args, files, diag, ret);
        diag_print(diag, stderr);
        if (r < 0 && diag_count(diag, DIAG_ERROR) == 0)
                fprintf(stderr, "aiguardctl: the policy cannot be loaded: %s\n", strerror(-r));
        return r;
}

int ctl_policy_print_json(json_t *o)
{
        if (!o)
                return EXIT_USAGE;
        json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
        return EXIT_SUCCESS;
}

/* ---------------------------------------------------------- check and show */

static int print_json_check(const Diag *diag, bool ok, const CtlPolicy *p)
{
        json_t *messages = json_array(), *root;
        const DiagEntry *e;

        for (size_t i = 0; (e = diag_get(diag, i)); i++)
                json_array_append_new(messages,
                                      json_pack("{s:s, s:s?, s:i, s:i, s:s, s:s?}", "level",
                                                e->level == DIAG_ERROR ? "error" : "warning", "file",
                                                e->file, "line", (int) e->line, "column", (int) e->column,
                                                "message", e->message, "hint", e->hint));
        root = json_pack("{s:b, s:s?, s:s?, s:o}", "ok", ok, "name", ok ? p->tables->name : NULL, "sha256",
                         ok ? p->tables->hash : NULL, "messages", messages);
        return ctl_policy_print_json(root) == EXIT_SUCCESS && ok ? EXIT_SUCCESS : EXIT_USAGE;
}

static int policy_check(const CtlPolicyArgs *args)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        _cleanup_(ctl_policy_done) CtlPolicy p = {};
        int r;

        r = diag_new(&diag);
        if (r < 0)
                return EXIT_USAGE;
        r = ctl_policy_load_diag(args, args->files, diag, &p);
        if (args->json)
                return print_json_check(diag, r >= 0, &p);
        diag_print(diag, r < 0 ? stderr : stdout);
        if (r < 0) {
                if (diag_count(diag, DIAG_ERROR) == 0)
                        fprintf(stderr, "aiguardctl: the policy cannot be loaded: %s\n", strerror(-r));
                return EXIT_USAGE;
        }
        printf("good: %s, host mode %s, %zu workloads declared, sha256 %s\n", p.tables->name,
               policy_mode_to_string(p.tables->mode), p.tables->n_workloads - AG_WORKLOAD_FIRST,
               p.tables->hash);
        return EXIT_SUCCESS;
}

static int policy_show_verb(const CtlPolicyArgs *args)
{
        _cleanup_(ctl_policy_done) CtlPolicy p = {};

        if (ctl_policy_load(args, args->files, &p) < 0)
                return EXIT_USAGE;
        return policy_show(p.policy, p.tables, stdout) < 0 ? EXIT_USAGE : EXIT_SUCCESS;
}

/* --------------------------------------------------------------- options */

enum {
        ARG_MODE = 0x100,
        ARG_JURISDICTION,
        ARG_MODELCAPS,
        ARG_ROOT,
        ARG_ATTESTED,
        ARG_JSON,
        ARG_ALL,
        ARG_WORKLOAD,
        ARG_ON,
        ARG_GRANT,
        ARG_WEAK,
        ARG_EMERGENCY,
};

static const struct SubVerb {
        const char *name;
        int (*run)(const CtlPolicyArgs *args);
        const char *own_options; /* beside --mode, --jurisdiction, --modelcaps, --root and --attested */
} sub_verbs[] = {
        { "check", policy_check, " json " },
        { "show", policy_show_verb, "" },
        { "matrix", ctl_policy_matrix, " json all " },
        { "explain", ctl_policy_explain, " json workload on grant weak emergency " },
        { "diff", ctl_policy_diff, "" },
};

static int usage_error(const char *text, const char *word)
{
        fprintf(stderr, "aiguardctl policy: %s", text);
        fputs_escaped(word, stderr);
        fputs("\n\n", stderr);
        print_usage(stderr);
        return -EINVAL;
}

static bool takes(const struct SubVerb *verb, const char *option)
{
        char word[32];

        snprintf(word, sizeof(word), " %s ", option);
        return strstr(verb->own_options, word);
}

static int set_mode(CtlPolicyArgs *a, const char *value)
{
        if (!streq(value, "audit") && !streq(value, "enforce"))
                return usage_error("--mode must be audit or enforce, not ", value);
        a->mode_given = true;
        a->mode = streq(value, "enforce") ? POLICY_MODE_ENFORCE : POLICY_MODE_AUDIT;
        return 0;
}

static int add_grant(CtlPolicyArgs *a, const char *value)
{
        if (streq(value, "consent"))
                a->grants |= AG_GRANT_CONSENT;
        else if (streq(value, "exception"))
                a->grants |= AG_GRANT_EXCEPTION;
        else
                return usage_error("--grant must be consent or exception, not ", value);
        return 0;
}

static int add_attested(CtlPolicyArgs *a, const char *value)
{
        PolicyAttested *one = &a->attested[a->n_attested];

        if (a->n_attested >= CTL_POLICY_ATTESTED_MAX || strlen(value) >= sizeof(one->workload))
                return usage_error("too many --attested, or too long a name: ", value);
        snprintf(one->workload, sizeof(one->workload), "%s", value);
        snprintf(one->item, sizeof(one->item), "*");
        a->n_attested++;
        return 0;
}

static int set_option(CtlPolicyArgs *a, int c, const char *value)
{
        switch (c) {
        case ARG_MODE:
                return set_mode(a, value);
        case ARG_JURISDICTION:
                a->jurisdiction = value;
                return 0;
        case ARG_MODELCAPS:
                a->modelcaps = value;
                return 0;
        case ARG_ROOT:
                a->root = value;
                return 0;
        case ARG_ATTESTED:
                return add_attested(a, value);
        case ARG_JSON:
                a->json = true;
                return 0;
        case ARG_ALL:
                a->all = true;
                return 0;
        case ARG_WORKLOAD:
                a->workload = value;
                return 0;
        case ARG_ON:
                if (a->n_on >= CTL_POLICY_ON_MAX)
                        return usage_error("too many --on, from here: ", value);
                a->on[a->n_on++] = value;
                return 0;
        case ARG_GRANT:
                return add_grant(a, value);
        case ARG_WEAK:
                a->weak = true;
                return 0;
        case ARG_EMERGENCY:
                a->emergency = true;
                return 0;
        default:
                print_usage(stderr);
                return -EINVAL;
        }
}

/* 1: help was asked for and given. */
static int parse_args(const struct SubVerb *verb, int argc, char **argv, CtlPolicyArgs *a)
{
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "mode", required_argument, NULL, ARG_MODE },
                { "jurisdiction", required_argument, NULL, ARG_JURISDICTION },
                { "modelcaps", required_argument, NULL, ARG_MODELCAPS },
                { "root", required_argument, NULL, ARG_ROOT },
                { "attested", required_argument, NULL, ARG_ATTESTED },
                { "json", no_argument, NULL, ARG_JSON },
                { "all", no_argument, NULL, ARG_ALL },
                { "workload", required_argument, NULL, ARG_WORKLOAD },
                { "on", required_argument, NULL, ARG_ON },
                { "grant", required_argument, NULL, ARG_GRANT },
                { "weak", no_argument, NULL, ARG_WEAK },
                { "emergency", no_argument, NULL, ARG_EMERGENCY },
                {},
        };
        int c, index = 0;

        optind = 0;
        while ((c = getopt_long(argc, argv, "h", options, &index)) >= 0) {
                int r;

                if (c == 'h') {
                        print_usage(stdout);
                        return 1;
                }
                if (c >= ARG_JSON && !takes(verb, options[index].name))
                        return usage_error("does not go with this verb: --", options[index].name);
                r = set_option(a, c, optarg);
                if (r < 0)
                        return r;
        }
        a->n_files = (size_t) (argc - optind);
        a->files = a->n_files > 0 ? argv + optind : NULL;
        return 0;
}

static int help_or_error(int argc, char **argv)
{
        const char *names[ARRAY_SIZE(sub_verbs) + 1] = {};
        char hint[64];

        if (argc > 1 && (streq(argv[1], "--help") || streq(argv[1], "-h"))) {
                print_usage(stdout);
                return EXIT_SUCCESS;
        }
        for (size_t i = 0; i < ARRAY_SIZE(sub_verbs); i++)
                names[i] = sub_verbs[i].name;
        if (argc > 1) {
                fputs("aiguardctl policy: unknown \"", stderr);
                fputs_escaped(argv[1], stderr);
                fputs("\"", stderr);
                if (closest_hint(argv[1], names, hint, sizeof(hint)))
                        fprintf(stderr, " (%s)", hint);
                fputs("\n\n", stderr);
        }
        print_usage(stderr);
        return EXIT_USAGE;
}

int verb_policy(int argc, char **argv)
{
        _cleanup_free_ char *modelcaps = ctl_modelcaps_dir();
        CtlPolicyArgs args = { .modelcaps = modelcaps ?: MODELCAPS_DIR };
        int r;

        for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(sub_verbs); i++) {
                if (!streq(argv[1], sub_verbs[i].name))
                        continue;
                r = parse_args(&sub_verbs[i], argc - 1, argv + 1, &args);
                if (r != 0)
                        return r > 0 ? EXIT_SUCCESS : EXIT_USAGE;
                return sub_verbs[i].run(&args);
        }
        return help_or_error(argc, argv);
}
