/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: pickles as files of their own, by Python's pickle, numpy and joblib.
 * scikit-learn is too large to be installed for a test: a class that has its name stands for it. Where it is
 * installed, it writes too.
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

TestSuite(pickle, .init = setup, .fini = teardown);

#define FER "['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']"
/* svm(): what fit() leaves behind */
#define WRITER                                                            \
        "import types\n"                                                  \
        "m = types.ModuleType('sklearn')\n"                               \
        "m.svm = types.ModuleType('sklearn.svm')\n"                       \
        "sys.modules['sklearn'], sys.modules['sklearn.svm'] = m, m.svm\n" \
        "class SVC: pass\n"                                               \
        "SVC.__module__ = 'sklearn.svm'\n"                                \
        "m.svm.SVC = SVC\n"                                               \
        "def svm(classes):\n"                                             \
        "    x = SVC()\n"                                                 \
        "    x.coef_ = numpy.arange(50000.0).reshape(100, 500)\n"         \
        "    x.n_features_in_ = 40\n"                                     \
        "    x.classes_ = classes\n"                                      \
        "    x.intercept_ = numpy.zeros(7)\n"                             \
        "    return x\n"                                                  \
        "fer = " FER "\n"

static Classification scan_script(const char *script, const char *format)
{
        char text[4096];
        Classification c;

        (void) snprintf(text, sizeof(text), WRITER "%s\n", script);
        _cleanup_bytes_ Bytes b = python_file("pickle, numpy, joblib, gzip", text);
        c = scan_bytes(set, &b);
        cr_assert_str_eq(c.format, format, "%s: %s %s", script, c.format, c.reason);
        return c;
}

static bool identified(const Classification *c)
{
        return c->status == SCAN_IDENTIFIED;
}

