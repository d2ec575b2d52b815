/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: declarations: only whole and exact documents count, and none lifts what is identified. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/declaration.h"
#include "lib/policy-internal.h"
#include "lib/util-string.h"
#include "temporary.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD(kind)                                                                                         \
        "{\"aiguard\": 1, \"kind\": \"" kind                                                               \
        "\", \"reason\": \"r\", \"made\": \"2026-01-01T00:00:00Z\", \"until\": \"2026-12-31T00:00:00Z\", " \
        "\"by_uid\": 0, "
#define MODEL         \
        HEAD("model") \
        "\"model\": {\"path\": \"/m\", \"sha256\": \"" DIGEST "\", \"size\": 7, \"as\": \"none\"}}"
#define WORKLOAD HEAD("workload") "\"workload\": {\"exe\": \"/usr/bin/qr\"}}"
#define SENSOR                                                                                \
        HEAD("sensor")                                                                        \
        "\"sensor\": {\"path\": \"/dev/video0\", \"major\": 81, \"minor\": 3, \"hardware\": " \
        "\"/sys/devices/x\"}}"

static Declaration *good(const char *text)
{
        _cleanup_free_ char *why = NULL;
        Declaration *d = NULL;
        int r = declaration_parse(text, strlen(text), &d, &why);

        cr_assert_eq(r, 0, "%s: %s", text, why ? why : "");
        return d;
}

Test(declaration, each_kind_is_read)
{
        _cleanup_(declaration_freep) Declaration *m = good(MODEL), *w = good(WORKLOAD), *s = good(SENSOR);

        cr_assert_eq(m->kind, DECLARATION_MODEL);
        cr_assert_str_eq(m->digest, DIGEST);
        cr_assert_eq(m->size, 7);
        cr_assert_str_eq(m->as, "none");
        cr_assert_str_eq(m->id, "model-0123456789abcdef");
        cr_assert_eq(w->kind, DECLARATION_WORKLOAD);
        cr_assert_str_eq(w->exe, "/usr/bin/qr");
        cr_assert_eq(s->kind, DECLARATION_SENSOR);
        cr_assert_eq(s->dev, AG_DEV(81, 3));
        cr_assert_str_eq(s->id, "sensor-81-3");
}

Test(declaration, what_is_written_is_what_is_read)
{
        static const char *const texts[] = {
                MODEL, WORKLOAD, SENSOR, HEAD("workload") "\"workload\": {\"name\": \"a\"}}",
                HEAD("workload") "\"workload\": {\"unit\": \"qr@*.service\"}}"
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(declaration_freep) Declaration *a = good(texts[i]), *b = NULL;
                json_t *o = declaration_to_json(a);
                _cleanup_free_ char *text = json_dumps(o, JSON_COMPACT), *again = NULL;

                json_decref(o);
                b = good(text);
                o = declaration_to_json(b);
                again = json_dumps(o, JSON_COMPACT);
                json_decref(o);
                cr_assert_str_eq(text, again);
                cr_assert_str_eq(a->id, b->id);
        }
}

Test(declaration, a_name_an_executable_and_a_unit_are_different_things)
{
        _cleanup_(declaration_freep)
                        Declaration *a = good(HEAD("workload") "\"workload\": {\"name\": \"x.service\"}}"),
                                    *b = good(HEAD("workload") "\"workload\": {\"unit\": \"x.service\"}}");

        cr_assert_str_neq(a->id, b->id);
}

