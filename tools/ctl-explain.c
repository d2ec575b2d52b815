/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl explain PID|UNIT`: what a process is to aiguard, with the
 * evidence behind each trait, and the dossier of its workload: what that has
 * read, and what the models among it are in its hands. The daemon looks; this
 * prints.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl-options.h"
#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/macro.h"
#include "lib/util-string.h"
#include "verbs.h"

static void print_usage(FILE *f)
{
        fputs("aiguardctl explain [--json] PID|UNIT\n\n"
              "Is this process an AI workload, and how do you know? What has its workload read?\n"
              "Of a unit: what it has read since the daemon started.\n\n"
              "Exit: 0 explained; 1 there is no such process, or nothing is known of that unit; 2 called\n"
              "wrongly; 4 no daemon; 5 no rights (root, or group aiguard).\n",
              f);
}

static const char *strength_text(const char *strength)
{
        if (streq(strength, "strong"))
                return "an AI workload";
        if (streq(strength, "weak"))
                return "perhaps an AI workload: refusals for it are only logged";
        return "no AI workload";
}

static void print_lists(const json_t *item)
{
        json_t *l;
        size_t i;

        json_array_foreach(json_object_get(item, "lists"), i, l)
                        out_line("", "    %s, %s: %s", json_str(l, "model_capability"), json_str(l, "where"),
                                 json_str(l, "labels"));
}

static void print_findings(const json_t *item)
{
        json_t *f, *e;
        size_t i, k;

        json_array_foreach(json_object_get(item, "model_capabilities"), i, f)
        {
                bool risen = !streq(json_str(f, "certainty"), json_str(f, "by_itself"));

                out_line("", "    %s: %s%s%s%s", json_str(f, "name"), json_str(f, "certainty"),
                         risen ? " in this workload, " : "", risen ? json_str(f, "by_itself") : "",
                         risen ? " by itself" : "");
                json_array_foreach(json_object_get(f, "evidence"), k, e)
                                out_line("", "        %s: %s%s%s", json_str(e, "kind"), json_str(e, "where"),
                                         *json_str(e, "where") ? ": " : "", json_str(e, "detail"));
        }
}

static void print_dossier(const json_t *d)
{
        const json_t *items = json_object_get(d, "items");
        json_t *item;
        size_t i;

        if (!json_is_object(d)) {
                out_line("dossier", "nothing that it has read is known");
                return;
        }
        json_array_foreach(items, i, item)
        {
                const char *format = json_str(item, "format");

                out_line(i ? "" : "dossier", "%s %s %s%s%s%s, pid %lld", json_str(item, "seen"),
                         json_str(item, "kind"), json_str(item, "path"), *format ? " (" : "", format,
                         *format ? ")" : "", json_int(item, "pid"));
                print_lists(item);
                print_findings(item);
        }
        if (json_int(d, "dropped") > 0)
                out_line("", "%lld older ones went to make room", json_int(d, "dropped"));
}

static void print_attestation(const json_t *missing)
{
        json_t *m, *item;
        size_t i, k;

        json_array_foreach(missing, i, m)
        {
                out_line("attestation", "missing: rule %s refuses it, until its owner attests",
                         json_str(m, "rule"));
                json_array_foreach(json_object_get(m, "items"), k, item)
                                out_line("", "    %s", json_string_value(item));
        }
}

static void print_explanation(const json_t *o)
{
        json_t *e;
        size_t i;

        out_line("process", "%lld %s", json_int(o, "pid"), json_str(o, "exe"));
        if (*json_str(o, "unit"))
                out_line("unit", "%s", json_str(o, "unit"));
        if (*json_str(o, "container"))
                out_line("container", "%s", json_str(o, "container"));
        out_line("cgroup", "%s", json_str(o, "cgroup"));
        out_line("user", "%lld", json_int(o, "uid"));
        out_line("workload", "%s", json_str(o, "workload"));
        out_line("is", "%s", strength_text(json_str(o, "strength")));
        json_array_foreach(json_object_get(o, "evidence"), i, e)
                        out_line(i ? "" : "because", "%s: %s", json_str(e, "trait"), json_str(e, "text"));
        if (!json_is_true(json_object_get(o, "complete")))
                out_line("", "not everything that it has mapped is classified yet");
        print_attestation(json_object_get(o, "attestation_missing"));
        print_dossier(json_object_get(o, "dossier"));
}

static int print_unit(const char *unit, const json_t *o)
{
        json_t *dossiers = json_object_get(o, "dossiers"), *d;
        size_t i;

        if (json_array_size(dossiers) == 0) {
                out_error("Nothing that %s has read is known", unit);
                return EXIT_FAILURE;
        }
        json_array_foreach(dossiers, i, d)
        {
                out_line("unit", "%s", json_str(d, "unit"));
                out_line("cgroup", "%s", json_str(d, "cgroup"));
                print_dossier(d);
        }
        return EXIT_SUCCESS;
}

/* A unit's name has a dot in it; a wrong number has not. */
static bool is_unit(const char *s)
{
        const char *dot = strrchr(s, '.');

        return dot && dot > s && dot[1] && !strchr(s, '/') && strlen(s) < 256;
}

static int explain_unit(const char *unit, bool json)
{
        json_t *o = NULL;
        int r = ctl_call_json("ExplainUnit", &o, "s", unit);

        if (r != 0)
                return r;
        if (json)
                return out_json(o);
        r = print_unit(unit, o);
        json_decref(o);
        return r;
}

static int explain_process(int32_t pid, bool json)
{
        json_t *o = NULL;
        int r = ctl_call_json("Explain", &o, "i", pid);

        if (r != 0)
                return r;
        if (json)
                return out_json(o);
        print_explanation(o);
        json_decref(o);
        return EXIT_SUCCESS;
}

int verb_explain(int argc, char **argv)
{
        bool json = false;
        uint64_t pid;
        int r = 0;

        if (ctl_parse_json(argc, argv, print_usage, &json, &r))
                return r;
        if (optind + 1 == argc && parse_u64(argv[optind], INT32_MAX, &pid) >= 0 && pid > 0)
                return explain_process((int32_t) pid, json);
        if (optind + 1 == argc && is_unit(argv[optind]))
                return explain_unit(argv[optind], json);
        print_usage(stderr);
        return EXIT_USAGE;
}
