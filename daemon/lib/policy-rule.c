/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `rules:` and `defaults:` of a policy file. Owns the keys of a rule
 * and what they may be. A rule only tightens: that there is no allow is said
 * here. Called by policy-parse.c.
 */
#include "lib/glob.h"
#include "lib/policy-internal.h"
#include "lib/util-string.h"

#define LAW_MAX 64U
#define ATTEST_MAX 16U

static const char *const rule_keys[] = { "id",     "law",       "model_capability", "sensor",
                                         "object", "certainty", "workloads",        "unless",
                                         "action", "mode",      "unless_attested",  NULL };
static const char *const certainty_names[] = { "identified", "suspect", "capable", NULL };
static const char *const grant_names[] = { "consent", "exception", NULL };
static const char *const sensor_names[] = { "camera", "microphone", "network-camera", NULL };
static const char *const class_names[] = { "medium", "high", "state_equivalent", NULL };

/* --------------------------------------------------------------- columns */

static int mark_group(PolicyParser *p, const YamlNode *n, const char *pattern, int certainty,
                      ParsedRule *rule)
{
        size_t size = modelcap_set_size(p->modelcaps);
        const char *names[AG_MODELCAPS_MAX + 1] = {};
        bool any = false;
        char hint[128];

        for (size_t i = 0; i < size && i < AG_MODELCAPS_MAX; i++) {
                names[i] = modelcap_set_name(p->modelcaps, i);
                if (!glob_match(pattern, names[i]))
                        continue;
                any = true;
                /* what holds for the less certain holds for the more certain */
                for (int c = certainty; c >= AG_COL_IDENTIFIED; c -= AG_MODELCAPS_MAX)
                        rule->columns[(size_t) c + i] = true;
        }
        if (!any)
                yaml_node_diag(n, p->diag, DIAG_ERROR, closest_hint(pattern, names, hint, sizeof(hint)),
                               strchr(pattern, '*') ? "no model capability is in the group \"%s\""
                                                    : "unknown model capability \"%s\"",
                               pattern);
        return 0;
}

static int parse_modelcaps(PolicyParser *p, const YamlNode *n, int certainty, ParsedRule *rule)
{
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        r = yaml_get_strv(n, "model_capability", p->diag, &l);
        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        for (size_t i = 0; l[i]; i++)
                mark_group(p, yaml_node_size(n) ? yaml_node_at(n, i) : n, l[i], certainty, rule);
        return 0;
}

/* A word, or a list of words, of a table: a bit for each. */
static unsigned parse_words(PolicyParser *p, const YamlNode *n, const char *what, const char *const *words)
{
        unsigned bits = 0, i;

        if (yaml_node_kind(n) != YAML_KIND_LIST)
                return yaml_get_enum(n, what, words, p->diag, &i) < 0 ? 0 : 1U << i;
        if (yaml_node_size(n) == 0)
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL, "%s is an empty list", what);
        for (size_t k = 0; k < yaml_node_size(n); k++)
                if (yaml_get_enum(yaml_node_at(n, k), what, words, p->diag, &i) >= 0)
                        bits |= 1U << i;
        return bits;
}

static int parse_columns(PolicyParser *p, const YamlNode *map, ParsedRule *rule)
{
        const YamlNode *caps = yaml_node_get(map, "model_capability"),
                       *sensor = yaml_node_get(map, "sensor"), *object = yaml_node_get(map, "object"),
                       *certainty = yaml_node_get(map, "certainty");
        /* the special columns that are no sensors */
        const char *const *objects = policy_object_names + (AG_COL_UNDECLARED_MODEL - AG_COL_CAMERA);
        unsigned level = 0, bits;

        if (!caps && !sensor && !object)
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL,
                               "a rule must say on what: model_capability, sensor or object");
        if (certainty && !caps)
                yaml_node_diag(certainty, p->diag, DIAG_ERROR, NULL,
                               "certainty is of a model_capability only");
        if (certainty)
                (void) yaml_get_enum(certainty, "certainty", certainty_names, p->diag, &level);

        bits = sensor ? parse_words(p, sensor, "sensor", sensor_names) : 0;
        for (unsigned i = 0; sensor_names[i]; i++)
                if (bits & 1U << i)
                        rule->columns[AG_COL_CAMERA + i] = true;
        bits = object ? parse_words(p, object, "object", objects) : 0;
        for (unsigned i = 0; objects[i]; i++)
                if (bits & 1U << i)
                        rule->columns[AG_COL_UNDECLARED_MODEL + i] = true;
        return caps ? parse_modelcaps(p, caps, (int) level * AG_MODELCAPS_MAX, rule) : 0;
}