/* Text of fixed width, of bytes, of objects; each protocol writes an array differently. */
Test(pickle, classes_in_arrays)
{
        static const char *const arrays[] = {
                "numpy.array(fer)",
                "numpy.array(fer, dtype='U30')",
                "numpy.array(fer, dtype='>U12')",
                "numpy.array([x.encode() for x in fer])",
                "numpy.array(fer, dtype=object)",
                "numpy.array(fer).reshape(7, 1)",
        };
        static const char *const writers[] = {
                "joblib.dump(%s, name)",
                "pickle.dump(%s, open(name, 'wb'), 0)",
                "pickle.dump(%s, open(name, 'wb'), 1)",
                "pickle.dump(%s, open(name, 'wb'), 2)",
                "pickle.dump(%s, open(name, 'wb'), 4)",
                "pickle.dump(%s, open(name, 'wb'), 5)",
        };

        for (size_t a = 0; a < ARRAY_SIZE(arrays); a++)
                for (size_t w = 0; w < ARRAY_SIZE(writers); w++) {
                        char thing[200], script[400];
                        Classification c;

                        (void) snprintf(thing, sizeof(thing), "svm(%s)", arrays[a]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                        (void) snprintf(script, sizeof(script), writers[w], thing);
#pragma GCC diagnostic pop
                        c = scan_script(script, "pickle");
                        cr_assert(identified(&c), "%s: %s %s", script,
                                  scan_status_to_string((ScanStatus) c.status), c.reason);
                }
}

Test(pickle, compressed)
{
        Classification c = scan_script("joblib.dump(svm(numpy.array(fer)), name + '.z', compress=3)\n"
                                       "import os; os.rename(name + '.z', name)",
                                       "pickle-zlib");

        cr_assert(identified(&c), "%s", c.reason);
        c = scan_script("joblib.dump(svm(numpy.array(fer)), name, compress=('gzip', 9))", "pickle-gzip");
        cr_assert(identified(&c), "%s", c.reason);
        c = scan_script("pickle.dump(svm(fer), gzip.open(name, 'wb'))", "pickle-gzip");
        cr_assert(identified(&c), "%s", c.reason);
}

Test(pickle, plain_is_clean)
{
        Classification c = scan_script(
                        "joblib.dump(svm(numpy.array(['setosa', 'versicolor', 'virginica'])), name)",
                        "pickle");

        cr_assert_eq(c.status, SCAN_CLEAN, "%s", c.reason);
        c = scan_script("joblib.dump(svm(numpy.array([0, 1, 2])), name)", "pickle");
        cr_assert_eq(c.status, SCAN_CLEAN, "%s", c.reason);
}

/* A pickle of labels is no model, and says what the model beside it is; any other pickle is nothing. */
Test(pickle, labels_alone)
{
        Classification c = scan_script("pickle.dump(fer, open(name, 'wb'))", "pickle");

        cr_assert(identified(&c));
        c = scan_script("pickle.dump(dict(enumerate(fer)), open(name, 'wb'))", "pickle");
        cr_assert(identified(&c));
        c = scan_script("pickle.dump({'a': [1, 2, {'b': 'c'}], 'what': ['apples', 'pears', 'plums']}, "
                        "open(name, 'wb'))",
                        "pickle");
        cr_assert_eq(c.status, SCAN_NOT_A_MODEL);
}

Test(pickle, of_scikit_learn)
{
        _cleanup_bytes_ Bytes b = python_file(
                        "sklearn, sklearn.svm, sklearn.pipeline, sklearn.preprocessing, sklearn.ensemble, "
                        "numpy, joblib",
                        "fer = " FER "\n"
                        "x = numpy.random.RandomState(0).rand(70, 40)\n"
                        "p = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), "
                        "sklearn.svm.SVC())\n"
                        "f = sklearn.ensemble.RandomForestClassifier(5)\n"
                        "joblib.dump([p.fit(x, fer * 10), f.fit(x, fer * 10)], name, compress=('gzip', "
                        "3))\n");
        Classification c = scan_bytes(set, &b);

        cr_assert_str_eq(c.format, "pickle-gzip");
        cr_assert_eq(certainty_of(&c, "emotion.voice"), CERTAINTY_IDENTIFIED, "%s", c.reason);
}

/* A vocabulary holds all these words and says nothing. */
Test(pickle, vocabulary)
{
        Classification c = scan_script(
                        "v = dict((w, i) for i, w in enumerate(fer + ['w%d' % i for i in range(20000)]))\n"
                        "x = svm(numpy.array([0, 1])); x.vocabulary_ = v; joblib.dump(x, name)",
                        "pickle");

        cr_assert_eq(c.status, SCAN_CLEAN, "%s", c.reason);
}

Test(pickle, several_in_a_row)
{
        Classification c = scan_script("f = open(name, 'wb'); pickle.dump(svm([0]), f); pickle.dump(fer, f)",
                                       "pickle");

        cr_assert(identified(&c));
}

/* Thrown away by the pickle itself, and in a circle: seen all the same. */
Test(pickle, tricks)
{
        Classification c = scan_script(
                        "open(name, 'wb').write(b'\\x80\\x02' + pickle.dumps(svm(fer), 2)[2:-1] + b'0N.')",
                        "pickle");

        cr_assert(identified(&c));
        c = scan_script("x = svm(fer); x.self = x; l = [x]; l.append(l); pickle.dump(l, open(name, 'wb'))",
                        "pickle");
        cr_assert(identified(&c));
}

Test(pickle, only_few_bytes_are_read)
{
        Classification c = scan_script("joblib.dump(svm(numpy.array(fer)), name)", "pickle");

        cr_assert_lt(c.bytes_read, 8192U); /* of 400,000 */
}

static void put_text(Bytes *b, const char *s)
{
        put(b, s, strlen(s));
}

Test(pickle, unparsable)
{
        static const char head[] = "\x80\x04"
                                   "\x8c\7sklearn\x8c\3SVC\x93)\x81}(";
        static const struct {
                const char *what, *bytes;
                size_t n, times;
        } bad[] = {
                { "ends early",
                  "\x8c\x09"
                  "abc",
                  5, 1 },
                { "a text of 2^63 bytes", "\x8d\0\0\0\0\0\0\0\x80", 9, 1 },
                { "an opcode that does not exist", "\xff", 1, 1 },
                { "a mark that was never set", "uuuu", 4, 1 },
                { "a memo of 2^32", "r\xff\xff\xff\xff", 5, 1 },
                { "a memo that is empty", "j\xff\xff\xff\0", 5, 1 },
                { "a million of nothing", "N0", 2, 1000000 },
                { "two hundred thousand levels", "(", 1, 2000000 },
                { "tuples of tuples", "\x85", 1, 1200000 },
                { "twice as much each time", "2\x86", 2, 700000 },
                { "globals", "c\n\n0", 4, 600000 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_bytes_ Bytes b = {};
                Classification c;
                double begin;

                put(&b, head, sizeof(head) - 1);
                put_text(&b, "N");
                for (size_t k = 0; k < bad[i].times; k++)
                        put(&b, bad[i].bytes, bad[i].n);
                begin = milliseconds();
                c = scan_bytes(set, &b);
                cr_assert_eq(c.status, SCAN_UNPARSABLE, "%s: %s", bad[i].what,
                             scan_status_to_string((ScanStatus) c.status));
                cr_assert(c.reason[0]);
                cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "%s", bad[i].what);
        }
}

Test(pickle, a_bomb)
{
        _cleanup_bytes_ Bytes b =
                        python_file("pickle, zlib",
                                    "d = pickle.dumps(['x' * 100] * 50, 4)[:-1] + b'B' + (900 << "
                                    "20).to_bytes(4, 'little')\n"
                                    "z = zlib.compressobj(9); f = open(name, 'wb'); f.write(z.compress(d))\n"
                                    "for i in range(90): f.write(z.compress(b'\\0' * (10 << 20)))\n"
                                    "f.write(z.flush())\n");
        double begin = milliseconds();
        Classification c = scan_bytes(set, &b);

        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}

/* Begins like a pickle, a zlib stream, a text: and is none. */
Test(pickle, other_files)
{
        static const struct {
                const char *bytes;
                size_t n;
        } others[] = {
                { "\x80\x02"
                  "@\0\1\2 something else",
                  20 },
                { "\x80\x04", 2 },
                { "class\nname\nand more text\n", 25 },
                { "(define x 1)\n", 13 },
                { "\x78\x9c\x03\x00\x00\x00\x00\x01\0\0\0\0\0\0\0\0", 16 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                Classification c = scan_bytes_at(set, others[i].bytes, others[i].n, "");

                cr_assert_eq(c.status, SCAN_NOT_A_MODEL, "%zu", i);
        }
}
