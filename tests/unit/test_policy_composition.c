/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The compiler against a second, naive evaluator that shares no line with it:
 * random policies as text, each cell compared for each set of grants.
 */
#include "policy-fixture.h"

#define ROUNDS 300
#define RULES_MAX 7
#define WORKLOADS 3

static uint64_t state;

static unsigned pick(unsigned n)
{
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned) (state >> 33) % n;
}

typedef struct Line {
        const char *key;
        unsigned actions[3];
        unsigned unless;
        unsigned first;
        unsigned n;
} Line;

/* The table of the documentation, typed a second time. */
static const Line table[] = {
        { "prohibited", { 3, 3, 3 }, 0, 0, 32 },      { "suspect", { 2, 3, 3 }, 0, 32, 32 },
        { "capable", { 1, 2, 2 }, 3, 64, 32 },        { "undeclared_model", { 1, 2, 3 }, 2, 99, 1 },
        { "sensor", { 3, 3, 3 }, 3, 96, 3 },          { "on_unparsable", { 2, 3, 3 }, 2, 100, 1 },
        { "on_unscannable", { 2, 3, 3 }, 2, 101, 1 }, { "on_unknown", { 3, 3, 3 }, 0, 102, 1 },
        { "on_daemon_down", { 2, 3, 3 }, 0, 103, 1 },
};

static const char *const caps[] = { "emotion.face", "emotion.text", "emotion.voice" };
static const char *const certainties[] = { "identified", "suspect", "capable" };
static const char *const specials[] = { "camera",     "microphone",  "network-camera", "undeclared-model",
                                        "unparsable", "unscannable", "unknown",        "daemon-down" };
static const char *const actions[] = { "allow", "report", "audit", "deny", "suspend", "kill" };
static const char *const risks[] = { "minimal", "medium", "high" };
static const char *const contexts[] = { "other", "workplace", "medical" };
static const char *const places[] = { "kz", "eu" };

typedef struct Who {
        unsigned risk, context, place;
        bool state;
} Who;

typedef struct Rule {
        bool columns[AG_COLUMNS];
        unsigned unless, action;
        bool audit;
        unsigned kind; /* 0 any, 1 undeclared, 2 name, 3 risk, 4 context and place */
        unsigned name, risk, context, place;
} Rule;

typedef struct World {
        bool host_audit, file_audit;
        Who who[WORKLOADS + 1]; /* 0: undeclared */
        Rule rules[RULES_MAX];
        unsigned n_rules;
        unsigned line, tightened; /* of `defaults:` */
} World;

static void make_columns(Rule *r, const ModelcapSet *m, FILE *f)
{
        if (pick(2)) {
                unsigned cap = pick(3), certainty = pick(3);
                int first = policy_column_parse(m, caps[cap]);

                for (unsigned c = 0; c <= certainty; c++)
                        r->columns[(unsigned) first + 32 * c] = true;
                fprintf(f, "    model_capability: %s\n    certainty: %s\n", caps[cap],
                        certainties[certainty]);
        } else {
                unsigned special = pick(8);

                r->columns[96 + special] = true;
                fprintf(f, "    %s: %s\n", special < 3 ? "sensor" : "object", specials[special]);
        }
}

static void make_rule(World *w, const ModelcapSet *m, FILE *f)
{
        static const char *const unless[] = { "", "    unless: consent\n", "    unless: exception\n",
                                              "    unless: [exception, consent]\n" };
        Rule *r = &w->rules[w->n_rules];

        *r = (Rule){ .unless = pick(4), .action = 1 + pick(5), .audit = pick(4) == 0, .kind = pick(5) };
        fprintf(f, "  - id: r%u\n", w->n_rules++);
        make_columns(r, m, f);
        r->name = 1 + pick(WORKLOADS);
        r->risk = pick(3);
        r->context = pick(3);
        r->place = pick(2);
        fputs("    workloads: ", f);
        if (r->kind == 0)
                fputs("any-ai\n", f);
        else if (r->kind == 1)
                fputs("[undeclared-ai]\n", f);
        else if (r->kind == 2)
                fprintf(f, "[w%u]\n", r->name);
        else if (r->kind == 3)
                fprintf(f, "{ risk: %s }\n", risks[r->risk]);
        else
                fprintf(f, "{ context: [%s], jurisdiction: %s }\n", contexts[r->context], places[r->place]);
        fprintf(f, "%s    action: %s\n%s", unless[r->unless], actions[r->action],
                r->audit ? "    mode: audit\n" : "");
}

