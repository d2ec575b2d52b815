/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: aiguardctl's options and its table of verbs, nothing else.
 * What a verb does is in ctl-<verb>.c; help text of a verb is with the verb,
 * the one line about it is here.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/macro.h"
#include "lib/util-string.h"
#include "lib/version.h"
#include "lib/yaml-doc.h"
#include "verbs.h"

static int verb_help(int argc, char **argv);

static const struct Verb {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *text;
} verbs[] = {
        { "status", verb_status, "what is enforced, how, and the counters" },
        { "doctor", verb_doctor, "is this host able, and the fix for each no" },
        { "scan", verb_scan, "classify files (offline, no root)" },
        { "fingerprint", verb_fingerprint, "print known models for the catalog (offline, no root)" },
        { "policy", verb_policy, "check, show, matrix, explain, diff (offline, no root)" },
        { "explain", verb_explain, "what a process is to aiguard, and why; what its workload has read" },
        { "violations", verb_violations, "decisions from the journal" },
        { "reload", verb_reload, "read the policy again; a bad one keeps the old" },
        { "emergency", verb_emergency, "only log one workload's refusals, for a while" },
        { "consent", verb_consent, "list, show, verify, import, withdraw, sign, keygen, history" },
        { "grant", verb_grant, "list all that lifts a rule" },
        { "model", verb_model, "the models seen here; declare, list, revoke: what one is for" },
        { "workload", verb_workload, "declare, list, revoke: what is no AI workload" },
        { "sensor", verb_sensor, "declare, list, revoke: what a sensor sees" },
        { "help", verb_help, "this text" },
};

static void print_usage(FILE *f)
{
        fputs("aiguardctl VERB [OPTIONS]\n\n"
              "Enforces on this host what the law says about AI models and sensors.\n\n"
              "Verbs:\n",
              f);
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                fprintf(f, "  %-12s %s\n", verbs[i].name, verbs[i].text);
        fputs("\nOptions:\n"
              "  -h, --help   this text; behind a verb, about that verb\n"
              "  --version    the version\n\n"
              "See aiguardctl(1).\n",
              f);
}

static int verb_help(int argc, char **argv)
{
        print_usage(stdout);
        return EXIT_SUCCESS;
}

static int run_verb(int argc, char **argv)
{
        const char *names[ARRAY_SIZE(verbs) + 1] = {};
        size_t n = 0;
        char hint[64];

        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                if (streq(argv[0], verbs[i].name)) {
                        optind = 0;
                        return verbs[i].run(argc, argv);
                }
                names[n++] = verbs[i].name;
        }
        fputs("aiguardctl: unknown verb \"", stderr);
        fputs_escaped(argv[0], stderr);
        if (closest_hint(argv[0], names, hint, sizeof(hint)))
                fprintf(stderr, "\" (%s)\n\n", hint);
        else
                fputs("\"\n\n", stderr);
        print_usage(stderr);
        return EXIT_USAGE;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                {},
        };
        int c;

        /* "+": what stands behind the verb is the verb's */
        while ((c = getopt_long(argc, argv, "+h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        return verb_help(argc, argv);
                case 'V':
                        puts("aiguardctl " AIGUARD_VERSION);
                        return EXIT_SUCCESS;
                default:
                        print_usage(stderr);
                        return EXIT_USAGE;
                }
        if (optind >= argc) {
                print_usage(stderr);
                return EXIT_USAGE;
        }
        return run_verb(argc - optind, argv + optind);
}
