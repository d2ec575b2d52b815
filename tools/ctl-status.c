/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl status`: the daemon's document, in words. Says nothing
 * that the document does not say; with the daemon dead it tells what is still
 * pinned, when it may look.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ctl-options.h"
#include "abi.h"
#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/date.h"
#include "lib/macro.h"
#include "lib/util-string.h"
#include "verbs.h"

static void print_usage(FILE *f)
{
        fputs("aiguardctl status [--json]\n\n"
              "What is enforced, by which policy, and the counters.\n\n"
              "Exit: 0 the daemon runs and every needed hook is attached; 1 it runs and something\n"
              "needed is missing; 2 called wrongly; 4 no daemon; 5 no rights (root, or group aiguard).\n",
              f);
}

static void ago(const json_t *o, const char *key, char ret[DATE_TEXT_MAX])
{
        uint64_t usec, now = (uint64_t) time(NULL) * 1000000ULL;

        strcpy(ret, "?");
        if (date_parse(json_str(o, key), &usec) >= 0)
                span_format(now > usec ? (now - usec) / 1000000ULL : 0, ret);
}

static bool print_hooks(const json_t *status)
{
        const json_t *hooks = json_object_get(status, "hooks");
        size_t attached = 0, i;
        bool complete = true;
        json_t *h;

        json_array_foreach(hooks, i, h) attached += json_is_true(json_object_get(h, "attached"));
        out_line("hooks", "%zu of %zu attached", attached, json_array_size(hooks));
        json_array_foreach(hooks, i, h)
        {
                bool required = json_is_true(json_object_get(h, "required"));

                if (json_is_true(json_object_get(h, "attached")))
                        continue;
                complete = complete && !required;
                out_line("", "%s %s (%s): %s", required ? "MISSING" : "without", json_str(h, "name"),
                         json_str(h, "section"), json_str(h, "why_not"));
        }
        return complete;
}

static void print_counters(const json_t *status)
{
        const json_t *c = json_object_get(status, "counters"), *g = json_object_get(status, "gate");
        long long sum = json_int(c, "allowed") + json_int(c, "reported") + json_int(c, "audited") +
                        json_int(c, "denied");

        out_line("opens", "seen %lld, decided %lld", json_int(c, "seen"), json_int(c, "decided"));
        out_line("verdicts",
                 "allowed %lld, reported %lld, audited %lld, denied %lld (%lld in all, %lld on their way)",
                 json_int(c, "allowed"), json_int(c, "reported"), json_int(c, "audited"),
                 json_int(c, "denied"), sum, json_int(c, "pending"));
        out_line("log", "emitted %lld, suppressed %lld, lost %lld", json_int(c, "emitted"),
                 json_int(c, "suppressed"), json_int(c, "lost"));
        out_line("holds", "held %lld, at the deadline %lld, late %lld, asleep now %lld, requests lost %lld",
                 json_int(c, "held"), json_int(c, "timed_out"), json_int(g, "late"), json_int(g, "waiting"),
                 json_int(c, "requests_lost"));
        out_line("scanner", "%lld scans, %lld of them saved, %lld failed, %lld models known",
                 json_int(g, "scans"), json_int(g, "scans_saved"), json_int(g, "scan_failures"),
                 json_int(status, "models"));
}

static void print_policy(const json_t *status)
{
        const json_t *p = json_object_get(status, "policy");
        char span[DATE_TEXT_MAX];

        ago(p, "since", span);
        out_line("policy", "\"%s\", generation %lld, in force for %s", json_str(p, "name"),
                 json_int(p, "generation"), span);
        out_line("", "sha256 %s", json_str(p, "hash"));
        if (*json_str(p, "reload_error"))
                out_line("", "the last reload was refused, the old policy stays: %s",
                         json_str(p, "reload_error"));
}

static void join(const json_t *list, char *ret, size_t size)
{
        size_t i, n = 0;
        json_t *v;

        ret[0] = '\0';
        json_array_foreach(list, i, v)
        {
                int k = snprintf(ret + n, size - n, "%s%s", i ? ", " : "",
                                 json_string_value(v) ? json_string_value(v) : "?");

                if (k < 0 || (size_t) k >= size - n)
                        return;
                n += (size_t) k;
        }
}

static void print_older(const json_t *status)
{
        const json_t *list = json_object_get(status, "older");
        json_t *o;
        size_t i;

        if (json_array_size(list) == 0)
                return;
        out_line("older",
                 "%zu AI workloads are older than enforcement and may hold a model in memory: restart them",
                 json_array_size(list));
        json_array_foreach(list, i, o)
        {
                char traits[256], open[512];

                join(json_object_get(o, "traits"), traits, sizeof(traits));
                out_line("", "pid %lld %s, since %s (%s)", json_int(o, "pid"), json_str(o, "exe"),
                         json_str(o, "start"), traits);
                join(json_object_get(o, "sensors"), open, sizeof(open));
                if (open[0])
                        out_line("", "  has a sensor open: %s", open);
                join(json_object_get(o, "models"), open, sizeof(open));
                if (open[0])
                        out_line("", "  has a model open: %s", open);
        }
}

static void print_lists(const json_t *status)
{
        json_t *o;
        size_t i;

        json_array_foreach(json_object_get(status, "emergencies"), i, o)
        {
                char span[DATE_TEXT_MAX];

                span_format((uint64_t) json_int(o, "seconds_left"), span);
                out_line("EMERGENCY", "refusals of %s are only logged, for another %s",
                         json_str(o, "workload"), span);
        }
        json_array_foreach(json_object_get(json_object_get(status, "attestations"), "missing"), i, o)
                        out_line(i ? "" : "attestations", "of %s: missing, rule %s refuses it",
                                 json_str(o, "workload"), json_str(o, "rule"));
        json_array_foreach(json_object_get(status, "sessions"), i, o)
                        out_line(i ? "" : "sessions", "pid %lld uses a %s (%s) since %s", json_int(o, "pid"),
                                 json_str(o, "device"), json_str(o, "path"), json_str(o, "since"));
        json_array_foreach(json_object_get(status, "declarations"), i, o)
                        out_line(i ? "" : "declarations", "%s %s, until %s%s: %s", json_str(o, "kind"),
                                 json_str(o, "id"), json_str(o, "until"),
                                 json_is_true(json_object_get(o, "expired")) ? " (ended)" : "",
                                 json_str(o, "reason"));
        print_older(status);
}

static int print_status(const json_t *status)
{
        const char *mode = json_str(status, "mode");
        char span[DATE_TEXT_MAX];
        bool complete;

        ago(status, "started", span);
        out_line("aiguardd", "%s, runs for %s", json_str(status, "version"), span);
        out_line("mode", "%s (%s)", mode, json_str(status, "mode_reason"));
        if (json_is_string(json_object_get(status, "audit_since"))) {
                ago(status, "audit_since", span);
                out_line("", "audit for %s, %lld would have been refused", span,
                         json_int(json_object_get(status, "counters"), "would_refuse"));
        }
        out_line("backend", "%s (%s)", json_str(status, "backend"), json_str(status, "backend_reason"));
        if (json_str(status, "weaker")[0]) {
                out_line("weaker", "%s", json_str(status, "weaker"));
                out_line("fix", "%s", json_str(status, "fix"));
        }
        print_policy(status);
        complete = print_hooks(status);
        print_counters(status);
        print_lists(status);
        return complete ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The kernel goes on without the daemon. */
static void print_pins(void)
{
        struct stat st;

        if (stat(AG_PIN_DIR, &st) >= 0)
                out_error("what the kernel knew stays enforced (" AG_PIN_DIR
                          "); files it has never seen follow "
                          "on_daemon_down");
}

int verb_status(int argc, char **argv)
{
        json_t *status = NULL;
        bool json = false;
        int r = 0;

        if (ctl_parse_json(argc, argv, print_usage, &json, &r))
                return r;
        if (optind < argc) {
                print_usage(stderr);
                return EXIT_USAGE;
        }
        r = ctl_call_json("GetStatus", &status, NULL);
        if (r == EXIT_NO_DAEMON)
                print_pins();
        if (r != 0)
                return r;
        if (json)
                return out_json(status);
        r = print_status(status);
        json_decref(status);
        return r;
}
