/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: what a workload has read adds up, stays bounded, and makes a suspicion a certainty where it should. */
#include "lib/dossier.h"
#include "lib/classify.h"
#include "lib/script-args.h"
#include "lib/util-string.h"
#include "model-files.h"

static ModelcapSet *set;

static void setup(void)
{
        set = shipped_modelcaps();
}

static void teardown(void)
{
        modelcap_set_free(set);
}

TestSuite(dossier, .init = setup, .fini = teardown);

#define SEVEN "EMOTIONS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']\n"

/* Through the scanner's own readers, as the daemon gets it. */
static Classification scan_code(const char *text)
{
        int fd = memfd_create("code", MFD_CLOEXEC);
        Classification c;

        cr_assert_geq(fd, 0);
        cr_assert_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        scan_fd(fd, "app.py", NULL, 0, set, &c);
        close(fd);
        return c;
}

/* A face model of `outputs` classes: its shape makes a suspect, nothing more. */
static Classification scan_model(int64_t outputs, const char *path)
{
        const int64_t in[] = { 1, 1, 48, 48 }, out[] = { 1, outputs };
        Classification c = { .version = CLASSIFICATION_VERSION };
        ModelFacts f;

        facts_init(&f);
        f.container = "onnx";
        f.is_model = true;
        for (int i = 0; i < 2; i++) {
                FactShape s = { .output = i == 1, .name = i ? "out" : "in", .n = i ? 2 : 4 };

                memcpy(s.dims, i ? out : in, s.n * sizeof(int64_t));
                facts_add_shape(&f, &s);
        }
        cr_assert_eq(classify(&f, path, set, &c), 0);
        facts_done(&f);
        c.status = SCAN_CLEAN;
        for (size_t i = 0; i < c.n_modelcaps; i++)
                if (c.modelcaps[i].certainty == CERTAINTY_SUSPECT)
                        c.status = SCAN_SUSPECT;
        return c;
}

static DossierItem script(const char *path, uint64_t ino, const char *text)
{
        Classification c = scan_code(text);
        DossierItem item;

        dossier_item_init(&item, DOSSIER_SCRIPT, path);
        item.ino = ino;
        item.n_lists = labels_seen(&c, set, item.lists, DOSSIER_LISTS_MAX);
        return item;
}

static DossierItem plain(DossierKind kind, uint64_t ino)
{
        DossierItem item;

        dossier_item_init(&item, kind, "/srv/some");
        item.ino = ino;
        return item;
}

static const ModelcapFinding *face(const Classification *c)
{
        for (size_t i = 0; i < c->n_modelcaps; i++)
                if (streq(c->modelcaps[i].name, "emotion.face"))
                        return &c->modelcaps[i];
        abort();
}

static DossierSet *new_set(void)
{
        DossierSet *s = NULL;

        cr_assert_eq(dossier_set_new(&s), 0);
        return s;
}

Test(dossier, suspect_and_code_identify_together)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 7, "/system.slice/a.service");
        Classification model = scan_model(7, "/srv/x.onnx");
        DossierItem item = script("/srv/app/run.py", 1, "import onnxruntime\n" SEVEN);
        const Classification *checked;

        cr_assert_eq(model.status, SCAN_SUSPECT);
        cr_assert_eq(face(&model)->certainty, CERTAINTY_SUSPECT);
        cr_assert_not(dossier_raise(d, set, &model));
        cr_assert_eq(item.n_lists, 1U);
        dossier_add(d, &item);
        cr_assert(dossier_raise(d, set, &model));
        cr_assert_eq(model.status, SCAN_IDENTIFIED);
        cr_assert_eq(face(&model)->certainty, CERTAINTY_IDENTIFIED);
        cr_assert_geq(face(&model)->confidence, 80);
        cr_assert_str_eq(face(&model)->evidence[0].kind, "workload-code");
        cr_assert(strstr(face(&model)->evidence[0].where, "run.py"), "%s", face(&model)->evidence[0].where);
        cr_assert(strstr(face(&model)->evidence[0].where, "line 2"), "%s", face(&model)->evidence[0].where);
        cr_assert(strstr(face(&model)->evidence[0].detail, "angry"));
        cr_assert_eq(classification_validate(&model, sizeof(model), &checked), 0);
        /* What is identified stays what it is. */
        cr_assert_not(dossier_raise(d, set, &model));
}

