/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: declare, list and revoke for models, workloads and sensors. Through
 * the daemon when it runs, since it takes effect at once then; else root writes
 * the store of grants, which the daemon reads at its start, and the journal is
 * told here.
 */
#include "ctl-declare.h"

#include <getopt.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "ctl-bus.h"
#include "ctl-consent.h"
#include "ctl-output.h"
#include "lib/date.h"
#include "lib/message-ids.h"
#include "lib/util-string.h"
#include "verbs.h"

/* Whoever needs it longer says so again. */
#define SPAN_MAX_SECONDS (3660ULL * 86400)

static int usage(const CtlDeclareKind *k)
{
        fputs(k->usage, stderr);
        return EXIT_USAGE;
}

static uint64_t now_usec(void)
{
        return (uint64_t) time(NULL) * 1000000ULL;
}

/* ------------------------------------------------------- with the daemon dead */

static void tell_journal(const char *id, const Declaration *d, const char *what)
{
        (void) sd_journal_send("MESSAGE=Declaration of %s %s %s, with the daemon dead: %s",
                               declaration_kind_to_string(d->kind), d->id, what, d->reason, "MESSAGE_ID=%s",
                               id, "PRIORITY=%i", LOG_NOTICE, "SYSLOG_IDENTIFIER=aiguard",
                               "AIGUARD_DECLARATION=%s", d->id, "AIGUARD_DECLARED_BY_UID=%u",
                               (unsigned) getuid(), NULL);
}

static int store_fail(int r)
{
        if (r == -EACCES || r == -EPERM)
                out_error("only root may change declarations");
        else
                out_error(GRANT_STORE_DIR ": %s", strerror(-r));
        return r == -EACCES || r == -EPERM ? EXIT_NO_RIGHTS : EXIT_FAILURE;
}

/* The store, for root to change. 0, or an exit code. */
static int store_open(GrantStore **ret)
{
        return geteuid() == 0 ? ctl_store_open(NULL, ret) : store_fail(-EPERM);
}

static int store_add(Declaration *d)
{
        _cleanup_(grant_store_freep) GrantStore *store = NULL;
        GrantError e = {};
        int r;

        r = store_open(&store);
        if (r != 0)
                return r;
        r = grant_declare(store, d, now_usec(), (uint32_t) getuid(), &e);
        if (r < 0)
                return ctl_grant_error(r, &e, d->id, false);
        tell_journal(MESSAGE_ID_DECLARATION_ADDED, d, "made");
        puts("aiguardd does not run here: the declaration takes effect when it starts.");
        return EXIT_SUCCESS;
}

static int store_revoke(const CtlDeclareKind *k, const char *id)
{
        Declaration d = { .kind = k->kind, .reason = (char *) "revoked" };
        _cleanup_(grant_store_freep) GrantStore *store = NULL;
        int r;

        r = store_open(&store);
        if (r != 0)
                return r;
        snprintf(d.id, sizeof(d.id), "%s", id);
        r = grant_store_end(store, id, GRANT_STATE_REVOKED, now_usec(), (uint32_t) getuid());
        if (r == -ENOENT || r == -EALREADY) {
                out_error("there is no declaration %s", id);
                return EXIT_FAILURE;
        }
        if (r < 0)
                return store_fail(r);
        tell_journal(MESSAGE_ID_DECLARATION_ENDED, &d, "revoked");
        return EXIT_SUCCESS;
}

static json_t *to_json(Declaration *const *all, size_t n)
{
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++) {
                json_t *o = declaration_to_json(all[i]);

                (void) json_object_set_new(o, "expired", json_boolean(all[i]->until_usec <= now_usec()));
                (void) json_object_set_new(o, "second_signature", json_boolean(all[i]->second));
                (void) json_array_append_new(list, o);
        }
        return list;
}

static int store_list(json_t **ret)
{
        Declaration **all = NULL;
        size_t n = 0, broken = 0;
        CtlGrants g = {};
        int r = ctl_grants_open_unread(&(CtlConsentArgs){}, &g);

        if (r == 0 && g.store)
                r = grant_declarations(g.store, g.trust, &all, &n, &broken) < 0 ? store_fail(-ENOMEM) : 0;
        if (r == 0)
                *ret = to_json(all, n);
        declarations_free_many(all, n);
        ctl_grants_done(&g);
        if (broken > 0)
                out_error("%zu declarations cannot be verified", broken);
        return r;
}

