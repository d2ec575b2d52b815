/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the ONNX reader: what it finds, what it does not read, and files made to hurt it. */
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

TestSuite(onnx, .init = setup, .fini = teardown);

Test(onnx, labels_in_metadata_identify)
{
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 3, 224, 7),
                              model = onnx_model(&graph, "names", FER_LABELS);
        Classification c = scan_bytes(set, &model);

        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        cr_assert_str_eq(c.format, "onnx");
        cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED);
        cr_assert_str_eq(c.modelcaps[0].evidence[0].kind, "label-list");
        cr_assert_str_eq(c.modelcaps[0].evidence[0].where, "metadata_props names");
}

Test(onnx, labels_of_something_else_are_clean)
{
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 1, 48, 7),
                              model = onnx_model(&graph, "names",
                                                 "{0: 'akiec', 1: 'bcc', 2: 'bkl', 3: 'df', 4: 'mel', 5: "
                                                 "'nv', 6: 'vasc'}");
        Classification c = scan_bytes(set, &model);

        cr_assert_eq(c.status, SCAN_CLEAN, "%s", scan_status_to_string((ScanStatus) c.status));
}

Test(onnx, shape_alone_is_a_suspicion)
{
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 1, 48, 7), model = onnx_model(&graph, NULL, NULL);
        Classification c = scan_bytes(set, &model);

        cr_assert_eq(c.status, SCAN_SUSPECT);
        cr_assert(has_evidence(&c, "emotion.face", "shape"));
}

Test(onnx, graph_in_two_pieces_is_merged)
{
        Bytes first = onnx_graph("net", 3, 224, 7), second = {}, node = onnx_node("LinearClassifier"),
              attribute = {};
        _cleanup_bytes_ Bytes model = {};
        Classification c;

        pb_text(&attribute, 1, "classlabels_strings");
        pb_text(&attribute, 9, "anger");
        pb_text(&attribute, 9, "disgust");
        pb_text(&attribute, 9, "sadness");
        pb_text(&attribute, 9, "joy");
        pb_message(&node, 5, &attribute);
        pb_text(&node, 7, "ai.onnx.ml");
        pb_message(&second, 1, &node);
        /* and not in the order of the specification */
        pb_message(&model, 7, &second);
        pb_message(&model, 7, &first);
        onnx_head(&model);
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        cr_assert_str_eq(c.format, "onnx-ml");
        cr_assert_str_eq(c.modelcaps[0].evidence[0].where, "attribute classlabels_strings");
}

Test(onnx, labels_in_a_subgraph_and_in_a_string_tensor)
{
        static const char *const labels[] = { "neutral", "happy", "sad", "angry" };
        Bytes tensor = {}, attribute = {}, inner = {}, node = onnx_node("Constant"), outer = onnx_node("If"),
              body = {}, graph = onnx_graph("net", 3, 224, 4);
        _cleanup_bytes_ Bytes model = {};
        Classification c;

        for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
                pb_text(&tensor, 6, labels[i]);
        pb_text(&attribute, 1, "value");
        pb_message(&attribute, 5, &tensor);
        pb_message(&node, 5, &attribute);
        pb_message(&inner, 1, &node);
        pb_text(&body, 1, "then_branch");
        pb_message(&body, 6, &inner);
        pb_message(&outer, 5, &body);
        pb_message(&graph, 1, &outer);
        model = onnx_model(&graph, NULL, NULL);
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        bytes_done(&model);
}

/* 8 MB in an initializer, 8 MB in the constant of a subgraph. */
Test(onnx, weights_are_not_read)
{
        static const int64_t dims[] = { 1024, 2048 };
        Bytes weights = onnx_tensor("w", dims, 2, 8U << 20, 0),
              constant = onnx_tensor("c", dims, 2, 8U << 20, 0), attribute = {},
              node = onnx_node("Constant"), inner = {}, body = {}, outer = onnx_node("Loop"),
              graph = onnx_graph("net", 3, 224, 7);
        _cleanup_bytes_ Bytes model = {};
        Classification c;

        pb_message(&attribute, 5, &constant);
        pb_message(&node, 5, &attribute);
        pb_message(&inner, 1, &node);
        pb_message(&body, 6, &inner);
        pb_message(&outer, 5, &body);
        pb_message(&graph, 1, &outer);
        pb_message(&graph, 5, &weights);
        model = onnx_model(&graph, "names", FER_LABELS);
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        cr_assert_lt(c.bytes_read, 8192U, "%llu bytes", (unsigned long long) c.bytes_read);
        bytes_done(&model);
}

Test(onnx, ends_early_is_unparsable_or_no_model)
{
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 3, 224, 7),
                              model = onnx_model(&graph, "names", FER_LABELS);

        for (size_t n = 0; n < model.n; n++) {
                Classification c = scan_bytes_at(set, model.data, n, "");

                cr_assert_neq(c.status, SCAN_IDENTIFIED);
                /* Version, producer and graph are there: nobody may call this no model. */
                if (n > 40)
                        cr_assert(c.status == SCAN_UNPARSABLE || c.status == SCAN_CLEAN, "%zu: %s", n,
                                  scan_status_to_string((ScanStatus) c.status));
        }
        {
                Classification c = scan_bytes_at(set, model.data, model.n / 3, "");

                cr_assert_eq(c.status, SCAN_UNPARSABLE);
                cr_assert(c.reason[0]);
        }
}

