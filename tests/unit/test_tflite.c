/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the TensorFlow Lite reader. Nothing that Debian or npm has writes such
 * models, so that the fields are put together here after schema.fbs, by the
 * flatbuffers library itself; the zip file behind them is appended by Python.
 */
#include "lib/model/reader.h"
#include "real-files.h"

static ModelcapSet *set;

static void setup(void)
{
        set = shipped_modelcaps();
}

static void teardown(void)
{
        modelcap_set_free(set);
}

TestSuite(tflite, .init = setup, .fini = teardown);

#define WRITER "sys.path.insert(0, 'tests/unit/fixtures')\nfrom write_tflite import *\n"

static Classification scan_model(const char *arguments, const char *more)
{
        char script[2048];
        Classification c;

        (void) snprintf(script, sizeof(script), WRITER "open(name, 'wb').write(model(%s))\n%s", arguments,
                        more);
        _cleanup_bytes_ Bytes b = python_file("flatbuffers", script);
        c = scan_bytes(set, &b);
        cr_assert_str_eq(c.format, "tflite");
        return c;
}

#define APPEND(text)                                       \
        "import zipfile\nz = zipfile.ZipFile(name, 'a')\n" \
        "z.writestr('labels.txt', " text ")\nz.close()\n"

Test(tflite, plain_is_clean)
{
        Classification c = scan_model("inputs=[1, 224, 224, 3], classes=1000", "");

        cr_assert_eq(c.status, SCAN_CLEAN, "%s", c.reason);
}

Test(tflite, shape_alone_is_suspect)
{
        Classification c = scan_model("", "");

        cr_assert_eq(c.status, SCAN_SUSPECT, "%s", c.reason);
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
}

Test(tflite, labels_behind_it_identify)
{
        Classification c = scan_model(
                        "", APPEND("'Angry\\nDisgust\\nFear\\nHappy\\nSad\\nSurprise\\nNeutral\\n'"));

        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        cr_assert(has_evidence(&c, "emotion.face", "label-list"));
        c = scan_model("",
                       APPEND("'[\"angry\", \"fear\", \"happy\", \"sad\"]'") "open(name, 'ab').close()\n");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

Test(tflite, other_labels_clear_the_shape)
{
        Classification c = scan_model(
                        "", APPEND("'melanoma\\nnevus\\nkeratosis\\ncarcinoma\\nwart\\nmole\\nscar\\n'"));

        cr_assert_eq(c.status, SCAN_CLEAN);
}

Test(tflite, names_inside)
{
        Classification c = scan_model("graph='emotion_recognition'", "");

        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        c = scan_model("output='emotion_probabilities', inputs=[1, 96, 96, 3], classes=5", "");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

Test(tflite, metadata)
{
        Classification c = scan_model("metadata=metadata('Facial emotion classifier', 'emotion')", "");

        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

/* What lineage is made from. */
Test(tflite, tensors_and_their_weights)
{
        _cleanup_bytes_ Bytes b = python_file("flatbuffers", WRITER "open(name, 'wb').write(model())\n");
        _cleanup_facts_ ModelFacts f;
        Source s;

        facts_init(&f);
        source_init_memory(&s, b.data, b.n);
        cr_assert_eq(model_reader_tflite.read(&s, &f), 0, "%s", s.reason);
        cr_assert_eq(f.n_tensors, 9U);
        cr_assert_str_eq(f.tensors[3].name, "conv/kernel_3");
        cr_assert_eq(f.tensors[3].n, 4U);
        cr_assert_eq(f.tensors[3].dims[0], 4);
        cr_assert_eq(f.tensors[3].data_length, 64U);
        cr_assert_eq(b.data[f.tensors[3].data_start], 3);
        cr_assert_eq(f.n_shapes, 2U);
        cr_assert_eq(f.shapes[0].dims[1], 48);
        cr_assert(f.shapes[1].output);
}

Test(tflite, unparsable)
{
        static const struct {
                const char *what;
                uint32_t root, distance, vtable;
        } bad[] = {
                { "root beyond the end", 0x7fffffff, 0, 0 },
                { "root that is nowhere", 0, 0, 0 },
                { "no description", 16, 0x80000000, 0 },
                { "description of no length", 16, 4, 0 },
                { "description longer than the file", 16, 4, 0xfffe },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_bytes_ Bytes b = {};

                put_le(&b, bad[i].root, 4);
                put(&b, "TFL3", 4);
                put_le(&b, 0, 4);
                put_le(&b, bad[i].vtable, 4);
                put_le(&b, bad[i].distance, 4);
                put_zeros(&b, 64);
                expect_unparsable(set, &b, bad[i].what);
        }
}

/* A million subgraphs, each with a million tensors, all of them the same: work is bounded, not only size. */
Test(tflite, tables_that_are_all_the_same)
{
        _cleanup_bytes_ Bytes b = python_file(
                        "flatbuffers",
                        WRITER "sub = table({0: offsets([tensor('x', [1] * 8, 1)] * 60000), 4: text('g')})\n"
                               "root = table({2: offsets([sub] * 60000), 4: offsets([table({0: "
                               "blob(b'12345678')})] * 2)})\n"
                               "open(name, 'wb').write(finish(root))\n");

        expect_unparsable(set, &b, "the same tables again and again");
}

/* What is cut off may be weights and operators, which nobody reads; what is left is never taken for harmless. */
Test(tflite, cut_short)
{
        _cleanup_bytes_ Bytes b = python_file("flatbuffers", WRITER "open(name, 'wb').write(model())\n");
        size_t n_unparsable = 0, n_cuts = 0;

        for (size_t n = 9; n < b.n; n += 97) {
                Bytes cut = { b.data, n, 0 };
                Classification c = scan_bytes(set, &cut);

                cr_assert(c.status == SCAN_UNPARSABLE || c.status == SCAN_SUSPECT, "%zu", n);
                n_unparsable += c.status == SCAN_UNPARSABLE;
                n_cuts++;
        }
        cr_assert_gt(n_unparsable, n_cuts / 2);
}