/* -------------------------------------------------------------- the sub-verbs */

static int parse_end(const CtlDeclareKind *k, const CtlDeclareArgs *args, Declaration *d)
{
        uint64_t seconds;

        if (!args->until == !args->span)
                return usage(k);
        if (args->span) {
                if (span_parse(args->span, SPAN_MAX_SECONDS, &seconds) < 0) {
                        out_error("--for=%s is no time such as 90m, 12h or 30d", args->span);
                        return EXIT_USAGE;
                }
                d->until_usec = d->made_usec + seconds * 1000000ULL;
                return 0;
        }
        if (date_parse(args->until, &d->until_usec) < 0) {
                out_error("--until=%s is no date such as 2026-12-31", args->until);
                return EXIT_USAGE;
        }
        if (d->until_usec <= d->made_usec) {
                out_error("--until=%s is in the past", args->until);
                return EXIT_USAGE;
        }
        return 0;
}

static int document(const Declaration *d, char **ret)
{
        json_t *o = declaration_to_json(d);

        *ret = o ? json_dumps(o, JSON_COMPACT) : NULL;
        json_decref(o);
        if (*ret)
                return 0;
        out_error("paths and reasons must be UTF-8");
        return EXIT_FAILURE;
}

/* For somebody else's signature; changes nothing here. */
static int write_document(const char *path, const Declaration *d)
{
        _cleanup_free_ char *text = NULL;
        FILE *f;
        int r = document(d, &text);

        if (r != 0)
                return r;
        f = fopen(path, "we");
        if (!f || fprintf(f, "%s\n", text) < 0 || fclose(f) != 0) {
                out_error("%s: %s", path, strerror(errno));
                return EXIT_FAILURE;
        }
        printf("To be signed by somebody in " TRUST_DIR
               " (aiguardctl consent sign %s --kind=declaration --key=...), and\n"
               "then imported by root (aiguardctl consent import).\n",
               path);
        return EXIT_SUCCESS;
}

static int submit(Declaration *d)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *text = NULL, *id = NULL;
        sd_bus *bus = NULL;
        int r = document(d, &text);

        if (r != 0)
                return r;
        r = ctl_bus_connect(&bus);
        if (r == -ENOENT)
                return store_add(d);
        if (r >= 0)
                r = ctl_call(bus, "Declare", &id, &e, "s", text);
        if (r >= 0)
                printf("%s\n", id);
        r = r < 0 ? ctl_bus_fail(r, &e) : EXIT_SUCCESS;
        sd_bus_error_free(&e);
        sd_bus_close_unref(bus);
        return r;
}

static int declare_one(const CtlDeclareKind *k, const CtlDeclareArgs *args)
{
        _cleanup_(declaration_freep) Declaration *d = calloc(1, sizeof(*d));
        int r;

        if (!d || !args->reason || !*args->reason)
                return usage(k);
        d->kind = k->kind;
        d->made_usec = now_usec();
        d->by_uid = getuid();
        d->reason = strdup(args->reason);
        r = parse_end(k, args, d);
        if (r != 0)
                return r;
        r = k->fill(args, d);
        if (r != 0)
                return r;
        declaration_make_id(d);
        return args->out ? write_document(args->out, d) : submit(d);
}

static int revoke_one(const CtlDeclareKind *k, const CtlDeclareArgs *args)
{
        const char *prefix = declaration_kind_to_string(k->kind);
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        int r;

        if (!args->what)
                return usage(k);
        if (strncmp(args->what, prefix, strlen(prefix)) != 0 || !declaration_id_valid(args->what)) {
                out_error("%s is no id of a %s declaration; see: aiguardctl %s list%s", args->what, prefix,
                          prefix, k->kind == DECLARATION_MODEL ? " --declared" : "");
                return EXIT_FAILURE;
        }
        r = ctl_bus_connect(&bus);
        if (r == -ENOENT)
                return store_revoke(k, args->what);
        if (r >= 0)
                r = ctl_call(bus, "Revoke", NULL, &e, "s", args->what);
        r = r < 0 ? ctl_bus_fail(r, &e) : EXIT_SUCCESS;
        sd_bus_error_free(&e);
        sd_bus_close_unref(bus);
        return r;
}

