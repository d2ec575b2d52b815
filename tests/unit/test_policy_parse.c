/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every mistake a policy can hold: the text, and the message with its place. */
#include "policy-fixture.h"

#define V "aiguard: 1\n"
#define RULE V "rules:\n  - id: x\n    object: unknown\n    action: deny\n"
#define WORKLOAD V "workloads:\n  w:\n    match: { unit: a.service }\n"

/* "/tmp/aiguard-test-Ab12Cd/f.yaml" -> "/tmp/aiguard-test-*" */
static void mask_directory(char *s)
{
        static const char prefix[] = "/tmp/aiguard-test-";
        char *p = strstr(s, prefix);

        if (!p)
                return;
        p += strlen(prefix);
        *p++ = '*';
        memmove(p, strstr(p, ".yaml") + 5, strlen(strstr(p, ".yaml") + 5) + 1);
}

static void expect_messages(const char *text, DiagLevel level, const char *messages)
{
        _cleanup_free_ char *found = NULL;
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "f.yaml", text);
        fixture_compile(&f);
        found = fixture_messages(f.diag, level);
        mask_directory(found);
        cr_expect_str_eq(found, messages, "\n%s\ngave\n%swanted\n%s", text, found, messages);
        cr_expect_eq(f.result, level == DIAG_ERROR ? -EBADMSG : 0);
        fixture_end(&f);
}

static void errors(const char *text, const char *messages)
{
        expect_messages(text, DIAG_ERROR, messages);
}

static void warnings(const char *text, const char *messages)
{
        expect_messages(text, DIAG_WARNING, messages);
}

Test(policy_parse, top_level)
{
        errors("rules: []\n", "1:1: \"aiguard: 1\" is missing: the version of the policy language\n");
        errors("aiguard: 2\nrulez: 1\n",
               "1:10: version 2 of the policy language is not known here, only 1\n");
        errors("aiguard: one\n", "1:10: aiguard must be a number from 0 to 4294967295, not \"one\"\n");
        errors("- a\n", "1:1: a policy must be a map (key: value)\n");
        errors(V "ruels: []\n", "2:1: unknown key \"ruels\" in a policy (did you mean \"rules\"?)\n");
        errors(V "mode: enforced\n",
               "2:7: mode must be audit or enforce, not \"enforced\" (did you mean \"enforce\"?)\n");
        errors(V "name: \"a b\"\n",
               "2:7: \"a b\" is no name: letters, digits, \".\", \"_\" and \"-\", at most 63\n");
        errors(V "jurisdiction: [kz, \"e u\"]\n", "2:15: \"e u\" in jurisdiction is no name\n");
        errors(V "workloads: [a]\n", "2:12: workloads must be a map (name: ...)\n");
        errors(V "rules: { a: b }\n", "2:8: rules must be a list (- id: ...)\n");
        errors(V "defaults: 3\n", "2:11: defaults must be a map (key: value)\n");
        errors(V "mode: [", "3:1: did not find expected node content\n");
}

