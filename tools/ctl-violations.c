/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl violations`: decisions from the journal, in words. Reads
 * the namespace aiguard and the default one (what is said with the daemon dead);
 * believes only entries that journald itself says came from root. Needs no
 * daemon.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/date.h"
#include "lib/json-util.h"
#include "lib/macro.h"
#include "lib/message-ids.h"
#include "lib/util-string.h"
#include "verbs.h"

#define JOURNAL_NAMESPACE "aiguard"
#define FOLLOW_LINES 10U
#define LINES_MAX 1000000U

static const char usage_text[] =
                "aiguardctl violations [-f] [--since=TIME] [-n N] [--all] [--json]\n\n"
                "Decisions from the journal: what was refused, and what enforcing would have refused.\n\n"
                "  -f, --follow   go on, and print new ones as they come\n"
                "  --since=TIME   2026-12-31, 2026-12-31T15:00:00Z, or a time back from now: 15m, 2h, 7d\n"
                "  -n N           only the last N\n"
                "  --all          also what is only reported, sensor sessions, and changes of policy,\n"
                "                 declarations and emergencies\n"
                "  --json         one object a line, with the fields of the entry\n\n"
                "Exit: 0 done, also when there is none; 1 the journal cannot be read; 2 called wrongly; 5 "
                "no\n"
                "rights (root, or group systemd-journal).\n";

static const char *const violation_ids[] = {
        MESSAGE_ID_MODEL_REFUSED,  MESSAGE_ID_MODEL_AUDITED, MESSAGE_ID_SENSOR_REFUSED,
        MESSAGE_ID_SENSOR_AUDITED, MESSAGE_ID_REPEATED,      MESSAGE_ID_ENTRIES_LOST,
};

typedef struct Args {
        bool follow;
        bool all;
        bool json;
        uint64_t since_usec; /* 0: from the beginning */
        uint64_t lines;      /* 0: every one */
} Args;

static void journal_close(sd_journal **j)
{
        sd_journal_close(*j);
}

/* ------------------------------------------------------------------- fields */

/* The value of a field, copied and terminated; "" when there is none. */
static char *field(sd_journal *j, const char *name)
{
        const void *data;
        size_t n, skip = strlen(name) + 1;

        if (sd_journal_get_data(j, name, &data, &n) < 0 || n < skip)
                return strdup("");
        return strndup((const char *) data + skip, n - skip);
}

/* MESSAGE is escaped by who wrote it, so its backslashes are meant; anything else is escaped here once more. */
static void print_message(const char *s)
{
        while (*s) {
                size_t n = strcspn(s, "\\");
                _cleanup_free_ char *piece = escape_new(s, n);

                fputs(piece ? piece : "", stdout);
                s += n;
                for (; *s == '\\'; s++)
                        putchar('\\');
        }
        putchar('\n');
}

static void print_detail(const char *label, const char *value)
{
        if (!*value)
                return;
        printf("                     %s%-9s%s", out_color(OUT_FAINT), label, out_color(OUT_PLAIN));
        fputs_escaped(value, stdout);
        putchar('\n');
}

/* Every value of a field that may be repeated, at most a handful. */
static void print_details(sd_journal *j, const char *label, const char *name)
{
        size_t skip = strlen(name) + 1, n;
        unsigned shown = 0;
        const void *data;

        SD_JOURNAL_FOREACH_DATA(j, data, n)
        {
                _cleanup_free_ char *value = NULL;

                if (n < skip || memcmp(data, name, skip - 1) != 0 || ((const char *) data)[skip - 1] != '=')
                        continue;
                value = strndup((const char *) data + skip, n - skip);
                if (value)
                        print_detail(shown ? "" : label, value);
                if (++shown >= 4)
                        return;
        }
}

static void print_rule(sd_journal *j)
{
        _cleanup_free_ char *rule = field(j, "AIGUARD_RULE"), *law = field(j, "AIGUARD_LAW");
        _cleanup_free_ char *would = field(j, "AIGUARD_WOULD_RULE"),
                            *would_law = field(j, "AIGUARD_WOULD_LAW");
        _cleanup_free_ char *policy = field(j, "AIGUARD_POLICY"), *outcome = field(j, "AIGUARD_OUTCOME");
        const char *r, *l;
        char text[512];

        if (!rule || !law || !would || !would_law || !policy || !outcome)
                return;
        /* In audit it is the rule that would have refused which matters. */
        r = streq(outcome, "refused") || !*would ? rule : would;
        l = r == rule ? law : would_law;
        if (!*r)
                return;
        snprintf(text, sizeof(text), "%s%s%s, policy \"%s\"", r, *l ? ", law " : "", l, policy);
        print_detail("rule", text);
}

static void print_who(sd_journal *j)
{
        _cleanup_free_ char *exe = field(j, "AIGUARD_EXE"), *unit = field(j, "AIGUARD_UNIT"),
                            *container = field(j, "AIGUARD_CONTAINER");

        if (exe)
                print_detail("program", exe);
        if (unit)
                print_detail("unit", unit);
        if (container)
                print_detail("container", container);
        print_details(j, "is AI by", "AIGUARD_TRAITS");
}

static void print_text(sd_journal *j, uint64_t usec)
{
        _cleanup_free_ char *message = field(j, "MESSAGE"), *priority = field(j, "PRIORITY");
        bool bad = priority && *priority && *priority <= '2';
        time_t t = (time_t) (usec / 1000000ULL);
        char when[32] = "?";
        struct tm tm;

        if (localtime_r(&t, &tm))
                strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
        printf("%s  %s", when, bad ? out_color(OUT_BAD) : "");
        print_message(message ? message : "");
        fputs(bad ? out_color(OUT_PLAIN) : "", stdout);
        print_rule(j);
        print_who(j);
        print_details(j, "found", "AIGUARD_MODEL_CAPABILITY");
        print_details(j, "evidence", "AIGUARD_MODEL_EVIDENCE");
}

static void add_value(json_t *o, const char *data, size_t n)
{
        const char *equals = memchr(data, '=', n);
        _cleanup_free_ char *name = NULL, *escaped = NULL;
        json_t *value, *old;

        if (!equals)
                return;
        name = strndup(data, (size_t) (equals - data));
        n -= (size_t) (equals - data) + 1;
        if (!name || (strncmp(name, "AIGUARD_", 8) != 0 && !streq(name, "MESSAGE") &&
                      !streq(name, "MESSAGE_ID") && !streq(name, "PRIORITY") && !streq(name, "OBJECT_PID")))
                return;
        value = json_stringn(equals + 1, n);
        if (!value) {
                escaped = escape_new(equals + 1, n);
                value = json_string(escaped ? escaped : "");
        }
        old = json_object_get(o, name);
        if (!old)
                (void) json_object_set_new(o, name, value);
        else if (json_is_array(old))
                (void) json_array_append_new(old, value);
        else
                (void) json_object_set_new(o, name, json_pack("[O, o]", old, value));
}

static void print_json(sd_journal *j, uint64_t usec)
{
        _cleanup_free_ char *id = field(j, "MESSAGE_ID");
        const char *kind = id ? message_id_name(id) : NULL;
        json_t *o = json_object();
        char when[DATE_TEXT_MAX];
        const void *data;
        size_t n;

        date_format(usec, when);
        (void) json_object_set_new(o, "time", json_string(when));
        (void) json_object_set_new(o, "time_usec", json_integer((json_int_t) usec));
        (void) json_object_set_new(o, "kind", json_string(kind ? kind : "unknown"));
        SD_JOURNAL_FOREACH_DATA(j, data, n)
        add_value(o, data, n);
        (void) json_dumpf(o, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(o);
}

/* ------------------------------------------------------------------ the journal */

static int add_matches(sd_journal *j, bool all)
{
        char match[64];
        int r;

        /* journald's word on who wrote it; anybody may write the rest. */
        r = sd_journal_add_match(j, "_UID=0", 0);
        for (size_t i = 0; r >= 0 && !all && i < ARRAY_SIZE(violation_ids); i++) {
                snprintf(match, sizeof(match), "MESSAGE_ID=%s", violation_ids[i]);
                r = sd_journal_add_match(j, match, 0);
        }
        for (const MessageId *m = message_ids; r >= 0 && all && m->name; m++) {
                snprintf(match, sizeof(match), "MESSAGE_ID=%s", m->id);
                r = sd_journal_add_match(j, match, 0);
        }
        return r;
}

/* Stands before the first entry to print. */
static int seek(sd_journal *j, const Args *a)
{
        uint64_t lines = a->lines ? a->lines : a->follow && !a->since_usec ? FOLLOW_LINES : 0;
        int r;

        if (lines > 0) {
                r = sd_journal_seek_tail(j);
                if (r >= 0)
                        r = sd_journal_previous_skip(j, lines + 1);
                /* Fewer than asked for: from the beginning. */
                return r < 0 ? r : (uint64_t) r < lines + 1 ? sd_journal_seek_head(j) : 0;
        }
        return a->since_usec ? sd_journal_seek_realtime_usec(j, a->since_usec) : sd_journal_seek_head(j);
}

static int print_new(sd_journal *j, const Args *a, uint64_t *n)
{
        int r;

        while ((r = sd_journal_next(j)) > 0) {
                uint64_t usec;

                if (sd_journal_get_realtime_usec(j, &usec) < 0 || usec < a->since_usec)
                        continue;
                if (a->json)
                        print_json(j, usec);
                else
                        print_text(j, usec);
                (*n)++;
        }
        return fflush(stdout) == EOF ? -EPIPE : r;
}

static int show(const Args *a)
{
        __attribute__((__cleanup__(journal_close))) sd_journal *j = NULL;
        uint64_t n = 0;
        int r;

        r = sd_journal_open_namespace(&j, JOURNAL_NAMESPACE,
                                      SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_INCLUDE_DEFAULT_NAMESPACE);
        if (r < 0) {
                out_error("the journal cannot be opened: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        if (geteuid() != 0 && sd_journal_has_persistent_files(j) <= 0 &&
            sd_journal_has_runtime_files(j) <= 0) {
                out_error("no journal may be read here: ask as root, or as a member of the group "
                          "systemd-journal");
                return EXIT_NO_RIGHTS;
        }
        r = add_matches(j, a->all);
        if (r >= 0)
                r = seek(j, a);
        if (r >= 0)
                r = print_new(j, a, &n);
        while (r >= 0 && a->follow) {
                r = sd_journal_wait(j, UINT64_MAX);
                if (r >= 0)
                        r = print_new(j, a, &n);
        }
        if (r == -EPIPE)
                return EXIT_SUCCESS; /* whoever read this has seen enough */
        if (r < 0) {
                out_error("the journal cannot be read: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        if (n == 0 && !a->json)
                puts(a->since_usec ? "No violation since then." : "No violation.");
        return EXIT_SUCCESS;
}

static int parse_since(const char *text, uint64_t *ret)
{
        char day[DATE_TEXT_MAX];
        uint64_t seconds;

        if (strlen(text) == strlen("2026-12-31")) {
                snprintf(day, sizeof(day), "%sT00:00:00Z", text);
                if (date_parse(day, ret) >= 0)
                        return 0;
        }
        if (date_parse(text, ret) >= 0)
                return 0;
        if (span_parse(text, 100ULL * 365 * 86400, &seconds) < 0)
                return -EINVAL;
        *ret = ((uint64_t) time(NULL) - seconds) * 1000000ULL;
        return 0;
}

static int parse(int argc, char **argv, Args *a)
{
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "follow", no_argument, NULL, 'f' },
                { "json", no_argument, NULL, 'j' },
                { "since", required_argument, NULL, 's' },
                { "all", no_argument, NULL, 'a' },
                { "lines", required_argument, NULL, 'n' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "hfjn:", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        fputs(usage_text, stdout);
                        return -1;
                case 'f':
                        a->follow = true;
                        break;
                case 'j':
                        a->json = true;
                        break;
                case 'a':
                        a->all = true;
                        break;
                case 's':
                        if (parse_since(optarg, &a->since_usec) < 0) {
                                out_error("--since=%s is no time such as 2026-12-31, 15m or 2h", optarg);
                                return EXIT_USAGE;
                        }
                        break;
                case 'n':
                        if (parse_u64(optarg, LINES_MAX, &a->lines) < 0 || a->lines == 0) {
                                out_error("-n %s is no number from 1 to %u", optarg, LINES_MAX);
                                return EXIT_USAGE;
                        }
                        break;
                default:
                        fputs(usage_text, stderr);
                        return EXIT_USAGE;
                }
        if (optind < argc) {
                fputs(usage_text, stderr);
                return EXIT_USAGE;
        }
        return 0;
}

int verb_violations(int argc, char **argv)
{
        Args a = {};
        int r = parse(argc, argv, &a);

        if (r != 0)
                return r < 0 ? EXIT_SUCCESS : r;
        return show(&a);
}
