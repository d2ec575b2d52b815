/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the readers of PyTorch: zip, TorchScript, the layouts before them.
 * PyTorch itself is too large to be installed for a test; its layouts are put together
 * by fixtures/write_torch.py with Python's own pickler. Where PyTorch is installed, it writes too.
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

TestSuite(torch, .init = setup, .fini = teardown);

#define WRITER "sys.path.insert(0, 'tests/unit/fixtures')\nfrom write_torch import *\n"
#define FER "['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']"

static Classification scan_script(const char *script, const char *format)
{
        char text[4096];
        Classification c;

        (void) snprintf(text, sizeof(text), WRITER "%s\n", script);
        _cleanup_bytes_ Bytes b = python_file("pickle", text);
        c = scan_bytes(set, &b);
        cr_assert_str_eq(c.format, format, "%s: %s", script, c.format);
        return c;
}

static void expect(const char *script, const char *format, const char *cap, int certainty,
                   const char *evidence)
{
        Classification c = scan_script(script, format);

        cr_assert_eq(certainty_of(&c, cap), certainty, "%s: %s %s", script,
                     scan_status_to_string((ScanStatus) c.status), c.reason);
        cr_assert(!evidence || has_evidence(&c, cap, evidence), "%s", script);
}

Test(torch, plain_is_clean)
{
        static const char *const scripts[][2] = {
                { "save(name, state(1000))", "pytorch" },
                { "save(name, state(1000), compress=True)", "pytorch" },
                { "save_legacy(name, state(1000))", "pytorch-legacy" },
                { "save_tar(name, state(1000))", "pytorch-tar" },
                { "save(name, state(1000), more={'constants.pkl': dump(())[0]})", "torchscript" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                Classification c = scan_script(scripts[i][0], scripts[i][1]);

                cr_assert_eq(c.status, SCAN_CLEAN, "%s: %s", scripts[i][0], c.reason);
        }
}

Test(torch, labels_in_a_checkpoint)
{
        static const char *const things[] = {
                "{'epoch': 3, 'classes': " FER ", 'state_dict': state()}",
                "{'class_to_idx': dict((k, i) for i, k in enumerate(" FER ")), 'state_dict': state()}",
                "{'idx_to_class': dict(enumerate(" FER ")), 'state_dict': state()}",
                "{'config': {'names': tuple(" FER ")}, 'state_dict': state()}",
                "{'labels': 'angry,disgust,fear,happy,sad,surprise,neutral', 'state_dict': state()}",
                "(state(), frozenset(" FER "))",
        };

        for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
                char script[1024];

                (void) snprintf(script, sizeof(script), "save(name, %s)", things[i]);
                expect(script, "pytorch", "emotion.face", CERTAINTY_IDENTIFIED, "label-list");
                (void) snprintf(script, sizeof(script), "save_legacy(name, %s)", things[i]);
                expect(script, "pytorch-legacy", "emotion.face", CERTAINTY_IDENTIFIED, "label-list");
                (void) snprintf(script, sizeof(script), "save_tar(name, %s)", things[i]);
                expect(script, "pytorch-tar", "emotion.face", CERTAINTY_IDENTIFIED, "label-list");
        }
}

Test(torch, other_labels_are_clean)
{
        Classification c = scan_script(
                        "save(name, {'classes': ['cat', 'dog', 'ship', 'truck', 'frog'], 'm': state(5)})",
                        "pytorch");

        cr_assert_eq(c.status, SCAN_CLEAN);
}

/* The directory in the zip is the name the file was saved under. */
Test(torch, archive_root)
{
        expect("save(name, state(), root='facial_emotion_model')", "pytorch", "emotion.face",
               CERTAINTY_IDENTIFIED, "internal-name");
}

Test(torch, class_of_the_net)
{
        expect("save(name, net('models.emotion', 'EmotionNet'))", "pytorch", "emotion.face",
               CERTAINTY_IDENTIFIED, NULL);
        expect("save_legacy(name, net('emotion_net'))", "pytorch-legacy", "emotion.face",
               CERTAINTY_IDENTIFIED, NULL);
}

Test(torch, torchscript)
{
        expect("save(name, state(), more={'constants.pkl': dump(())[0], 'code/__torch__/net.py': 'x = ' + "
               "repr(" FER ")})",
               "torchscript", "emotion.face", CERTAINTY_IDENTIFIED, "label-list");
        expect("save(name, state(), more={'constants.pkl': dump(())[0], 'extra/labels.txt': '\\n'.join(" FER
               ")})",
               "torchscript", "emotion.face", CERTAINTY_IDENTIFIED, "label-list");
        expect("save(name, state(), more={'constants.pkl': dump(())[0], 'code/__torch__/net.py': "
               "'class EmotionRecognition(Module):\\n  pass\\n'})",
               "torchscript", "emotion.face", CERTAINTY_IDENTIFIED, "internal-name");
        expect("save(name, state(), more={'constants.pkl': dump((" FER ",))[0]})", "torchscript",
               "emotion.face", CERTAINTY_IDENTIFIED, "label-list");
}

