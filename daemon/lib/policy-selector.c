/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `workloads:` of a rule: of whom it speaks. Parses selectors, and
 * says whether one holds for a workload. Several are "or"; inside a map all
 * must hold. Called by policy-rule.c and policy-compile.c.
 */
#include "lib/policy-internal.h"
#include "lib/util-string.h"

static const char *const attribute_keys[] = { "jurisdiction", "context",          "risk",
                                              "autonomy",     "state_equivalent", NULL };
#define SELECTORS_MAX 256U

void policy_selector_done(Selector *s)
{
        free(s->name);
        strv_free(s->jurisdictions);
}

static unsigned parse_bits(PolicyParser *p, const YamlNode *map, const char *key, const char *const *words)
{
        const YamlNode *n = yaml_node_get(map, key);
        unsigned bits = 0, i;

        if (!n)
                return 0;
        if (yaml_node_kind(n) != YAML_KIND_LIST)
                return yaml_get_enum(n, key, words, p->diag, &i) < 0 ? 0 : 1U << i;
        if (yaml_node_size(n) == 0)
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL, "%s is an empty list", key);
        for (size_t k = 0; k < yaml_node_size(n); k++)
                if (yaml_get_enum(yaml_node_at(n, k), key, words, p->diag, &i) >= 0)
                        bits |= 1U << i;
        return bits;
}

static int parse_attributes(PolicyParser *p, const YamlNode *map, Selector *s)
{
        const YamlNode *n;
        bool value;

        (void) yaml_check_keys(map, "a selector of workloads", attribute_keys, p->diag);
        if (yaml_node_size(map) == 0)
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL, "an empty selector; for all, say any-ai");
        s->kind = SELECTOR_ATTRIBUTES;
        s->contexts = parse_bits(p, map, "context", policy_context_names);
        s->risks = parse_bits(p, map, "risk", policy_risk_names);
        s->autonomies = parse_bits(p, map, "autonomy", policy_autonomy_names);
        n = yaml_node_get(map, "state_equivalent");
        if (n && yaml_get_boolean(n, "state_equivalent", p->diag, &value) >= 0)
                s->state_equivalent = value;
        n = yaml_node_get(map, "jurisdiction");
        return n ? policy_parse_names(p, n, "jurisdiction", &s->jurisdictions) : 0;
}

static int parse_selector(PolicyParser *p, const YamlNode *n, ParsedRule *rule)
{
        const char *text = yaml_node_text(n);
        Selector *s;
        int r;

        r = policy_grow((void **) &rule->selectors, &rule->n_selectors, sizeof(*s), SELECTORS_MAX);
        if (r == -E2BIG) {
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL, "more than %u workloads in one rule",
                               SELECTORS_MAX);
                return 0;
        }
        if (r < 0)
                return r;
        s = &rule->selectors[rule->n_selectors - 1];
        s->line = yaml_node_line(n);
        s->column = yaml_node_column(n);
        s->state_equivalent = -1;
        if (yaml_node_kind(n) == YAML_KIND_MAP)
                return parse_attributes(p, n, s);
        if (!text || !*text) {
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "workloads must be any-ai, undeclared-ai, a name, or a map such as { "
                               "jurisdiction: kz }");
                return 0;
        }
        s->kind = streq(text, "any-ai")          ? SELECTOR_ANY_AI
                  : streq(text, "undeclared-ai") ? SELECTOR_UNDECLARED
                                                 : SELECTOR_NAME;
        s->name = strdup(text);
        return s->name ? 0 : -ENOMEM;
}

int policy_parse_selectors(PolicyParser *p, const YamlNode *n, ParsedRule *rule)
{
        int r = 0;

        if (!n) {
                rule->everywhere = true;
                return 0;
        }
        if (yaml_node_kind(n) != YAML_KIND_LIST)
                return parse_selector(p, n, rule);
        if (yaml_node_size(n) == 0)
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "workloads is an empty list; for all, say any-ai");
        for (size_t i = 0; r >= 0 && i < yaml_node_size(n); i++)
                r = parse_selector(p, yaml_node_at(n, i), rule);
        return r;
}

/* Both lists may be NULL: a selector's means any, a workload's means the host's. */
static bool share_one(char *const *wanted, char *const *have)
{
        if (!wanted)
                return true;
        for (; have && *have; have++)
                if (strv_contains(wanted, *have))
                        return true;
        return false;
}

static bool attributes_hold(const Policy *p, const Selector *s, const ParsedWorkload *w)
{
        if (!share_one(s->jurisdictions, w->jurisdictions ? w->jurisdictions : p->jurisdictions))
                return false;
        if (s->contexts && !(s->contexts & 1U << w->context))
                return false;
        if (s->risks && !(s->risks & 1U << w->w.risk))
                return false;
        if (s->autonomies && !(s->autonomies & 1U << w->w.autonomy))
                return false;
        return s->state_equivalent < 0 || (s->state_equivalent > 0) == w->w.state_equivalent;
}

bool policy_selector_matches(const Policy *p, const ParsedRule *r, const ParsedWorkload *w)
{
        bool undeclared = streq(w->w.name, "undeclared-ai");

        if (r->everywhere)
                return true;
        for (size_t i = 0; i < r->n_selectors; i++) {
                const Selector *s = &r->selectors[i];

                if (s->kind == SELECTOR_ANY_AI || (s->kind == SELECTOR_UNDECLARED && undeclared) ||
                    (s->kind == SELECTOR_NAME && streq(s->name, w->w.name)) ||
                    (s->kind == SELECTOR_ATTRIBUTES && attributes_hold(p, s, w)))
                        return true;
        }
        return false;
}

static bool is_attested(const Policy *p, const char *item, const ParsedWorkload *w)
{
        const char *context = policy_context_names[w->context];

        for (size_t i = 0; i < p->n_attested; i++) {
                const PolicyAttested *a = &p->attested[i];

                if (streq(a->workload, w->w.name) && (!a->context[0] || streq(a->context, context)) &&
                    (streq(a->item, item) || streq(a->item, "*")))
                        return true;
        }
        return false;
}

bool policy_rule_attested(const Policy *p, const ParsedRule *r, const ParsedWorkload *w)
{
        if (!r->r.attest)
                return false;
        for (char **item = r->r.attest; *item; item++)
                if (!is_attested(p, *item, w))
                        return false;
        return true;
}
