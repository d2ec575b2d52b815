/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of Caffe models. Caffe left Debian: the bytes are put
 * together here by the field numbers of caffe.proto, and OpenCV, which has
 * Caffe's own description of the format, writes them anew.
 */
#include "model-files.h"
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

TestSuite(caffe, .init = setup, .fini = teardown);

static Bytes blob(const int64_t *dims, size_t n, size_t n_bytes)
{
        Bytes b = {}, shape = {}, data = {};

        for (size_t i = 0; i < n; i++)
                pb_number(&shape, 1, (uint64_t) dims[i]);
        pb_message(&b, 7, &shape);
        put_zeros(&data, n_bytes);
        pb_message(&b, 5, &data);
        return b;
}

static Bytes layer(const char *name, const char *type, uint64_t units, size_t n_bytes)
{
        Bytes l = {}, param = {}, weights = blob((const int64_t[]){ (int64_t) units, 64 }, 2, n_bytes);

        pb_text(&l, 1, name);
        pb_text(&l, 2, type);
        pb_text(&l, 4, name);
        pb_message(&l, 7, &weights);
        pb_number(&param, 1, units);
        pb_message(&l, 117, &param);
        return l;
}

/* input 1 x channels x 64 x 64, a convolution, and units at the end */
static Bytes net(const char *name, const char *last, uint64_t units, size_t n_bytes)
{
        Bytes b = {}, conv = layer("conv1", "Convolution", 16, n_bytes),
              head = layer(last, "InnerProduct", units, 64);

        pb_text(&b, 1, name);
        pb_text(&b, 3, "data");
        pb_number(&b, 4, 1);
        pb_number(&b, 4, 1);
        pb_number(&b, 4, 64);
        pb_number(&b, 4, 64);
        pb_message(&b, 100, &conv);
        pb_message(&b, 100, &head);
        return b;
}

Test(caffe, names)
{
        static const struct {
                const char *net, *last;
                int certainty;
        } cases[] = {
                { "VGG_S", "fc8", CERTAINTY_SUSPECT }, /* by its shape */
                { "net", "prob_emotion", CERTAINTY_IDENTIFIED },
                { "facial_expression_net", "fc8", CERTAINTY_IDENTIFIED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_bytes_ Bytes b = net(cases[i].net, cases[i].last, 7, 64);
                Classification c = scan_bytes(set, &b);

                cr_assert_str_eq(c.format, "caffe");
                cr_assert_eq(certainty_of(&c, "emotion.face"), cases[i].certainty, "%s", cases[i].net);
        }
}

/* OpenCV reads a net, halves its numbers and writes it: in the order and the packing of Caffe's own description. */
Test(caffe, written_by_opencv)
{
        _cleanup_bytes_ Bytes in = net("facial_expression_net", "fc8", 7, 64);
        char name[] = "/tmp/aiguard-test-XXXXXX", script[256];
        int fd = mkstemp(name);

        cr_assert_geq(fd, 0);
        cr_assert_eq(write(fd, in.data, in.n), (ssize_t) in.n);
        close(fd);
        /* The script removes it: a test that is skipped does not come back here. */
        (void) snprintf(script, sizeof(script),
                        "import os\ntry: cv2.dnn.shrinkCaffeModel('%s', name)\nfinally: os.unlink('%s')\n",
                        name, name);
        {
                _cleanup_bytes_ Bytes out = python_file("cv2", script);
                Classification c = scan_bytes(set, &out);

                cr_assert_str_eq(c.format, "caffe");
                cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
        }
}

Test(caffe, others_are_clean)
{
        _cleanup_bytes_ Bytes b = net("LeNet", "ip2", 10, 64);

        cr_assert_eq(scan_bytes(set, &b).status, SCAN_CLEAN);
}

/* The layers of before 2014: other numbers, and types that are numbers. */
Test(caffe, old_layers)
{
        _cleanup_bytes_ Bytes b = {};
        Classification c;

        pb_text(&b, 1, "emotion_net");
        for (int i = 0; i < 3; i++) {
                Bytes l = {};

                pb_text(&l, 3, "top");
                pb_text(&l, 4, "conv");
                pb_number(&l, 5, 4);
                pb_message(&b, 2, &l);
        }
        c = scan_bytes(set, &b);
        cr_assert_str_eq(c.format, "caffe");
        cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
}

Test(caffe, seeks)
{
        _cleanup_bytes_ Bytes b = net("LeNet", "ip2", 10, 4 << 20);

        cr_assert_lt(scan_bytes(set, &b).bytes_read, 4096U);
}

Test(caffe, hostile)
{
        _cleanup_bytes_ Bytes many = net("LeNet", "ip2", 10, 64), cut = net("LeNet", "ip2", 10, 64);
        double begin;

        for (int i = 0; i < 1000000; i++)
                put(&many, "\xa2\x06", 3);
        begin = milliseconds();
        cr_assert_eq(scan_bytes(set, &many).status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
        pb_text(&cut, 100, "ab");
        cut.data[cut.n - 3] = 0x7f;
        cr_assert_eq(scan_bytes(set, &cut).status, SCAN_UNPARSABLE);
}
