/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the readers of saved models, frozen graphs and checkpoints.
 * TensorFlow is not in Debian: the bytes are put together here by its .proto
 * files, and the table of a checkpoint by the format of LevelDB.
 */
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

TestSuite(tensorflow, .init = setup, .fini = teardown);

static Bytes wrapped(unsigned field, Bytes *inner)
{
        Bytes b = {};

        pb_message(&b, field, inner);
        return b;
}

static Bytes shape_of(const int64_t *dims, size_t n)
{
        Bytes b = {};

        for (size_t i = 0; i < n; i++) {
                Bytes dim = {};

                pb_number(&dim, 1, (uint64_t) dims[i]);
                pb_message(&b, 2, &dim);
        }
        return b;
}

static Bytes attr(const char *key, unsigned field, Bytes *value)
{
        Bytes b = {}, v = wrapped(field, value);

        pb_text(&b, 1, key);
        pb_message(&b, 2, &v);
        return b;
}

static Bytes node(const char *name, const char *op)
{
        Bytes b = {};

        pb_text(&b, 1, name);
        pb_text(&b, 2, op);
        return b;
}

static Bytes constant(const char *name, size_t n_bytes, const char *const *texts)
{
        static const int64_t dims[] = { 3, 3, 1, 8 };
        Bytes b = node(name, "Const"), tensor = {}, shape = shape_of(dims, 4), data = {}, value;

        pb_number(&tensor, 1, texts ? 7 : 1);
        pb_message(&tensor, 2, &shape);
        put_zeros(&data, n_bytes);
        if (!texts)
                pb_message(&tensor, 4, &data);
        bytes_done(&data);
        for (; texts && *texts; texts++)
                pb_text(&tensor, 8, *texts);
        value = attr("value", 8, &tensor);
        pb_message(&b, 5, &value);
        return b;
}

static Bytes graph(const char *last, size_t n_bytes, const char *const *labels)
{
        static const int64_t dims[] = { -1, 48, 48, 1 };
        Bytes b = {}, x = node("input_1", "Placeholder"), shape = shape_of(dims, 4),
              a = attr("shape", 7, &shape), w = constant("conv2d/kernel", n_bytes, NULL),
              y = node(last, "Softmax");

        pb_message(&x, 5, &a);
        pb_message(&b, 1, &x);
        pb_message(&b, 1, &w);
        if (labels) {
                Bytes table = constant("table", 0, labels);

                pb_message(&b, 1, &table);
        }
        pb_message(&b, 1, &y);
        return b;
}

static const char *const fer[] = { "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", NULL };

Test(tensorflow, frozen_graph)
{
        _cleanup_bytes_ Bytes plain = graph("predictions/Softmax", 64, NULL),
                              large = graph("out", 4 << 20, NULL), named = graph("emotion_prob", 64, NULL),
                              labelled = graph("out", 64, fer);
        Classification c = scan_bytes(set, &plain);

        cr_assert_str_eq(c.format, "tf-frozen-graph");
        cr_assert_eq(c.status, SCAN_CLEAN);
        cr_assert_lt(scan_bytes(set, &large).bytes_read, 4096U);
        c = scan_bytes(set, &named);
        cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
        c = scan_bytes(set, &labelled);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
}

static Bytes tensor_entry(const char *key, const int64_t *dims, size_t n)
{
        Bytes b = {}, info = {}, shape = shape_of(dims, n);

        pb_text(&info, 1, key);
        pb_number(&info, 2, 1);
        pb_message(&info, 3, &shape);
        pb_text(&b, 1, key);
        pb_message(&b, 2, &info);
        return b;
}

static Bytes saved_model(int64_t classes, const char *output)
{
        static const int64_t in[] = { -1, 48, 48, 1 };
        const int64_t out[] = { -1, classes };
        Bytes b = {}, meta = {}, g = graph("StatefulPartitionedCall", 64, NULL), signature = {}, entry = {},
              x = tensor_entry("input_1", in, 4), y = tensor_entry(output, out, 2);

        pb_message(&signature, 1, &x);
        pb_message(&signature, 2, &y);
        pb_text(&entry, 1, "serving_default");
        pb_message(&entry, 2, &signature);
        pb_message(&meta, 2, &g);
        pb_message(&meta, 5, &entry);
        pb_number(&b, 1, 1);
        pb_message(&b, 2, &meta);
        return b;
}

Test(tensorflow, saved_model)
{
        _cleanup_bytes_ Bytes seven = saved_model(7, "dense"), two = saved_model(2, "dense"),
                              named = saved_model(2, "facial_emotion");
        Classification c = scan_bytes(set, &seven);

        cr_assert_str_eq(c.format, "tf-saved-model");
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
        cr_assert_eq(scan_bytes(set, &two).status, SCAN_CLEAN);
        c = scan_bytes(set, &named);
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
}

