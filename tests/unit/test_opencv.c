/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of OpenCV's storages, on files of OpenCV itself where it is installed.
 */
#include "model-texts.h"
#include "real-files.h"

TestSuite(opencv, .init = setup, .fini = teardown);

#define EMOTIONS "['anger', 'disgust', 'fear', 'happy', 'neutral', 'sadness', 'surprise']"
#define PERSONS "['alice', 'bob', 'carol']"

/* A recognizer learns noise; the names of its classes are what matters. OpenCV takes the syntax from the suffix. */
#define RECOGNIZER(kind, names, suffix)                                                                  \
        "import numpy as np, os\n"                                                                       \
        "r, names, dice = getattr(cv2.face, '" kind "_create')(), " names ", np.random.default_rng(1)\n" \
        "for i, n in enumerate(names): r.setLabelInfo(i, n)\n"                                           \
        "pictures = [dice.integers(0, 255, (16, 16), dtype=np.uint8) for _ in range(2 * len(names))]\n"  \
        "r.train(pictures, np.array([i % len(names) for i in range(2 * len(names))]))\n"                 \
        "r.write(name + '." suffix "')\n"                                                                \
        "os.replace(name + '." suffix "', name)\n"

Test(opencv, recognizers_of_emotions)
{
        static const char *const scripts[] = {
                RECOGNIZER("FisherFaceRecognizer", EMOTIONS, "xml"),
                RECOGNIZER("LBPHFaceRecognizer", EMOTIONS, "yml"),
                RECOGNIZER("EigenFaceRecognizer", EMOTIONS, "json"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                _cleanup_bytes_ Bytes b = python_file("cv2", scripts[i]);
                Classification c = scan_bytes(set, &b);

                cr_assert_str_eq(c.format, "opencv");
                cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED, "%zu", i);
                cr_assert(has_evidence(&c, "emotion.face", "label-list"));
                cr_assert_lt(c.bytes_read, 256U * 1024);
        }
}

Test(opencv, recognizer_of_persons)
{
        _cleanup_bytes_ Bytes b = python_file("cv2", RECOGNIZER("LBPHFaceRecognizer", PERSONS, "xml"));
        Classification c = scan_bytes(set, &b);

        cr_assert_str_eq(c.format, "opencv");
        cr_assert_eq(certainty_of(&c, "emotion.face"), -1);
        cr_assert_eq(certainty_of(&c, "biometric-identification"), CERTAINTY_SUSPECT);
}

Test(opencv, machine_learning)
{
        _cleanup_bytes_ Bytes b = python_file(
                        "cv2",
                        "import numpy as np, os\nm = cv2.ml.SVM_create()\n"
                        "m.train(np.eye(4, dtype=np.float32), cv2.ml.ROW_SAMPLE, np.array([0, 1, 0, 1]))\n"
                        "m.save(name + '.yml')\nos.replace(name + '.yml', name)\n");
        Classification c = scan_bytes(set, &b);

        cr_assert_str_eq(c.format, "opencv");
        cr_assert_eq(c.status, SCAN_CLEAN);
}

#define XML "<?xml version=\"1.0\"?>\n<!-- licence -->\n"

Test(opencv, cascade)
{
        Classification c = scan_text(XML "<opencv_storage>\n<!-- more -->\n<haarcascade_frontalface_alt "
                                         "type_id=\"opencv-haar-classifier\">\n<size>20 "
                                         "20</size></haarcascade_frontalface_alt>");

        cr_assert_str_eq(c.format, "opencv");
        cr_assert_eq(certainty_of(&c, "face-detection"), CERTAINTY_CAPABLE);
        cr_assert_eq(certainty_of(&c, "emotion.face"), -1);
        c = scan_text(XML "<opencv_storage><cascade>\n  "
                          "<stageType>BOOST</stageType></cascade></opencv_storage>");
        cr_assert_eq(c.status, SCAN_CLEAN);
}

#define FISHER "threshold: 1.\n   num_components: 6\n"
#define NAMES                                                                                       \
        "labelsInfo:\n      -\n         label: 0\n         value: anger\n      -\n         value: " \
        "\"fear\"\n"                                                                                \
        "      -\n         value: happy # glad\n      -\n         value: sadness\n"

/* What OpenCV reads all the same, and what somebody might write who does not want to be recognised. */
Test(opencv, disguised)
{
        static const char *const texts[] = {
                "%YAML:1.0\n---\nopencv_fisherfaces:\n   " FISHER "   " NAMES,
                "\xef\xbb\xbf%YAML:1.0\n---\n# a comment\nopencv_fisherfaces:\n   " FISHER "   " NAMES,
                "%YAML:1.0\n---\nmodel:\n   " FISHER "   " NAMES,
                "%YAML:1.0\n---\nopencv_fisherfaces:\n   # type_id=\"opencv-haar-classifier\">\n   " FISHER
                "   " NAMES,
                XML "<opencv_storage "
                    ">\n<x>\n<threshold>1.</threshold><num_components>6</num_components>\n<labelsInfo>"
                    "<_><value type_id=\"str\">anger</value></_><_><value>\n  "
                    "fear</value></_><_><value>\"happy\"</value>"
                    "</_><_><value>sadness</value></_></labelsInfo></x></opencv_storage>",
                "{ \"opencv_fisherfaces\": { \"threshold\": 1.0, \"num_components\": 6, \"labelsInfo\": [ { "
                "\"value\":\n "
                "\"anger\" }, { \"value\": \"fear\" }, { \"value\": \"happy\" }, { \"value\" : \"sadness\" "
                "} ] } }",
        };
        _cleanup_bytes_ Bytes late = {};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Classification c = scan_text(texts[i]);

                cr_assert_str_eq(c.format, "opencv", "%zu", i);
                cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED, "%zu", i);
        }
        put(&late, texts[0], strlen(texts[0]));
        for (int i = 0; i < 200000; i++)
                put(&late, "\n", 1);
        {
                Classification c = scan_bytes(set, &late);

                cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        }
}

Test(opencv, other_storages_are_no_model)
{
        static const char *const others[] = {
                "%YAML:1.0\n---\ncamera_matrix: !!opencv-matrix\n   rows: 3\n",
                "%YAML:1.0\n---\n",
                "%YAML:1.0\n",
                "{\n    \"opencv_version\": \"4.6.0\"\n}\n",
                "{",
                XML "<opencv_storage>",
                XML "<opencv_storage>\n<",
                XML "<opencv_storage>\n<!-- never closed",
                XML
                "<opencv_storage><camera type_id=\"opencv-matrix\"><rows>3</rows></camera></opencv_storage>",
                XML "<svg><opencv_lbphfaces/></svg>",
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                cr_assert_eq(scan_text(others[i]).status, SCAN_NOT_A_MODEL, "%s", others[i]);
}

Test(opencv, hostile)
{
        static const char head[] = "%YAML:1.0\n---\nopencv_lbphfaces:\n   threshold: 1.\n   labelsInfo:\n";

        (void) scan_many(head, "      -\n         label: 0\n         value: anger\n", 100000);
        (void) scan_many(head, "value", 1000000);
        (void) scan_many(XML "<opencv_storage>", "<!---->", 1000000);
        (void) scan_many("{\"opencv_lbphfaces\": ", "\n", 1000000);
}
