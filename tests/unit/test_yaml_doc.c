/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The YAML tree: places, getters, and everything it must refuse. */
#include <criterion/criterion.h>

#include "lib/util-string.h"
#include "lib/yaml-doc.h"

static Diag *load_bad(const char *text, size_t size)
{
        YamlDoc *doc = NULL;
        Diag *diag;

        cr_assert_eq(diag_new(&diag), 0);
        cr_assert_eq(yaml_doc_load_buffer("f.yaml", text, size, diag, &doc), -EBADMSG, "%s", text);
        cr_assert_null(doc, "no half object");
        cr_assert_geq(diag_count(diag, DIAG_ERROR), 1U);
        return diag;
}

static void expect_error(const char *text, unsigned line, unsigned column, const char *part)
{
        Diag *diag = load_bad(text, strlen(text));
        const DiagEntry *e = diag_get(diag, 0);

        cr_expect_eq(e->line, line, "%s: line %u", text, e->line);
        cr_expect_eq(e->column, column, "%s: column %u", text, e->column);
        cr_expect_not_null(strstr(e->message, part), "%s: %s", text, e->message);
        diag_free(diag);
}

static YamlDoc *load_good(const char *text, Diag **ret_diag)
{
        YamlDoc *doc = NULL;

        cr_assert_eq(diag_new(ret_diag), 0);
        cr_assert_eq(yaml_doc_load_buffer("f.yaml", text, strlen(text), *ret_diag, &doc), 0, "%s", text);
        return doc;
}

Test(yaml_doc, places)
{
        Diag *diag;
        YamlDoc *doc = load_good("a: 1\nbb:\n  - x\n  - { c: [y, 'z'] }\n", &diag);
        const YamlNode *root = yaml_doc_root(doc), *list = yaml_node_get(root, "bb"), *c;

        cr_assert_eq(yaml_node_kind(root), YAML_KIND_MAP);
        cr_assert_eq(yaml_node_size(root), 2U);
        cr_expect_eq(yaml_node_line(yaml_node_get(root, "a")), 1U);
        cr_expect_eq(yaml_node_column(yaml_node_get(root, "a")), 4U);
        cr_expect_eq(yaml_node_line(yaml_node_key(root, 1)), 2U);
        cr_expect_eq(yaml_node_column(yaml_node_key(root, 1)), 1U);
        cr_assert_eq(yaml_node_kind(list), YAML_KIND_LIST);
        cr_expect_eq(yaml_node_line(yaml_node_at(list, 0)), 3U);
        cr_expect_eq(yaml_node_column(yaml_node_at(list, 0)), 5U);
        c = yaml_node_get(yaml_node_at(list, 1), "c");
        cr_expect_eq(yaml_node_line(c), 4U);
        cr_expect_eq(yaml_node_column(c), 10U);
        cr_expect_str_eq(yaml_node_text(yaml_node_at(c, 1)), "z");
        cr_expect_null(yaml_node_at(c, 2));
        cr_expect_null(yaml_node_key(c, 0));
        cr_expect_null(yaml_node_get(c, "c"), "a list has no keys");
        cr_expect_null(yaml_node_get(NULL, "c"));
        cr_expect_str_eq(yaml_doc_file(doc), "f.yaml");
        yaml_doc_free(doc);
        diag_free(diag);
}

Test(yaml_doc, refuses_what_yaml_allows)
{
        expect_error("a: 1\nb: 2\na: 3\n", 3, 1, "\"a\" is given twice, first in line 1");
        expect_error("a: &x 1\nb: *x\n", 1, 4, "anchors");
        expect_error("b: *x\n", 1, 4, "aliases");
        expect_error("a: !!str 1\n", 1, 4, "tags");
        expect_error("a: !x [1]\n", 1, 4, "tags");
        expect_error("a: &x {}\n", 1, 4, "anchors");
        expect_error("a: 1\n---\nb: 1\n", 2, 1, "one document");
        expect_error("? [a]\n: 1\n", 1, 3, "a key must be a plain word");
        expect_error("? {a: 1}\n: 1\n", 1, 3, "a key must be a plain word");
        expect_error("a: \"x\\0y\"\n", 1, 4, "NUL");
        expect_error("", 1, 1, "empty");
        expect_error("# nothing\n", 1, 1, "empty");
        expect_error("a: [1\nb: 2\n", 2, 2, "did not find expected");
        expect_error("a: b: c\n", 1, 5, "mapping values");
        expect_error("a:\n\t- x\n", 2, 1, "cannot start any token");
}

