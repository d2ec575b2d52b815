/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: attestations in force: read from the common store of grants before
 * each compilation of the policy, and a timer for the next that begins or ends.
 * Owns the list that the compiler borrows. With the daemon dead what was compiled
 * stays. Called by the manager and by consents-change.c.
 */
#include "attestations.h"

#include "consents.h"
#include "lib/date.h"
#include "lib/grant-attest.h"
#include "lib/log.h"
#include "lib/util-string.h"
#include "lock.h"

struct Attestations {
        Manager *m;
        sd_event_source *timer;
        AttestedList list;
};

static int on_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        Attestations *a = userdata;

        manager_compile_again(a->m, "attestations");
        return 0;
}

int attestations_new(Manager *m, Attestations **ret)
{
        _cleanup_(attestations_freep) Attestations *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->m = m;
        a->list.next_usec = UINT64_MAX;
        r = sd_event_add_time(manager_event(m), &a->timer, CLOCK_REALTIME, UINT64_MAX, 1000000, on_time, a);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

Attestations *attestations_free(Attestations *a)
{
        if (!a)
                return NULL;
        sd_event_source_disable_unref(a->timer);
        attested_done(&a->list);
        free(a);
        return NULL;
}

static void arm(Attestations *a)
{
        uint64_t next = a->list.next_usec;

        if (sd_event_source_set_time(a->timer, next) < 0 ||
            sd_event_source_set_enabled(a->timer, next == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT) < 0)
                log_warning("attestations: the next end will be seen to at the next reload");
}

void attestations_read(Attestations *a)
{
        AttestedList list = { .next_usec = UINT64_MAX };
        int r = consents_attested(manager_consents(a->m), realtime_usec(), &list);

        if (r < 0)
                log_warning_errno(r, "attestations: the store cannot be read, nothing counts as attested");
        if (list.broken > a->list.broken)
                log_warning("attestations: %zu cannot be verified any more", list.broken);
        attested_done(&a->list);
        a->list = list;
        policy_store_set_attested(manager_store(a->m), a->list.items, a->list.n);
        arm(a);
}

void attestations_changed(Attestations *a)
{
        manager_compile_again(a->m, "attestations");
}

/* ------------------------------------------------------------------- showing */

static json_t *items_of(const PolicyRule *r)
{
        json_t *list = json_array();

        for (char **item = r->attest; list && *item; item++)
                (void) json_array_append_new(list, json_string(*item));
        return list;
}

/* Which rule that an attestation would lift decides for this workload? One name is enough. */
static const PolicyRule *missing_of(const PolicyTables *t, size_t workload)
{
        for (size_t c = 0; c < AG_COLUMNS; c++) {
                const struct ag_decision *d = &t->rows[workload].cells[c].would[AG_GRANT_SETS - 1];

                if (d->rule > 0 && d->rule < t->n_rules && t->rules[d->rule].attest)
                        return &t->rules[d->rule];
        }
        return NULL;
}

json_t *attestations_missing(Manager *m, size_t workload)
{
        const PolicyTables *t = manager_tables(m);
        const PolicyRule *r = workload < t->n_workloads ? missing_of(t, workload) : NULL;

        return r ? json_pack("[{s:s, s:o}]", "rule", r->id, "items", items_of(r)) : json_array();
}

json_t *attestations_to_json(Attestations *a)
{
        const PolicyTables *t = manager_tables(a->m);
        json_t *missing = json_array();
        char until[DATE_TEXT_MAX] = "";

        for (size_t w = AG_WORKLOAD_FIRST; missing && w < t->n_workloads; w++) {
                const PolicyRule *r = missing_of(t, w);

                if (r)
                        (void) json_array_append_new(missing, json_pack("{s:s, s:s, s:o}", "workload",
                                                                        t->workloads[w].name, "rule", r->id,
                                                                        "items", items_of(r)));
        }
        if (a->list.next_usec != UINT64_MAX)
                date_format(a->list.next_usec, until);
        return json_pack("{s:I, s:I, s:s, s:o}", "items", (json_int_t) a->list.n, "broken",
                         (json_int_t) a->list.broken, "until", until, "missing", missing);
}