Test(policy_parse, workloads)
{
        errors(V "workloads:\n  \"a b\": { match: { unit: a.service } }\n",
               "3:3: \"a b\" is no name for a workload: letters, digits, \".\", \"_\" and \"-\", at most "
               "63\n");
        errors(V "workloads:\n  any-ai: { match: { unit: a.service } }\n",
               "3:3: the name \"any-ai\" has a meaning already\n");
        errors(V "workloads:\n  undeclared-ai: { match: { unit: a.service } }\n",
               "3:3: the name \"undeclared-ai\" has a meaning already\n");
        errors(V "workloads:\n  other: { match: { unit: a.service } }\n",
               "3:3: the name \"other\" has a meaning already\n");
        errors(V "workloads:\n  w: { risk: medium }\n",
               "3:6: workload \"w\" has no match: how is it to be known?\n");
        errors(V "workloads:\n  w: { match: {} }\n",
               "3:15: match must name a unit, slice, cgroup, container, exe or user\n");
        errors(V "workloads:\n  w: { match: { unti: a } }\n",
               "3:17: unknown key \"unti\" in match (did you mean \"unit\"?)\n");
        errors(V "workloads:\n  w: { match: { unit: [] } }\n",
               "3:23: unit must be a value or a list of values\n");
        errors(V "workloads:\n  w: { match: { exe: bin/x } }\n",
               "3:22: exe \"bin/x\" must begin with a slash\n");
        errors(V "workloads:\n  w: { match: { exe: [/bin/a, \"/bin/*\"] } }\n",
               "3:31: exe \"/bin/*\" must be the path of one executable, without * or ?\n");
        errors(V "workloads:\n  w: { match: { cgroup: a } }\n",
               "3:25: cgroup \"a\" must begin with a slash\n");
        errors(V "workloads:\n  w: { match: { unit: a/b } }\n",
               "3:23: unit \"a/b\" must have no slash in it\n");
        errors(V "workloads:\n  w: { match: { unit: a.slice } }\n",
               "3:23: unit \"a.slice\" is a slice: use `slice:`\n");
        errors(WORKLOAD "    risk: hi\n", "5:11: risk must be minimal, medium or high, not \"hi\"\n");
        errors(WORKLOAD "    autonomy: high\n",
               "5:15: high autonomy is lawful only by a law: name it in autonomy_legal_basis\n");
        errors(WORKLOAD "    context: work\n", "5:14: context must be other, workplace, education, public, "
                                               "medical or safety, not \"work\"\n");
        errors(WORKLOAD "    state_equivalent: 1\n",
               "5:23: state_equivalent must be true or false, not \"1\"\n");
        errors(WORKLOAD "    not_ai: true\n",
               "5:13: not_ai is no word of the policy: it is a declaration, with a reason and an end "
               "(see aiguardctl workload declare --not-ai)\n");
        errors(WORKLOAD "    ower: x\n",
               "5:5: unknown key \"ower\" in a workload (did you mean \"owner\"?)\n");
        errors(WORKLOAD "    owner: [x]\n", "5:12: owner must be a single value, not a list\n");
        errors(V "workloads:\n  w: x\n", "3:6: a workload must be a map (key: value)\n");
}

Test(policy_parse, rules)
{
        errors(V "rules:\n  - object: unknown\n    action: deny\n", "3:5: a rule must have an id\n");
        errors(V "rules:\n  - id: x\n    object: unknown\n", "3:5: a rule must have an action\n");
        errors(V "rules:\n  - id: x\n    action: deny\n",
               "3:5: a rule must say on what: model_capability, sensor or object\n");
        errors(V "rules:\n  - x\n", "3:5: a rule must be a map (id: ...)\n");
        errors(V "rules:\n  - id: x y\n    object: unknown\n    action: deny\n",
               "3:9: \"x y\" is no id: letters, digits, \".\", \"_\" and \"-\", at most 63\n");
        errors(V "rules:\n  - id: default-x\n    object: unknown\n    action: deny\n",
               "3:9: ids that begin with \"default-\" are those of the table of defaults\n");
        errors(V "rules:\n  - { id: x, object: unknown, action: allow }\n",
               "3:39: there is no allow: a rule only tightens; what lifts it is a grant (unless) or a "
               "declaration\n");
        errors(V "rules:\n  - { id: x, object: unknown, action: dney }\n",
               "3:39: action must be report, audit, deny, suspend or kill, not \"dney\" (did you mean "
               "\"deny\"?)\n");
        errors(V "rules:\n  - { id: x, sensor: camrea, action: deny }\n",
               "3:22: sensor must be camera, microphone or network-camera, not \"camrea\" (did you mean "
               "\"camera\"?)\n");
        errors(V "rules:\n  - { id: x, object: [unparsable, clean], action: deny }\n",
               "3:35: object must be undeclared-model, unparsable, unscannable, unknown or daemon-down, not "
               "\"clean\"\n");
        errors(V "rules:\n  - { id: x, object: [], action: deny }\n", "3:22: object is an empty list\n");
        errors(V "rules:\n  - { id: x, model_capability: emotion.fce, action: deny }\n",
               "3:32: unknown model capability \"emotion.fce\" (did you mean \"emotion.face\"?)\n");
        errors(V "rules:\n  - { id: x, model_capability: [\"mood.*\"], action: deny }\n",
               "3:33: no model capability is in the group \"mood.*\"\n");
        errors(V "rules:\n  - { id: x, sensor: camera, certainty: suspect, action: deny }\n",
               "3:41: certainty is of a model_capability only\n");
        errors(V "rules:\n  - { id: x, model_capability: emotion.face, certainty: sure, action: deny }\n",
               "3:57: certainty must be identified, suspect or capable, not \"sure\"\n");
        errors(V "rules:\n  - { id: x, sensor: camera, unless: concent, action: deny }\n",
               "3:38: unless must be consent or exception, not \"concent\" (did you mean \"consent\"?)\n");
        errors(V "rules:\n  - { id: x, sensor: camera, law: \"Art. 5\", action: deny }\n",
               "3:35: law must be one word such as KZ-AI-17-3-6, at most 64 characters\n");
        errors(V "rules:\n  - { id: x, sensor: camera, unless_attested: [\"Art. 17\"], action: deny }\n",
               "3:47: \"Art. 17\" is no item: one word such as KZ-AI-17-3-1\n");
        errors(V "rules:\n  - { id: x, sensor: camera, unless_attested: [], action: deny }\n",
               "3:47: unless_attested must be a value or a list of values\n");
        errors(RULE "    mode: off\n", "6:11: mode must be audit or enforce, not \"off\"\n");
        errors(RULE "    actoin: deny\n",
               "6:5: unknown key \"actoin\" in a rule (did you mean \"action\"?)\n");
        errors(RULE "  - id: x\n    object: unknown\n    action: deny\n",
               "6:9: rule \"x\" is there already, in /tmp/aiguard-test-*:3\n");
}