Test(yaml_doc, duplicates_do_not_hide_later_ones)
{
        static const char text[] = "a: 1\na: 2\nb: { c: 1, c: 2 }\n";
        Diag *diag = load_bad(text, strlen(text));

        cr_expect_eq(diag_count(diag, DIAG_ERROR), 2U);
        cr_expect_eq(diag_get(diag, 1)->line, 3U);
        diag_free(diag);
}

Test(yaml_doc, bytes)
{
        static const char nul[] = "a: 1\nb\0: 2\n";
        Diag *diag = load_bad(nul, sizeof(nul) - 1);

        cr_expect_eq(diag_get(diag, 0)->line, 2U);
        cr_expect_eq(diag_get(diag, 0)->column, 2U);
        diag_free(diag);
        expect_error("a: 1\nb: \xc3\x28\n", 2, 4, "UTF-8");
        expect_error("\xc3\xa4: \xed\xa0\x80\n", 1, 4,
                     "UTF-8"); /* a surrogate, behind one two-byte letter */
        expect_error("a: \xc0\x80\n", 1, 4, "UTF-8");
        expect_error("a: \xf4\x90\x80\x80\n", 1, 4, "UTF-8");
        expect_error("a: \x01\n", 1, 4, "control character");
        expect_error("a: \xc2\x9b\n", 1, 4, "control character"); /* CSI in one character */
}

static char *repeat(const char *what, size_t n, const char *tail)
{
        size_t k = strlen(what);
        char *s = malloc(n * k + strlen(tail) + 1), *p = s;

        cr_assert_not_null(s);
        for (size_t i = 0; i < n; i++, p += k)
                memcpy(p, what, k);
        strcpy(p, tail);
        return s;
}

Test(yaml_doc, depth)
{
        char *ok = repeat("[", 16, "]]]]]]]]]]]]]]]]"), *deep = repeat("[", 17, ""),
             *bottomless = repeat("[", 200000, ""), *dashes = repeat("- ", 200000, "x"),
             *braces = repeat("{a: ", 100000, "");
        Diag *diag;
        YamlDoc *doc = load_good(ok, &diag);

        yaml_doc_free(doc);
        diag_free(diag);
        expect_error(deep, 1, 17, "nested deeper than 16");
        expect_error(bottomless, 1, 17, "nested deeper than 16");
        expect_error(dashes, 1, 33, "nested deeper than 16");
        expect_error(braces, 1, 65, "nested deeper than 16");
        free(ok);
        free(deep);
        free(bottomless);
        free(dashes);
        free(braces);
}

Test(yaml_doc, size)
{
        char *many = repeat("- x\n", 70000, ""), *large = repeat("# comment\n", 110000, "a: 1\n"), *keys;
        size_t used = 0, room = 20000;
        Diag *diag;

        expect_error(many, YAML_DOC_NODES_MAX, 3, "values in one file");
        diag = load_bad(large, strlen(large));
        cr_expect_not_null(strstr(diag_get(diag, 0)->message, "larger than"));
        diag_free(diag);

        keys = calloc(1, room);
        for (int i = 0; i < 1030; i++)
                used += (size_t) snprintf(keys + used, room - used, "k%d: 1\n", i);
        expect_error(keys, YAML_DOC_KEYS_MAX + 1, 1, "keys in one map");
        free(keys);
        free(many);
        free(large);
}

Test(yaml_doc, no_surprising_types)
{
        Diag *diag;
        YamlDoc *doc = load_good("a: no\nb: 010\nc: 1e3\nd:\ne: ~\n", &diag);
        const YamlNode *root = yaml_doc_root(doc);
        uint64_t v = 7;
        bool t = true;

        cr_expect_str_eq(yaml_node_text(yaml_node_get(root, "a")), "no");
        cr_expect_eq(yaml_get_unsigned(yaml_node_get(root, "b"), "b", 100, diag, &v), 0);
        cr_expect_eq(v, 10U);
        cr_expect_eq(yaml_get_unsigned(yaml_node_get(root, "c"), "c", 100, diag, &v), -EBADMSG);
        cr_expect_eq(v, 10U, "untouched on failure");
        cr_expect_str_eq(yaml_node_text(yaml_node_get(root, "d")), "");
        cr_expect_eq(yaml_get_boolean(yaml_node_get(root, "a"), "a", diag, &t), 0);
        cr_expect_not(t);
        cr_expect_eq(yaml_get_boolean(yaml_node_get(root, "e"), "e", diag, &t), -EBADMSG);
        yaml_doc_free(doc);
        diag_free(diag);
}

