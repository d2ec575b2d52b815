/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the top level of a policy file. Owns its keys and what a file says
 * about itself: name, mode, jurisdiction. Mistakes go to the Diag with their
 * place and the work goes on, so that one run shows all of them. Called by
 * policy-load.c; workloads and rules are policy-workload.c's and policy-rule.c's.
 */
#include "lib/policy-internal.h"
#include "lib/util-string.h"

static const char *const keys[] = { "aiguard",   "name",  "mode",     "jurisdiction",
                                    "workloads", "rules", "defaults", NULL };

static int parse_version(PolicyParser *p, const YamlNode *root)
{
        const YamlNode *n = yaml_node_get(root, "aiguard");
        uint64_t version;

        if (!n) {
                yaml_node_diag(root, p->diag, DIAG_ERROR, NULL,
                               "\"aiguard: 1\" is missing: the version of the policy language");
                return -EBADMSG;
        }
        if (yaml_get_unsigned(n, "aiguard", UINT32_MAX, p->diag, &version) < 0)
                return -EBADMSG;
        if (version != 1) {
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "version %llu of the policy language is not known here, only 1",
                               (unsigned long long) version);
                return -EBADMSG;
        }
        return 0;
}

/* "50-clinic.yaml" -> "clinic" */
static char *name_of_file(const char *file)
{
        size_t n = strlen(file), digits = strspn(file, "0123456789");

        if (digits > 0 && file[digits] == '-') {
                file += digits + 1;
                n -= digits + 1;
        }
        if (n > 5 && endswith(file, ".yaml"))
                n -= 5;
        return strndup(file, n);
}

static int parse_name(PolicyParser *p, const YamlNode *n)
{
        _cleanup_free_ char *name = NULL;
        const char *s;

        if (!n) {
                name = name_of_file(p->file->name);
                return name ? strv_extend(&p->policy->names, name) : -ENOMEM;
        }
        if (yaml_get_string(n, "name", p->diag, &s) < 0)
                return 0;
        if (!policy_name_valid(s)) {
                yaml_node_diag(n, p->diag, DIAG_ERROR, NULL,
                               "\"%s\" is no name: letters, digits, \".\", \"_\" and \"-\", at most %d", s,
                               AG_NAME_MAX - 1);
                return 0;
        }
        return strv_extend(&p->policy->names, s);
}

/* A value or list of values that are all names. What is bad is reported and left out. */
int policy_parse_names(PolicyParser *p, const YamlNode *n, const char *what, char ***ret)
{
        _cleanup_(strv_freep) char **all = NULL, **good = NULL;
        int r;

        r = yaml_get_strv(n, what, p->diag, &all);
        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        for (char **s = all; *s; s++) {
                if (!policy_name_valid(*s)) {
                        yaml_node_diag(n, p->diag, DIAG_ERROR, NULL, "\"%s\" in %s is no name", *s, what);
                        continue;
                }
                r = strv_contains(good, *s) ? 0 : strv_extend(&good, *s);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(good);
        return 0;
}

static int parse_jurisdiction(PolicyParser *p, const YamlNode *n)
{
        _cleanup_(strv_freep) char **l = NULL;
        int r;

        r = policy_parse_names(p, n, "jurisdiction", &l);
        for (char **s = l; r >= 0 && s && *s; s++)
                if (!strv_contains(p->policy->jurisdictions, *s))
                        r = strv_extend(&p->policy->jurisdictions, *s);
        return r;
}

static int parse_root(PolicyParser *p, const YamlNode *root)
{
        const YamlNode *n;
        unsigned mode;
        int r;

        if (yaml_node_kind(root) != YAML_KIND_MAP) {
                yaml_node_diag(root, p->diag, DIAG_ERROR, NULL, "a policy must be a map (key: value)");
                return 0;
        }
        if (parse_version(p, root) < 0)
                return 0; /* another version has other words: what follows would be noise */
        (void) yaml_check_keys(root, "a policy", keys, p->diag);

        r = parse_name(p, yaml_node_get(root, "name"));
        if (r < 0)
                return r;
        p->mode = POLICY_MODE_ENFORCE;
        n = yaml_node_get(root, "mode");
        if (n && yaml_get_enum(n, "mode", policy_mode_names, p->diag, &mode) >= 0)
                p->mode = (PolicyMode) mode;
        n = yaml_node_get(root, "jurisdiction");
        r = n ? parse_jurisdiction(p, n) : 0;
        if (r < 0)
                return r;
        n = yaml_node_get(root, "workloads");
        r = n ? policy_parse_workloads(p, n) : 0;
        if (r < 0)
                return r;
        n = yaml_node_get(root, "rules");
        r = n ? policy_parse_rules(p, n) : 0;
        if (r < 0)
                return r;
        n = yaml_node_get(root, "defaults");
        return n ? policy_parse_defaults(p, n) : 0;
}

int policy_parse_file(PolicyParser *p)
{
        _cleanup_(yaml_doc_freep) YamlDoc *doc = NULL;
        int r;

        r = yaml_doc_load_whole(p->file->path, p->file->data, p->file->size, p->diag, &doc);
        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        return parse_root(p, yaml_doc_root(doc));
}
