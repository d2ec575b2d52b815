/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: begins and ends emergencies on behalf of root and tells the
 * journal; the kernel checks the end by itself. With the daemon dead,
 * aiguardctl does the same on the pinned map. Main thread.
 */
#include "emergencies.h"

#include <bpf/bpf.h>
#include <string.h>

#include "consents.h"
#include "lib/date.h"
#include "lib/emergency.h"
#include "lib/json-util.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lib/util-string.h"
#include "lock.h"

void emergencies_renumber(const LoaderMaps *maps, const PolicyTables *next)
{
        static Emergency all[AG_WORKLOADS_MAX]; /* main thread only */
        size_t n = emergency_list(maps->emergency, maps->workloads, all, ARRAY_SIZE(all));

        for (size_t i = 0; i < n; i++)
                (void) bpf_map_delete_elem(maps->emergency, &all[i].workload);
        for (size_t i = 0; i < n; i++) {
                int w = policy_tables_find(next, all[i].name);
                uint32_t workload = (uint32_t) w;

                if (w < AG_WORKLOAD_UNDECLARED)
                        log_notice("emergency: ends with workload %s, which the policy no longer has",
                                   all[i].name);
                else if (bpf_map_update_elem(maps->emergency, &workload, &all[i].until_ns, BPF_ANY) < 0)
                        log_warning_errno(-errno, "emergency: of %s cannot be kept", all[i].name);
        }
}

static void note(Manager *m, const char *id, const char *workload, uint64_t seconds, const char *reason,
                 uid_t uid)
{
        char who[48], what[AG_NAME_MAX + 32], span[DATE_TEXT_MAX];
        _cleanup_free_ char *why = NULL;
        const char *fields[] = { who, what, NULL };

        snprintf(who, sizeof(who), "AIGUARD_BY_UID=%u", uid);
        snprintf(what, sizeof(what), "AIGUARD_SYSTEM_ID=%s", workload);
        if (asprintf(&why, "AIGUARD_EMERGENCY_REASON=%s", reason) < 0)
                return;
        fields[2] = why;
        span_format(seconds, span);
        if (seconds > 0)
                journal_note(manager_journal(m), id, LOG_ALERT, fields, ARRAY_SIZE(fields),
                             "Emergency: for %s refusals of workload %s are only logged: %s", span, workload,
                             reason);
        else
                journal_note(manager_journal(m), id, LOG_ALERT, fields, ARRAY_SIZE(fields),
                             "Emergency of workload %s is over", workload);
}

typedef struct End {
        Manager *m;
        char workload[AG_NAME_MAX];
} End;

/* The kernel has stopped honouring it; the log says so, unless it was ended or prolonged meanwhile. */
static int on_end(sd_event_source *s, uint64_t usec, void *userdata)
{
        End *e = userdata;
        const LoaderMaps *maps = manager_maps(e->m);
        uint64_t until;
        int w = policy_tables_find(manager_tables(e->m), e->workload);
        uint32_t workload = (uint32_t) w;

        if (w >= AG_WORKLOAD_UNDECLARED && bpf_map_lookup_elem(maps->emergency, &workload, &until) == 0 &&
            until <= boottime_ns()) {
                (void) bpf_map_delete_elem(maps->emergency, &workload);
                note(e->m, MESSAGE_ID_EMERGENCY_OFF, e->workload, 0, "expired", 0);
        }
        /* The event loop's reference goes, ours after it: then `e` is freed. */
        sd_event_source_ref(s);
        sd_event_source_set_floating(s, false);
        sd_event_source_disable_unref(s);
        return 0;
}

static void arm(Manager *m, const char *workload, uint64_t seconds)
{
        End *e = calloc(1, sizeof(*e));
        sd_event_source *s = NULL;

        if (!e)
                return;
        e->m = m;
        snprintf(e->workload, sizeof(e->workload), "%s", workload);
        if (sd_event_add_time_relative(manager_event(m), &s, CLOCK_BOOTTIME, seconds * 1000000ULL + 100000,
                                       0, on_end, e) < 0) {
                free(e);
                return;
        }
        (void) sd_event_source_set_destroy_callback(s, free);
        sd_event_source_set_floating(s, true);
        sd_event_source_unref(s);
}

/* ---------------------------------------------------------------- the record */