Test(dossier, what_does_not_identify)
{
        static const struct {
                const char *what, *code;
                int64_t outputs;
        } table[] = {
                { "three words, one of them clear", "X = ['negative', 'neutral', 'positive']\n", 7 },
                { "two emotions", "X = ['happy', 'sad']\n", 7 },
                { "another list", "X = ['bird', 'cat', 'dog', 'deer', 'frog', 'horse', 'ship']\n", 7 },
                { "words in a sentence", "print('angry disgust fear happy sad surprise neutral')\n", 7 },
                { "a mood player: genders", "X = ['male', 'female']\n", 7 },
                { "a list of seven for a model of six", SEVEN, 6 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                _cleanup_(dossier_set_freep) DossierSet *s = new_set();
                Dossier *d = dossier_get(s, 1, NULL);
                /* Suspect by its name where its shape says nothing. */
                Classification model = scan_model(table[i].outputs, "/srv/fer/emotion.onnx");
                DossierItem item = script("/srv/a.py", 1, table[i].code);

                cr_assert_eq(model.status, SCAN_SUSPECT, "%s", table[i].what);
                dossier_add(d, &item);
                cr_expect_not(dossier_raise(d, set, &model), "%s", table[i].what);
                cr_expect_eq(model.status, SCAN_SUSPECT, "%s", table[i].what);
        }
}

/* The list alone makes nothing of a model that is not suspect. */
Test(dossier, a_clean_model_stays_clean)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 1, NULL);
        Classification model = scan_model(10, "/srv/digits.onnx");
        DossierItem item = script("/srv/a.py", 1, SEVEN);

        cr_assert_neq(model.status, SCAN_SUSPECT);
        dossier_add(d, &item);
        cr_assert_not(dossier_raise(d, set, &model));
}

/* Nor what speaks of something else as well. */
Test(dossier, contrary_evidence_stays_a_suspicion)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 1, NULL);
        Classification model = scan_model(7, "/srv/x.onnx");
        DossierItem item = script("/srv/a.py", 1, SEVEN);
        ModelcapFinding *f = &model.modelcaps[0];

        dossier_add(d, &item);
        (void) snprintf(f->evidence[f->n_evidence++].kind, sizeof(f->evidence[0].kind), "%s",
                        EVIDENCE_CONTRARY);
        cr_assert_not(dossier_raise(d, set, &model));
}

/* Two pieces of code with the same list are two pieces of code. */
Test(dossier, a_text_never_rises)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 1, NULL);
        DossierItem item = script("/srv/a.py", 1, SEVEN);
        Classification text =
                        scan_code("import numpy as np\nimport onnxruntime\n" SEVEN "print(EMOTIONS[0])\n");

        dossier_add(d, &item);
        cr_assert_eq(text.status, SCAN_SUSPECT);
        cr_assert_not(dossier_raise(d, set, &text));
}

/* Another workload's code is nobody else's evidence. */
Test(dossier, each_workload_has_its_own)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 1, "/a.service"), *other = dossier_get(s, 2, "/b.service");
        Classification model = scan_model(7, "/srv/x.onnx");
        DossierItem item = script("/srv/a.py", 1, SEVEN);

        dossier_add(d, &item);
        cr_assert_neq(d, other);
        cr_assert_not(dossier_raise(other, set, &model));
        cr_assert(dossier_raise(d, set, &model));
}

Test(dossier, a_restarted_unit_keeps_its_dossier)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 1, "/a.service");

        cr_assert_eq(dossier_get(s, 99, "/a.service"), d);
        cr_assert_eq(d->cgroup_id, 99U);
        cr_assert_null(dossier_find(s, 1, NULL));
        cr_assert_eq(dossier_find(s, 99, NULL), d);
        cr_assert_eq(dossier_find(s, 0, "/a.service"), d);
}

