/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: models that are JSON documents: TensorFlow.js, Keras, PaddlePaddle.
 * TensorFlow.js and Keras JSON come from TensorFlow.js itself (npm); what it
 * does not write is put together here by its description.
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

TestSuite(json_model, .init = setup, .fini = teardown);

/* argument 2 of the format: what to do with the model and the path */
#define TFJS                                                                                      \
        "console.warn = () => {}; let tf, L; try { tf = require('@tensorflow/tfjs-core'); "       \
        "require('@tensorflow/tfjs-backend-cpu');"                                                \
        "L = require('@tensorflow/tfjs-layers'); } catch (e) { process.exit(77); }"               \
        "const fs = require('fs'), path = process.argv[1];"                                       \
        "tf.setBackend('cpu').then(async () => {"                                                 \
        "const m = L.sequential({name: '%s'});"                                                   \
        "m.add(L.layers.conv2d({inputShape: [48, 48, 1], filters: 4, kernelSize: 3}));"           \
        "m.add(L.layers.globalAveragePooling2d({}));"                                             \
        "m.add(L.layers.dense({units: 7, activation: 'softmax', name: 'out'}));"                  \
        "if (%d) m.setUserDefinedMetadata({labels: ['angry', 'disgust', 'fear', 'happy', 'sad', " \
        "'surprise', 'neutral']});"                                                               \
        "%s });"

#define SAVE                                                                                              \
        "await m.save(tf.io.withSaveHandler(async a => { fs.writeFileSync(path, JSON.stringify({format: " \
        "a.format, generatedBy: a.generatedBy, convertedBy: a.convertedBy, modelTopology: "               \
        "a.modelTopology, "                                                                               \
        "userDefinedMetadata: a.userDefinedMetadata, weightsManifest: [{paths: ['./weights.bin'], "       \
        "weights: "                                                                                       \
        "a.weightSpecs}]})); return {modelArtifactsInfo: {dateSaved: new Date()}}; }));"

#define JSON_ONLY "fs.writeFileSync(path, m.toJSON());"

static Classification scan_written(const char *name, bool labels, const char *what)
{
        char script[4096];
        Bytes b;
        Classification c;

        (void) snprintf(script, sizeof(script), TFJS, name, labels, what);
        b = node_file(script);
        c = scan_bytes(set, &b);
        bytes_done(&b);
        return c;
}

static Classification scan_text(const char *text)
{
        return scan_bytes_at(set, text, strlen(text), "");
}

