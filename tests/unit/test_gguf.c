/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the readers of GGUF and of TensorRT plans. Neither Debian nor npm has a writer:
 * the bytes of GGUF are put together after docs/gguf.md of ggml, a plan is a magic and names.
 */
#include "lib/model/reader.h"
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

TestSuite(gguf, .init = setup, .fini = teardown);

static bool big;

static void put_number(Bytes *b, uint64_t v, int n)
{
        for (int i = 0; i < n; i++)
                put_byte(b, (unsigned char) (v >> (8 * (big ? n - 1 - i : i))));
}

static void put_string(Bytes *b, const char *s)
{
        put_number(b, strlen(s), 8);
        put(b, s, strlen(s));
}

static void put_key(Bytes *b, const char *key, unsigned type)
{
        put_string(b, key);
        put_number(b, type, 4);
}

static void put_text(Bytes *b, const char *key, const char *value)
{
        put_key(b, key, 8);
        put_string(b, value);
}

static void put_texts(Bytes *b, const char *key, const char *const *values, size_t n, size_t more)
{
        put_key(b, key, 9);
        put_number(b, 8, 4);
        put_number(b, n + more, 8);
        for (size_t i = 0; i < n; i++)
                put_string(b, values[i]);
        for (size_t i = 0; i < more; i++)
                put_string(b, "token");
}

static void put_head(Bytes *b, unsigned version, uint64_t tensors, uint64_t keys)
{
        put(b, "GGUF", 4);
        put_number(b, version, 4);
        put_number(b, tensors, 8);
        put_number(b, keys, 8);
}

static const char *const fer[] = { "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral" };

/* A classifier of text, with a vocabulary before and behind its labels. */
static Bytes classifier(const char *name, const char *const *labels, size_t n)
{
        Bytes b = {};

        put_head(&b, 3, 1, 6);
        put_text(&b, "general.architecture", "bert");
        put_text(&b, "general.name", name);
        put_key(&b, "bert.block_count", 4);
        put_number(&b, 6, 4);
        put_texts(&b, "tokenizer.ggml.tokens", fer, 7, 3000);
        put_texts(&b, "bert.classifier.output_labels", labels, n, 0);
        put_key(&b, "tokenizer.ggml.scores", 9);
        put_number(&b, 6, 4);
        put_number(&b, 3007, 8);
        put_zeros(&b, 3007 * 4);
        put_string(&b, "cls.output.weight");
        put_number(&b, 2, 4);
        put_number(&b, 16, 8);
        put_number(&b, n, 8);
        put_number(&b, 0, 4);
        put_number(&b, 0, 8);
        while (b.n % 32 != 0)
                put_byte(&b, 0);
        for (size_t i = 0; i < 16 * n * 4; i++)
                put_byte(&b, (unsigned char) i);
        return b;
}

Test(gguf, labels_identify)
{
        for (int i = 0; i < 2; i++) {
                _cleanup_bytes_ Bytes b = {};
                Classification c;

                big = i == 1;
                b = classifier("a model", fer, 7);
                c = scan_bytes(set, &b);
                cr_assert_str_eq(c.format, "gguf");
                cr_assert_eq(certainty_of(&c, "emotion.text"), CERTAINTY_IDENTIFIED, "%s", c.reason);
                cr_assert(has_evidence(&c, "emotion.text", "label-list"));
        }
}

Test(gguf, vocabulary_is_no_list)
{
        static const char *const labels[] = { "spam", "ham", "unsure" };
        _cleanup_bytes_ Bytes b = classifier("a model", labels, 3);
        Classification c = scan_bytes(set, &b);

        cr_assert_eq(c.status, SCAN_CLEAN, "%s", c.reason);
}

Test(gguf, name)
{
        static const char *const labels[] = { "LABEL_0", "LABEL_1", "LABEL_2" };
        _cleanup_bytes_ Bytes b = classifier("emotion-english-distilroberta", labels, 3);
        Classification c = scan_bytes(set, &b);

        cr_assert_eq(certainty_of(&c, "emotion.text"), CERTAINTY_IDENTIFIED);
}

