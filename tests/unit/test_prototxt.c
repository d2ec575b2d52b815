/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of Caffe nets as text, which people write by hand.
 */
#include "model-texts.h"

TestSuite(prototxt, .init = setup, .fini = teardown);

#define NET(name, out, units)                                                                             \
        "name: \"" name "\"\ninput: \"data\"\ninput_dim: 1\ninput_dim: 1\ninput_dim: 48\ninput_dim: 48\n" \
        "layer {\n  name: \"conv1\" # the first\n  type: \"Convolution\"\n  bottom: \"data\"\n"           \
        "  convolution_param { num_output: 16 kernel_size: 3 }\n}\n"                                      \
        "layers { name: '" out "' type: INNER_PRODUCT top: \"" out                                        \
        "\" inner_product_param { num_output: " units " } }\n"

Test(prototxt, names_and_shape)
{
        Classification c = scan_text(NET("net", "fc8", "7"));

        cr_assert_str_eq(c.format, "caffe-prototxt");
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
        c = scan_text(NET("net", "prob_emotion", "7"));
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        c = scan_text(NET("LeNet", "ip2", "10"));
        cr_assert_eq(c.status, SCAN_CLEAN);
}

Test(prototxt, other_text_is_no_model)
{
        static const char *const others[] = {
                "name: emotion\nlayers: {}\n",
                "name = \"x\"\nlayer { a: 1 }\n",
                "layer.forEach(function (layer) { return layer.name; });\n",
                "# layer { name: \"a\" type: \"b\" }\n# layer { name: \"a\" type: \"b\" }\n",
                "input: 1\nlayer { name: \"a\" }\nlayer { name: \"b\" }\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                cr_assert_eq(scan_text(others[i]).status, SCAN_NOT_A_MODEL, "%s", others[i]);
}

Test(prototxt, hostile)
{
        cr_assert_eq(scan_many(NET("n", "o", "10"), "layer {", 200).status, SCAN_UNPARSABLE);
        cr_assert_eq(scan_many(NET("n", "o", "10"), "a:1 ", 1000000).status, SCAN_UNPARSABLE);
        cr_assert_eq(scan_text(NET("n", "o", "10") "}").status, SCAN_UNPARSABLE);
        cr_assert_eq(scan_text(NET("n", "o", "10") "layer {").status, SCAN_UNPARSABLE);
        (void) scan_many("name: \"", "\\\"", 500000);
}