static char *make_world(World *w, const ModelcapSet *m)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        cr_assert_not_null(f);
        *w = (World){ .host_audit = pick(4) == 0,
                      .file_audit = pick(4) == 0,
                      .line = pick(9),
                      .tightened = 3 + pick(3) };
        w->who[0] = (Who){ .risk = 1 }; /* medium, context other, in kz: the host's jurisdiction */
        fprintf(f, "aiguard: 1\nmode: %s\njurisdiction: kz\nworkloads:\n",
                w->file_audit ? "audit" : "enforce");
        for (unsigned i = 1; i <= WORKLOADS; i++) {
                Who *who = &w->who[i];

                *who = (Who){ .risk = pick(3), .context = pick(3), .place = pick(2) };
                who->state = who->risk == 2 && pick(2);
                fprintf(f,
                        "  w%u: { match: { unit: w%u.service }, risk: %s, context: %s, jurisdiction: %s, "
                        "state_equivalent: %s }\n",
                        i, i, risks[who->risk], contexts[who->context], places[who->place],
                        who->state ? "true" : "false");
        }
        fputs("rules:\n", f);
        for (unsigned n = 1 + pick(RULES_MAX); n > 0; n--)
                make_rule(w, m, f);
        fprintf(f, "defaults:\n  %s: %s\n", table[w->line].key, actions[w->tightened]);
        cr_assert_eq(fclose(f), 0);
        return text;
}

static bool speaks_of(const Rule *r, const World *w, unsigned i)
{
        const Who *who = &w->who[i];

        return r->kind == 0 || (r->kind == 1 && i == 0) || (r->kind == 2 && i == r->name) ||
               (r->kind == 3 && who->risk == r->risk) ||
               (r->kind == 4 && who->context == r->context && who->place == r->place);
}

typedef struct Result {
        unsigned effective, would;
} Result;

static void say(Result *res, unsigned grants, unsigned unless, unsigned action, bool enforced)
{
        unsigned now = action >= 3 && !enforced ? 2 : action;

        if (grants & unless)
                return;
        res->effective = MAX(res->effective, now);
        res->would = MAX(res->would, action);
}

static Result naive(const World *w, const ModelcapSet *m, unsigned i, unsigned column, unsigned grants)
{
        const Who *who = &w->who[i];
        unsigned class = who->state ? 2 : who->risk == 2 ? 1 : 0;
        Result res = {};

        for (unsigned k = 0; k < w->n_rules; k++) {
                const Rule *r = &w->rules[k];

                if (speaks_of(r, w, i) && r->columns[column])
                        say(&res, grants, r->unless, r->action,
                            !w->host_audit && !w->file_audit && !r->audit);
        }
        for (unsigned l = 0; l < ARRAY_SIZE(table); l++) {
                if (column < table[l].first || column >= table[l].first + table[l].n)
                        continue;
                for (int tight = 0; tight < 2; tight++) {
                        unsigned action = tight ? w->tightened : table[l].actions[class];
                        bool enforced = !w->host_audit && !(tight && w->file_audit);

                        if (tight && w->line != l)
                                continue;
                        if (l >= 2 && column % 32 < modelcap_set_size(m) + (column >= 96 ? 32 : 0)) {
                                say(&res, grants, table[l].unless, action, enforced);
                                continue;
                        }
                        for (unsigned k = 0; l < 2 && k < w->n_rules; k++)
                                if (speaks_of(&w->rules[k], w, i) && w->rules[k].action >= 3 &&
                                    w->rules[k].columns[column % 32])
                                        say(&res, grants, w->rules[k].unless, action,
                                            enforced && !w->file_audit && !w->rules[k].audit);
                }
        }
        return res;
}