Test(gguf, tensors_and_their_weights)
{
        _cleanup_bytes_ Bytes b = classifier("a model", fer, 7);
        _cleanup_facts_ ModelFacts f;
        Source s;

        facts_init(&f);
        source_init_memory(&s, b.data, b.n);
        cr_assert_eq(model_reader_gguf.read(&s, &f), 0, "%s", s.reason);
        cr_assert_eq(f.n_tensors, 1U);
        cr_assert_str_eq(f.tensors[0].name, "cls.output.weight");
        cr_assert_eq(f.tensors[0].dims[0], 7);
        cr_assert_eq(f.tensors[0].dims[1], 16);
        cr_assert_eq(f.tensors[0].data_length, 16U * 7 * 4);
        cr_assert_eq(b.data[f.tensors[0].data_start + 5], 5);
}

/* Nothing in it can run, and its vocabulary is megabytes. */
Test(gguf, vocabulary_alone)
{
        _cleanup_bytes_ Bytes b = {};
        Classification c;

        put_head(&b, 3, 0, 1);
        put_texts(&b, "tokenizer.ggml.tokens", fer, 7, 100000);
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_CLEAN);
        cr_assert_lt(c.bytes_read, 4096U);
}

Test(gguf, impossible_numbers)
{
        static const struct {
                const char *what;
                unsigned version;
                uint64_t tensors, keys;
                unsigned type, element;
                uint64_t n;
        } bad[] = {
                { "version 1", 1, 0, 0, 4, 0, 0 },
                { "version 4", 4, 0, 0, 4, 0, 0 },
                { "2^63 tensors", 3, 1ULL << 63, 0, 4, 0, 0 },
                { "2^63 keys", 3, 0, 1ULL << 63, 4, 0, 0 },
                { "a type that does not exist", 3, 0, 1, 99, 0, 0 },
                { "arrays of arrays", 3, 0, 1, 9, 9, 1 },
                { "an array of 2^63 bytes", 3, 0, 1, 9, 0, 1ULL << 63 },
                { "an array of 2^61 numbers", 3, 0, 1, 9, 11, 1ULL << 61 },
                { "an array of 2^61 texts", 3, 1, 1, 9, 8, 1ULL << 61 },
                { "a text of 2^63 bytes", 3, 0, 1, 8, 0, 1ULL << 63 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_bytes_ Bytes b = {};

                put_head(&b, bad[i].version, bad[i].tensors, bad[i].keys);
                put_key(&b, "key", bad[i].type);
                if (bad[i].type == 9)
                        put_number(&b, bad[i].element, 4);
                put_number(&b, bad[i].n, 8);
                put_zeros(&b, 100);
                expect_unparsable(set, &b, bad[i].what);
        }
}

Test(gguf, a_million_of_each)
{
        _cleanup_bytes_ Bytes keys = {}, texts = {}, tensors = {};

        put_head(&keys, 3, 0, 60000);
        for (int i = 0; i < 60000; i++)
                put_text(&keys, "general.name", "x");
        expect_unparsable(set, &keys, "keys");
        put_head(&texts, 3, 1, 1);
        put_texts(&texts, "x", NULL, 0, 1);
        put_number(&texts, 1ULL << 40, 8);
        expect_unparsable(set, &texts, "texts");
        put_head(&tensors, 3, 60000, 0);
        put_zeros(&tensors, 60000 * 20);
        expect_unparsable(set, &tensors, "tensors");
}

Test(gguf, cut_short)
{
        _cleanup_bytes_ Bytes b = classifier("a model", fer, 7);

        for (size_t n = 5; n < b.n - 16U * 7 * 4 - 32; n += 1999) {
                Bytes cut = { b.data, n, 0 };
                Classification c = scan_bytes(set, &cut);

                /* The labels may have been seen already. */
                cr_assert(c.status == SCAN_UNPARSABLE || c.status == SCAN_IDENTIFIED, "%zu", n);
        }
}

Test(tensorrt, names_in_a_plan, .init = setup, .fini = teardown)
{
        _cleanup_facts_ ModelFacts f = {};
        _cleanup_bytes_ Bytes b = {};
        Source s;
        Classification c;

        put(&b, "ftrt", 4);
        put_zeros(&b, 100000);
        c = scan_bytes(set, &b);
        cr_assert_str_eq(c.format, "tensorrt-plan");
        cr_assert_eq(c.status, SCAN_CLEAN);
        put(&b,
            "\0\xff"
            "emotion_probabilities\0",
            24);
        put_zeros(&b, 1000);
        facts_init(&f);
        source_init_memory(&s, b.data, b.n);
        cr_assert_eq(model_reader_tensorrt.read(&s, &f), 0);
        cr_assert_eq(f.n_names, 2U);
        cr_assert_str_eq(f.names[1].text, "emotion_probabilities");
}