/* ---------------------------------------------------------------- a rule */

static bool is_law(const char *s, size_t max)
{
        return strlen(s) <= max &&
               strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/()") ==
                               strlen(s);
}

/* What an owner has to attest, item by item; each is a place in a law. */
static int parse_attest(PolicyParser *p, const YamlNode *map, ParsedRule *rule)
{
        const YamlNode *n = yaml_node_get(map, "unless_attested");
        int r = n ? yaml_get_strv(n, "unless_attested", p->diag, &rule->r.attest) : 0;

        if (!n || r < 0)
                return r == -EBADMSG ? 0 : r;
        if (strv_length(rule->r.attest) > ATTEST_MAX)
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL, "unless_attested takes at most %u items",
                               ATTEST_MAX);
        for (char **item = rule->r.attest; item && *item; item++)
                if (!**item || !is_law(*item, AG_NAME_MAX - 1))
                        yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                                       "\"%s\" is no item: one word such as KZ-AI-17-3-1", *item);
        return 0;
}

static bool parse_action_node(PolicyParser *p, const YamlNode *n, const char *what, uint8_t *ret)
{
        unsigned i;

        if (yaml_node_text(n) && streq(yaml_node_text(n), "allow")) {
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "there is no allow: a rule only tightens; what lifts it is a grant (unless) "
                               "or a declaration");
                return false;
        }
        if (yaml_get_enum(n, what, policy_action_names + 1, p->diag, &i) < 0)
                return false;
        *ret = (uint8_t) (i + 1);
        return true;
}

static void parse_action(PolicyParser *p, const YamlNode *map, ParsedRule *rule)
{
        const YamlNode *n = yaml_node_get(map, "action"), *mode = yaml_node_get(map, "mode");
        unsigned i;

        if (!n)
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL, "a rule must have an action");
        else
                (void) parse_action_node(p, n, "action", &rule->action);

        rule->mode = p->mode;
        if (mode && yaml_get_enum(mode, "mode", policy_mode_names, p->diag, &i) >= 0) {
                if (i > p->mode)
                        yaml_node_diag(mode, p->diag, DIAG_WARNING, NULL,
                                       "mode: enforce changes nothing in a file whose mode is audit");
                rule->mode = MIN(p->mode, (PolicyMode) i);
        }
}

static int parse_id(PolicyParser *p, const YamlNode *map, ParsedRule *rule)
{
        const YamlNode *n = yaml_node_get(map, "id");
        const char *s = NULL;

        if (!n)
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL, "a rule must have an id");
        else if (yaml_get_string(n, "id", p->diag, &s) >= 0 && !policy_name_valid(s))
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "\"%s\" is no id: letters, digits, \".\", \"_\" and \"-\", at most %d", s,
                               AG_NAME_MAX - 1);
        else if (s && startswith(s, "default-"))
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "ids that begin with \"default-\" are those of the table of defaults");
        for (size_t i = 0; s && i + 1 < p->policy->n_rules; i++) {
                const PolicyRule *r = &p->policy->rules[i].r;

                if (!r->id || !streq(r->id, s))
                        continue;
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL, "rule \"%s\" is there already, in %s:%u", s,
                               r->file, r->line);
                break;
        }
        rule->r.id = strdup(s ? s : "");
        return rule->r.id ? 0 : -ENOMEM;
}

static int parse_law(PolicyParser *p, const YamlNode *map, ParsedRule *rule)
{
        const YamlNode *n = yaml_node_get(map, "law");
        const char *s = "";

        if (n && yaml_get_string(n, "law", p->diag, &s) >= 0 && !is_law(s, LAW_MAX))
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "law must be one word such as KZ-AI-17-3-6, at most %u characters", LAW_MAX);
        rule->r.law = strdup(s);
        return rule->r.law ? 0 : -ENOMEM;
}

