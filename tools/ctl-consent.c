/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl consent`: its options and sub-verbs, and what they
 * share. Looking reads the store itself, so it works with the daemon dead and
 * for the group aiguard; changing is ctl-consent-change.c.
 */
#include "ctl-consent.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "ctl-bus.h"
#include "ctl-output.h"
#include "lib/util-string.h"
#include "verbs.h"

static const char usage_text[] =
                "aiguardctl consent list [--json]\n"
                "aiguardctl consent show ID [--json]\n"
                "aiguardctl consent history [ID] [--json]\n"
                "aiguardctl consent verify FILE [--json]\n"
                "aiguardctl consent import FILE [--json]\n"
                "aiguardctl consent withdraw ID [--by=principal|operator] [--json]\n"
                "aiguardctl consent sign FILE --key=NAME.pem [--kind=KIND] [--out=FILE]\n"
                "aiguardctl consent keygen NAME --workloads=LIST --capabilities=LIST --until=DATE "
                "[--grants=LIST]\n\n"
                "Signed records of what people consented to, approved exceptions, and enrolled sets. FILE "
                "may be -.\n"
                "KIND is consent (the default), exception, enrolled-set, declaration or attestation. "
                "verify, sign and "
                "keygen need no "
                "daemon\n"
                "and change nothing on this host; so do list, show and history, which read the store.\n\n"
                "  --store=DIR, --trust=DIR  look there instead of /var/lib/aiguard/consent and "
                "/etc/aiguard/trust.d\n\n"
                "Exit: 0 done, or what was verified holds; 1 it does not, or failed; 2 called wrongly; 4 no "
                "daemon;\n"
                "5 no rights (root; for looking the group aiguard).\n";

int ctl_store_open(const char *dir, GrantStore **ret)
{
        uint64_t line = 0;
        int r;

        dir = dir ? dir : GRANT_STORE_DIR;
        r = grant_store_open(dir, true, ret, &line);
        if (r >= 0)
                return 0;
        if (r == -EBUSY)
                out_error("%s is being written by somebody else", dir);
        else if (r == -EBADMSG)
                out_error("the ledger in %s is broken at line %llu", dir, (unsigned long long) line);
        else
                return ctl_grant_error(r, NULL, dir, false);
        return EXIT_FAILURE;
}

int ctl_trust_load(const char *dir, Trust **ret)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        int r = diag_new(&diag);

        if (r >= 0)
                r = trust_load(dir ? dir : TRUST_DIR, diag, ret);
        if (diag)
                diag_print(diag, stderr);
        if (r >= 0)
                return 0;
        out_error("%s: %s", dir ? dir : TRUST_DIR, strerror(-r));
        return r == -EACCES ? EXIT_NO_RIGHTS : EXIT_FAILURE;
}

int ctl_read_file(const char *path, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        int r;

        if (!streq(path, "-")) {
                r = read_file_capped(AT_FDCWD, path, GRANT_BYTES_MAX + 1, ret, ret_size);
                if (r < 0 && r != -EFBIG) {
                        out_error("%s: %s", path, strerror(-r));
                        return EXIT_FAILURE;
                }
                if (r >= 0)
                        return 0;
        } else {
                text = malloc(GRANT_BYTES_MAX + 2);
                n = text ? fread(text, 1, GRANT_BYTES_MAX + 1, stdin) : 0;
                if (text && n <= GRANT_BYTES_MAX) {
                        text[n] = '\0';
                        *ret = TAKE_PTR(text);
                        *ret_size = n;
                        return 0;
                }
        }
        return ctl_grant_refused(&(GrantError){ .reason = GRANT_TOO_LARGE }, false);
}

int ctl_grant_refused(const GrantError *e, bool json)
{
        char code[GRANT_CODE_MAX];

        grant_error_code(e, code);
        if (json)
                (void) out_json(json_pack("{s:b, s:s, s:s}", "holds", false, "reason", code, "text",
                                          grant_reason_sentence(e->reason)));
        else
                out_error("%s (%s)", grant_reason_sentence(e->reason), code);
        return EXIT_FAILURE;
}

int ctl_grant_error(int r, const GrantError *e, const char *what, bool json)
{
        if (r == -EBADMSG && e)
                return ctl_grant_refused(e, json);
        out_error("%s: %s", what, strerror(-r));
        return r == -EACCES || r == -EPERM ? EXIT_NO_RIGHTS : EXIT_FAILURE;
}

void ctl_grants_done(CtlGrants *g)
{
        grant_claims_done(&g->claims);
        grant_store_free(g->store);
        trust_free(g->trust);
}

int ctl_grants_open_unread(const CtlConsentArgs *a, CtlGrants *ret)
{
        const char *dir = a->store ? a->store : GRANT_STORE_DIR;
        uint64_t line = 0;
        int r;

        *ret = (CtlGrants){};
        r = ctl_trust_load(a->trust, &ret->trust);
        if (r != 0)
                return r;
        r = grant_store_open(dir, false, &ret->store, &line);
        if (r == -ENOENT)
                return 0;
        if (r == -EBADMSG) {
                out_error("the ledger in %s is broken at line %llu: no grant holds until that is looked "
                          "into",
                          dir, (unsigned long long) line);
                return EXIT_FAILURE;
        }
        if (r >= 0)
                r = grant_host_trust(ret->store, ret->trust);
        if (r < 0)
                return ctl_grant_error(r, NULL, dir, false);
        return 0;
}

int ctl_grants_open(const CtlConsentArgs *a, CtlGrants *ret)
{
        int r = ctl_grants_open_unread(a, ret);

        for (size_t i = 0; r == 0 && ret->store && i < grant_store_size(ret->store); i++)
                (void) grant_claims_load(&ret->claims, i, ret->store, ret->trust, &(GrantError){});
        return r;
}

/* ------------------------------------------------------------------- options */

typedef struct SubVerb {
        const char *name;
        int (*run)(const CtlConsentArgs *a);
        int operand; /* 1: needed, 0: may be, -1: none */
} SubVerb;

static const SubVerb sub_verbs[] = {
        { "list", ctl_consent_list, -1 },      { "show", ctl_consent_show, 1 },
        { "history", ctl_consent_history, 0 }, { "verify", ctl_consent_verify, 1 },
        { "import", ctl_consent_import, 1 },   { "withdraw", ctl_consent_withdraw, 1 },
        { "sign", ctl_consent_sign, 1 },       { "keygen", ctl_consent_keygen, 1 },
};

static int usage(void)
{
        fputs(usage_text, stderr);
        return EXIT_USAGE;
}

static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { "json", no_argument, NULL, 'j' },
        { "store", required_argument, NULL, 's' },
        { "trust", required_argument, NULL, 't' },
        { "key", required_argument, NULL, 'k' },
        { "out", required_argument, NULL, 'o' },
        { "kind", required_argument, NULL, 'K' },
        { "by", required_argument, NULL, 'b' },
        { "workloads", required_argument, NULL, 'w' },
        { "capabilities", required_argument, NULL, 'c' },
        { "grants", required_argument, NULL, 'g' },
        { "until", required_argument, NULL, 'u' },
        {},
};

/* -1: go on; else an exit code. */
static int parse(int argc, char **argv, CtlConsentArgs *a)
{
        const struct {
                int letter;
                const char **value;
        } texts[] = { { 's', &a->store },     { 't', &a->trust },        { 'k', &a->key },
                      { 'o', &a->out },       { 'K', &a->kind },         { 'b', &a->by },
                      { 'w', &a->workloads }, { 'c', &a->capabilities }, { 'g', &a->grants },
                      { 'u', &a->until } };
        int c;

        while ((c = getopt_long(argc, argv, "hj", options, NULL)) >= 0) {
                bool known = c == 'j';

                if (c == 'h') {
                        fputs(usage_text, stdout);
                        return EXIT_SUCCESS;
                }
                a->json = a->json || c == 'j';
                for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                        if (texts[i].letter == c) {
                                *texts[i].value = optarg;
                                known = true;
                        }
                if (!known)
                        return usage();
        }
        return -1;
}

int verb_consent(int argc, char **argv)
{
        CtlConsentArgs a = {};
        int r = parse(argc, argv, &a);

        if (r >= 0)
                return r;
        if (optind >= argc || argc - optind > 2)
                return usage();
        a.what = argv[optind + 1]; /* argv ends with NULL */
        for (size_t i = 0; i < ARRAY_SIZE(sub_verbs); i++)
                if (streq(argv[optind], sub_verbs[i].name)) {
                        if ((sub_verbs[i].operand > 0 && !a.what) || (sub_verbs[i].operand < 0 && a.what))
                                return usage();
                        return sub_verbs[i].run(&a);
                }
        return usage();
}
