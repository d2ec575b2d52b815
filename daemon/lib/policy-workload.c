/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `workloads:` of a policy file. Owns the keys of a workload and the
 * conditions the law puts between them. Called by policy-parse.c.
 */
#include "lib/policy-internal.h"
#include "lib/util-string.h"

#define TEXT_MAX 256U
#define PATTERN_MAX 1024U

static const char *const workload_keys[] = {
        "match",   "jurisdiction", "risk",    "autonomy", "autonomy_legal_basis", "state_equivalent",
        "context", "owner",        "purpose", NULL,
};
static const char *const match_keys[] = { "unit", "slice", "cgroup", "container", "exe", "user", NULL };
static const char *const reserved_names[] = { "any-ai", "undeclared-ai", "other", NULL };

static bool pattern_valid(const char *key, const char *s, const char **ret_wanted)
{
        size_t n = strlen(s);

        if (n > PATTERN_MAX) {
                *ret_wanted = "is too long";
                return false;
        }
        if ((streq(key, "exe") || streq(key, "cgroup")) && s[0] != '/') {
                *ret_wanted = "must begin with a slash";
                return false;
        }
        if (streq(key, "exe") && strpbrk(s, "*?")) {
                *ret_wanted = "must be the path of one executable, without * or ?";
                return false;
        }
        if (!streq(key, "exe") && !streq(key, "cgroup") && strchr(s, '/')) {
                *ret_wanted = "must have no slash in it";
                return false;
        }
        if (streq(key, "unit") && endswith(s, ".slice")) {
                *ret_wanted = "is a slice: use `slice:`";
                return false;
        }
        return true;
}

static int parse_match_key(PolicyParser *p, const char *key, const YamlNode *n, char ***ret)
{
        _cleanup_(strv_freep) char **l = NULL;
        const char *wanted = NULL;
        int r;

        r = yaml_get_strv(n, key, p->diag, &l);
        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        for (size_t i = 0; l[i]; i++)
                if (!pattern_valid(key, l[i], &wanted))
                        yaml_node_diag(yaml_node_size(n) ? yaml_node_at(n, i) : n, p->diag, DIAG_ERROR, NULL,
                                       "%s \"%s\" %s", key, l[i], wanted);
        *ret = TAKE_PTR(l);
        return 0;
}

static int parse_match(PolicyParser *p, const YamlNode *n, PolicyMatch *m)
{
        char ***members[] = { &m->units, &m->slices, &m->cgroups, &m->containers, &m->exes, &m->users };

        (void) yaml_check_keys(n, "match", match_keys, p->diag);
        if (yaml_node_kind(n) != YAML_KIND_MAP)
                return 0;
        for (size_t i = 0; match_keys[i]; i++) {
                const YamlNode *value = yaml_node_get(n, match_keys[i]);
                int r = value ? parse_match_key(p, match_keys[i], value, members[i]) : 0;

                if (r < 0)
                        return r;
        }
        if (yaml_node_size(n) == 0)
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "match must name a unit, slice, cgroup, container, exe or user");
        return 0;
}

static int parse_text(PolicyParser *p, const YamlNode *map, const char *key, char **ret)
{
        const YamlNode *n = yaml_node_get(map, key);
        const char *s;

        if (!n || yaml_get_string(n, key, p->diag, &s) < 0)
                return 0;
        if (strlen(s) > TEXT_MAX) {
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL, "%s is longer than %u bytes", key, TEXT_MAX);
                return 0;
        }
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

static int parse_texts(PolicyParser *p, const YamlNode *map, ParsedWorkload *w)
{
        int r;

        r = parse_text(p, map, "owner", &w->w.owner);
        if (r >= 0)
                r = parse_text(p, map, "purpose", &w->w.purpose);
        if (r >= 0)
                r = parse_text(p, map, "autonomy_legal_basis", &w->autonomy_legal_basis);
        return r;
}

static unsigned parse_word(PolicyParser *p, const YamlNode *map, const char *key, const char *const *words,
                           unsigned fallback)
{
        const YamlNode *n = yaml_node_get(map, key);
        unsigned i = fallback;

        if (n)
                (void) yaml_get_enum(n, key, words, p->diag, &i);
        return i;
}

