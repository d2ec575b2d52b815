/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: decides whether an ELF file is an inference runtime or an interpreter.
 * Owns: the rules of policies/runtimes.yaml, loaded; the ranking of evidence:
 * its own name for itself, what it exports, what it needs, its file name.
 * Must not: trust a file name by itself.
 * Called by: scan.c.
 */
#include "lib/runtime.h"

#include <fnmatch.h>
#include <string.h>

#include "lib/escape.h"
#include "lib/runtime-elf.h"
#include "lib/util-string.h"
#include "lib/yaml-doc.h"

#define STRINGS_READ_MAX (8U * 1024 * 1024)
#define LINKED_MIN 2     /* symbols of one runtime */
#define SYMBOL_CHUNK 170 /* of 24 bytes, in one page */

typedef struct Rule {
        char *name;
        RuntimeKind kind;
        char **libraries; /* globs on DT_SONAME, DT_NEEDED, file name */
        char **needed;    /* globs on DT_NEEDED only */
        char **symbols;   /* exported; "prefix*" or the whole name */
} Rule;

struct RuntimeRules {
        Rule *rules;
        size_t n;
};

RuntimeRules *runtime_rules_free(RuntimeRules *r)
{
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->n; i++) {
                free(r->rules[i].name);
                strv_free(r->rules[i].libraries);
                strv_free(r->rules[i].needed);
                strv_free(r->rules[i].symbols);
        }
        free(r->rules);
        free(r);
        return NULL;
}

static int load_rule(const YamlNode *n, Rule *rule, Diag *diag)
{
        static const char *const keys[] = { "name", "kind", "libraries", "needed", "symbols", NULL };
        static const char *const kinds[] = { "none", "interpreter", "weak", "strong", NULL };
        const YamlNode *x;
        const char *name;
        unsigned kind;
        int r = 0;

        if (yaml_check_keys(n, "runtime", keys, diag) < 0)
                r = -EBADMSG;
        if (yaml_get_string(yaml_node_get(n, "name") ?: n, "name", diag, &name) < 0 ||
            yaml_get_enum(yaml_node_get(n, "kind") ?: n, "kind", kinds, diag, &kind) < 0)
                return -EBADMSG;
        rule->name = strdup(name);
        if (!rule->name)
                return -ENOMEM;
        rule->kind = (RuntimeKind) kind;
        if ((x = yaml_node_get(n, "libraries")) && yaml_get_strv(x, "libraries", diag, &rule->libraries) < 0)
                r = -EBADMSG;
        if ((x = yaml_node_get(n, "needed")) && yaml_get_strv(x, "needed", diag, &rule->needed) < 0)
                r = -EBADMSG;
        if ((x = yaml_node_get(n, "symbols")) && yaml_get_strv(x, "symbols", diag, &rule->symbols) < 0)
                r = -EBADMSG;
        return r;
}

int runtime_rules_load(const char *path, Diag *diag, RuntimeRules **ret)
{
        static const char *const keys[] = { "aiguard", "runtimes", NULL };
        _cleanup_(runtime_rules_freep) RuntimeRules *rules = NULL;
        _cleanup_(yaml_doc_freep) YamlDoc *doc = NULL;
        const YamlNode *list;
        int r, failed = 0;

        r = yaml_doc_load_file(path, diag, &doc);
        if (r < 0)
                return r;
        if (yaml_check_keys(yaml_doc_root(doc), "runtimes file", keys, diag) < 0)
                failed = -EBADMSG;
        list = yaml_node_get(yaml_doc_root(doc), "runtimes");
        if (!list || yaml_node_kind(list) != YAML_KIND_LIST) {
                yaml_node_diag(list ?: yaml_doc_root(doc), diag, DIAG_ERROR, NULL,
                               "`runtimes' must be a list");
                return -EBADMSG;
        }
        rules = calloc(1, sizeof(*rules));
        if (!rules)
                return -ENOMEM;
        rules->rules = calloc(yaml_node_size(list) + 1, sizeof(Rule));
        if (!rules->rules)
                return -ENOMEM;
        for (size_t i = 0; i < yaml_node_size(list); i++) {
                r = load_rule(yaml_node_at(list, i), &rules->rules[rules->n++], diag);
                if (r == -ENOMEM)
                        return r;
                failed = r < 0 ? r : failed;
        }
        if (failed < 0)
                return failed;
        *ret = TAKE_PTR(rules);
        return 0;
}

/* The better of two kinds stays; so does the first evidence for it. */
static void note(Classification *c, const Rule *rule, RuntimeKind kind, const char *evidence,
                 const char *where, const char *what)
{
        char text[ELF_NAME_MAX + 128];
        int n;

        if ((RuntimeKind) c->runtime >= kind)
                return;
        c->runtime = (uint8_t) kind;
        n = snprintf(text, sizeof(text), "%s: %s", rule->name, what);
        text_copy(c->runtime_evidence.kind, sizeof(c->runtime_evidence.kind), evidence, strlen(evidence));
        text_copy(c->runtime_evidence.where, sizeof(c->runtime_evidence.where), where, strlen(where));
        text_copy(c->runtime_evidence.detail, sizeof(c->runtime_evidence.detail), text,
                  (size_t) MIN(n, (int) sizeof(text) - 1));
}