Test(yaml_doc, getters_say_what_and_where)
{
        static const char *const words[] = { "minimal", "medium", "high", NULL };
        Diag *diag;
        YamlDoc *doc = load_good("risk: hihg\nn: 300\nl: [a, [b]]\nempty:\nm: {}\nf: 0.5\ng: nan\n", &diag);
        const YamlNode *root = yaml_doc_root(doc);
        char **l = NULL;
        const char *s;
        unsigned i;
        uint64_t n;
        double d;

        cr_expect_eq(yaml_get_enum(yaml_node_get(root, "risk"), "risk", words, diag, &i), -EBADMSG);
        cr_expect_str_eq(diag_get(diag, 0)->message, "risk must be minimal, medium or high, not \"hihg\"");
        cr_expect_str_eq(diag_get(diag, 0)->hint, "did you mean \"high\"?");
        cr_expect_eq(yaml_get_unsigned(yaml_node_get(root, "n"), "n", 255, diag, &n), -EBADMSG);
        cr_expect_eq(yaml_get_strv(yaml_node_get(root, "l"), "l", diag, &l), -EBADMSG);
        cr_expect_eq(diag_get(diag, 2)->column, 8U);
        cr_expect_eq(yaml_get_string(yaml_node_get(root, "empty"), "empty", diag, &s), -EBADMSG);
        cr_expect_eq(yaml_get_string(yaml_node_get(root, "m"), "m", diag, &s), -EBADMSG);
        cr_expect_eq(yaml_get_double(yaml_node_get(root, "f"), "f", 0, 1, diag, &d), 0);
        cr_expect_eq(d, 0.5);
        cr_expect_eq(yaml_get_double(yaml_node_get(root, "g"), "g", 0, 1, diag, &d), -EBADMSG);
        cr_expect_eq(yaml_get_strv(yaml_node_get(root, "risk"), "risk", diag, &l), 0);
        cr_assert_eq(strv_length(l), 1U);
        cr_expect_str_eq(l[0], "hihg");
        strv_free(l);
        yaml_doc_free(doc);
        diag_free(diag);
}

Test(yaml_doc, unknown_keys_with_a_guess)
{
        static const char *const keys[] = { "action", "unless", NULL };
        Diag *diag;
        YamlDoc *doc = load_good("actoin: 1\nunless: 2\nxyzzy: 3\n", &diag);

        cr_expect_eq(yaml_check_keys(yaml_doc_root(doc), "a rule", keys, diag), -EBADMSG);
        cr_assert_eq(diag_count(diag, DIAG_ERROR), 2U);
        cr_expect_str_eq(diag_get(diag, 0)->hint, "did you mean \"action\"?");
        cr_expect_null(diag_get(diag, 1)->hint, "no wild guess");
        cr_expect_eq(diag_get(diag, 1)->line, 3U);
        yaml_doc_free(doc);
        diag_free(diag);
}

Test(yaml_doc, closest_word)
{
        static const char *const words[] = { "camera", "microphone", "kill", NULL };

        cr_expect_str_eq(closest_word("camrea", words), "camera");
        cr_expect_str_eq(closest_word("Camera", words), "camera");
        cr_expect_str_eq(closest_word("kil", words), "kill");
        cr_expect_null(closest_word("x", words));
        cr_expect_null(closest_word("", words));
        cr_expect_null(closest_word("loudspeaker", words));
}

Test(yaml_doc, files)
{
        YamlDoc *doc = NULL;
        Diag *diag;

        cr_assert_eq(diag_new(&diag), 0);
        cr_expect_eq(yaml_doc_load_file("/nonexistent.yaml", diag, &doc), -ENOENT);
        cr_expect_eq(yaml_doc_load_file("/tmp", diag, &doc), -EISDIR);
        cr_expect_eq(yaml_doc_load_file("/dev/zero", diag, &doc), -EINVAL, "a device is not read");
        cr_expect_eq(yaml_doc_load_file("policies/baseline.yaml", diag, &doc), 0);
        yaml_doc_free(doc);
        diag_free(diag);
}