Test(declaration, everything_else_is_refused)
{
        static const char *const texts[] = {
                "",
                "[]",
                "{}",
                "null",
                "{",
                "\xff",
                MODEL "x",
                "{\"aiguard\": 2, \"kind\": \"sensor\"}",
                HEAD("person") "\"person\": {}}",
                HEAD("model") "\"workload\": {\"name\": \"x\"}}",
                HEAD("model") "\"model\": {\"path\": \"/m\", \"sha256\": \"12\", \"size\": 7, \"as\": "
                              "\"none\"}}",
                HEAD("model") "\"model\": {\"path\": \"/m\", \"sha256\": \"" DIGEST
                              "\", \"size\": -7, \"as\": \"none\"}}",
                HEAD("model") "\"model\": {\"path\": \"/m\", \"sha256\": \"" DIGEST "\", \"size\": 7}}",
                HEAD("model") "\"model\": {\"path\": \"a\\u0000b\", \"sha256\": \"" DIGEST
                              "\", \"size\": 7, \"as\": \"none\"}}",
                HEAD("model") "\"model\": {\"path\": \"/m\", \"sha256\": \"" DIGEST
                              "\", \"size\": 7, \"as\": \"none\", \"x\": 1}}",
                HEAD("model") "\"model\": {\"path\": \"/m\", \"path\": \"/n\", \"sha256\": \"" DIGEST
                              "\", \"size\": 7, \"as\": \"n\"}}",
                HEAD("workload") "\"workload\": {}}",
                HEAD("workload") "\"workload\": {\"name\": \"a\", \"exe\": \"/b\"}}",
                HEAD("workload") "\"workload\": {\"exe\": \"b\"}}",
                HEAD("workload") "\"workload\": {\"unit\": \"*\"}}",
                HEAD("workload") "\"workload\": {\"unit\": \"*.*\"}}",
                HEAD("workload") "\"workload\": {\"unit\": \"a/b\"}}",
                HEAD("sensor") "\"sensor\": {\"path\": \"/dev/video0\", \"major\": 81, \"minor\": 1048575, "
                               "\"hardware\": \"x\"}}",
                HEAD("sensor") "\"sensor\": {\"path\": \"/dev/video0\", \"major\": 81, \"minor\": 0}}",
                "{\"aiguard\": 1, \"kind\": \"workload\", \"reason\": \"\", \"made\": \"2026-01-01\", "
                "\"until\": "
                "\"2026-12-31\", \"by_uid\": 0, \"workload\": {\"name\": \"x\"}}",
                "{\"aiguard\": 1, \"kind\": \"workload\", \"reason\": \"r\", \"made\": \"2026-01-01\", "
                "\"by_uid\": 0, "
                "\"workload\": {\"name\": \"x\"}}",
                "{\"aiguard\": 1, \"kind\": \"workload\", \"reason\": \"r\", \"made\": \"2026-12-31\", "
                "\"until\": "
                "\"2026-01-01\", \"by_uid\": 0, \"workload\": {\"name\": \"x\"}}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_free_ char *why = NULL;
                Declaration *d = (Declaration *) &texts;

                cr_assert_eq(declaration_parse(texts[i], strlen(texts[i]), &d, &why), -EBADMSG, "%zu: %s", i,
                             texts[i]);
                cr_assert_eq(d, (Declaration *) &texts, "untouched on failure");
                cr_assert(why && *why, "%zu says nothing", i);
        }
}

Test(declaration, ids_are_no_paths)
{
        cr_assert(declaration_id_valid("model-0123456789abcdef"));
        cr_assert_not(declaration_id_valid(""));
        cr_assert_not(declaration_id_valid("../x"));
        cr_assert_not(declaration_id_valid("a.json"));
        cr_assert_not(declaration_id_valid("-x"));
        cr_assert_eq(declaration_remove("/tmp", "../etc/passwd"), -ENOENT);
}

/* ------------------------------------------------------------------ the store */

static char dir[] = "/tmp/aiguard-declarations-XXXXXX";

static void make_dir(void)
{
        cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
        remove_tree(dir);
}

static void put(const char *name, const char *text)
{
        char path[128];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "we");
        cr_assert_not_null(f);
        fputs(text, f);
        fclose(f);
}

/* The folder of an earlier version. */
Test(declaration, store, .init = make_dir, .fini = remove_dir)
{
        _cleanup_(declaration_freep) Declaration *m = good(MODEL), *s = good(SENSOR);
        char name[80];
        Declaration **all = NULL;
        size_t n = 0, broken = 0;

        snprintf(name, sizeof(name), "%s.json", m->id);
        put(name, MODEL);
        snprintf(name, sizeof(name), "%s.json", s->id);
        put(name, SENSOR);
        put("broken.json", "{");
        put("model-ffffffffffffffff.json", MODEL); /* another declaration's name */
        put("ignored.txt", "x");
        cr_assert_eq(declarations_read(dir, &all, &n, &broken), 0);
        cr_assert_eq(n, 2);
        cr_assert_eq(broken, 2);
        declarations_free_many(all, n);
        cr_assert_eq(declaration_remove(dir, m->id), 0);
        cr_assert_eq(declaration_remove(dir, m->id), -ENOENT);
        cr_assert_eq(declarations_read(dir, &all, &n, &broken), 0);
        cr_assert_eq(n, 1);
        declarations_free_many(all, n);
}