static bool matches(char *const *globs, const char *name)
{
        for (size_t i = 0; globs && globs[i]; i++)
                if (fnmatch(globs[i], name, 0) == 0)
                        return true;
        return false;
}

static void check_library(const RuntimeRules *rules, const char *name, const char *evidence,
                          const char *where, bool needed, RuntimeKind ceiling, Classification *ret)
{
        for (size_t i = 0; i < rules->n; i++) {
                const Rule *rule = &rules->rules[i];

                if (matches(rule->libraries, name) || (needed && matches(rule->needed, name)))
                        note(ret, rule, MIN(rule->kind, ceiling), evidence, where, name);
        }
}

static bool symbol_matches(const char *pattern, const char *name)
{
        size_t n = strlen(pattern);

        if (n > 0 && pattern[n - 1] == '*')
                return strncmp(pattern, name, n - 1) == 0;
        return strcmp(pattern, name) == 0;
}

static bool rule_has_symbol(const Rule *rule, const char *name)
{
        for (size_t k = 0; rule->symbols && rule->symbols[k]; k++)
                if (rule->symbols[k][0] == name[0] && symbol_matches(rule->symbols[k], name))
                        return true;
        return false;
}

/* Exported: what others are to call by this name. */
static void check_export(const RuntimeRules *rules, const char *name, unsigned *counts, Classification *ret)
{
        for (size_t i = 0; i < rules->n; i++)
                if (rule_has_symbol(&rules->rules[i], name))
                        note(ret, &rules->rules[i], rules->rules[i].kind, "dynsym", "exported symbols",
                             name);
}

/*
 * Linked in: anybody may call a function of his own load_network(). A runtime
 * that is linked in brings more than one of its names.
 */
static void check_linked(const RuntimeRules *rules, const char *name, unsigned *counts, Classification *ret)
{
        for (size_t i = 0; i < rules->n; i++)
                if (rules->rules[i].kind == RUNTIME_STRONG && rule_has_symbol(&rules->rules[i], name) &&
                    ++counts[i] == LINKED_MIN)
                        note(ret, &rules->rules[i], RUNTIME_STRONG, "symtab", "symbol table", name);
}

typedef void (*CheckSymbol)(const RuntimeRules *rules, const char *name, unsigned *counts,
                            Classification *ret);

/* What is merely imported comes from a library that is needed, and that has been looked at. */
static int check_symbols(const RuntimeRules *rules, Source *s, const ElfImage *e, CheckSymbol check,
                         Classification *ret)
{
        size_t size = (size_t) MIN(e->strings_size, (uint64_t) STRINGS_READ_MAX);
        _cleanup_free_ unsigned *counts = calloc(rules->n + 1, sizeof(*counts));
        _cleanup_free_ char *strings = malloc(size + 1);
        int r;

        if (!strings || !counts)
                return source_fail(s, "out of memory");
        r = source_read(s, e->strings, strings, size);
        if (r < 0)
                return r;
        strings[size] = 0;
        for (uint64_t i = 0; i < e->n_symbols && ret->runtime < RUNTIME_STRONG; i++) {
                ElfSymbol symbol;

                if (i % SYMBOL_CHUNK == 0) {
                        r = source_count(s);
                        if (r < 0)
                                return r;
                }
                r = elf_symbol(s, e, i, &symbol);
                if (r < 0)
                        return r;
                if (symbol.defined && symbol.name < size)
                        check(rules, strings + symbol.name, counts, ret);
        }
        return 0;
}

bool runtime_read_elf(const RuntimeRules *rules, Source *s, const char *name, Classification *ret)
{
        char text[ELF_NAME_MAX];
        ElfImage e, all;

        if (!elf_is_elf(s))
                return false;
        if (!rules || elf_read(s, &e) < 0)
                return true;
        if (e.soname != UINT64_MAX && elf_string(s, &e, e.soname, text) >= 0)
                check_library(rules, text, "soname", "DT_SONAME", false, RUNTIME_STRONG, ret);
        for (size_t i = 0; i < e.n_needed; i++)
                if (elf_string(s, &e, e.needed[i], text) >= 0)
                        check_library(rules, text, "needed", "DT_NEEDED", true, RUNTIME_STRONG, ret);
        if (ret->runtime < RUNTIME_STRONG)
                (void) check_symbols(rules, s, &e, check_export, ret);
        if (ret->runtime < RUNTIME_STRONG && elf_symbol_table(s, &e, &all) > 0)
                (void) check_symbols(rules, s, &all, check_linked, ret);
        if (e.shared && name[0])
                check_library(rules, name, "file-name", "file name", false, RUNTIME_WEAK, ret);
        return true;
}
