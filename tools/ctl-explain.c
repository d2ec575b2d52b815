/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl explain PID`: what a process is to aiguard, with the
 * evidence behind each trait. The daemon looks; this prints.
 */
#include <getopt.h>
#include <stdlib.h>

#include "ctl-options.h"
#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/macro.h"
#include "lib/util-string.h"
#include "verbs.h"

static void print_usage(FILE *f)
{
        fputs("aiguardctl explain [--json] PID\n\n"
              "Is this process an AI workload, and how do you know?\n\n"
              "Exit: 0 explained; 1 there is no such process; 2 called wrongly; 4 no daemon; 5 no rights\n"
              "(root, or group aiguard).\n",
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
}

int verb_explain(int argc, char **argv)
{
        json_t *o = NULL;
        bool json = false;
        uint64_t pid;
        int r = 0;

        if (ctl_parse_json(argc, argv, print_usage, &json, &r))
                return r;
        if (optind + 1 != argc || parse_u64(argv[optind], INT32_MAX, &pid) < 0 || pid == 0) {
                print_usage(stderr);
                return EXIT_USAGE;
        }
        r = ctl_call_json("Explain", &o, "i", (int32_t) pid);
        if (r != 0)
                return r;
        if (json)
                return out_json(o);
        print_explanation(o);
        json_decref(o);
        return EXIT_SUCCESS;
}