Test(policy_parse, selectors)
{
        errors(RULE "    workloads: any-aii\n",
               "6:16: no workload is called \"any-aii\" (did you mean \"any-ai\"?)\n");
        errors(RULE "    workloads: [triage]\n", "6:17: no workload is called \"triage\"\n");
        errors(RULE "    workloads: []\n", "6:16: workloads is an empty list; for all, say any-ai\n");
        errors(RULE "    workloads: {}\n", "6:16: an empty selector; for all, say any-ai\n");
        errors(RULE "    workloads: [[a]]\n", "6:17: workloads must be any-ai, undeclared-ai, a name, or a "
                                              "map such as { jurisdiction: kz }\n");
        errors(RULE "    workloads: { risk: [high, huge] }\n",
               "6:31: risk must be minimal, medium or high, not \"huge\"\n");
        errors(RULE "    workloads: { contxt: medical }\n",
               "6:18: unknown key \"contxt\" in a selector of workloads (did you mean \"context\"?)\n");
        errors(RULE "    workloads: { state_equivalent: maybe }\n",
               "6:36: state_equivalent must be true or false, not \"maybe\"\n");
}

Test(policy_parse, defaults)
{
        errors(V "defaults: { suspect: report }\n",
               "2:22: suspect of medium is audit by default and can only be tightened\n");
        errors(V "defaults: { on_unknown: audit }\n",
               "2:25: on_unknown of medium is deny by default and can only be tightened\n");
        errors(V "defaults:\n  on_daemon_down: { medium: deny, high: audit }\n",
               "3:41: on_daemon_down of high is deny by default and can only be tightened\n");
        errors(V "defaults: { suspect: allow }\n", "2:22: there is no allow: a rule only tightens; what "
                                                   "lifts it is a grant (unless) or a declaration\n");
        errors(V "defaults: { on_unkown: deny }\n",
               "2:13: unknown key \"on_unkown\" in defaults (did you mean \"on_unknown\"?)\n");
        errors(V "defaults: { suspect: { hihg: deny } }\n",
               "2:24: unknown key \"hihg\" in suspect (did you mean \"high\"?)\n");
        errors(V "defaults: { suspect: [deny] }\n", "2:22: suspect must be a map (key: value)\n");
}

Test(policy_parse, all_mistakes_in_one_run)
{
        errors(V "mode: on\n"
                 "workloads:\n"
                 "  w: { match: { unit: a.service }, risk: hgih }\n"
                 "rules:\n"
                 "  - { id: x, sensor: camrea, action: dney }\n"
                 "  - { id: y, object: unknown, workloads: v, action: kill }\n"
                 "defaults: { suspect: report }\n",
               "2:7: mode must be audit or enforce, not \"on\"\n"
               "4:42: risk must be minimal, medium or high, not \"hgih\" (did you mean \"high\"?)\n"
               "6:22: sensor must be camera, microphone or network-camera, not \"camrea\" (did you mean "
               "\"camera\"?)\n"
               "6:38: action must be report, audit, deny, suspend or kill, not \"dney\" (did you mean "
               "\"deny\"?)\n"
               "7:42: no workload is called \"v\"\n"
               "8:22: suspect of medium is audit by default and can only be tightened\n");
}

