/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl doctor`: is this host able, and for each no the exact
 * fix. Asks the host itself (lib/features.h); needs no daemon and, as far as
 * possible, no root. Changes nothing.
 */
#include <getopt.h>
#include <stdlib.h>

#include "ctl-options.h"
#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/config.h"
#include "lib/diag.h"
#include "lib/features.h"
#include "lib/macro.h"
#include "lib/util-string.h"
#include "verbs.h"

#define EXIT_OBSERVE_ONLY 3
#define EXIT_NOT_ASKED 6

static void print_usage(FILE *f)
{
        fputs("aiguardctl doctor [--json]\n\n"
              "Is this host able to enforce, and if not, what exactly is missing?\n\n"
              "Exit: 0 able, by the backend that it names; 1 not able; 2 called wrongly; 3 able to scan "
              "and\n"
              "explain, but the kernel refuses the programs of every backend, so nothing is enforced; 6 "
              "not\n"
              "everything could be asked: run it as root.\n",
              f);
}

static const char *state_name(FeatureState s)
{
        static const char *const names[] = { "ok", "missing", "unknown" };

        return (unsigned) s < ARRAY_SIZE(names) ? names[s] : "unknown";
}

/* The weaker backend is taken where the strong one is not possible, unless the configuration says otherwise. */
static bool is_chosen(FeaturesBackend b)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        Config c = {};
        bool chosen;

        if (b != FEATURES_FANOTIFY)
                return true;
        if (diag_new(&diag) < 0 || config_load(NULL, diag, &c) < 0)
                return false;
        chosen = c.backend == CONFIG_BACKEND_AUTO || c.backend == CONFIG_BACKEND_FANOTIFY;
        config_done(&c);
        return chosen;
}

/*
 * The rights of whoever calls this are no property of the host: the daemon has its own. Without them some
 * probes come back unknown, and that is what counts.
 */
static int verdict(const FeatureResult *f, size_t n)
{
        const FeaturesBackend b = features_backend(f, n);
        const FeatureResult *open =
                        features_missing_for(b == FEATURES_NO_BACKEND ? FEATURES_OBSERVE : b, f, n);

        if (b == FEATURES_OBSERVE || !is_chosen(b))
                return EXIT_OBSERVE_ONLY;
        if (b == FEATURES_NO_BACKEND) {
                /* Scanning and explaining need nothing of the kernel. */
                const FeatureResult *programs = features_find(f, n, "tracepoints");

                return programs && programs->state == FEATURE_MISSING ? EXIT_OBSERVE_ONLY : EXIT_FAILURE;
        }
        return open && !streq(open->name, "rights") ? EXIT_NOT_ASKED : EXIT_SUCCESS;
}

static const char *verdict_text(int code, FeaturesBackend b)
{
        switch (code) {
        case EXIT_SUCCESS:
                return b == FEATURES_LSM ? "This host is able to enforce."
                                         : "This host is able to enforce by the weaker backend (fanotify): "
                                           "what is open already, and descriptors that are passed on, are "
                                           "not seen, and enforcement ends when aiguardd does. What the "
                                           "strong one needs is above: see LSM programs.";
        case EXIT_OBSERVE_ONLY:
                if (b == FEATURES_FANOTIFY)
                        return "This host enforces nothing: Backend= of aiguard.conf(5) asks for what is "
                               "not possible here (see LSM programs above). The weaker backend is: "
                               "Backend=auto takes it.";
                return "This host can scan files and explain policies, and enforces nothing: see the "
                       "kinds of programs that the kernel refuses.";
        case EXIT_NOT_ASKED:
                return "Not everything could be asked. Run it as root: sudo aiguardctl doctor";
        default:
                return "This host is not able to run aiguardd.";
        }
}

/* Not a matter of the host's ability: for the eye only. */
static const char *daemon_state(void)
{
        sd_bus *bus = NULL;
        int r = ctl_bus_connect(&bus);

        sd_bus_close_unref(bus);
        return r >= 0 ? "runs" : r == -EACCES ? "may not be asked (root, or group aiguard)" : "does not run";
}

static int print_json(const FeatureResult *f, size_t n, int code)
{
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                (void) json_array_append_new(
                                list, json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "name", f[i].name, "title",
                                                f[i].title, "state", state_name(f[i].state), "required",
                                                f[i].required, "detail", f[i].detail, "fix", f[i].fix));
        if (out_json(json_pack("{s:s, s:i, s:s, s:o}", "verdict", verdict_text(code, features_backend(f, n)),
                               "exit", code, "daemon", daemon_state(), "probes", list)) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        return code;
}

static void print_text(const FeatureResult *f, size_t n)
{
        static const OutColor colors[] = { OUT_GOOD, OUT_BAD, OUT_DOUBT };
        static const char *const words[] = { "ok", "NO", "?" };

        for (size_t i = 0; i < n; i++) {
                /* What is missing and not needed is a pity, not a no. */
                const char *word =
                                f[i].state == FEATURE_MISSING && !f[i].required ? "no" : words[f[i].state];

                printf("%s%-3s%s %-38s ", out_color(colors[f[i].state]), word, out_color(OUT_PLAIN),
                       f[i].title);
                fputs_escaped(f[i].detail, stdout);
                putchar('\n');
                if (f[i].state != FEATURE_OK && f[i].fix[0]) {
                        fputs("       fix: ", stdout);
                        fputs_escaped(f[i].fix, stdout);
                        putchar('\n');
                }
        }
        printf("    %-38s %s\n", "aiguardd", daemon_state());
}

int verb_doctor(int argc, char **argv)
{
        FeatureResult f[FEATURES_MAX];
        bool json = false;
        size_t n;
        int code = 0;

        if (ctl_parse_json(argc, argv, print_usage, &json, &code))
                return code;
        if (optind < argc) {
                print_usage(stderr);
                return EXIT_USAGE;
        }
        n = features_probe(f);
        code = verdict(f, n);
        if (json)
                return print_json(f, n, code);
        print_text(f, n);
        printf("\n%s\n", verdict_text(code, features_backend(f, n)));
        return code;
}
