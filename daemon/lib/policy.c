/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the words of the policy language, and the ends of its objects.
 * Owns names and destructors; no parsing, no compiling. Called by all of
 * policy-*.c, by the daemon and by aiguardctl.
 */
#include "lib/policy.h"

#include "lib/policy-internal.h"
#include "lib/util-string.h"

const char *const policy_context_names[] = { "other",   "workplace", "education", "public",
                                             "medical", "safety",    NULL };
const char *const policy_risk_names[] = { "minimal", "medium", "high", NULL };
const char *const policy_autonomy_names[] = { "low", "medium", "high", NULL };
const char *const policy_mode_names[] = { "audit", "enforce", NULL };
const char *const policy_action_names[] = { "allow", "report", "audit", "deny", "suspend", "kill", NULL };
const char *const policy_object_names[] = { "camera",           "microphone",  "network-camera",
                                            "undeclared-model", "unparsable",  "unscannable",
                                            "unknown",          "daemon-down", NULL };

_Static_assert(ARRAY_SIZE(policy_context_names) == _POLICY_CONTEXT_MAX + 1, "a name for each context");
_Static_assert(ARRAY_SIZE(policy_action_names) == _AG_ACTION_MAX + 1, "a name for each action");
_Static_assert(ARRAY_SIZE(policy_object_names) == AG_COLUMNS - AG_COL_CAMERA + 1, "a name for each column");

const char *policy_action_to_string(uint8_t action)
{
        return action < _AG_ACTION_MAX ? policy_action_names[action] : "invalid";
}

const char *policy_mode_to_string(PolicyMode m)
{
        return policy_mode_names[m];
}

const char *policy_risk_to_string(PolicyRisk r)
{
        return policy_risk_names[r];
}

const char *policy_autonomy_to_string(PolicyAutonomy a)
{
        return policy_autonomy_names[a];
}

bool policy_name_valid(const char *s)
{
        size_t n = strlen(s);

        return n > 0 && n < AG_NAME_MAX && s[0] != '.' && s[0] != '-' &&
               strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

int policy_jurisdictions_join(char *const *l, char **ret)
{
        _cleanup_free_ char *s = strdup("");

        for (size_t i = 0; s && l && l[i]; i++) {
                char *longer;

                if (string_printf(&longer, "%s%s%s", s, i > 0 ? ", " : "", l[i]) < 0)
                        return -ENOMEM;
                free(s);
                s = longer;
        }
        if (!s)
                return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

int policy_grow(void **array, size_t *n, size_t size, size_t max)
{
        char *grown;

        if (*n >= max)
                return -E2BIG;
        grown = realloc(*array, (*n + 1) * size);
        if (!grown)
                return -ENOMEM;
        memset(grown + *n * size, 0, size);
        *array = grown;
        (*n)++;
        return 0;
}

void policy_workload_done(PolicyWorkload *w)
{
        free(w->name);
        free(w->jurisdiction);
        free(w->context);
        free(w->owner);
        free(w->purpose);
        free(w->file);
        strv_free(w->match.units);
        strv_free(w->match.slices);
        strv_free(w->match.cgroups);
        strv_free(w->match.containers);
        strv_free(w->match.exes);
        strv_free(w->match.users);
}

void policy_rule_done(PolicyRule *r)
{
        free(r->id);
        free(r->law);
        free(r->file);
        strv_free(r->attest);
}

static void parsed_rule_done(ParsedRule *r)
{
        policy_rule_done(&r->r);
        for (size_t i = 0; i < r->n_selectors; i++)
                policy_selector_done(&r->selectors[i]);
        free(r->selectors);
}

Policy *policy_free(Policy *p)
{
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->n_files; i++)
                policy_file_done(&p->files[i]);
        for (size_t i = 0; i < p->n_workloads; i++) {
                policy_workload_done(&p->workloads[i].w);
                strv_free(p->workloads[i].jurisdictions);
                free(p->workloads[i].autonomy_legal_basis);
        }
        for (size_t i = 0; i < p->n_rules; i++)
                parsed_rule_done(&p->rules[i]);
        for (size_t i = 0; i < p->n_defaults; i++)
                policy_rule_done(&p->defaults[i].r);
        free(p->files);
        free(p->workloads);
        free(p->rules);
        free(p->defaults);
        strv_free(p->names);
        strv_free(p->masks);
        free(p->attested);
        strv_free(p->jurisdictions);
        free(p);
        return NULL;
}

PolicyTables *policy_tables_free(PolicyTables *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; t->workloads && i < t->n_workloads; i++)
                policy_workload_done(&t->workloads[i]);
        for (size_t i = 0; t->rules && i < t->n_rules; i++)
                policy_rule_done(&t->rules[i]);
        free(t->name);
        free(t->workloads);
        free(t->rules);
        free(t->columns);
        free(t->rows);
        strv_free(t->masks);
        free(t);
        return NULL;
}

int policy_tables_find(const PolicyTables *t, const char *workload)
{
        for (size_t i = 0; i < t->n_workloads; i++)
                if (streq(t->workloads[i].name, workload))
                        return (int) i;
        return -ENOENT;
}

/* "emotion.face:suspect" without its tail, and the first column of that tail. */
static int certainty_column(const char *tail)
{
        static const struct {
                const char *word;
                int column;
        } words[] = {
                { "identified", AG_COL_IDENTIFIED },
                { "suspect", AG_COL_SUSPECT },
                { "capable", AG_COL_CAPABLE },
        };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (streq(tail, words[i].word))
                        return words[i].column;
        return -ENOENT;
}

int policy_column_parse(const ModelcapSet *modelcaps, const char *name)
{
        const char *colon = strchr(name, ':');
        _cleanup_free_ char *head = NULL;
        int base, i;

        for (i = 0; policy_object_names[i]; i++)
                if (streq(policy_object_names[i], name))
                        return AG_COL_CAMERA + i;
        base = colon ? certainty_column(colon + 1) : AG_COL_IDENTIFIED;
        if (base < 0)
                return base;
        head = colon ? strndup(name, (size_t) (colon - name)) : strdup(name);
        if (!head)
                return -ENOMEM;
        i = modelcap_set_find(modelcaps, head);
        return i < 0 ? -ENOENT : base + i;
}