static void print_one(const json_t *o, const char *kind)
{
        const json_t *about = json_object_get(o, kind);
        const char *what = json_str(about, "path");

        if (!*what)
                what = *json_str(about, "name")  ? json_str(about, "name")
                       : *json_str(about, "exe") ? json_str(about, "exe")
                                                 : json_str(about, "unit");
        out_line("id", "%s%s", json_str(o, "id"),
                 json_is_true(json_object_get(o, "expired")) ? " (ended)" : "");
        out_line("  about", "%s", what);
        if (streq(kind, "model"))
                out_line("  is for", "%s", json_str(about, "as"));
        else
                out_line("  is", "%s",
                         streq(kind, "workload") ? "no AI workload" : "a sensor that sees no persons");
        out_line("  until", "%s", json_str(o, "until"));
        if (json_is_true(json_object_get(o, "second_signature")))
                out_line("  signed", "twice: by root and by a key of " TRUST_DIR);
        out_line("  said by", "user %lld at %s: %s", json_int(o, "by_uid"), json_str(o, "made"),
                 json_str(o, "reason"));
}

static int list_all(const CtlDeclareKind *k, bool json)
{
        const char *kind = declaration_kind_to_string(k->kind);
        json_t *all = NULL, *mine = json_array(), *o;
        sd_bus *bus = NULL;
        size_t i;
        int r;

        r = ctl_bus_connect(&bus);
        sd_bus_close_unref(bus);
        r = r == -ENOENT ? store_list(&all) : ctl_call_json("ListDeclarations", &all, NULL);
        if (r != 0) {
                json_decref(mine);
                return r;
        }
        json_array_foreach(all, i, o)
        {
                if (streq(json_str(o, "kind"), kind))
                        (void) json_array_append(mine, o);
        }
        json_decref(all);
        if (json)
                return out_json(mine);
        json_array_foreach(mine, i, o) print_one(o, kind);
        if (json_array_size(mine) == 0)
                printf("No %s is declared.\n", kind);
        json_decref(mine);
        return EXIT_SUCCESS;
}

static int parse(const CtlDeclareKind *k, int argc, char **argv, CtlDeclareArgs *a, bool *ret_json)
{
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },         { "json", no_argument, NULL, 'j' },
                { "reason", required_argument, NULL, 'r' }, { "until", required_argument, NULL, 'u' },
                { "as", required_argument, NULL, 'a' },     { "exe", required_argument, NULL, 'e' },
                { "unit", required_argument, NULL, 'U' },   { "persons", required_argument, NULL, 'p' },
                { "not-ai", no_argument, NULL, 'n' },       { "for", required_argument, NULL, 'f' },
                { "out", required_argument, NULL, 'o' },    {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "hj", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        fputs(k->usage, stdout);
                        return -1;
                case 'j':
                        *ret_json = true;
                        break;
                case 'r':
                        a->reason = optarg;
                        break;
                case 'u':
                        a->until = optarg;
                        break;
                case 'f':
                        a->span = optarg;
                        break;
                case 'o':
                        a->out = optarg;
                        break;
                case 'a':
                        a->as = optarg;
                        break;
                case 'e':
                        a->exe = optarg;
                        break;
                case 'U':
                        a->unit = optarg;
                        break;
                case 'p':
                        a->persons = optarg;
                        break;
                case 'n':
                        a->not_ai = true;
                        break;
                default:
                        return usage(k);
                }
        return 0;
}

int ctl_declare_verb(const CtlDeclareKind *k, int argc, char **argv)
{
        CtlDeclareArgs a = {};
        bool json = false;
        const char *verb;
        int r = parse(k, argc, argv, &a, &json);

        if (r != 0)
                return r < 0 ? EXIT_SUCCESS : r;
        if (optind >= argc || argc - optind > 2)
                return usage(k);
        verb = argv[optind];
        a.what = argv[optind + 1]; /* argv ends with NULL */
        if (streq(verb, "declare"))
                return declare_one(k, &a);
        if (streq(verb, "revoke"))
                return revoke_one(k, &a);
        if (streq(verb, "list") && !a.what)
                return list_all(k, json);
        return usage(k);
}
