/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: files of labels, and lists in programs. Compiled Python comes from
 * python3 itself.
 */
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

TestSuite(labels, .init = setup, .fini = teardown);

static Classification scan_text(const char *text)
{
        return scan_bytes_at(set, text, strlen(text), "");
}

/* A list and nothing else is what it says. */
Test(labels, files_of_labels)
{
        static const char *const texts[] = {
                "angry\ndisgust\nfear\nhappy\nsad\nsurprise\nneutral\n",
                "angry\r\nhappy\r\nsad\r\n",
                "angry,disgust,fear,happy,sad\n",
                "0 angry\n1 happy\n2 sad\n",
                "angry,0\nhappy,1\nsad,2\n",
                "'neu' => 0\n'ang' => 1\n'hap' => 2\n'sad' => 3\n================\n",
                "злость\nотвращение\nстрах\nрадость\nгрусть\n",
                "model: Wav2Vec2ForSequenceClassification\nlabels:\n  0: angry\n  1: happy\n  2: sad\n",
                "nc: 4\nnames: ['angry', 'happy', 'sad', 'neutral']\n",
                "nc: 4\nnames:\n- angry\n- happy\n- sad\n- neutral\n",
                "path: ../data\nnames:\n  angry: 0\n  happy: 1\n  sad: 2\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Classification c = scan_text(texts[i]);

                cr_assert_eq(c.status, SCAN_IDENTIFIED, "%zu: %s", i, texts[i]);
                cr_assert_str_eq(c.format, "labels-txt", "%zu", i);
        }
}

/* In a program they make a suspect: of a workload that also holds a model, they say what that is for. */
Test(labels, programs)
{
        static const char *const texts[] = {
                "import cv2\nEMOTIONS = ['angry', 'disgust', \"fear\", 'happy']  # FER\nmodel = load()\n",
                "def get_labels(name):\n    if name == 'fer2013':\n        return {0: 'angry', 1: "
                "'disgust', "
                "2: 'fear',\n                3: 'happy', 4: 'sad'}\n",
                "labels = dict(angry=0, happy=1, sad=2)\nprint(labels)\n",
                "from enum import Enum\nclass Emotion(Enum):\n    ANGRY = 0\n    HAPPY = 1\n\n    SAD = "
                "2\nx()\n",
                "item {\n  id: 1\n  name: 'angry'\n}\nitem {\n  id: 2\n  name: 'sad'\n}\nitem {\n  id: 3\n  "
                "name: "
                "'happy'\n}\n",
                "x = [('angry', 0), ('happy', 1), ('sad', 2)]\nf(x)\n",
                "RAVDESS = {'03': 'happy', '04': 'sad', '05': 'angry', '06': 'fearful'}\nf()\n",
                "exports.labels = [\n  'angry', // 0\n  'happy', /* 1 */\n  'sad',\n];\n",
                "const annotations: string[] = ['angry', 'disgust', 'fear', 'happy'];\n",
                "export type Emotion = 'angry' | 'happy' | 'sad';\nf();\n",
                "export enum Emotion {\n  ANGRY = 'angry',\n  HAPPY = 'happy',\n  SAD = 'sad',\n}\nf();\n",
                "function f(){return{angry:0,happy:1,sad:2}}\n",
                "var m = {\n\"angry\" : {\n\"bias\" : -2.3,\n\"c\" : [0.1, 0.2]\n},\n\"sad\" : {\n\"bias\" "
                ": 1\n},\n"
                "\"happy\" : {\n\"bias\" : 1\n}\n};\n",
                "public enum Emotion { ANGRY, HAPPY, SAD }\n",
                "public enum E {\n  ANGRY(0, \"a\"), // x\n  HAPPY(1, \"b\"),\n  SAD(2, \"c\");\n}\n",
                "private static final String[] L = new String[] {\"angry\", \"happy\", \"sad\"};\n",
                "List<String> l = Arrays.asList(\"angry\", \"happy\", \"sad\");\n",
                "switch (i) {\n case 0: return \"angry\";\n case 1: return \"happy\";\n case 2: return "
                "\"sad\";\n}\n",
                "static const char *labels[] = { \"angry\", \"happy\", \"sad\" };\nint main(void) { return "
                "0; }\n",
                "l := []string{\"angry\", \"happy\", \"sad\"}; f(l)\n",
                "f(); String[] s = {\"\\u0437\\u043b\\u043e\\u0441\\u0442\\u044c\", "
                "\"\\u0441\\u0442\\u0440\\u0430\\u0445\", "
                "\"\\u0433\\u0440\\u0443\\u0441\\u0442\\u044c\"};\n",
                "[\n  {id: 0, name: x('angry')}, f('happy'), f('sad'), f('angry'), f('fear')]\n",
                "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"# it's\\n\", \"labels = ['angry', "
                "'happy',\\n\", "
                "\"          'sad']\\n\"]}], \"nbformat\": 4}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Classification c = scan_text(texts[i]);

                cr_assert_eq(c.status, SCAN_SUSPECT, "%zu: %s: %s", i,
                             scan_status_to_string((ScanStatus) c.status), texts[i]);
                cr_assert_str_eq(c.format, "code", "%zu", i);
                cr_assert(has_evidence(&c, "emotion.face", "label-list"), "%zu", i);
        }
}