static int parse_rule(PolicyParser *p, const YamlNode *map)
{
        Policy *policy = p->policy;
        const YamlNode *n;
        ParsedRule *rule;
        int r;

        if (yaml_node_kind(map) != YAML_KIND_MAP) {
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL, "a rule must be a map (id: ...)");
                return 0;
        }
        (void) yaml_check_keys(map, "a rule", rule_keys, p->diag);
        r = policy_grow((void **) &policy->rules, &policy->n_rules, sizeof(*rule), AG_RULES_MAX / 2);
        if (r == -E2BIG) {
                yaml_node_diag(map, p->diag, DIAG_ERROR, NULL, "more than %d rules", AG_RULES_MAX / 2);
                return 0;
        }
        if (r < 0)
                return r;
        rule = &policy->rules[policy->n_rules - 1];
        rule->r.line = yaml_node_line(map);
        rule->r.column = yaml_node_column(map);
        rule->r.file = strdup(p->file->path);
        r = rule->r.file ? parse_id(p, map, rule) : -ENOMEM;
        if (r >= 0)
                r = parse_law(p, map, rule);
        if (r >= 0)
                r = parse_columns(p, map, rule);
        if (r >= 0)
                r = parse_attest(p, map, rule);
        if (r < 0)
                return r;
        n = yaml_node_get(map, "unless");
        if (n) /* the bits of enum ag_grant are in the order of their names */
                rule->unless = (uint8_t) parse_words(p, n, "unless", grant_names);
        parse_action(p, map, rule);
        return policy_parse_selectors(p, yaml_node_get(map, "workloads"), rule);
}

_Static_assert(AG_GRANT_CONSENT == 1 && AG_GRANT_EXCEPTION == 2, "grant_names is in the order of the bits");

int policy_parse_rules(PolicyParser *p, const YamlNode *list)
{
        if (yaml_node_kind(list) != YAML_KIND_LIST) {
                yaml_node_diag(list, p->diag, DIAG_ERROR, NULL, "rules must be a list (- id: ...)");
                return 0;
        }
        for (size_t i = 0; i < yaml_node_size(list); i++) {
                int r = parse_rule(p, yaml_node_at(list, i));

                if (r < 0)
                        return r;
        }
        return 0;
}

/* -------------------------------------------------------------- defaults */

static void set_default(PolicyParser *p, const YamlNode *n, ParsedDefault *d, unsigned class)
{
        const PolicyDefaultLine *line = &policy_default_lines[d->line];
        uint8_t action;

        if (!parse_action_node(p, n, line->key, &action))
                return;
        if (action < line->actions[class])
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "%s of %s is %s by default and can only be tightened", line->key,
                               class_names[class], policy_action_to_string(line->actions[class]));
        d->actions[class] = action;
}

static int parse_default(PolicyParser *p, const YamlNode *key, const YamlNode *n, PolicyDefault line)
{
        Policy *policy = p->policy;
        ParsedDefault *d;
        int r;

        r = policy_grow((void **) &policy->defaults, &policy->n_defaults, sizeof(*d), AG_RULES_MAX / 4);
        if (r < 0)
                return r;
        d = &policy->defaults[policy->n_defaults - 1];
        d->line = line;
        d->mode = p->mode;
        d->r.line = yaml_node_line(key);
        d->r.column = yaml_node_column(key);
        d->r.file = strdup(p->file->path);
        d->r.id = strdup(policy_default_lines[line].id);
        d->r.law = strdup("");
        if (!d->r.file || !d->r.id || !d->r.law)
                return -ENOMEM;
        if (yaml_node_kind(n) == YAML_KIND_SCALAR) {
                for (unsigned class = 0; class < _POLICY_CLASS_MAX; class ++) {
                        size_t errors = diag_count(p->diag, DIAG_ERROR);

                        set_default(p, n, d, class);
                        if (diag_count(p->diag, DIAG_ERROR) > errors)
                                break; /* one message is enough */
                }
                return 0;
        }
        (void) yaml_check_keys(n, policy_default_lines[line].key, class_names, p->diag);
        for (unsigned class = 0; class < _POLICY_CLASS_MAX; class ++) {
                const YamlNode *value = yaml_node_get(n, class_names[class]);

                if (value)
                        set_default(p, value, d, class);
        }
        return 0;
}

int policy_parse_defaults(PolicyParser *p, const YamlNode *map)
{
        const char *names[_POLICY_DEFAULT_MAX + 1] = {};

        for (size_t i = 0; i < _POLICY_DEFAULT_MAX; i++)
                names[i] = policy_default_lines[i].key;
        (void) yaml_check_keys(map, "defaults", names, p->diag);
        for (unsigned i = 0; i < _POLICY_DEFAULT_MAX; i++) {
                for (size_t k = 0; k < yaml_node_size(map); k++) {
                        const YamlNode *key = yaml_node_key(map, k);
                        int r;

                        if (!key || !streq(yaml_node_text(key), names[i]))
                                continue;
                        r = parse_default(p, key, yaml_node_at(map, k), (PolicyDefault) i);
                        if (r < 0)
                                return r == -E2BIG ? 0 : r;
                }
        }
        return 0;
}
