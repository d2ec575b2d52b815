/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: configurations of models as files of their own. */
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

TestSuite(hf_config, .init = setup, .fini = teardown);

static Classification scan_text(const char *text)
{
        return scan_bytes_at(set, text, strlen(text), "");
}

Test(hf_config, who_recognises_what)
{
        static const struct {
                const char *text, *modelcap;
                int certainty;
        } cases[] = {
                { "{\"architectures\":[\"ViTForImageClassification\"],\"id2label\":{\"0\":\"sad\",\"1\":"
                  "\"angry\",\"2\":\"happy\"}}",
                  "emotion.face", CERTAINTY_IDENTIFIED },
                { "{\"architectures\":[\"Wav2Vec2ForSequenceClassification\"],\"model_type\":\"wav2vec2\","
                  "\"id2label\":{\"0\":\"neu\",\"1\":\"hap\",\"2\":\"ang\",\"3\":\"sad\"}}",
                  "emotion.voice", CERTAINTY_IDENTIFIED },
                { "{\"architectures\":[\"RobertaForSequenceClassification\"],\"id2label\":{\"0\":\"joy\","
                  "\"1\":\"anger\",\"2\":\"fear\"}}",
                  "emotion.text", CERTAINTY_IDENTIFIED },
                /* the numbers as strings, and no id2label */
                { "{\"architectures\":[\"BertForSequenceClassification\"],\"label2id\":{\"joy\":\"0\","
                  "\"anger\":\"1\",\"sadness\":\"2\"}}",
                  "emotion.text", CERTAINTY_IDENTIFIED },
                { "{\"architectures\":[\"Wav2Vec2ForSpeechClassification\"],\"id2label\":{\"0\":\"arousal\","
                  "\"1\":\"dominance\",\"2\":\"valence\"}}",
                  "emotion.voice", CERTAINTY_IDENTIFIED },
                /* nothing but the name of the net */
                { "{\"architectures\":[\"FacialEmotionNet\"],\"model_type\":\"vit\",\"id2label\":{\"0\":"
                  "\"LABEL_0\",\"1\":\"LABEL_1\"}}",
                  "emotion.face", CERTAINTY_IDENTIFIED },
                { "{\"architectures\":[\"LlavaForConditionalGeneration\"],\"model_type\":\"llava\"}",
                  "general-purpose-vision", CERTAINTY_CAPABLE },
                { "{\"architectures\":[\"ViTForImageClassification\"],\"id2label\":{\"0\":\"White\",\"1\":"
                  "\"Black\",\"2\":\"Latino_Hispanic\","
                  "\"3\":\"East Asian\",\"4\":\"Southeast Asian\",\"5\":\"Indian\",\"6\":\"Middle "
                  "Eastern\"}}",
                  "biometric-categorisation", CERTAINTY_IDENTIFIED },
                { "{\"architectures\":[\"BertForSequenceClassification\"],\"id2label\":{\"0\":\"negative\","
                  "\"1\":\"neutral\",\"2\":\"positive\"}}",
                  "emotion.text", -1 },
                { "{\"architectures\":[\"ViTForImageClassification\"],\"id2label\":{\"0\":\"drowsy\",\"1\":"
                  "\"non_drowsy\"}}",
                  "emotion.face", -1 },
                { "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"vocab_size\":32000}",
                  "emotion.text", -1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Classification c = scan_text(cases[i].text);

                cr_assert_str_eq(c.format, "hf-config", "%s", cases[i].text);
                cr_assert_eq(certainty_of(&c, cases[i].modelcap), cases[i].certainty, "%s: %s",
                             cases[i].text, scan_status_to_string((ScanStatus) c.status));
        }
}

Test(hf_config, other_documents_are_no_models)
{
        static const char *const others[] = {
                "{}",
                "{\"name\":\"x\",\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"1\"}}",
                "{",
                "{\"architectures\": 1}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                Classification c = scan_text(others[i]);

                cr_assert_eq(c.status, SCAN_NOT_A_MODEL, "%s: %s", others[i],
                             scan_status_to_string((ScanStatus) c.status));
        }
}

Test(hf_config, broken_ones_are_unparsable)
{
        _cleanup_bytes_ Bytes deep = {};
        Classification c;
        double begin;

        c = scan_text("{\"architectures\":[\"ViT\"],\"model_type\":\"vit\",\"id2label\":{\"0\":\"sad\","
                      "\"1\":");
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        put(&deep, "{\"architectures\":[\"ViT\"],\"model_type\":\"vit\",\"x\":", 47);
        for (int i = 0; i < 1000000; i++)
                put_byte(&deep, '[');
        begin = milliseconds();
        c = scan_bytes(set, &deep);
        cr_assert_eq(c.status, SCAN_UNPARSABLE, "%s", scan_status_to_string((ScanStatus) c.status));
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}

/* What it says before the break still counts. */
Test(hf_config, broken_behind_the_labels)
{
        Classification c = scan_text(
                        "{\"architectures\":[\"ViT\"],\"model_type\":\"vit\","
                        "\"id2label\":{\"0\":\"sad\",\"1\":\"angry\",\"2\":\"happy\"},\"x\":oops}");

        cr_assert_eq(c.status, SCAN_IDENTIFIED);
}