Test(labels, others_are_nothing)
{
        static const char *const texts[] = {
                "",
                "\n",
                "angry\n",
                "apple\npear\nplum\n",
                "He was angry, she was happy, and they were sad about the fear of the surprise.\n",
                "if (mood == 'angry' || mood == 'happy' || mood == 'sad') { run('fear'); }\n",
                "emotions = ['angry', 'css', 'react', 'styled', 'props', 'theme', 'happy', 'jsx']\n",
                "f('angry')\nf('happy')\nf('sad')\n",
                "angry = 1\nrun()\nhappy = 2\nrun()\nsad = 3\n",
                "{\"angry\": 1",
                "# Emotion\n\nThis library is called emotion.\n",
                "a = 'it''s' + \"angry\" ; b = 'happy' + c ; d = 'sad' % e\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Classification c = scan_bytes_at(set, texts[i], strlen(texts[i]), "/srv/emotion/fer.py");

                cr_assert_eq(c.status, SCAN_NOT_A_MODEL, "%zu: %s", i, texts[i]);
                cr_assert_eq(c.n_modelcaps, 0, "%zu", i);
        }
}

#define COMPILE(source)                                                              \
        "open(sys.argv[1] + '.py', 'w').write(" source ")\n"                         \
        "py_compile.compile(sys.argv[1] + '.py', cfile=sys.argv[1], doraise=True)\n" \
        "import os; os.unlink(sys.argv[1] + '.py')\n"

Test(labels, compiled_python)
{
        static const char *const scripts[] = {
                COMPILE("'EMOTIONS = [\"angry\", \"disgust\", \"fear\", \"happy\", \"sad\"]\\n'"),
                COMPILE("'def f(x):\\n    return {0: \"angry\", 1: \"disgust\", 2: \"fear\", 3: "
                        "\"happy\"}[x]\\n'"),
                COMPILE("'class A:\\n    def f(self):\\n        return (\"angry\", \"happy\", \"sad\")\\n'"),
                COMPILE("'a = \"angry\"\\nb = \"happy\"\\nx = {\"angry\", \"happy\", \"sad\", \"fear\"}\\n"
                        "y = z in {\"angry\", \"happy\", \"sad\"}\\n'"),
        };
        static const char plain[] =
                        COMPILE("'import os\\nx = [\"a\", \"b\", \"c\"]\\nprint(\"angry\", \"x\")\\n'");
        _cleanup_bytes_ Bytes other = python_file("py_compile", plain);

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                _cleanup_bytes_ Bytes b = python_file("py_compile", scripts[i]);
                Classification c = scan_bytes(set, &b);

                cr_assert_eq(c.status, SCAN_SUSPECT, "%zu: %s", i,
                             scan_status_to_string((ScanStatus) c.status));
        }
        cr_assert_eq(scan_bytes(set, &other).status, SCAN_NOT_A_MODEL);
}

/* What cannot be read to its end is no model by its looks, so it is none. */
Test(labels, hostile)
{
        static const struct {
                const char *head, *part;
                int times;
        } bad[] = {
                { "x = ", "[", 1000000 },
                { "x = ", "]", 1000000 },
                { "x = [", "'a',", 1000000 },
                { "x = [", "'", 1000001 },
                { "", "\"\"\"", 100000 },
                { "", "/*", 100000 },
                { "", "a:1\n", 100000 },
                { "", "['a','b','c'],", 20000 },
                { "{\"cells\":[{\"source\":", "[", 1000000 },
                { "{\"cells\":[{\"source\":[", "\"['a','b','c']\",", 200000 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_bytes_ Bytes b = {};
                double begin;

                put(&b, bad[i].head, strlen(bad[i].head));
                for (int k = 0; k < bad[i].times; k++)
                        put(&b, bad[i].part, strlen(bad[i].part));
                begin = milliseconds();
                cr_assert_eq(scan_bytes(set, &b).status, SCAN_NOT_A_MODEL, "%zu", i);
                cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "%zu: %f", i, milliseconds() - begin);
        }
}

/* A module that is nothing but tuples in tuples. */
Test(labels, hostile_compiled_python)
{
        _cleanup_bytes_ Bytes b = {};
        double begin;

        put(&b, "\xa7\x0d\x0d\x0a", 4);
        put_zeros(&b, 12);
        put_byte(&b, 0xe3);
        put_zeros(&b, 20);
        for (int i = 0; i < 100000; i++)
                put(&b, "\xa9\x01", 2);
        begin = milliseconds();
        cr_assert_eq(scan_bytes(set, &b).status, SCAN_NOT_A_MODEL);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}