static int make_record(const char *workload, uint64_t seconds, const char *reason, uid_t uid,
                       Declaration **ret)
{
        _cleanup_(declaration_freep) Declaration *d = calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        d->kind = DECLARATION_EMERGENCY;
        d->made_usec = realtime_usec();
        d->until_usec = d->made_usec + (seconds + 1) * 1000000ULL;
        d->by_uid = uid;
        d->workload = strdup(workload);
        d->reason = strdup(reason);
        if (!d->workload || !d->reason)
                return -ENOMEM;
        declaration_make_id(d);
        *ret = TAKE_PTR(d);
        return 0;
}

/* After the fact: an emergency does not wait for a disk, and holds when that is full. */
static void record(Manager *m, const char *workload, uint64_t seconds, const char *reason, uid_t uid)
{
        _cleanup_(declaration_freep) Declaration *d = NULL;
        GrantError e = {};
        int r = make_record(workload, seconds, reason, uid, &d);

        if (r >= 0 && seconds > 0)
                r = consents_declare(manager_consents(m), d, uid, &e);
        else if (r >= 0)
                r = consents_end_declaration(manager_consents(m), d->id, GRANT_STATE_REVOKED, uid);
        if (r < 0 && r != -ENOENT && r != -EALREADY)
                log_error_errno(r, "emergency: that of %s is not in the ledger", workload);
}

void emergencies_settle(Manager *m)
{
        static Emergency all[AG_WORKLOADS_MAX]; /* main thread only */
        const LoaderMaps *maps = manager_maps(m);
        size_t n_all = emergency_list(maps->emergency, maps->workloads, all, ARRAY_SIZE(all)), n = 0,
               broken = 0;
        Declaration **records = NULL;

        if (consents_declarations(manager_consents(m), &records, &n, &broken) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                bool there = records[i]->kind != DECLARATION_EMERGENCY ||
                             records[i]->until_usec <= realtime_usec();

                for (size_t k = 0; k < n_all && !there; k++)
                        there = streq(all[k].name, records[i]->workload);
                if (!there)
                        (void) consents_end_declaration(manager_consents(m), records[i]->id,
                                                        GRANT_STATE_INVALIDATED, 0);
        }
        declarations_free_many(records, n);
}

void emergencies_drop(Manager *m, const char *id, uid_t uid)
{
        static Emergency all[AG_WORKLOADS_MAX]; /* main thread only */
        const LoaderMaps *maps = manager_maps(m);
        size_t n = emergency_list(maps->emergency, maps->workloads, all, ARRAY_SIZE(all));

        for (size_t i = 0; i < n; i++) {
                _cleanup_(declaration_freep) Declaration *d = NULL;

                if (make_record(all[i].name, 0, "", uid, &d) < 0 || !streq(d->id, id))
                        continue;
                (void) emergency_end(maps->emergency, all[i].workload);
                note(m, MESSAGE_ID_EMERGENCY_OFF, all[i].name, 0, "revoked", uid);
        }
}

int emergencies_set(Manager *m, const char *workload, uint64_t seconds, const char *reason, uid_t uid)
{
        const LoaderMaps *maps = manager_maps(m);
        int w = policy_tables_find(manager_tables(m), workload), r;

        if (w < AG_WORKLOAD_UNDECLARED)
                return -ENOENT;
        if (seconds == 0)
                r = emergency_end(maps->emergency, (uint32_t) w);
        else
                r = emergency_set(maps->emergency, (uint32_t) w, seconds);
        if (r < 0)
                return r;
        if (seconds > 0)
                arm(m, workload, seconds);
        note(m, seconds > 0 ? MESSAGE_ID_EMERGENCY_ON : MESSAGE_ID_EMERGENCY_OFF, workload, seconds, reason,
             uid);
        record(m, workload, seconds, reason, uid);
        return 0;
}

json_t *emergencies_to_json(Manager *m)
{
        const LoaderMaps *maps = manager_maps(m);
        Emergency all[32];
        size_t n = emergency_list(maps->emergency, maps->workloads, all, ARRAY_SIZE(all));
        json_t *list = json_array();

        for (size_t i = 0; list && i < n; i++)
                (void) json_array_append_new(
                                list,
                                json_pack("{s:o, s:I}", "workload", json_text(all[i].name), "seconds_left",
                                          (json_int_t) ((all[i].until_ns - boottime_ns()) / 1000000000ULL)));
        return list;
}
