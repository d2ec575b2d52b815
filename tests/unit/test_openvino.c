/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the reader of OpenVINO's XML. Debian has no converter: the text is as the converters of
 * 2022 and 2023 write it.
 */
#include "model-texts.h"

TestSuite(openvino, .init = setup, .fini = teardown);

#define NET(name, out, notes)                                                                             \
        "<?xml version=\"1.0\"?>\n<net name=\"" name "\" version=\"11\">\n<layers>\n"                     \
        "<layer id=\"0\" name=\"data\" type=\"Parameter\" version=\"opset1\"><data shape=\"1,1,48,48\" "  \
        "element_type=\"f32\"/><output><port id=\"0\" precision=\"FP32\"><dim>1</dim><dim>1</dim></port>" \
        "</output></layer>\n"                                                                             \
        "<layer id=\"1\" name=\"w\" type=\"Const\"><data element_type=\"f16\" shape=\"8, 1, 3, 3\" "      \
        "offset=\"0\" size=\"144\"/></layer>\n"                                                           \
        "<layer id=\"2\" name=\"" out                                                                     \
        "/sink_port_0\" type=\"Result\"><input><port id=\"0\"><dim>1</dim><dim>7"                         \
        "</dim></port></input></layer>\n</layers>\n<edges><edge from-layer=\"0\" "                        \
        "to-layer=\"2\"/></edges>\n" notes "</net>\n"

Test(openvino, names_shape_and_labels)
{
        static const struct {
                const char *text;
                int certainty;
        } cases[] = {
                { NET("model", "prob", ""), CERTAINTY_SUSPECT },
                { NET("model", "prob_emotion", ""), CERTAINTY_IDENTIFIED },
                { NET("0003_EmoNet_ResNet10", "prob", ""), CERTAINTY_IDENTIFIED },
                { NET("model", "prob",
                      "<meta_data><cli_parameters><model_name "
                      "value=\"emotions-recognition\"/></cli_parameters>"
                      "</meta_data>"),
                  CERTAINTY_IDENTIFIED },
                { NET("model", "prob",
                      "<rt_info><model_info><labels value=\"angry disgust fear happy sad surprise "
                      "neutral\"/>"
                      "</model_info></rt_info>"),
                  CERTAINTY_IDENTIFIED },
                { NET("model", "prob",
                      "<rt_info><model_info><labels value=\"[&apos;angry&apos;, &apos;happy&apos;, "
                      "&apos;sad&apos;]\"/></model_info></rt_info>"),
                  CERTAINTY_IDENTIFIED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Classification c = scan_text(cases[i].text);

                cr_assert_str_eq(c.format, "openvino-ir", "%zu", i);
                cr_assert_eq(certainty_of(&c, "emotion.face"), cases[i].certainty, "%zu: %s", i,
                             scan_status_to_string((ScanStatus) c.status));
        }
}

Test(openvino, other_xml_is_no_model)
{
        static const char *const others[] = {
                "<?xml version=\"1.0\"?><opencv_storage><cascade/></opencv_storage>",
                "<?xml version=\"1.0\"?><net name=\"emotion\"/>",
                "<?xml version=\"1.0\"?><net><layers><layer name=\"emotion\"/></layers></net>",
                "<!-- <net name=\"x\" version=\"10\"><layer type=\"a\"/></net> --><html></html>",
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                cr_assert_eq(scan_text(others[i]).status, SCAN_NOT_A_MODEL, "%s", others[i]);
}

#define HEAD "<net name=\"x\" version=\"10\"><layers><layer type=\"Const\" name=\"a\"/>"

Test(openvino, hostile)
{
        cr_assert_eq(scan_many(HEAD, "<a>", 200).status, SCAN_UNPARSABLE);
        cr_assert_eq(scan_many(HEAD, "<a/>", 1000000).status, SCAN_UNPARSABLE);
        cr_assert_eq(scan_many(HEAD, "<", 1000000).status, SCAN_UNPARSABLE);
        cr_assert_eq(scan_text(HEAD).status, SCAN_UNPARSABLE);
        cr_assert_eq(scan_text(HEAD "</layers></net></net>").status, SCAN_UNPARSABLE);
        (void) scan_many(HEAD "<data shape=\"", "1,", 1000000);
        (void) scan_many("<net version=\"1\" a", "=\"\" b", 1000000);
}
