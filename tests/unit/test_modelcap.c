/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the files of policies/modelcaps/: the shipped ones load, wrong ones are refused with the place. */
#include <sys/stat.h>

#include "lib/modelcap-internal.h"
#include "lib/util-string.h"
#include "model-files.h"
#include "temporary.h"

Test(modelcap, shipped)
{
        static const char *const expected[] = { "biometric-categorisation",
                                                "biometric-categorisation.age-gender",
                                                "biometric-identification",
                                                "emotion.face",
                                                "emotion.physiological",
                                                "emotion.text",
                                                "emotion.voice",
                                                "face-detection",
                                                "general-purpose-vision",
                                                "synthetic-media" };
        ModelcapSet *set = shipped_modelcaps();

        for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
                cr_assert_geq(modelcap_set_find(set, expected[i]), 0, "%s", expected[i]);
        for (size_t i = 0; i < modelcap_set_size(set); i++) {
                cr_assert(modelcap_set_title(set, i)[0]);
                cr_assert_eq(modelcap_set_find(set, modelcap_set_name(set, i)), (int) i);
                if (i > 0)
                        cr_assert_lt(strcmp(modelcap_set_name(set, i - 1), modelcap_set_name(set, i)), 0);
        }
        cr_assert_eq(modelcap_set_find(set, "emotion.nose"), -ENOENT);
        cr_assert_not_null(set->runtimes);
        modelcap_set_free(set);
}

/* A new model capability is a file, nothing else: a vocabulary of its own here, and the model that has it. */
Test(modelcap, by_a_file_alone)
{
        static const char gait[] =
                        "aiguard: 1\nmodelcap: emotion.gait\ntitle: recognises emotions from the way people "
                        "walk\n"
                        "law: [KZ-AI-17-3-6, EU-5-1-f]\nvocabulary: gait\nnames: [gait emotion]\n";
        static const char words[] =
                        "aiguard: 1\nvocabulary: gait\nclasses:\n  brisk: { en: [brisk], kk: [шапшаң] }\n"
                        "  dragging: { en: [dragging] }\n  swaying: { en: [swaying] }\n";
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 3, 300, 3),
                              model = onnx_model(&graph, "names",
                                                 "{0: 'Brisk', 1: 'dragging', 2: 'swaying'}");
        char dir[] = "/tmp/aiguard-modelcap-XXXXXX", command[256], path[64];
        _cleanup_(modelcap_set_freep) ModelcapSet *set = NULL;
        Classification c;
        Diag *diag = NULL;

        cr_assert(mkdtemp(dir));
        (void) snprintf(command, sizeof(command), "cp policies/modelcaps/*.yaml %s/", dir);
        cr_assert_eq(system(command), 0);
        for (int i = 0; i < 2; i++) {
                FILE *f;

                (void) snprintf(path, sizeof(path), "%s/new%d.yaml", dir, i);
                f = fopen(path, "w");
                cr_assert(f);
                fputs(i ? words : gait, f);
                fclose(f);
        }
        cr_assert_eq(diag_new(&diag), 0);
        cr_assert_eq(modelcap_set_load(dir, diag, &set), 0);
        diag_free(diag);
        remove_tree(dir);
        cr_assert_geq(modelcap_set_find(set, "emotion.gait"), 0);
        c = scan_bytes_at(set, model.data, model.n, "");
        cr_assert_eq(certainty_of(&c, "emotion.gait"), CERTAINTY_IDENTIFIED);
        cr_assert_eq(c.n_modelcaps, 1);
}

Test(modelcap, no_directory)
{
        ModelcapSet *set = NULL;
        Diag *diag = NULL;

        cr_assert_eq(diag_new(&diag), 0);
        cr_assert_eq(modelcap_set_load("/nonexistent/modelcaps", diag, &set), -ENOENT);
        cr_assert_null(set);
        diag_free(diag);
}

