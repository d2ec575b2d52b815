/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl policy explain`: asks ag_decide(), compiled natively,
 * what the kernel would answer, and says why. The sentences are the library's.
 */
#include <jansson.h>

#include "ctl-policy.h"
#include "lib/policy-explain.h"
#include "lib/util-string.h"
#include "lib/yaml-doc.h"

/* `what` has no such name; the nearest of the words that would do. */
static int unknown(const char *what, const char *name, const char *const *words)
{
        char hint[128];

        fprintf(stderr, "aiguardctl: %s is called \"", what);
        fputs_escaped(name, stderr);
        fputs("\"", stderr);
        if (closest_hint(name, words, hint, sizeof(hint)))
                fprintf(stderr, " (%s)", hint);
        fputs("\n", stderr);
        return -ENOENT;
}

static int find_workload(const PolicyTables *t, const char *name)
{
        const char *names[AG_WORKLOADS_MAX + 1] = {};
        int w = policy_tables_find(t, name);

        if (w >= 0)
                return w;
        for (size_t i = 0; i < t->n_workloads && i < AG_WORKLOADS_MAX; i++)
                names[i] = t->workloads[i].name;
        return unknown("no workload", name, names);
}

static int unknown_column(const ModelcapSet *modelcaps, const char *name)
{
        static const char *const objects[] = { "camera",           "microphone", "network-camera",
                                               "undeclared-model", "unparsable", "unscannable",
                                               "unknown",          "daemon-down" };
        const char *words[AG_MODELCAPS_MAX + ARRAY_SIZE(objects) + 1] = {};
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
                words[n++] = objects[i];
        for (size_t i = 0; i < modelcap_set_size(modelcaps) && i < AG_MODELCAPS_MAX; i++)
                words[n++] = modelcap_set_name(modelcaps, i);
        return unknown("nothing", name, words);
}

static int make_question(const CtlPolicyArgs *args, const CtlPolicy *p, struct ag_question *ret)
{
        struct ag_question q = {
                .strength = args->weak ? AG_STRENGTH_WEAK : AG_STRENGTH_STRONG,
                .flags = args->emergency ? AG_ASK_EMERGENCY : 0,
        };

        for (size_t i = 0; i < args->n_on; i++) {
                int column = policy_column_parse(p->modelcaps, args->on[i]);

                if (column < 0)
                        return unknown_column(p->modelcaps, args->on[i]);
                q.columns[q.n_columns] = (uint8_t) column;
                q.grants[q.n_columns++] = args->grants;
        }
        *ret = q;
        return 0;
}

static json_t *json_decision(const PolicyTables *t, const struct ag_decision *d, uint8_t column)
{
        const PolicyRule *r = &t->rules[d->rule];

        if (d->rule == 0)
                return json_pack("{s:s, s:n}", "action", policy_action_to_string(d->action), "rule");
        return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:b, s:s}", "action",
                         policy_action_to_string(d->action), "rule", r->id, "law", r->law, "file", r->file,
                         "line", (int) r->line, "column", (int) r->column, "default", r->builtin, "on",
                         t->columns[column]);
}

static json_t *json_lifted_by(const struct ag_cell *cell)
{
        switch (policy_cell_lift(cell)) {
        case POLICY_LIFT_CONSENT:
                return json_pack("[[s]]", "consent");
        case POLICY_LIFT_EXCEPTION:
                return json_pack("[[s]]", "exception");
        case POLICY_LIFT_EITHER:
                return json_pack("[[s],[s]]", "consent", "exception");
        case POLICY_LIFT_BOTH:
                return json_pack("[[s,s]]", "consent", "exception");
        default:
                return json_array();
        }
}

static int print_json(const PolicyTables *t, unsigned w, const struct ag_question *q,
                      const struct ag_answer *a)
{
        _cleanup_free_ char *sentence = NULL;
        json_t *on = json_array(), *root;

        if (policy_explain_sentence(t, w, a, &sentence) < 0) {
                json_decref(on);
                return EXIT_USAGE;
        }
        for (size_t i = 0; i < q->n_columns; i++)
                json_array_append_new(on, json_string(t->columns[q->columns[i]]));
        root = json_pack("{s:s, s:o, s:s, s:b, s:b, s:s, s:o, s:o, s:b, s:s?, s:o, s:s}", "workload",
                         t->workloads[w].name, "on", on, "mode", policy_mode_to_string(t->mode), "weak",
                         q->strength == AG_STRENGTH_WEAK, "emergency", (q->flags & AG_ASK_EMERGENCY) != 0,
                         "verdict", policy_action_to_string(a->effective.action), "effective",
                         json_decision(t, &a->effective, a->column), "would",
                         json_decision(t, &a->would, a->would_column), "granted",
                         (a->reasons & AG_REASON_GRANTED) != 0, "softened_by", policy_softened_by(t, a),
                         "lifted_by", json_lifted_by(&t->rows[w].cells[a->would_column]), "sentence",
                         sentence);
        return ctl_policy_print_json(root);
}

int ctl_policy_explain(const CtlPolicyArgs *args)
{
        _cleanup_(ctl_policy_done) CtlPolicy p = {};
        struct ag_question q = {};
        struct ag_answer a = {};
        int w;

        if (!args->workload || args->n_on == 0) {
                fputs("aiguardctl policy explain: --workload and --on are needed\n", stderr);
                return EXIT_USAGE;
        }
        if (ctl_policy_load(args, args->files, &p) < 0)
                return EXIT_USAGE;
        w = find_workload(p.tables, args->workload);
        if (w < 0 || make_question(args, &p, &q) < 0)
                return EXIT_USAGE;
        ag_decide(&p.tables->rows[w], &q, &a);
        if (args->json)
                return print_json(p.tables, (unsigned) w, &q, &a);
        return policy_explain_print(p.tables, (unsigned) w, &q, &a, stdout) < 0 ? EXIT_USAGE : EXIT_SUCCESS;
}
