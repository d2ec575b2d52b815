/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the safetensors reader, and headers made to hurt it. */
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

TestSuite(safetensors, .init = setup, .fini = teardown);

#define WEIGHT "\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[8,1,3,3],\"data_offsets\":[0,288]}"
#define HEAD "\"classifier.weight\":{\"dtype\":\"F32\",\"shape\":[7,4],\"data_offsets\":[0,112]}"
#define CONFIG                                                                                     \
        "{\"architectures\":[\"ViTForImageClassification\"],\"model_type\":\"vit\",\"id2label\":{" \
        "\"0\":\"angry\",\"1\":\"disgust\",\"2\":\"fear\",\"3\":\"happy\",\"4\":\"sad\",\"5\":"    \
        "\"surprise\",\"6\":\"neutral\"}}"

static Classification scan_header(const char *header, size_t n_data)
{
        _cleanup_bytes_ Bytes b = safetensors(header, strlen(header), n_data);

        return scan_bytes(set, &b);
}

Test(safetensors, plain_is_clean)
{
        Classification c = scan_header("{" WEIGHT "}", 288);

        cr_assert_eq(c.status, SCAN_CLEAN);
        cr_assert_str_eq(c.format, "safetensors");
}

Test(safetensors, labels_in_metadata_identify)
{
        static const char *const values[] = {
                "angry,disgust,fear,happy,sad,surprise,neutral",
                "[\\\"angry\\\", \\\"disgust\\\", \\\"fear\\\", \\\"happy\\\"]",
                "{'angry': 0, 'disgust': 1, 'fear': 2, 'happy': 3}",
                "angry\\ndisgust\\nfear\\nhappy\\nsad",
                "\\u0061ngry|dis\\u200bgust|f\\u0435ar|HAPPY",
        };

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                char header[1024];
                Classification c;

                (void) snprintf(header, sizeof(header),
                                "{\"__metadata__\":{\"format\":\"pt\",\"labels\":\"%s\"}," WEIGHT "}",
                                values[i]);
                c = scan_header(header, 288);
                cr_assert_eq(c.status, SCAN_IDENTIFIED, "%s", values[i]);
                cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        }
}

Test(safetensors, second_metadata_counts_as_well)
{
        Classification c = scan_header("{\"__metadata__\":{\"a\":\"b\"}," WEIGHT
                                       ",\"__metadata__\":{\"labels\":\"angry,happy,sad,neutral\"}}",
                                       288);

        cr_assert_eq(c.status, SCAN_IDENTIFIED);
}

Test(safetensors, sibling_configuration)
{
        _cleanup_bytes_ Bytes b = safetensors("{" HEAD "}", strlen("{" HEAD "}"), 112);
        Classification c = scan_with_sibling(set, &b, "config.json", CONFIG);

        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        cr_assert(has_evidence(&c, "emotion.face", "sibling"));
}

/* The configuration lies beside a model that puts out something else. */
Test(safetensors, sibling_configuration_of_another_model)
{
        static const char header[] = "{\"classifier.weight\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_"
                                     "offsets\":[0,32]}}";
        _cleanup_bytes_ Bytes b = safetensors(header, strlen(header), 32);
        Classification c = scan_with_sibling(set, &b, "config.json", CONFIG);

        cr_assert_eq(c.status, SCAN_SUSPECT);
}

/* A loose list identifies only what it fits. */
Test(safetensors, sibling_label_file)
{
        _cleanup_bytes_ Bytes fits = safetensors("{" HEAD "}", strlen("{" HEAD "}"), 112);
        _cleanup_bytes_ Bytes unknown = safetensors("{" WEIGHT "}", strlen("{" WEIGHT "}"), 288);
        static const char labels[] = "angry\ndisgust\nfear\nhappy\nsad\nsurprise\nneutral\n";
        Classification c = scan_with_sibling(set, &fits, "labels.txt", labels);

        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        c = scan_with_sibling(set, &unknown, "labels.txt", labels);
        cr_assert_eq(c.status, SCAN_SUSPECT);
}

Test(safetensors, unparsable)
{
        static const struct {
                const char *what, *header;
                uint64_t length;
        } bad[] = {
                { "length 2^63", "{" WEIGHT "}", 1ULL << 63 },
                { "length beyond the file", "{" WEIGHT "}", 100000 },
                { "length all ones", "{" WEIGHT "}", UINT64_MAX - 128 },
                { "ends in the header", "{\"conv.weight\":{\"dtype\":\"F32\",\"sha", 0 },
                { "data beyond the end",
                  "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,9999999]}}", 0 },
                { "offsets the wrong way round",
                  "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}}", 0 },
                { "no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}", 0 },
                { "negative size", "{\"a\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}", 0 },
                { "number in metadata", "{\"__metadata__\":{\"a\":1}}", 0 },
                { "a broken escape", "{\"a\\q\":1}", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_bytes_ Bytes b =
                                safetensors(bad[i].header, bad[i].length ?: strlen(bad[i].header), 64);
                Classification c = scan_bytes(set, &b);

                cr_assert_eq(c.status, SCAN_UNPARSABLE, "%s: %s", bad[i].what,
                             scan_status_to_string((ScanStatus) c.status));
                cr_assert(c.reason[0], "%s", bad[i].what);
        }
}

Test(safetensors, nesting_a_million_times)
{
        _cleanup_bytes_ Bytes header = {}, b = {};
        double begin;
        Classification c;

        put(&header, "{\"a\":", 5);
        for (int i = 0; i < 1000000; i++)
                put(&header, "{\"a\":", 5);
        put_byte(&header, 0);
        b = safetensors((const char *) header.data, header.n - 1, 16);
        begin = milliseconds();
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}

Test(safetensors, a_million_tensors)
{
        _cleanup_bytes_ Bytes header = {}, b = {};
        Classification c;

        put(&header, "{", 1);
        for (int i = 0; i < 1000000; i++)
                put(&header, "\"\":1,", 5);
        put(&header, "\"\":1}\0", 7);
        b = safetensors((const char *) header.data, header.n - 1, 16);
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
}

Test(safetensors, text_is_no_model)
{
        static const char *const texts[] = { "exports={\"a\":1}", "01234567{}", "function{\"use strict\"}" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Classification c = scan_bytes_at(set, texts[i], strlen(texts[i]), "");

                cr_assert_eq(c.status, SCAN_NOT_A_MODEL, "%s", texts[i]);
        }
}

/* A vocabulary holds all these words and says nothing about the model. */
Test(safetensors, a_bag_of_words_is_no_list)
{
        _cleanup_bytes_ Bytes header = {}, b = {};
        Classification c;

        static const char begin[] = "{\"__metadata__\":{\"ss_tag_frequency\":\"angry,disgust,fear,happy,sad,"
                                    "surprise,neutral";

        put(&header, begin, strlen(begin));
        for (int i = 0; i < 60; i++)
                put(&header, ",castle", 7);
        put(&header, "\"}," WEIGHT "}", strlen("\"}," WEIGHT "}"));
        put_byte(&header, 0);
        b = safetensors((const char *) header.data, header.n - 1, 288);
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_CLEAN);
}