Test(dossier, bounded_in_workloads)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        DossierItem item = script("/srv/a.py", 1, SEVEN);
        char path[32];

        dossier_add(dossier_get(s, 1, "/first"), &item);
        (void) dossier_get(s, 2, "/second");
        for (uint64_t i = 3; i <= DOSSIERS_MAX; i++)
                (void) dossier_get(s, i, NULL);
        (void) dossier_get(s, 2, NULL); /* used again */
        for (uint64_t i = 0; i < DOSSIERS_MAX - 2; i++) {
                (void) snprintf(path, sizeof(path), "/new-%u", (unsigned) i);
                (void) dossier_get(s, 1000 + i, path);
        }
        cr_assert_eq(dossier_count(s), DOSSIERS_MAX);
        cr_assert_null(dossier_find(s, 3, NULL));
        cr_assert(dossier_find(s, 2, NULL));
        /* The longest unused of all, but it holds evidence. */
        cr_assert(dossier_find(s, 1, NULL));
        cr_assert_eq(dossier_find(s, 1, NULL)->n, 1U);
}

Test(dossier, bounded_in_items)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 1, NULL);
        DossierItem list = script("/srv/a.py", 1, SEVEN), again = list;
        Classification model = scan_model(7, "/srv/x.onnx");

        dossier_add(d, &list);
        for (uint64_t i = 0; i < 4 * DOSSIER_ITEMS_MAX; i++) {
                DossierItem item = plain(DOSSIER_MODEL, 100 + i);

                dossier_add(d, &item);
        }
        cr_assert_eq(d->n, DOSSIER_ITEMS_MAX);
        cr_assert_eq(d->dropped, 3 * DOSSIER_ITEMS_MAX + 1);
        cr_assert(dossier_raise(d, set, &model));

        /* Nor can copies of one list flood another out. */
        list = script("/srv/b.py", 2, "X = ['happy', 'sad', 'angry', 'fear', 'disgust']\n");
        dossier_add(d, &list);
        for (uint64_t i = 0; i < 4 * DOSSIER_ITEMS_MAX; i++) {
                again.ino = 1000 + i;
                dossier_add(d, &again);
        }
        cr_assert_eq(d->n, DOSSIER_ITEMS_MAX);
        model = scan_model(5, "/srv/fer/emotion.onnx");
        cr_assert(dossier_raise(d, set, &model));
}

Test(dossier, the_same_again_is_one_item)
{
        _cleanup_(dossier_set_freep) DossierSet *s = new_set();
        Dossier *d = dossier_get(s, 1, NULL);
        DossierItem item = script("/srv/a.py", 1, SEVEN), rewritten = script("/srv/a.py", 1, "pass\n"),
                    other;

        dossier_add(d, &item);
        dossier_add(d, &rewritten);
        cr_assert_eq(d->n, 1U);
        cr_assert_eq(d->items[0].n_lists, 0U);
        other = plain(DOSSIER_SENSOR, 1);
        dossier_add(d, &other);
        cr_assert_eq(d->n, 2U);
}

Test(dossier, long_paths_keep_their_end)
{
        char path[2000];
        DossierItem item;

        memset(path, 'x', sizeof(path));
        memcpy(path + sizeof(path) - 8, "/run.py", 8);
        dossier_item_init(&item, DOSSIER_SCRIPT, path);
        cr_assert(endswith(item.path, "/run.py"));
}

/* ------------------------------------------------------------ command lines */

static void expect_args(const char *cmdline, size_t size, const char *want)
{
        static const char *const kinds[] = { "file", "module", "inline" };
        ScriptArg args[SCRIPT_ARGS_MAX];
        size_t n = script_args(cmdline, size, args);
        char got[512] = "";

        for (size_t i = 0; i < n; i++)
                (void) snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s:%.*s", i ? "|" : "",
                                kinds[args[i].kind], (int) args[i].n, args[i].text);
        cr_expect_str_eq(got, want);
}
#define ARGS(text, want) expect_args(text, sizeof(text), want)

Test(dossier, scripts_of_a_command_line)
{
        ARGS("python3\0app.py\0--model\0x.onnx", "file:app.py|file:x.onnx");
        ARGS("python3\0-X\0dev\0/srv/app.py", "file:dev|file:/srv/app.py");
        ARGS("python3\0-c\0print(1)", "inline:print(1)");
        ARGS("python3\0-c\0-1", "inline:-1");
        ARGS("python3\0-m\0pkg.app\0-v", "module:pkg.app");
        ARGS("node\0--eval\0x()\0a\0b\0c", "inline:x()|file:a|file:b");
        ARGS("node", "");
        ARGS("", "");
        expect_args(NULL, 0, "");
        expect_args("a\0b", 3, "file:b"); /* cut: no NUL behind it */
        ARGS("a\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0late", "");
}
