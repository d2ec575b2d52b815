/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_INTERNAL_H
#define GRANT_INTERNAL_H
/* Between the parsers of grants. For grant-record.c and consent-record.c only. */
#include "lib/grant-json.h"

int grant_read_head(const GrantObject *top, Grant *g);    /* record_id, jurisdiction */
int grant_read_valid(const GrantObject *top, Grant *g);   /* from, until */
int grant_read_binding(const GrantObject *top, Grant *g); /* workload and what it may */
bool grant_is_digest(const char *s);                      /* "sha256:" and 64 digits */

int consent_read(const GrantObject *top, Grant *g);

#endif
