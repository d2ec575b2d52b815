/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the documents that GetStatus and Explain answer with. Reads parts
 * through their public functions, changes nothing. Main thread.
 */
#include "bus-status.h"

#include <string.h>

#include "attestations.h"
#include "consents.h"
#include "declarations.h"
#include "decide.h"
#include "dossiers.h"
#include "emergencies.h"
#include "lib/cgroup-path.h"
#include "lib/event.h"
#include "lib/json-util.h"
#include "lib/version.h"
#include "resolve.h"
#include "subjects.h"

static json_t *hooks(const ManagerStatus *s)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < s->n_hooks; i++) {
                const LoaderHook *h = &s->hooks[i];

                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b, s:o}", "name", h->name,
                                                             "section", h->section, "required", h->required,
                                                             "attached", h->attached, "why_not",
                                                             json_text(h->why_not)));
        }
        return list;
}

typedef struct Number {
        const char *name;
        uint64_t value;
} Number;

static json_t *numbers(const Number *n, size_t count)
{
        json_t *o = json_object();

        for (size_t i = 0; o && i < count; i++)
                (void) json_object_set_new(o, n[i].name, json_integer((json_int_t) n[i].value));
        return o;
}

static json_t *counters(const ManagerCounters *c)
{
        const Number n[] = {
                { "seen", c->seen },
                { "decided", c->decided },
                { "allowed", c->allowed },
                { "reported", c->reported },
                { "audited", c->audited },
                { "denied", c->denied },
                { "pending", c->pending },
                { "held", c->held },
                { "timed_out", c->timed_out },
                { "emitted", c->emitted },
                { "suppressed", c->suppressed },
                { "lost", c->lost },
                { "requests_lost", c->requests_lost },
                { "would_refuse", c->would_refuse },
        };

        return numbers(n, ARRAY_SIZE(n));
}

static json_t *gate(const GateCounters *g)
{
        const Number n[] = {
                { "requests", g->requests },
                { "invalid", g->invalid },
                { "gated", g->gated },
                { "unreachable", g->unreachable },
                { "late", g->late },
                { "scans", g->scans },
                { "scan_failures", g->scan_failures },
                { "scans_saved", g->scans_saved },
                { "waiting", g->waiting },
                { "marks", g->marks },
                { "passed", g->passed },
                { "denied_previous", g->denied_previous },
        };

        return numbers(n, ARRAY_SIZE(n));
}

json_t *bus_status(Manager *m)
{
        ManagerStatus s;

        manager_status(m, &s);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:{s:o, s:s, s:I, s:o, s:o}, "
                         "s:o, s:o, "
                         "s:I, s:o, "
                         "s:o, s:o, s:o, s:o, s:o}",
                         "version", AIGUARD_VERSION, "mode", s.mode, "mode_reason", s.mode_reason, "backend",
                         s.backend, "backend_reason", s.backend_reason ? s.backend_reason : "", "weaker",
                         s.weaker, "fix", s.fix, "started", json_date(s.started_usec), "audit_since",
                         json_date(s.audit_since_usec), "hooks", hooks(&s), "policy", "name",
                         json_text(s.policy_name), "hash", s.policy_hash, "generation",
                         (json_int_t) s.policy_generation, "since", json_date(s.policy_since_usec),
                         "reload_error", json_text(s.reload_error), "counters", counters(&s.counters),
                         "gate", gate(&s.gate), "models", (json_int_t) s.n_models, "older",
                         subjects_older_to_json(manager_subjects(m)), "sessions",
                         subjects_sessions_to_json(manager_subjects(m)), "declarations",
                         declarations_to_json(manager_declarations(m)), "emergencies",
                         emergencies_to_json(m), "consents", consents_to_json(manager_consents(m)),
                         "attestations", attestations_to_json(manager_attestations(m)));
}

static json_t *traits(uint32_t bits)
{
        json_t *list = json_array();

        for (uint32_t bit = 1; list && bit; bit <<= 1)
                if (bits & bit)
                        (void) json_array_append_new(list, json_string(resolve_trait_to_string(bit)));
        return list;
}

static json_t *evidence(const Resolution *res)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < res->n_evidence; i++)
                (void) json_array_append_new(list, json_pack("{s:s, s:o}", "trait",
                                                             resolve_trait_to_string(res->evidence[i].trait),
                                                             "text", json_text(res->evidence[i].text)));
        return list;
}

int bus_explain(Manager *m, pid_t pid, json_t **ret)
{
        char unit[256] = "", container[256] = "";
        Resolution res;
        json_t *o;
        int r;

        r = resolve_explain(manager_resolve(m), pid, &res);
        if (r < 0)
                return r;
        (void) cgroup_path_unit(res.cgroup, unit, sizeof(unit));
        (void) cgroup_path_container(res.cgroup, container, sizeof(container));
        o = json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:s, s:b, s:b, s:o, s:o, s:o}", "pid",
                      (json_int_t) pid, "exe", json_text(res.exe), "cgroup", json_text(res.cgroup), "unit",
                      json_text(unit), "container", json_text(container), "uid", (json_int_t) res.uid,
                      "workload",
                      res.workload_name[0]                          ? res.workload_name
                      : ag_strength(res.traits) != AG_STRENGTH_NONE ? "undeclared-ai"
                                                                    : "other",
                      "traits", traits(res.traits), "strength", strength_to_string(ag_strength(res.traits)),
                      "complete", res.complete, "known_to_kernel", res.has_subject, "evidence",
                      evidence(&res), "dossier",
                      dossiers_to_json(manager_dossiers(m), res.cgroup_id, res.cgroup),
                      "attestation_missing", attestations_missing(m, res.workload));
        if (!o)
                return -ENOMEM;
        *ret = o;
        return 0;
}

int bus_explain_unit(Manager *m, const char *unit, json_t **ret)
{
        json_t *o = json_pack("{s:o, s:o}", "unit", json_text(unit), "dossiers",
                              dossiers_of_unit(manager_dossiers(m), unit));

        if (!o)
                return -ENOMEM;
        *ret = o;
        return 0;
}