static void check_tensors(const char *script, const ModelReader *reader, const char *first)
{
        char text[1024];
        _cleanup_facts_ ModelFacts f;
        float value = 0;
        Source s;

        (void) snprintf(text, sizeof(text), WRITER "%s\n", script);
        _cleanup_bytes_ Bytes b = python_file("pickle", text);
        facts_init(&f);
        source_init_memory(&s, b.data, b.n);
        cr_assert_neq(reader->probe(&s), PROBE_NO);
        cr_assert_eq(reader->read(&s, &f), 0, "%s", s.reason);
        cr_assert(f.is_model);
        cr_assert_geq(f.n_tensors, 1U);
        cr_assert_str_eq(f.tensors[0].name, first);
        cr_assert_eq(f.tensors[0].n, 4U);
        cr_assert_eq(f.tensors[0].dims[0], 8);
        cr_assert_eq(f.tensors[0].dims[3], 3);
        cr_assert_eq(f.tensors[0].data_length, 8U * 9 * 4);
        memcpy(&value, b.data + f.tensors[0].data_start + 4 * 5, sizeof(value));
        cr_assert_float_eq(value, 0.05F, 0.0001F);
}

Test(torch, tensors_and_their_weights)
{
        check_tensors("save(name, state())", &model_reader_torch, "conv.weight");
        check_tensors("save_legacy(name, state())", &model_reader_torch_legacy, "conv.weight");
        check_tensors("save(name, {'optimizer': {'m': Tensor(8, 1)}, 'model': state()})",
                      &model_reader_torch, "model.conv.weight");
        check_tensors("save(name, net())", &model_reader_torch, "conv1.weight");
}

Test(torch, of_pytorch)
{
        _cleanup_bytes_ Bytes b =
                        python_file("torch", "torch.save({'classes': " FER
                                             ", 'model': torch.nn.Conv2d(1, 7, 3).state_dict()}, name)\n");
        Classification c = scan_bytes(set, &b);

        cr_assert_str_eq(c.format, "pytorch");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

Test(torch, legacy_of_pytorch)
{
        _cleanup_bytes_ Bytes b =
                        python_file("torch", "torch.save({'classes': " FER
                                             ", 'model': torch.nn.Conv2d(1, 7, 3).state_dict()}, name, "
                                             "_use_new_zipfile_serialization=False)\n");
        Classification c = scan_bytes(set, &b);

        cr_assert_str_eq(c.format, "pytorch-legacy");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

/* The exporter writes protocol buffers in an order and with fields of its own. */
Test(torch, onnx_by_pytorch)
{
        _cleanup_bytes_ Bytes b = python_file(
                        "torch", "net = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.Flatten(), "
                                 "torch.nn.Linear(8 * 46 * 46, 7))\n"
                                 "torch.onnx.export(net, torch.zeros(1, 1, 48, 48), name, "
                                 "output_names=['emotion'])\n");
        Classification c = scan_bytes(set, &b);

        cr_assert_str_eq(c.format, "onnx");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

Test(torch, script_of_pytorch)
{
        _cleanup_bytes_ Bytes b = python_file(
                        "torch", "m = torch.jit.script(torch.nn.Conv2d(1, 7, 3))\n"
                                 "torch.jit.save(m, name, {'labels.txt': '\\n'.join(" FER ")})\n");
        Classification c = scan_bytes(set, &b);

        cr_assert_str_eq(c.format, "torchscript");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

Test(torch, unparsable)
{
        static const char *const scripts[] = {
                "save(name, state()); d = bytearray(open(name, 'rb').read()); i = d.find(b'conv.weight'); "
                "d[i - 5:i - 1] = b'XXXX'; open(name, 'wb').write(d)",
                "save_legacy(name, state()); d = open(name, 'rb').read(); open(name, 'wb').write(d[:100])",
                "zipfile.ZipFile(name, 'w').writestr('m/data.pkl', b'')",
                "zipfile.ZipFile(name, 'w').writestr('m/data.pkl', b'\\x80\\x02' + b'(' * 2000000 + b'.')",
                "zipfile.ZipFile(name, 'w').writestr('m/data.pkl', b'\\x80\\x02' + b'N0' * 1000000 + b'N.')",
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                char text[1024];
                Classification c;
                double begin;

                (void) snprintf(text, sizeof(text), WRITER "%s\n", scripts[i]);
                _cleanup_bytes_ Bytes b = python_file("pickle", text);
                begin = milliseconds();
                c = scan_bytes(set, &b);
                cr_assert_eq(c.status, SCAN_UNPARSABLE, "%s: %s", scripts[i],
                             scan_status_to_string((ScanStatus) c.status));
                cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "%s", scripts[i]);
        }
}

/* A zip file that holds no model is none of ours: office documents, Java, wheels. */
Test(torch, other_zip_files)
{
        _cleanup_bytes_ Bytes b = python_file(
                        "zipfile",
                        "zipfile.ZipFile(name, 'w').writestr('labels.txt', 'angry\\nhappy\\nsad')\n");
        Classification c = scan_bytes(set, &b);

        cr_assert_eq(c.status, SCAN_NOT_A_MODEL);
}