/* What the law ties together. */
static void check_conditions(PolicyParser *p, const YamlNode *map, ParsedWorkload *w)
{
        const YamlNode *state = yaml_node_get(map, "state_equivalent"),
                       *autonomy = yaml_node_get(map, "autonomy");
        bool value;

        if (state && yaml_get_boolean(state, "state_equivalent", p->diag, &value) >= 0) {
                if (value && w->w.risk != POLICY_RISK_HIGH)
                        yaml_node_diag(state, p->diag, DIAG_WARNING, NULL,
                                       "the law equates only workloads of high risk with state systems");
                w->w.state_equivalent = value;
        }
        if (!state && w->w.risk == POLICY_RISK_HIGH)
                yaml_node_diag(map, p->diag, DIAG_WARNING, NULL,
                               "high risk, and state_equivalent is not said: taken as false");
        if (w->w.autonomy == POLICY_AUTONOMY_HIGH && !yaml_node_get(map, "autonomy_legal_basis"))
                yaml_node_diag(autonomy, p->diag, DIAG_ERROR, NULL,
                               "high autonomy is lawful only by a law: name it in autonomy_legal_basis");
}

static int parse_body(PolicyParser *p, const YamlNode *map, ParsedWorkload *w)
{
        const YamlNode *n;
        int r;

        w->w.risk = parse_word(p, map, "risk", policy_risk_names, POLICY_RISK_MEDIUM);
        w->w.autonomy = parse_word(p, map, "autonomy", policy_autonomy_names, POLICY_AUTONOMY_MEDIUM);
        w->context = parse_word(p, map, "context", policy_context_names, POLICY_CONTEXT_OTHER);
        w->w.context = strdup(policy_context_names[w->context]);
        if (!w->w.context)
                return -ENOMEM;
        check_conditions(p, map, w);

        n = yaml_node_get(map, "jurisdiction");
        r = n ? policy_parse_names(p, n, "jurisdiction", &w->jurisdictions) : 0;
        if (r >= 0)
                r = parse_texts(p, map, w);
        if (r < 0)
                return r;
        n = yaml_node_get(map, "match");
        if (!n) {
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL,
                               "workload \"%s\" has no match: how is it to be known?", w->w.name);
                return 0;
        }
        return parse_match(p, n, &w->w.match);
}

static bool name_usable(PolicyParser *p, const YamlNode *key)
{
        const char *name = yaml_node_text(key);

        if (!policy_name_valid(name)) {
                yaml_node_diag(key, p->diag, DIAG_ERROR, NULL,
                               "\"%s\" is no name for a workload: letters, digits, \".\", \"_\" and \"-\", "
                               "at most %d",
                               name, AG_NAME_MAX - 1);
                return false;
        }
        for (size_t i = 0; reserved_names[i]; i++)
                if (streq(reserved_names[i], name)) {
                        yaml_node_diag(key, p->diag, DIAG_ERROR, NULL,
                                       "the name \"%s\" has a meaning already", name);
                        return false;
                }
        for (size_t i = 0; i < p->policy->n_workloads; i++) {
                const PolicyWorkload *w = &p->policy->workloads[i].w;

                if (!streq(w->name, name))
                        continue;
                yaml_node_diag(key, p->diag, DIAG_ERROR, NULL, "workload \"%s\" is there already, in %s:%u",
                               name, w->file, w->line);
                return false;
        }
        return true;
}

static int parse_one(PolicyParser *p, const YamlNode *key, const YamlNode *map)
{
        Policy *policy = p->policy;
        ParsedWorkload *w;
        int r;

        if (!name_usable(p, key))
                return 0;
        if (yaml_node_get(map, "not_ai")) {
                yaml_node_diag(yaml_node_get(map, "not_ai"), p->diag, DIAG_ERROR,
                               "see aiguardctl workload declare --not-ai",
                               "not_ai is no word of the policy: it is a declaration, with a reason and an "
                               "end");
                return 0;
        }
        if (yaml_check_keys(map, "a workload", workload_keys, p->diag) < 0 &&
            yaml_node_kind(map) != YAML_KIND_MAP)
                return 0;
        r = policy_grow((void **) &policy->workloads, &policy->n_workloads, sizeof(*w),
                        AG_WORKLOADS_MAX - AG_WORKLOAD_FIRST);
        if (r == -E2BIG) {
                yaml_node_diag(key, p->diag, DIAG_ERROR, NULL, "more than %d workloads",
                               AG_WORKLOADS_MAX - AG_WORKLOAD_FIRST);
                return 0;
        }
        if (r < 0)
                return r;
        w = &policy->workloads[policy->n_workloads - 1];
        w->w.name = strdup(yaml_node_text(key));
        w->w.file = strdup(p->file->path);
        w->w.line = yaml_node_line(key);
        return w->w.name && w->w.file ? parse_body(p, map, w) : -ENOMEM;
}

int policy_parse_workloads(PolicyParser *p, const YamlNode *map)
{
        if (yaml_node_kind(map) != YAML_KIND_MAP) {
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL, "workloads must be a map (name: ...)");
                return 0;
        }
        for (size_t i = 0; i < yaml_node_size(map); i++) {
                int r = parse_one(p, yaml_node_key(map, i), yaml_node_at(map, i));

                if (r < 0)
                        return r;
        }
        return 0;
}
