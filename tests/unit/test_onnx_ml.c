/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: ONNX and ONNX-ML as the onnx package of Python writes them. */
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

TestSuite(onnx_ml, .init = setup, .fini = teardown);

#define WRITER                                                                                        \
        "from onnx import helper as h, TensorProto as T\n"                                            \
        "fer = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']\n"                 \
        "flowers = ['setosa', 'versicolor', 'virginica', 'rose', 'tulip', 'daisy', 'lily']\n"         \
        "def save(*nodes, initializers=[], width=40):\n"                                              \
        "    x = h.make_tensor_value_info('mfcc', T.FLOAT, [None, width])\n"                          \
        "    y = h.make_tensor_value_info('label', T.STRING, [None])\n"                               \
        "    g = h.make_graph(nodes, 'net', [x], [y], initializers)\n"                                \
        "    m = h.make_model(g, opset_imports=[h.make_opsetid('ai.onnx.ml', 2), h.make_opsetid('', " \
        "13)])\n"                                                                                     \
        "    onnx.save(m, name)\n"                                                                    \
        "def node(op, domain='ai.onnx.ml', **attributes):\n"                                          \
        "    return h.make_node(op, ['mfcc'], ['label'], domain=domain, **attributes)\n"

static Classification scan_script(const char *script)
{
        char text[4096];

        (void) snprintf(text, sizeof(text), WRITER "%s\n", script);
        _cleanup_bytes_ Bytes b = python_file("onnx", text);
        return scan_bytes(set, &b);
}

Test(onnx_ml, labels_in_attributes)
{
        static const char *const scripts[] = {
                "save(node('LinearClassifier', classlabels_strings=%s, coefficients=[0.5] * 280))",
                "save(node('SVMClassifier', classlabels_strings=%s, coefficients=[0.5] * 280))",
                "save(node('TreeEnsembleClassifier', classlabels_strings=%s, nodes_treeids=[0] * 9))",
                "save(node('ZipMap', classlabels_strings=%s))",
                "save(node('LabelEncoder', keys_int64s=list(range(7)), values_strings=%s))",
                "save(node('LabelEncoder', keys_strings=%s, values_int64s=list(range(7))))",
                "save(node('CategoryMapper', cats_strings=%s, cats_int64s=list(range(7))))",
                "save(node('Constant', '', value_strings=%s))",
                "save(node('Constant', '', value=h.make_tensor('c', T.STRING, [7], [x.encode() for x in "
                "%s])))",
                "save(node('Gather', ''), initializers=[h.make_tensor('c', T.STRING, [7], [x.encode() for x "
                "in %s])])",
        };

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                const char *const lists[] = { "fer", "flowers" };

                for (size_t k = 0; k < (i % 3 == 0 ? 2U : 1U); k++) {
                        const char *hole = strstr(scripts[i], "%s");
                        char script[512];
                        Classification c;

                        (void) snprintf(script, sizeof(script), "%.*s%s%s", (int) (hole - scripts[i]),
                                        scripts[i], lists[k], hole + 2);
                        c = scan_script(script);
                        cr_assert_eq(c.status, k == 0 ? SCAN_IDENTIFIED : SCAN_CLEAN, "%s: %s %s", script,
                                     scan_status_to_string((ScanStatus) c.status), c.reason);
                        cr_assert(strncmp(c.format, "onnx", 4) == 0);
                        if (strstr(script, "Classifier"))
                                cr_assert_str_eq(c.format, "onnx-ml");
                }
        }
}

/* The width of the input is that of MFCC features: a voice. */
Test(onnx_ml, modality)
{
        Classification c = scan_script(
                        "save(node('SVMClassifier', classlabels_strings=fer, coefficients=[0.5] * 280))");

        cr_assert_eq(certainty_of(&c, "emotion.voice"), CERTAINTY_IDENTIFIED);
}