Test(declaration, no_store_is_an_empty_one)
{
        Declaration **all = NULL;
        size_t n = 9, broken = 9;

        cr_assert_eq(declarations_read("/nonexistent/declarations", &all, &n, &broken), 0);
        cr_assert_eq(n, 0);
        cr_assert_eq(broken, 0);
        free(all);
}

Test(declaration, digest, .init = make_dir, .fini = remove_dir)
{
        _cleanup_close_ int fd = -EBADF;
        char path[128], hex[65];
        uint64_t size = 0;

        put("abc", "abc");
        snprintf(path, sizeof(path), "%s/abc", dir);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        cr_assert_eq(digest_fd(fd, 3, hex, &size), 0);
        cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        cr_assert_eq(size, 3);
        cr_assert_eq(digest_fd(fd, 3, hex, &size), 0, "from the beginning, wherever the descriptor stands");
        cr_assert_eq(digest_fd(fd, 2, hex, &size), -EFBIG);
}

/* ------------------------------------------------------------ what they change */

Test(declaration, what_is_identified_stays)
{
        _cleanup_(declaration_freep) Declaration *d = good(MODEL);
        uint8_t columns[AG_OBJECT_COLUMNS] = { AG_COL_IDENTIFIED + 2, AG_COL_SUSPECT + 1, AG_COL_CAPABLE + 3,
                                               AG_COL_UNDECLARED_MODEL, AG_COL_UNPARSABLE };
        uint8_t n = 5;

        declaration_apply_columns(d, NULL, columns, &n);
        cr_assert_eq(n, 1);
        cr_assert_eq(columns[0], AG_COL_IDENTIFIED + 2);
        columns[0] = AG_COL_SUSPECT;
        declaration_apply_columns(d, NULL, columns, &n);
        cr_assert_eq(n, 0, "what is only suspected goes");
        columns[0] = AG_COL_IDENTIFIED + 2;
        n = 1;
        d->second = true;
        declaration_apply_columns(d, NULL, columns, &n);
        cr_assert_eq(n, 0, "with a second signature");
}

Test(declaration, not_ai_by_name_and_by_executable)
{
        _cleanup_(declaration_freep)
                        Declaration *by_exe = good(WORKLOAD),
                                    *by_name = good(HEAD(
                                                    "workload") "\"workload\": {\"name\": \"clinic\"}}"),
                                    *nobody = good(HEAD("workload") "\"workload\": {\"name\": \"x\"}}"),
                                    *other = good(HEAD("workload") "\"workload\": {\"name\": \"other\"}}");
        PolicyTables *t = calloc(1, sizeof(*t));

        t->n_workloads = 3;
        t->workloads = calloc(3, sizeof(*t->workloads));
        t->rows = calloc(3, sizeof(*t->rows));
        t->workloads[0].name = strdup("other");
        t->workloads[1].name = strdup("undeclared-ai");
        t->workloads[2].name = strdup("clinic");
        t->rows[2].flags = AG_ROW_HOLD;
        t->rows[2].cells[AG_COL_CAMERA].effective[0].action = AG_ACTION_DENY;

        cr_assert_eq(declaration_amend_tables(nobody, t), -ENOENT);
        cr_assert_eq(declaration_amend_tables(other, t), -ENOENT, "the first two rows are nobody's");
        t->workloads[2].state_equivalent = true;
        cr_assert_eq(declaration_amend_tables(by_name, t), -EPERM);
        cr_assert_eq(t->rows[2].cells[AG_COL_CAMERA].effective[0].action, AG_ACTION_DENY);
        by_name->second = true;
        cr_assert_eq(declaration_amend_tables(by_name, t), 0, "two may");
        cr_assert_eq(t->rows[2].flags, AG_ROW_NOT_AI);
        cr_assert_eq(t->rows[2].cells[AG_COL_CAMERA].effective[0].action, AG_ACTION_ALLOW);

        cr_assert_eq(declaration_amend_tables(by_exe, t), 0);
        cr_assert_eq(t->n_workloads, 4);
        cr_assert_eq(t->rows[3].flags, AG_ROW_NOT_AI);
        cr_assert_str_eq(t->workloads[3].match.exes[0], "/usr/bin/qr");
        cr_assert(t->workloads[3].not_ai);
        policy_tables_free(t);
}