Test(onnx, every_byte_changed_never_breaks_the_reader)
{
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 3, 64, 7),
                              model = onnx_model(&graph, "names", FER_LABELS);

        for (size_t i = 0; i < model.n; i++)
                for (int way = 0; way < 3; way++) {
                        unsigned char old = model.data[i];

                        model.data[i] = way == 0 ? 0xff : way == 1 ? 0 : (unsigned char) (old ^ 0x80);
                        (void) scan_bytes(set, &model);
                        model.data[i] = old;
                }
}

Test(onnx, a_million_empty_fields)
{
        _cleanup_bytes_ Bytes model = {};
        Bytes graph = onnx_graph("net", 3, 64, 7);
        Classification c;
        double begin;

        onnx_head(&model);
        pb_message(&model, 7, &graph);
        for (int i = 0; i < 1000000; i++)
                put(&model, "\x3a\0", 2);
        begin = milliseconds();
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS + 200);
}

/* A graph in an attribute of a node in a graph, and so on. */
static Bytes nested_graphs(unsigned depth)
{
        Bytes graph = {};

        for (unsigned i = 0; i < depth; i++) {
                Bytes node = onnx_node("If"), attribute = {}, next = {};

                pb_message(&attribute, 6, &graph);
                pb_message(&node, 5, &attribute);
                pb_message(&next, 1, &node);
                graph = next;
        }
        return graph;
}

Test(onnx, nesting)
{
        static const unsigned depths[] = { 20, 200, 3000 };

        for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
                Bytes graph = onnx_graph("net", 3, 64, 7), deep = nested_graphs(depths[i]);
                _cleanup_bytes_ Bytes model = {};
                Classification c;

                onnx_head(&model);
                pb_message(&model, 7, &graph);
                pb_message(&model, 7, &deep);
                c = scan_bytes(set, &model);
                if (depths[i] == 20) {
                        cr_assert_neq(c.status, SCAN_UNPARSABLE);
                } else {
                        cr_assert_eq(c.status, SCAN_UNPARSABLE);
                        cr_assert_str_eq(c.reason, "nested too deep");
                }
        }
}

/* Five bytes for each level, all of them open: what nests a million times ends early, too. */
Test(onnx, a_million_levels)
{
        _cleanup_bytes_ Bytes model = {};
        double begin = milliseconds();
        Classification c;

        onnx_head(&model);
        for (int i = 0; i < 1000000; i++)
                put(&model, "\x3a\xff\xff\xff\x7f", 5);
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}

Test(onnx, lengths_that_lie)
{
        _cleanup_bytes_ Bytes model = {};
        Classification c;

        onnx_head(&model);
        put(&model, "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x0a\x02", 12);
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
}

Test(onnx, unknown_fields_and_groups_are_skipped)
{
        Bytes graph = onnx_graph("net", 3, 64, 7), entry = onnx_metadata("names", FER_LABELS);
        _cleanup_bytes_ Bytes model = {};
        Classification c;

        onnx_head(&model);
        pb_text(&model, 99, "something new");
        put(&model, "\xa3\x06\x08\x01\xa3\x06\xa4\x06\xa4\x06", 10); /* a group in a group, field 100 */
        pb_message(&model, 7, &graph);
        pb_message(&model, 14, &entry);
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
}

Test(onnx, others_are_no_models)
{
        static const char *const others[] = {
                "",
                "\x7f"
                "ELF",
                "PK\3\4 and more of that",
                "#!/bin/sh\necho hello\n",
                "{\"a\": 1}",
                "\x08\x01\x12\x05hello",
                "\x89PNG\r\n\x1a\n0000000000",
                ":words and more words:",
                "The quick brown fox jumps over the lazy dog, angry disgust fear happy sad surprise "
                "neutral\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                Classification c = scan_bytes_at(set, others[i], strlen(others[i]), "emotion.onnx");

                cr_assert_eq(c.status, SCAN_NOT_A_MODEL, "%zu: %s", i,
                             scan_status_to_string((ScanStatus) c.status));
        }
}

Test(onnx, more_lists_than_the_limit_are_not_clean)
{
        Bytes graph = onnx_graph("net", 3, 64, 7);
        _cleanup_bytes_ Bytes model = {};
        Classification c;

        for (int i = 0; i < 300; i++) {
                Bytes node = onnx_node("LabelEncoder"), attribute = {};

                pb_text(&attribute, 9, "apple");
                pb_text(&attribute, 9, "pear");
                pb_message(&node, 5, &attribute);
                pb_message(&graph, 1, &node);
        }
        model = onnx_model(&graph, NULL, NULL);
        c = scan_bytes(set, &model);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        bytes_done(&model);
}
