/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl emergency`: one workload's refusals are only logged for
 * a while. Through the daemon when it answers, else straight into the pinned
 * map: the kernel checks the end itself, so it ends with the daemon dead too.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/date.h"
#include "lib/emergency.h"
#include "lib/grant-declare.h"
#include "lib/macro.h"
#include "lib/message-ids.h"
#include "verbs.h"

static const char usage_text[] =
                "aiguardctl emergency --workload=NAME --for=15m --reason=TEXT\n"
                "aiguardctl emergency --workload=NAME --off\n\n"
                "Refusals of one workload (undeclared-ai for those in no policy) are only logged until the\n"
                "time is over, at most one day. Works with the daemon dead as well. Logged at alert.\n\n"
                "Exit: 0 done; 1 no such workload, or nothing is enforced here; 2 called wrongly; 5 no "
                "rights\n"
                "(root).\n";

typedef struct Args {
        const char *workload;
        const char *reason;
        const char *span;
        bool off;
        uint64_t seconds;
} Args;

static void tell_journal(const Args *a)
{
        (void) sd_journal_send(a->off ? "MESSAGE=Emergency of workload %s is over (the daemon is dead)"
                                      : "MESSAGE=Emergency: refusals of workload %s are only logged (the "
                                        "daemon is dead)",
                               a->workload, "MESSAGE_ID=%s",
                               a->off ? MESSAGE_ID_EMERGENCY_OFF : MESSAGE_ID_EMERGENCY_ON, "PRIORITY=%i",
                               LOG_ALERT, "SYSLOG_IDENTIFIER=aiguard", "AIGUARD_SYSTEM_ID=%s", a->workload,
                               "AIGUARD_BY_UID=%u", (unsigned) getuid(), "AIGUARD_EMERGENCY_REASON=%s",
                               a->reason ? a->reason : "", "AIGUARD_EMERGENCY_SECONDS=%llu",
                               (unsigned long long) a->seconds, NULL);
}

/* After the fact, and no reason to fail: an emergency holds with a full disk too. */
static void tell_ledger(const Args *a)
{
        _cleanup_(grant_store_freep) GrantStore *store = NULL;
        uint64_t now = (uint64_t) time(NULL) * 1000000ULL;
        Declaration d = { .kind = DECLARATION_EMERGENCY,
                          .made_usec = now,
                          .until_usec = now + (a->seconds + 1) * 1000000ULL,
                          .by_uid = (uint32_t) getuid(),
                          .workload = (char *) a->workload,
                          .reason = (char *) a->reason };
        GrantError e = {};
        int r = grant_store_open(GRANT_STORE_DIR, true, &store, NULL);

        declaration_make_id(&d);
        if (r >= 0)
                r = a->off ? grant_store_end(store, d.id, GRANT_STATE_REVOKED, now, (uint32_t) getuid())
                           : grant_declare(store, &d, now, (uint32_t) getuid(), &e);
        if (r < 0 && r != -ENOENT && r != -EALREADY)
                out_error("it holds, but the ledger was not told: %s",
                          r == -EBADMSG ? grant_reason_sentence(e.reason) : strerror(-r));
}

static int on_the_pins(const Args *a)
{
        _cleanup_close_ int emergency_fd = -EBADF, workloads_fd = -EBADF;
        int r, w;

        emergency_fd = emergency_open(AG_PIN_DIR, "ag_emergency");
        workloads_fd = emergency_open(AG_PIN_DIR, "ag_workloads");
        if (emergency_fd == -EACCES || emergency_fd == -EPERM) {
                out_error("only root may declare an emergency");
                return EXIT_NO_RIGHTS;
        }
        if (emergency_fd < 0 || workloads_fd < 0) {
                out_error("nothing is enforced here: aiguardd does not run and nothing is pinned "
                          "in " AG_PIN_DIR);
                return EXIT_FAILURE;
        }
        w = emergency_workload(workloads_fd, a->workload);
        if (w < 0) {
                out_error("the policy in the kernel has no workload %s", a->workload);
                return EXIT_FAILURE;
        }
        r = a->off ? emergency_end(emergency_fd, (uint32_t) w)
                   : emergency_set(emergency_fd, (uint32_t) w, a->seconds);
        if (r == -ENOENT) {
                out_error("there is no emergency of workload %s", a->workload);
                return EXIT_FAILURE;
        }
        if (r < 0) {
                out_error("the kernel does not take it: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        tell_journal(a);
        tell_ledger(a);
        return EXIT_SUCCESS;
}

static int apply(const Args *a)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        int r;

        r = ctl_bus_connect(&bus);
        if (r >= 0)
                r = ctl_call(bus, "Emergency", NULL, &e, "sts", a->workload, a->off ? 0 : a->seconds,
                             a->reason ? a->reason : "");
        /* Also when it hangs: that may be the emergency. */
        if (r == -ENOENT ||
            (r < 0 && (r == -ETIMEDOUT || r == -ECONNRESET || r == -EPIPE || r == -ENOTCONN)))
                r = on_the_pins(a);
        else
                r = r < 0 ? ctl_bus_fail(r, &e) : EXIT_SUCCESS;
        sd_bus_error_free(&e);
        sd_bus_close_unref(bus);
        return r;
}

static int parse(int argc, char **argv, Args *a)
{
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "workload", required_argument, NULL, 'w' },
                { "for", required_argument, NULL, 'f' },
                { "reason", required_argument, NULL, 'r' },
                { "off", no_argument, NULL, 'o' },
                { "end", no_argument, NULL, 'o' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        fputs(usage_text, stdout);
                        return -1;
                case 'w':
                        a->workload = optarg;
                        break;
                case 'f':
                        a->span = optarg;
                        break;
                case 'r':
                        a->reason = optarg;
                        break;
                case 'o':
                        a->off = true;
                        break;
                default:
                        fputs(usage_text, stderr);
                        return EXIT_USAGE;
                }
        if (optind < argc || !a->workload ||
            (a->off ? a->span != NULL : !a->span || !a->reason || !*a->reason)) {
                fputs(usage_text, stderr);
                return EXIT_USAGE;
        }
        return 0;
}

int verb_emergency(int argc, char **argv)
{
        Args a = {};
        int r = parse(argc, argv, &a);

        if (r != 0)
                return r < 0 ? EXIT_SUCCESS : r;
        if (a.span) {
                r = span_parse(a.span, EMERGENCY_SECONDS_MAX, &a.seconds);
                if (r < 0) {
                        out_error("--for=%s must be a time such as 90s, 15m or 2h, and at most one day",
                                  a.span);
                        return EXIT_USAGE;
                }
        }
        r = apply(&a);
        if (r == EXIT_SUCCESS && !a.off) {
                char span[DATE_TEXT_MAX];

                span_format(a.seconds, span);
                out_line("EMERGENCY", "for %s refusals of %s are only logged", span, a.workload);
        }
        return r;
}
