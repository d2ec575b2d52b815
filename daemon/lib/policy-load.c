/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: files -> Policy. Reads, parses each, then checks what only shows
 * when all are there: names of workloads, jurisdictions nobody has a rule for.
 * All mistakes are reported in one run, and then there is no policy at all.
 */
#include "lib/policy-internal.h"
#include "lib/util-string.h"

static int add_host_jurisdictions(Policy *p, const char *text)
{
        _cleanup_free_ char *copy = text ? strdup(text) : NULL;
        char *state = NULL;
        int r = 0;

        if (text && !copy)
                return -ENOMEM;
        for (char *s = copy ? strtok_r(copy, " ,", &state) : NULL; s && r >= 0;
             s = strtok_r(NULL, " ,", &state))
                if (!strv_contains(p->jurisdictions, s))
                        r = strv_extend(&p->jurisdictions, s);
        return r;
}

static int parse_all(Policy *p, const ModelcapSet *modelcaps, Diag *diag)
{
        for (size_t i = 0; i < p->n_files; i++) {
                PolicyParser parser = {
                        .policy = p, .file = &p->files[i], .modelcaps = modelcaps, .diag = diag
                };
                int r = policy_parse_file(&parser);

                if (r < 0)
                        return r;
        }
        return 0;
}

static void check_names(const Policy *p, Diag *diag)
{
        const char *names[AG_WORKLOADS_MAX + 1] = { "any-ai", "undeclared-ai" };
        char hint[128];

        for (size_t i = 0; i < p->n_workloads; i++)
                names[i + 2] = p->workloads[i].w.name;
        for (size_t i = 0; i < p->n_rules; i++)
                for (size_t k = 0; k < p->rules[i].n_selectors; k++) {
                        const Selector *s = &p->rules[i].selectors[k];
                        bool found = s->kind != SELECTOR_NAME;

                        for (size_t n = 2; names[n] && !found; n++)
                                found = streq(names[n], s->name);
                        if (!found)
                                diag_add(diag, DIAG_ERROR, p->rules[i].r.file, s->line, s->column,
                                         closest_hint(s->name, names, hint, sizeof(hint)),
                                         "no workload is called \"%s\"", s->name);
                }
}

/* By a selector, or by the law it cites: "KZ-AI-17-3-6" speaks of kz. */
static bool some_rule_names(const Policy *p, const char *jurisdiction)
{
        size_t n = strlen(jurisdiction);

        for (size_t i = 0; i < p->n_rules; i++) {
                const ParsedRule *r = &p->rules[i];

                if (strncasecmp(r->r.law, jurisdiction, n) == 0 && r->r.law[n] == '-')
                        return true;
                for (size_t k = 0; k < r->n_selectors; k++)
                        if (strv_contains(r->selectors[k].jurisdictions, jurisdiction))
                                return true;
        }
        return false;
}

/* A jurisdiction without rules is most likely a law file that was forgotten. */
static void check_jurisdictions(const Policy *p, Diag *diag)
{
        for (char **j = p->jurisdictions; j && *j; j++)
                if (!some_rule_names(p, *j))
                        diag_add(diag, DIAG_WARNING, NULL, 0, 0,
                                 "is its file linked into " POLICY_ADMIN_DIR "?",
                                 "this host is in jurisdiction \"%s\", of which no rule speaks", *j);
        for (size_t i = 0; i < p->n_workloads; i++) {
                const ParsedWorkload *w = &p->workloads[i];

                for (char **j = w->jurisdictions; j && *j; j++)
                        if (!some_rule_names(p, *j))
                                diag_add(diag, DIAG_WARNING, w->w.file, w->w.line, 0,
                                         "is its file linked into " POLICY_ADMIN_DIR "?",
                                         "workload \"%s\" is in jurisdiction \"%s\", of which no rule "
                                         "speaks",
                                         w->w.name, *j);
        }
}

static int copy_attested(Policy *p, const PolicySources *sources)
{
        if (sources->n_attested == 0)
                return 0;
        p->attested = calloc(sources->n_attested, sizeof(*p->attested));
        if (!p->attested)
                return -ENOMEM;
        memcpy(p->attested, sources->attested, sources->n_attested * sizeof(*p->attested));
        p->n_attested = sources->n_attested;
        return 0;
}

int policy_load(const PolicySources *sources, const ModelcapSet *modelcaps, Diag *diag, Policy **ret)
{
        _cleanup_(policy_freep) Policy *p = NULL;
        size_t before = diag_count(diag, DIAG_ERROR);
        int r;

        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->host_mode = sources->host_mode;
        r = add_host_jurisdictions(p, sources->jurisdiction);
        if (r >= 0)
                r = copy_attested(p, sources);
        if (r < 0)
                return r;
        r = policy_files_read(p, sources, diag);
        if (r < 0 && r != -EBADMSG)
                return r;
        r = parse_all(p, modelcaps, diag);
        if (r < 0)
                return r;
        check_names(p, diag);
        if (diag_count(diag, DIAG_ERROR) > before) {
                diag_sort(diag);
                return -EBADMSG;
        }
        check_jurisdictions(p, diag);
        *ret = TAKE_PTR(p);
        return 0;
}
