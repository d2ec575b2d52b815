/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_CONSENT_H
#define CTL_CONSENT_H
/* Between the files of `aiguardctl consent` and `aiguardctl grant`. Functions give exit codes. */
#include <jansson.h>

#include "lib/grant-declare.h"
#include "lib/grant-fold.h"

typedef struct CtlConsentArgs {
        const char *store; /* directory */
        const char *trust;
        const char *key;
        const char *out;
        const char *kind;
        const char *by;
        const char *workloads;
        const char *capabilities;
        const char *grants;
        const char *until;
        const char *what; /* FILE, ID or NAME; NULL: none */
        bool json;
} CtlConsentArgs;

/* The store as it lies there, each record verified. */
typedef struct CtlGrants {
        GrantStore *store;
        GrantClaims claims;
        Trust *trust;
} CtlGrants;

int ctl_grants_open(const CtlConsentArgs *a,
                    CtlGrants *ret); /* 0, or an exit code; no store is an empty one */
int ctl_grants_open_unread(const CtlConsentArgs *a, CtlGrants *ret); /* without looking at the records */
void ctl_grants_done(CtlGrants *g);

/* For changing it. 0, or an exit code when it has said why not. NULL: this host's. */
int ctl_store_open(const char *dir, GrantStore **ret);
int ctl_trust_load(const char *dir, Trust **ret); /* prints what is no key; 0, or an exit code */
int ctl_read_file(const char *path, char **ret,
                  size_t *ret_size);                   /* "-": standard input; 0, or an exit code */
int ctl_grant_refused(const GrantError *e, bool json); /* prints why */
int ctl_grant_error(int r, const GrantError *e, const char *what, bool json); /* the same for any error */

int ctl_consent_list(const CtlConsentArgs *a);
int ctl_consent_show(const CtlConsentArgs *a);
int ctl_consent_history(const CtlConsentArgs *a);
int ctl_consent_verify(const CtlConsentArgs *a);
int ctl_consent_sign(const CtlConsentArgs *a);
int ctl_consent_keygen(const CtlConsentArgs *a);
int ctl_consent_import(const CtlConsentArgs *a);
int ctl_consent_withdraw(const CtlConsentArgs *a);

/* All kinds in `kinds` (bit for each GrantKind), as a list. New reference. */
json_t *ctl_grants_to_json(const CtlGrants *g, unsigned kinds);
void ctl_grants_print(const json_t *list);

#endif