Test(policy_parse, a_duplicate_hides_nothing)
{
        errors(V "mode: on\nmode: audit\nrules:\n  - { id: x, id: y, object: unknown, action: dney }\n",
               "2:7: mode must be audit or enforce, not \"on\"\n"
               "3:1: \"mode\" is given twice, first in line 2\n"
               "5:14: \"id\" is given twice, first in line 5\n"
               "5:46: action must be report, audit, deny, suspend or kill, not \"dney\" (did you mean "
               "\"deny\"?)\n");
}

Test(policy_parse, across_files)
{
        _cleanup_free_ char *found = NULL;
        Fixture f;

        fixture_begin(&f);
        fixture_add_text(&f, "10-a.yaml", RULE);
        fixture_add_text(&f, "20-b.yaml", WORKLOAD);
        fixture_add_text(&f, "30-c.yaml", RULE);
        fixture_add_text(&f, "40-d.yaml", WORKLOAD);
        fixture_add_text(&f, "50-e.yaml", V "mode: x\n");
        fixture_add(&f, "/nonexistent/f.yaml");
        cr_expect_eq(fixture_compile(&f), -EBADMSG);
        cr_expect_eq(diag_count(f.diag, DIAG_ERROR), 4U);
        found = fixture_messages(f.diag, DIAG_ERROR);
        cr_expect_not_null(strstr(found, "0:0: cannot be read: No such file or directory\n"));
        cr_expect_not_null(strstr(found, "3:9: rule \"x\" is there already"));
        cr_expect_not_null(strstr(found, "3:3: workload \"w\" is there already"));
        fixture_end(&f);
}

Test(policy_parse, warnings)
{
        warnings(WORKLOAD "    risk: high\n",
                 "4:5: high risk, and state_equivalent is not said: taken as false\n");
        warnings(WORKLOAD "    state_equivalent: true\n",
                 "5:23: the law equates only workloads of high risk with state systems\n");
        warnings(V "mode: audit\nrules:\n  - { id: x, sensor: camera, action: kill, mode: enforce }\n",
                 "4:50: mode: enforce changes nothing in a file whose mode is audit\n");
        warnings(V "rules:\n  - { id: x, sensor: camera, unless: [consent, exception], action: audit }\n",
                 "3:5: rule \"x\" has no effect: something stricter holds wherever it speaks\n");
        warnings(V "jurisdiction: atlantis\n",
                 "0:0: this host is in jurisdiction \"atlantis\", of which no rule speaks "
                 "(is its file linked into /etc/aiguard/policy.d?)\n");
        warnings(WORKLOAD "    jurisdiction: eu\n",
                 "3:0: workload \"w\" is in jurisdiction \"eu\", of which no rule speaks "
                 "(is its file linked into /etc/aiguard/policy.d?)\n");
        warnings(RULE, "");
        warnings(WORKLOAD, "");
}

Test(policy_parse, too_many)
{
        _cleanup_free_ char *text = NULL, *found = NULL;
        size_t size;
        FILE *out;
        Fixture f;

        fixture_begin(&f);
        out = open_memstream(&text, &size);
        fputs(V "workloads:\n", out);
        for (int i = 0; i < 255; i++)
                fprintf(out, "  w%d: { match: { unit: a%d.service } }\n", i, i);
        fputs("rules:\n", out);
        for (int i = 0; i < 513; i++)
                fprintf(out, "  - { id: r%d, object: unknown, action: kill }\n", i);
        cr_assert_eq(fclose(out), 0);
        fixture_add_text(&f, "f.yaml", text);
        cr_expect_eq(fixture_compile(&f), -EBADMSG);
        found = fixture_messages(f.diag, DIAG_ERROR);
        cr_expect_str_eq(found, "257:3: more than 254 workloads\n771:5: more than 512 rules\n");
        fixture_end(&f);
}
