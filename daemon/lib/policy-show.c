/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: prints a loaded policy as one normalised file, which is a policy
 * again. Owns the layout; reads Policy, changes nothing. Called by aiguardctl.
 */
#include "lib/escape.h"
#include "lib/policy-explain.h"
#include "lib/policy-internal.h"
#include "lib/util-string.h"

/* What YAML takes for a line break, or does not take at all. */
static bool must_be_escaped(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
               c == 0xfffe || c == 0xffff;
}

/* A double-quoted scalar: always safe, whatever is in it. */
static void put_quoted(const char *s, FILE *f)
{
        putc('"', f);
        while (*s) {
                uint32_t c = 0;
                size_t n = utf8_next(s, strlen(s), &c);

                if (n == 0) { /* YAML gives no such string; a byte must not get lost all the same */
                        fprintf(f, "\\x%02x", (unsigned char) *s++);
                        continue;
                }
                if (must_be_escaped(c))
                        fprintf(f, "\\u%04x", c);
                else
                        fprintf(f, "%s%.*s", c == '"' || c == '\\' ? "\\" : "", (int) n, s);
                s += n;
        }
        putc('"', f);
}

static void put_list(const char *key, char *const *l, FILE *f)
{
        fprintf(f, "%s: [", key);
        for (size_t i = 0; l && l[i]; i++) {
                fputs(i > 0 ? ", " : "", f);
                put_quoted(l[i], f);
        }
        fputs("]", f);
}

static void put_bits(const char *key, unsigned bits, const char *const *words, FILE *f)
{
        bool first = true;

        fprintf(f, "%s: [", key);
        for (unsigned i = 0; words[i]; i++)
                if (bits & 1U << i) {
                        fprintf(f, "%s%s", first ? "" : ", ", words[i]);
                        first = false;
                }
        fputs("]", f);
}

static void put_match(const PolicyMatch *m, FILE *f)
{
        const struct {
                const char *key;
                char **l;
        } members[] = {
                { "unit", m->units },           { "slice", m->slices }, { "cgroup", m->cgroups },
                { "container", m->containers }, { "exe", m->exes },     { "user", m->users },
        };
        bool first = true;

        fputs("    match: { ", f);
        for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
                if (!members[i].l)
                        continue;
                fputs(first ? "" : ", ", f);
                put_list(members[i].key, members[i].l, f);
                first = false;
        }
        fputs(" }\n", f);
}

static void put_text(const char *key, const char *s, FILE *f)
{
        if (!s)
                return;
        fprintf(f, "    %s: ", key);
        put_quoted(s, f);
        fputs("\n", f);
}

static void put_place(const char *indent, const char *file, unsigned line, FILE *f)
{
        fprintf(f, "%s# ", indent);
        fputs_escaped(file, f);
        fprintf(f, ":%u\n", line);
}

static void put_workload(const ParsedWorkload *w, FILE *f)
{
        fprintf(f, "  %s:\n", w->w.name);
        put_place("    ", w->w.file, w->w.line, f);
        put_match(&w->w.match, f);
        if (w->jurisdictions) {
                fputs("    ", f);
                put_list("jurisdiction", w->jurisdictions, f);
                fputs("\n", f);
        }
        fprintf(f, "    context: %s\n    risk: %s\n    autonomy: %s\n    state_equivalent: %s\n",
                policy_context_names[w->context], policy_risk_to_string(w->w.risk),
                policy_autonomy_to_string(w->w.autonomy), w->w.state_equivalent ? "true" : "false");
        put_text("autonomy_legal_basis", w->autonomy_legal_basis, f);
        put_text("owner", w->w.owner, f);
        put_text("purpose", w->w.purpose, f);
}

static void put_selector(const Selector *s, FILE *f)
{
        const char *between = "";

        if (s->kind != SELECTOR_ATTRIBUTES) {
                fputs(s->kind == SELECTOR_ANY_AI ? "any-ai" : s->name, f);
                return;
        }
        fputs("{ ", f);
        if (s->jurisdictions) {
                put_list("jurisdiction", s->jurisdictions, f);
                between = ", ";
        }
        if (s->contexts) {
                fputs(between, f);
                put_bits("context", s->contexts, policy_context_names, f);
                between = ", ";
        }
        if (s->risks) {
                fputs(between, f);
                put_bits("risk", s->risks, policy_risk_names, f);
                between = ", ";
        }
        if (s->autonomies) {
                fputs(between, f);
                put_bits("autonomy", s->autonomies, policy_autonomy_names, f);
                between = ", ";
        }
        if (s->state_equivalent >= 0)
                fprintf(f, "%sstate_equivalent: %s", between, s->state_equivalent ? "true" : "false");
        fputs(" }", f);
}

/* Names of the marked columns from `first` on; `cut` takes " identified" off. */
static void put_columns(const ParsedRule *r, const PolicyTables *t, const char *key, unsigned first,
                        unsigned n, FILE *f)
{
        bool any = false;

        for (unsigned i = first; i < first + n; i++) {
                const char *name = t->columns[i];

                if (!r->columns[i])
                        continue;
                if (!any)
                        fprintf(f, "    %s: [", key);
                fprintf(f, "%s%.*s", any ? ", " : "", (int) strcspn(name, " "), name);
                any = true;
        }
        if (any)
                fputs("]\n", f);
}

