/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of ncnn nets. Debian has no writer of them: the texts are as its converter writes them.
 */
#include "model-texts.h"

TestSuite(ncnn, .init = setup, .fini = teardown);

#define PARAM(out)                                                                     \
        "7767517\n4 4\nInput            data   0 1 data 0=48 1=48 2=1\n"               \
        "Convolution      conv1  1 1 data conv1 0=16 1=3 5=1 6=144 -23310=2,0.1,0.2\n" \
        "InnerProduct     fc     1 1 conv1 fc 0=7 1=1 2=784\n"                         \
        "Softmax          prob   1 1 fc " out " 0=0\n"

Test(ncnn, param)
{
        Classification c = scan_text(PARAM("prob"));

        cr_assert_str_eq(c.format, "ncnn-param");
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
        c = scan_text(PARAM("emotion_prob"));
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        c = scan_text("7767517\n1 1\nInput data 0 1 data 0=320 1=240 2=3\n");
        cr_assert_eq(c.status, SCAN_CLEAN);
}

Test(ncnn, binary_forms)
{
        static const unsigned char fp16[28] = { 0x47, 0x6b, 0x30, 0x01 };
        static const unsigned char param[28] = { 0xdd, 0x85, 0x76, 0, 2, 0, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0 };
        Classification c = scan_bytes_at(set, fp16, sizeof(fp16), "");

        cr_assert_str_eq(c.format, "ncnn-bin");
        c = scan_bytes_at(set, param, sizeof(param), "");
        cr_assert_str_eq(c.format, "ncnn-param-bin");
}

Test(ncnn, broken)
{
        static const char *const texts[] = {
                "7767517\n9 9\nInput data 0 1 data\n",
                "7767517\n2 2\nInput data 0 1 data\nConvolution\n",
                "7767517\n2 2\nInput data 0 1 data\nConvolution c x y\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                cr_assert_eq(scan_text(texts[i]).status, SCAN_UNPARSABLE, "%s", texts[i]);
        cr_assert_eq(scan_text("7767517\nhello\n").status, SCAN_NOT_A_MODEL);
        cr_assert_eq(scan_text("77675171\n1 1\nInput data 0 1 data\n").status, SCAN_NOT_A_MODEL);
        cr_assert_eq(scan_many("7767517\n1 1\n", "a b 0 0\n", 400000).status, SCAN_UNPARSABLE);
        (void) scan_many("7767517\n1 1\nInput data 9223372036854775807 1 ", "0=1 ", 500000);
        (void) scan_text("7767517\n1 1\nConvolution a 0 0 0=1 1=99999999999 6=5\n");
}