/* What Keras writes beside it: the net as JSON. */
Test(tensorflow, keras_metadata)
{
        static const char json[] = "{\"class_name\":\"Functional\",\"config\":{\"name\":\"emotion_net\","
                                   "\"layers\":[{\"class_"
                                   "name\":\"InputLayer\",\"config\":{\"batch_input_shape\":[null,48,48,1],"
                                   "\"name\":\"x\"}},{"
                                   "\"class_name\":\"Dense\",\"config\":{\"name\":\"y\",\"units\":7}}]}}";
        _cleanup_bytes_ Bytes b = {};
        Bytes object = {};
        Classification c;

        pb_number(&object, 2, 1);
        pb_text(&object, 3, "root");
        pb_text(&object, 4, "_tf_keras_network");
        pb_text(&object, 5, json);
        pb_message(&b, 1, &object);
        c = scan_bytes(set, &b);
        cr_assert_str_eq(c.format, "tf-keras-metadata");
        cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
}

/* ----------------------------------------------------------------- checkpoint */

static void put_entry(Bytes *block, const char *key, const Bytes *value)
{
        put_varint(block, 0);
        put_varint(block, strlen(key));
        put_varint(block, value->n);
        put(block, key, strlen(key));
        put(block, value->data, value->n);
}

static void end_block(Bytes *block)
{
        static const unsigned char restarts[] = { 0, 0, 0, 0, 1, 0, 0, 0 };

        put(block, restarts, sizeof(restarts));
}

static void put_handle(Bytes *b, uint64_t start, uint64_t n)
{
        put_varint(b, start);
        put_varint(b, n);
}

static Bytes checkpoint(const char *name, bool bundle)
{
        static const unsigned char magic[] = { 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb };
        static const int64_t dims[] = { 64, 7 };
        _cleanup_bytes_ Bytes header = {}, entry = {}, index = {}, handle = {}, data = {};
        Bytes b = {}, shape = shape_of(dims, 2);
        uint64_t at;

        pb_number(&header, 1, bundle);
        pb_number(&entry, 1, 1);
        pb_message(&entry, 2, &shape);
        put_entry(&data, "", &header);
        put_entry(&data, name, &entry);
        end_block(&data);
        put(&b, data.data, data.n);
        put_zeros(&b, 5); /* not packed; a check sum */
        put_handle(&handle, 0, data.n);
        put_entry(&index, name, &handle);
        end_block(&index);
        at = b.n;
        put(&b, index.data, index.n);
        put_zeros(&b, 5);
        handle.n = 0;
        put_handle(&handle, 0, 0);
        put_handle(&handle, at, index.n);
        put(&b, handle.data, handle.n);
        put_zeros(&b, 40 - handle.n);
        put(&b, magic, sizeof(magic));
        return b;
}

Test(tensorflow, checkpoint)
{
        _cleanup_bytes_ Bytes plain = checkpoint("layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE", true),
                              named = checkpoint("facial_emotion/logits/kernel", true),
                              other = checkpoint("a", false);
        Classification c = scan_bytes(set, &plain);

        cr_assert_str_eq(c.format, "tf-checkpoint");
        cr_assert_eq(c.status, SCAN_CLEAN);
        c = scan_bytes_at(set, named.data, named.n, "/srv/facial_emotion/variables.index");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_SUSPECT);
        /* the table of something else that keeps its data so */
        cr_assert_eq(scan_bytes(set, &other).status, SCAN_NOT_A_MODEL);
        /* a handle that leads beyond the file */
        plain.data[plain.n - 48 + 2] = 0xff;
        plain.data[plain.n - 48 + 3] = 0x7f;
        (void) scan_bytes(set, &plain);
        /* shared beyond the key before */
        bytes_done(&other);
        other = checkpoint("layer", true);
        other.data[3 + 2] = 0x50;
        cr_assert_eq(scan_bytes(set, &other).status, SCAN_UNPARSABLE);
}

Test(tensorflow, hostile)
{
        _cleanup_bytes_ Bytes many = graph("out", 64, NULL), lies = saved_model(2, "dense"),
                              cut = graph("out", 64, NULL);
        double begin;

        for (int i = 0; i < 1000000; i++)
                put(&many, "\x0a", 2);
        begin = milliseconds();
        cr_assert_eq(scan_bytes(set, &many).status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
        pb_text(&lies, 2, "ab");
        cr_assert_eq(scan_bytes(set, &lies).status, SCAN_UNPARSABLE);
        cut.n -= 3;
        cr_assert_eq(scan_bytes(set, &cut).status, SCAN_UNPARSABLE);
}
