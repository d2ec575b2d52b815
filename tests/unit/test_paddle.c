/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the readers of PaddlePaddle programs and parameters. Debian has no
 * writer of them: the bytes are put together here by framework.proto.
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

TestSuite(paddle, .init = setup, .fini = teardown);

static Bytes variable(const char *name, const int64_t *dims, size_t n, bool persistable, bool feed)
{
        Bytes v = {}, type = {}, lod = {}, tensor = {};

        pb_number(&tensor, 1, 5);
        for (size_t i = 0; i < n; i++)
                pb_number(&tensor, 2, (uint64_t) dims[i]);
        pb_message(&lod, 1, &tensor);
        pb_number(&type, 1, 7);
        pb_message(&type, 3, &lod);
        pb_text(&v, 1, name);
        pb_message(&v, 2, &type);
        pb_number(&v, 3, persistable);
        pb_number(&v, 4, feed);
        return v;
}

static Bytes operator_(const char *type, const char *in, const char *out)
{
        Bytes op = {}, x = {}, y = {};

        pb_text(&x, 1, "X");
        pb_text(&x, 2, in);
        pb_message(&op, 1, &x);
        pb_text(&y, 1, "Out");
        pb_text(&y, 2, out);
        pb_message(&op, 2, &y);
        pb_text(&op, 3, type);
        return op;
}

static Bytes program(const char *result)
{
        Bytes b = {}, block = {}, version = {};
        Bytes x = variable("image", (const int64_t[]){ -1, 1, 48, 48 }, 4, false, true),
              w = variable("conv2d_0.w_0", (const int64_t[]){ 8, 1, 3, 3 }, 4, true, false),
              feed = operator_("feed", "feed", "image"), conv = operator_("conv2d", "image", "y"),
              fetch = operator_("fetch", result, "fetch");

        pb_number(&block, 1, 0);
        pb_number(&block, 2, UINT64_MAX);
        pb_message(&block, 3, &x);
        pb_message(&block, 3, &w);
        pb_message(&block, 4, &feed);
        pb_message(&block, 4, &conv);
        pb_message(&block, 4, &fetch);
        pb_message(&b, 1, &block);
        pb_number(&version, 1, 2004000);
        pb_message(&b, 4, &version);
        return b;
}

Test(paddle, program)
{
        _cleanup_bytes_ Bytes plain = program("softmax_0.tmp_0"), mood = program("emotion_prob");
        Classification c = scan_bytes(set, &plain);

        cr_assert_str_eq(c.format, "paddle");
        cr_assert_eq(c.status, SCAN_CLEAN);
        c = scan_bytes(set, &mood);
        cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
}

static void put_parameter(Bytes *b, const int64_t *dims, size_t n, size_t n_bytes)
{
        Bytes tensor = {};

        pb_number(&tensor, 1, 5);
        for (size_t i = 0; i < n; i++)
                pb_number(&tensor, 2, (uint64_t) dims[i]);
        put_zeros(b, 16);
        put_le(b, tensor.n, 4);
        put(b, tensor.data, tensor.n);
        put_zeros(b, n_bytes);
        bytes_done(&tensor);
}

Test(paddle, parameters)
{
        _cleanup_bytes_ Bytes b = {}, lies = {}, all_zero = {};
        Classification c;

        for (int i = 0; i < 5; i++)
                put_parameter(&b, (const int64_t[]){ 64, 256, 4 }, 3, 64 * 256 * 4 * 4);
        c = scan_bytes(set, &b);
        cr_assert_str_eq(c.format, "paddle-params");
        cr_assert_eq(c.status, SCAN_CLEAN);
        cr_assert_lt(c.bytes_read, 8192U);
        put_parameter(&b, (const int64_t[]){ INT64_MAX, INT64_MAX }, 2, 16);
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        put_parameter(&lies, (const int64_t[]){ 1000 }, 1, 16);
        cr_assert_eq(scan_bytes(set, &lies).status, SCAN_NOT_A_MODEL);
        put_zeros(&all_zero, 4096);
        cr_assert_eq(scan_bytes(set, &all_zero).status, SCAN_NOT_A_MODEL);
}

Test(paddle, hostile)
{
        _cleanup_bytes_ Bytes many = program("x"), cut = program("x");
        double begin;

        for (int i = 0; i < 1000000; i++)
                put(&many, "\x0a", 2);
        begin = milliseconds();
        cr_assert_eq(scan_bytes(set, &many).status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
        cut.n -= 3;
        cr_assert_eq(scan_bytes(set, &cut).status, SCAN_UNPARSABLE);
}