static bool any_column(const ParsedRule *r, unsigned first)
{
        for (unsigned i = first; i < first + AG_MODELCAPS_MAX; i++)
                if (r->columns[i])
                        return true;
        return false;
}

static void put_rule(const ParsedRule *r, const PolicyTables *t, FILE *f)
{
        fprintf(f, "  - id: %s\n", r->r.id);
        put_place("    ", r->r.file, r->r.line, f);
        put_text("law", r->r.law[0] ? r->r.law : NULL, f);
        put_columns(r, t, "model_capability", AG_COL_IDENTIFIED, AG_MODELCAPS_MAX, f);
        if (any_column(r, AG_COL_CAPABLE))
                fputs("    certainty: capable\n", f);
        else if (any_column(r, AG_COL_SUSPECT))
                fputs("    certainty: suspect\n", f);
        put_columns(r, t, "sensor", AG_COL_CAMERA, 3, f);
        put_columns(r, t, "object", AG_COL_UNDECLARED_MODEL, AG_COLUMNS - AG_COL_UNDECLARED_MODEL, f);
        fputs("    workloads: [", f);
        if (r->everywhere)
                fputs("any-ai", f);
        for (size_t i = 0; i < r->n_selectors; i++) {
                fputs(i > 0 ? ", " : "", f);
                put_selector(&r->selectors[i], f);
        }
        fputs("]\n", f);
        if (r->unless)
                fprintf(f, "    unless: [%s%s%s]\n", r->unless & AG_GRANT_CONSENT ? "consent" : "",
                        r->unless == (AG_GRANT_CONSENT | AG_GRANT_EXCEPTION) ? ", " : "",
                        r->unless & AG_GRANT_EXCEPTION ? "exception" : "");
        if (r->r.attest) {
                fputs("    unless_attested: [", f);
                for (char **item = r->r.attest; *item; item++)
                        fprintf(f, "%s%s", item != r->r.attest ? ", " : "", *item);
                fputs("]\n", f);
        }
        fprintf(f, "    action: %s\n", policy_action_to_string(r->action));
        if (r->mode == POLICY_MODE_AUDIT)
                fputs("    mode: audit\n", f);
}

/* The strictest of the table and of all entries that are enforced. */
static uint8_t default_action(const Policy *p, unsigned line, unsigned class)
{
        uint8_t action = policy_default_lines[line].actions[class];

        for (size_t i = 0; i < p->n_defaults; i++)
                if (p->defaults[i].line == line && p->defaults[i].mode == POLICY_MODE_ENFORCE)
                        action = MAX(action, p->defaults[i].actions[class]);
        return action;
}

static void put_defaults(const Policy *p, FILE *f)
{
        fputs("defaults:\n", f);
        for (unsigned i = 0; i < _POLICY_DEFAULT_MAX; i++)
                fprintf(f, "  %s: { medium: %s, high: %s, state_equivalent: %s }\n",
                        policy_default_lines[i].key,
                        policy_action_to_string(default_action(p, i, POLICY_CLASS_MEDIUM)),
                        policy_action_to_string(default_action(p, i, POLICY_CLASS_HIGH)),
                        policy_action_to_string(default_action(p, i, POLICY_CLASS_STATE)));
        for (size_t i = 0; i < p->n_defaults; i++)
                if (p->defaults[i].mode == POLICY_MODE_AUDIT) {
                        fprintf(f, "  # and, in audit mode, %s of ", p->defaults[i].r.id);
                        fputs_escaped(p->defaults[i].r.file, f);
                        fprintf(f, ":%u\n", p->defaults[i].r.line);
                }
}

int policy_show(const Policy *p, const PolicyTables *t, FILE *f)
{
        fprintf(f, "# %s\n# sha256 %s\n# host mode: %s\n", t->name, t->hash, policy_mode_to_string(t->mode));
        for (size_t i = 0; i < p->n_files; i++) {
                fputs("# file: ", f);
                fputs_escaped(p->files[i].path, f);
                fputs("\n", f);
        }
        for (char **m = p->masks; m && *m; m++) {
                fputs("# loosened: ", f);
                fputs_escaped(*m, f);
                fputs("\n", f);
        }
        fputs("aiguard: 1\n", f);
        if (p->jurisdictions) {
                put_list("jurisdiction", p->jurisdictions, f);
                fputs("\n", f);
        }
        if (p->n_workloads > 0)
                fputs("workloads:\n", f);
        for (size_t i = 0; i < p->n_workloads; i++)
                put_workload(&p->workloads[i], f);
        if (p->n_rules > 0)
                fputs("rules:\n", f);
        for (size_t i = 0; i < p->n_rules; i++)
                put_rule(&p->rules[i], t, f);
        put_defaults(p, f);
        return ferror(f) ? -EIO : 0;
}