static void compare(const World *w, const Fixture *f, const char *text)
{
        for (unsigned i = 0; i <= WORKLOADS; i++)
                for (unsigned c = 0; c < AG_COLUMNS; c++)
                        for (unsigned g = 0; g < AG_GRANT_SETS; g++) {
                                const struct ag_cell *cell = &f->tables->rows[1 + i].cells[c];
                                Result r = naive(w, f->modelcaps, i, c, g);

                                cr_assert_eq(cell->effective[g].action, r.effective,
                                             "%s\nworkload %u column %u grants %u: effective %u, naive %u",
                                             text, i, c, g, cell->effective[g].action, r.effective);
                                cr_assert_eq(cell->would[g].action, r.would,
                                             "%s\nworkload %u column %u grants %u: would %u, naive %u", text,
                                             i, c, g, cell->would[g].action, r.would);
                                cr_assert_eq(cell->would[g].rule != 0, r.would != 0,
                                             "a rule is named when one speaks");
                                cr_assert_lt(cell->would[g].rule, f->tables->n_rules);
                        }
}

Test(policy_composition, as_a_naive_evaluator_says, .timeout = 120)
{
        for (unsigned round = 0; round < ROUNDS; round++) {
                _cleanup_free_ char *text = NULL;
                World w;
                Fixture f;

                state = 0x9e3779b97f4a7c15ULL * (round + 1);
                fixture_begin(&f);
                text = make_world(&w, f.modelcaps);
                f.host_mode = w.host_audit ? POLICY_MODE_AUDIT : POLICY_MODE_ENFORCE;
                fixture_add_text(&f, "f.yaml", text);
                cr_assert_eq(fixture_compile(&f), 0, "%s", text);
                compare(&w, &f, text);
                fixture_end(&f);
        }
}

/* No rule that is added makes anything milder. */
Test(policy_composition, a_rule_only_tightens, .timeout = 120)
{
        for (unsigned round = 0; round < 60; round++) {
                _cleanup_free_ char *text = NULL;
                World w;
                Fixture a, b;

                state = 0xd1b54a32d192ed03ULL * (round + 1);
                fixture_begin(&a);
                fixture_begin(&b);
                text = make_world(&w, a.modelcaps);
                fixture_add_text(&a, "a.yaml", text);
                fixture_add_text(&b, "a.yaml", text);
                fixture_add_text(&b, "b.yaml",
                                 "aiguard: 1\nrules:\n"
                                 "  - { id: extra, model_capability: \"emotion.*\", certainty: suspect, "
                                 "unless: consent, "
                                 "action: deny, mode: audit }\n"
                                 "  - { id: more, object: [unparsable, unscannable], action: suspend }\n");
                cr_assert_eq(fixture_compile(&a), 0);
                cr_assert_eq(fixture_compile(&b), 0);
                for (size_t i = 0; i < a.tables->n_workloads; i++)
                        for (size_t c = 0; c < AG_COLUMNS; c++)
                                for (size_t g = 0; g < AG_GRANT_SETS; g++) {
                                        const struct ag_cell *ca = &a.tables->rows[i].cells[c],
                                                             *cb = &b.tables->rows[i].cells[c];

                                        cr_assert_geq(cb->effective[g].action, ca->effective[g].action);
                                        cr_assert_geq(cb->would[g].action, ca->would[g].action);
                                }
                fixture_end(&a);
                fixture_end(&b);
        }
}