Test(json_model, tfjs_layers_model)
{
        Classification c = scan_written("sequential_1", true, SAVE);

        cr_assert_str_eq(c.format, "tfjs-layers-model");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

/* Without labels, the name of the net and what goes in and comes out of it are left. */
Test(json_model, tfjs_layers_model_without_labels)
{
        Classification c = scan_written("sequential_1", false, SAVE);

        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_SUSPECT);
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
        c = scan_written("facial_emotion", false, SAVE);
        cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

Test(json_model, keras_json)
{
        Classification c = scan_written("sequential_1", false, JSON_ONLY);

        cr_assert_str_eq(c.format, "keras-json");
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
}

/* By hand: the converter that writes it needs TensorFlow. */
#define GRAPH(labels, outputs)                                                                              \
        "{\"format\":\"graph-model\",\"generatedBy\":\"2.3.0\",\"userDefinedMetadata\":{" labels            \
        "\"signature\":{\"inputs\":{\"x:0\":{\"name\":\"x:0\",\"tensorShape\":{\"dim\":[{\"size\":\"-1\"}," \
        "{\"size\":\"64\"},{\"size\":\"64\"},{\"size\":\"1\"}]}}},\"outputs\":{\"Identity:0\":{"            \
        "\"tensorShape\":{\"dim\":[{\"size\":\"-1\"},{\"size\":\"" outputs "\"}]}}}}},"                     \
        "\"modelTopology\":{\"node\":[{\"name\":\"x\",\"op\":\"Placeholder\",\"attr\":{\"shape\":{"         \
        "\"shape\":{\"dim\":[{\"size\":\"-1\"}]}}}},{\"name\":\"y\",\"op\":\"Softmax\",\"input\":["         \
        "\"angry\",\"happy\",\"sad\"]}]},\"weightsManifest\":[{\"paths\":[\"group1-shard1of1.bin\"],"       \
        "\"weights\":[{\"name\":\"w\",\"shape\":[3,3,1,8],\"dtype\":\"float32\"}]}]}"

Test(json_model, tfjs_graph_model)
{
        Classification c = scan_text(GRAPH("", "7"));

        cr_assert_str_eq(c.format, "tfjs-graph-model");
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
        /* the inputs of a node are no labels */
        cr_assert(!has_evidence(&c, "emotion.face", "label-list"));
        c = scan_text(GRAPH("", "2"));
        cr_assert_eq(c.status, SCAN_CLEAN);
        c = scan_text(GRAPH("\"classes\":[\"angry\",\"happy\",\"sad\"],", "3"));
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

Test(json_model, others_by_their_keys)
{
        static const struct {
                const char *text, *format;
        } cases[] = {
                { "[{\"weights\":[{\"name\":\"conv/filters\",\"shape\":[3,3,3,16],\"dtype\":\"float32\"}],"
                  "\"paths\":[\"a.bin\"]}]",
                  "tfjs-weights-manifest" },
                { "{\"base_code\":{\"magic\":\"pir\",\"version\":1},\"program\":{\"regions\":[]}}",
                  "paddle-pir" },
                { "{\"fileFormatVersion\":\"1.0.0\",\"itemInfoEntries\":{\"1\":{\"author\":"
                  "\"com.apple.CoreML\",\"path\":\"com.apple.CoreML/model.mlmodel\"}}}",
                  "coreml-package" },
                { "{\"class_name\":\"Sequential\",\"config\":[{\"class_name\":\"Dense\",\"config\":{"
                  "\"name\":\"d\",\"units\":3}}]}",
                  "keras-json" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Classification c = scan_text(cases[i].text);

                cr_assert_eq(c.status, SCAN_CLEAN, "%s", cases[i].text);
                cr_assert_str_eq(c.format, cases[i].format);
        }
}

Test(json_model, other_documents_are_no_models)
{
        static const char *const others[] = {
                "[]",
                "[{\"weights\":[1,2],\"paths\":[\"a\"]}]",
                "{\"modelTopology\":null}",
                "{\"class_name\":\"Sequential\",\"config\":{}}",
                "{\"node\":[{\"name\":\"a\",\"op\":\"b\"}]}",
                "{\"base_code\":{\"magic\":\"other\"}}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                cr_assert_eq(scan_text(others[i]).status, SCAN_NOT_A_MODEL, "%s", others[i]);
}

/* A file of labels and nothing else is one; a vocabulary that holds the same words is none. */
Test(json_model, labels_as_a_file)
{
        static const char *const labels[] = {
                "[\"angry\",\"happy\",\"sad\"]",
                "{\"labels\":[\"angry\",\"happy\",\"sad\",\"neutral\"]}",
                "{\"0\":\"angry\",\"1\":\"happy\",\"2\":\"sad\"}",
                "{\"angry\":0,\"happy\":1,\"sad\":2}",
        };
        static const char *const others[] = {
                "{\"angry\":0,\"happy\":1,\"sad\":2,\"\u0120joy\":3}",
                "{\"model\":{\"vocab\":{\"angry\":1,\"sad\":2,\"happy\":3}}}",
                "[\"apple\",\"pear\",\"plum\"]",
                "{\"keywords\":[\"angry\",\"css\",\"react\",\"styles\"]}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
                Classification c = scan_text(labels[i]);

                cr_assert_eq(c.status, SCAN_IDENTIFIED, "%s", labels[i]);
                cr_assert_str_eq(c.format, "labels-json");
        }
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                cr_assert_eq(scan_text(others[i]).status, SCAN_NOT_A_MODEL, "%s", others[i]);
}

/* In a long document a list is a hint and no more. */
Test(json_model, labels_in_data)
{
        static const char head[] = "{\"moods\":[\"angry\",\"happy\",\"sad\"],\"text\":\"";
        _cleanup_bytes_ Bytes b = {};
        Classification c;

        put(&b, head, strlen(head));
        for (int i = 0; i < 20000; i++)
                put_byte(&b, 'x');
        put(&b, "\"}", 2);
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_SUSPECT, "%s", scan_status_to_string((ScanStatus) c.status));
}

Test(json_model, hostile)
{
        static const struct {
                const char *head, *part;
                int times;
        } bad[] = {
                { "{\"format\":\"graph-model\",\"modelTopology\":{\"node\":[", "[", 200 },
                { "{\"format\":\"layers-model\",\"modelTopology\":{\"a\":", "{\"config\":", 1000000 },
                { "{\"format\":\"graph-model\",\"modelTopology\":{\"node\":[", "{},", 1000000 },
                { "{\"class_name\":\"Model\",\"config\":{\"layers\":[{\"class_name\":\"Dense\",\"config\":{"
                  "\"name\":\"d\"}},",
                  "[", 200 },
                { "{\"format\":\"graph-model\",\"modelTopology\":{\"node\":[{\"name\":\"x\",\"op\":\"", "",
                  1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_bytes_ Bytes b = {};
                double begin;
                Classification c;

                put(&b, bad[i].head, strlen(bad[i].head));
                for (int k = 0; k < bad[i].times; k++)
                        put(&b, bad[i].part, strlen(bad[i].part));
                begin = milliseconds();
                c = scan_bytes(set, &b);
                cr_assert_eq(c.status, SCAN_UNPARSABLE, "%zu: %s", i,
                             scan_status_to_string((ScanStatus) c.status));
                cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "%zu: %f", i, milliseconds() - begin);
        }
}