/* Loads a directory with one or two files; the place and text of the first error, or NULL. */
static char *load_error(const char *a, const char *b)
{
        char dir[] = "/tmp/aiguard-modelcap-XXXXXX", path[64];
        const char *texts[] = { a, b };
        ModelcapSet *set = NULL;
        char *message = NULL;
        Diag *diag = NULL;
        int r;

        cr_assert(mkdtemp(dir));
        for (int i = 0; i < 2; i++) {
                FILE *f;

                (void) snprintf(path, sizeof(path), "%s/%c.yaml", dir, 'a' + i);
                f = texts[i] ? fopen(path, "w") : NULL;
                if (f) {
                        fputs(texts[i], f);
                        fclose(f);
                }
        }
        cr_assert_eq(diag_new(&diag), 0);
        r = modelcap_set_load(dir, diag, &set);
        if (r < 0) {
                const DiagEntry *e = diag_get(diag, 0);

                cr_assert_eq(r, -EBADMSG);
                cr_assert_null(set, "never half a set");
                cr_assert_not_null(e);
                cr_assert_geq(string_printf(&message, "%u: %s", e->line, e->message), 0);
        }
        modelcap_set_free(set);
        diag_free(diag);
        for (int i = 0; i < 2; i++) {
                (void) snprintf(path, sizeof(path), "%s/%c.yaml", dir, 'a' + i);
                (void) unlink(path);
        }
        (void) rmdir(dir);
        return message;
}

#define CATALOG "aiguard: 1\ncatalog: c\nmodels:\n  - { name: a, origin: b, modelcap: x.y, "
#define GOOD "aiguard: 1\nmodelcap: x.y\ntitle: a title\n"

Test(modelcap, good)
{
        char *e = load_error(GOOD "hints: [a, b]\n", NULL);

        cr_assert_null(e, "%s", e);
        e = load_error(GOOD, CATALOG "vectors: 0040123456 0040abcdef }\n");
        cr_assert_null(e, "%s", e);
}

Test(modelcap, mistakes)
{
        static const struct {
                const char *a, *b, *message;
        } cases[] = {
                { "aiguard: 1\nmodelcap: x.y\n", NULL, "title" },
                { GOOD "hint: [a]\n", NULL, "hint" },
                { GOOD "vocabulary: none\n", NULL, "4: there is no vocabulary `none'" },
                { GOOD "modality: smell\n", NULL, "4: there is no modality `smell'" },
                { GOOD "ceiling: perhaps\n", NULL, "4: " },
                { GOOD "names: ['...']\n", NULL, "4: `...' holds no word" },
                { GOOD "shapes:\n  - { channels: [x], outputs: [7], confidence: 10 }\n", NULL, "5: " },
                { GOOD "shapes:\n  - { channels: [1], outputs: [7], confidence: 99 }\n", NULL, "5: " },
                { GOOD, CATALOG "shape: abcd }\n", "4: `shape' must be groups of 64 hexadecimal digits" },
                { GOOD, CATALOG "vectors: 00401 }\n",
                  "4: `vectors' must be groups of 10 hexadecimal digits" },
                { GOOD, CATALOG "outputs: 7 }\n", "4: a model needs a shape, vectors or kernels" },
                { GOOD, "aiguard: 1\ncatalog: c\nmodels: none\n", "3: `models' must be a list" },
                { GOOD,
                  "aiguard: 1\ncatalog: c\nmodels:\n  - { name: a, origin: b, modelcap: z, vectors: "
                  "0040123456 }\n",
                  "a model capability that exists" },
                { "aiguard: 1\nmodelcap: Not Good\ntitle: t\n", NULL,
                  "2: a model capability is named in lower case" },
                { GOOD, GOOD, "defined twice" },
                { GOOD, "aiguard: 1\nvocabulary: v\nclasses:\n  a: { en: [word] }\n  b: { de: [Word] }\n",
                  "`word' stands in two classes" },
                { GOOD, "aiguard: 1\nvocabulary: v\ncodes:\n  - { name: c, labels: [a], modality: none }\n",
                  "there is no such modality" },
                { GOOD, "aiguard: 1\nsomething: else\n", "neither" },
                { "aiguard: 1\nvocabulary: v\n", NULL, "no model capability" },
                { "]", NULL, "1: " },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *message = load_error(cases[i].a, cases[i].b);

                cr_expect(message && strstr(message, cases[i].message), "%zu: expected `%s', got `%s'", i,
                          cases[i].message, message ?: "no mistake");
        }
}
