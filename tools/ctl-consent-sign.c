/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl consent verify|sign|keygen`: offline, for whoever makes
 * records. Signs nothing that would be refused. Secrets are written once, for
 * their owner alone, and wiped from memory.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ctl-bus.h"
#include "ctl-consent.h"
#include "ctl-output.h"
#include "lib/date.h"
#include "lib/util-string.h"
#include "verbs.h"

static uint64_t now_usec(void)
{
        return (uint64_t) time(NULL) * 1000000ULL;
}

int ctl_consent_verify(const CtlConsentArgs *a)
{
        _cleanup_(trust_freep) Trust *trust = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *text = NULL;
        const TrustKey *key = NULL;
        char until[DATE_TEXT_MAX];
        GrantError e = {};
        size_t n = 0;
        int r = ctl_read_file(a->what, &text, &n);

        if (r == 0)
                r = ctl_trust_load(a->trust, &trust);
        if (r != 0)
                return r;
        r = grant_verify(text, n, trust, now_usec(), &g, &key, &e);
        if (r < 0)
                return ctl_grant_error(r, &e, a->what, a->json);
        e.reason = grant_holds(g, now_usec());
        if (e.reason != GRANT_OK)
                return ctl_grant_refused(&e, a->json);
        date_format(g->until_usec, until);
        if (a->json)
                return out_json(json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:s}", "holds", true, "reason",
                                          "ok", "id", g->id, "kind", grant_kind_to_string(g->kind), "state",
                                          grant_state_to_string(g->state), "key", key->name, "until",
                                          until));
        printf("The %s %s holds until %s; signed by key %s.\n", grant_kind_to_string(g->kind), g->id, until,
               key->name);
        return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------------- sign */

static int read_secret(const char *path, unsigned char ret[crypto_sign_SECRETKEYBYTES])
{
        _cleanup_free_ char *pem = NULL;
        size_t n = 0;
        int r = read_file_capped(AT_FDCWD, path, 16384, &pem, &n);

        if (r >= 0)
                r = trust_secret_parse(pem, n, ret);
        if (pem)
                sodium_memzero(pem, n);
        if (r >= 0)
                return 0;
        out_error("%s: %s", path, r == -EBADMSG ? "no Ed25519 key in PEM (PKCS #8)" : strerror(-r));
        return EXIT_FAILURE;
}

static int parse_kind(const char *word)
{
        for (int k = 0; word && k < _GRANT_KIND_MAX; k++)
                if (streq(word, grant_kind_to_string((GrantKind) k)))
                        return k;
        return word ? -EINVAL : GRANT_CONSENT;
}

static int write_out(const char *path, const char *text, mode_t mode, int flags)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, mode);
        size_t n = strlen(text);

        if (fd < 0 || write(fd, text, n) != (ssize_t) n || fsync(fd) < 0) {
                out_error("%s: %s", path, strerror(errno));
                return EXIT_FAILURE;
        }
        return 0;
}

int ctl_consent_sign(const CtlConsentArgs *a)
{
        _cleanup_free_ char *text = NULL, *envelope = NULL, *line = NULL;
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        _cleanup_(grant_freep) Grant *g = NULL;
        int r, kind = parse_kind(a->kind);
        GrantError e = {};
        size_t n = 0;

        if (!a->key || kind < 0) {
                out_error(a->key ? "--kind must be consent, exception, enrolled-set, declaration or "
                                   "attestation"
                                 : "--key=NAME.pem is needed");
                return EXIT_USAGE;
        }
        r = ctl_read_file(a->what, &text, &n);
        if (r != 0)
                return r;
        r = grant_parse((GrantKind) kind, text, n, &g, &e);
        if (r < 0)
                return ctl_grant_error(r, &e, a->what, a->json);
        r = read_secret(a->key, secret);
        if (r != 0)
                return r;
        r = envelope_make((GrantKind) kind, text, n, secret, &envelope);
        sodium_memzero(secret, sizeof(secret));
        if (r < 0 || string_printf(&line, "%s\n", envelope) < 0)
                return ctl_grant_error(r < 0 ? r : -ENOMEM, NULL, a->what, false);
        if (a->out)
                return write_out(a->out, line, 0644, O_TRUNC);
        fputs(line, stdout);
        return EXIT_SUCCESS;
}

/* -------------------------------------------------------------------- keygen */

static bool one_line(const char *s)
{
        return s && *s && !strpbrk(s, "\r\n");
}

int ctl_consent_keygen(const CtlConsentArgs *a)
{
        _cleanup_free_ char *pem = NULL, *public_key = NULL, *secret_path = NULL, *public_path = NULL,
                            *text = NULL;
        uint64_t until;
        int r;

        if (!one_line(a->workloads) || !one_line(a->capabilities) || !one_line(a->until) ||
            (a->grants && !one_line(a->grants)) || date_parse(a->until, &until) < 0) {
                out_error("a key takes --workloads=, --capabilities= and --until= (a date): what it may "
                          "sign for, and "
                          "until when");
                return EXIT_USAGE;
        }
        r = trust_key_make(&pem, &public_key);
        if (r >= 0)
                r = string_printf(&secret_path, "%s.pem", a->what);
        if (r >= 0)
                r = string_printf(&public_path, "%s.key", a->what);
        if (r >= 0)
                r = string_printf(
                                &text,
                                "[Key]\nPublicKey=%s\nGrants=%s\nWorkloads=%s\nCapabilities=%s\nUntil=%s\n",
                                public_key, a->grants ? a->grants : "consent enrolled-set", a->workloads,
                                a->capabilities, a->until);
        if (r < 0)
                return ctl_grant_error(r, NULL, a->what, false);
        /* An old secret is never overwritten: what it signed would be lost. */
        r = write_out(secret_path, pem, 0600, O_EXCL);
        sodium_memzero(pem, strlen(pem));
        if (r == 0)
                r = write_out(public_path, text, 0644, O_EXCL);
        if (r != 0)
                return r;
        printf("%s is secret: it signs. Put %s into " TRUST_DIR " of each host that shall believe it.\n",
               secret_path, public_path);
        return EXIT_SUCCESS;
}
