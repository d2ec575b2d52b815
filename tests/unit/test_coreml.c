/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the Core ML reader. The writer of this format needs macOS or a
 * Python package that Debian does not have: the bytes are put together here by
 * the field numbers of Model.proto.
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

TestSuite(coreml, .init = setup, .fini = teardown);

/* A description: a picture of 48 x 48, grey, and "classLabel". */
static Bytes description(const char *doc)
{
        Bytes d = {}, in = {}, type = {}, image = {}, out = {}, metadata = {};

        pb_number(&image, 1, 48);
        pb_number(&image, 2, 48);
        pb_number(&image, 3, 10);
        pb_message(&type, 4, &image);
        pb_text(&in, 1, "image");
        pb_message(&in, 3, &type);
        pb_message(&d, 1, &in);
        pb_text(&out, 1, "classLabel");
        pb_message(&d, 10, &out);
        pb_text(&metadata, 1, doc);
        pb_message(&d, 100, &metadata);
        return d;
}

static Bytes labels(unsigned field, const char *const *list)
{
        Bytes strings = {}, classifier = {};

        for (; *list; list++)
                pb_text(&strings, 1, *list);
        pb_message(&classifier, field, &strings);
        return classifier;
}

static const char *const fer[] = { "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", NULL };
static const char *const flowers[] = { "rose", "tulip", "daisy", "lily", NULL };

static Bytes model(unsigned kind, Bytes *what, const char *doc)
{
        Bytes b = {}, d = description(doc);

        pb_number(&b, 1, 4);
        pb_message(&b, 2, &d);
        pb_message(&b, kind, what);
        return b;
}

Test(coreml, classifiers)
{
        static const struct {
                unsigned kind, field;
        } kinds[] = { { 400, 100 }, { 401, 100 }, { 402, 100 }, { 403, 100 }, { 404, 100 }, { 2000, 200 } };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                Bytes mood = labels(kinds[i].field, fer), other = labels(kinds[i].field, flowers);
                _cleanup_bytes_ Bytes b = model(kinds[i].kind, &mood, "a classifier"),
                                      plain = model(kinds[i].kind, &other, "a classifier");
                Classification c = scan_bytes(set, &b);

                cr_assert_str_eq(c.format, "coreml");
                cr_assert_eq(certainty_of(&c, "emotion.face"), CERTAINTY_IDENTIFIED, "%u", kinds[i].kind);
                c = scan_bytes(set, &plain);
                cr_assert_eq(c.status, SCAN_CLEAN, "%u", kinds[i].kind);
        }
}

/* A pipeline holds models, which hold their labels. */
Test(coreml, pipeline)
{
        Bytes mood = labels(100, fer), inner = model(403, &mood, ""), pipeline = {}, classifier = {};
        _cleanup_bytes_ Bytes b = {};
        Classification c;

        pb_message(&pipeline, 1, &inner);
        pb_message(&classifier, 1, &pipeline);
        b = model(200, &classifier, "");
        c = scan_bytes(set, &b);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
}

static Bytes wrapped(unsigned field, Bytes *inner)
{
        Bytes b = {};

        pb_message(&b, field, inner);
        return b;
}

/* A program keeps them in a constant: one tensor of texts, or a list of tensors with one text each. */
Test(coreml, program)
{
        for (int list = 0; list < 2; list++) {
                Bytes value = {}, program = {}, x;
                _cleanup_bytes_ Bytes b = {};

                for (size_t i = 0; list && fer[i]; i++) {
                        Bytes one = {};

                        pb_text(&one, 1, fer[i]);
                        x = wrapped(4, &one);
                        x = wrapped(1, &x);
                        x = wrapped(3, &x);
                        pb_message(&value, 1, &x);
                }
                if (list) {
                        x = wrapped(3, &value);
                } else {
                        x = labels(4, fer);
                        x = wrapped(1, &x);
                }
                /* value, entry of the attributes, operation, block, entry, function, entry, program */
                x = wrapped(3, &x);
                x = wrapped(2, &x);
                x = wrapped(5, &x);
                x = wrapped(3, &x);
                x = wrapped(2, &x);
                x = wrapped(3, &x);
                x = wrapped(2, &x);
                program = wrapped(2, &x);
                b = model(502, &program, "");
                cr_assert_eq(scan_bytes(set, &b).status, SCAN_IDENTIFIED, "list %d", list);
        }
}

Test(coreml, names_and_shape)
{
        Bytes layers = {}, layer = {}, again = {};
        _cleanup_bytes_ Bytes b = {}, plain = {};
        Classification c;

        pb_text(&layer, 1, "conv2d");
        pb_message(&layers, 1, &layer);
        b = model(500, &layers, "Recognises facial emotion");
        c = scan_bytes(set, &b);
        cr_assert(has_evidence(&c, "emotion.face", "internal-name"));
        pb_text(&layer, 1, "conv2d");
        pb_message(&again, 1, &layer);
        plain = model(500, &again, "");
        c = scan_bytes(set, &plain);
        cr_assert_eq(c.status, SCAN_CLEAN);
}

/* Whoever loads a model jumps over fields he does not know. */
Test(coreml, unknown_fields_before_it)
{
        Bytes mood = labels(100, fer), known = model(403, &mood, "");
        _cleanup_bytes_ Bytes b = {};

        pb_text(&b, 999, "padding");
        pb_number(&b, 998, 1);
        put(&b, known.data, known.n);
        bytes_done(&known);
        cr_assert_eq(scan_bytes(set, &b).status, SCAN_IDENTIFIED);
}

Test(coreml, seeks)
{
        Bytes layers = {}, layer = {}, weights = {};
        _cleanup_bytes_ Bytes b = {};

        pb_text(&layer, 1, "conv2d");
        put_zeros(&weights, 4 << 20);
        pb_message(&layer, 100, &weights);
        pb_message(&layers, 1, &layer);
        b = model(500, &layers, "");
        cr_assert_lt(scan_bytes(set, &b).bytes_read, 4096U);
}

Test(coreml, hostile)
{
        Bytes many = {}, deep = {};
        _cleanup_bytes_ Bytes a = {}, b = {}, lies = {};
        double begin;

        for (int i = 0; i < 1000000; i++)
                put(&many, "\x0a", 2); /* a layer of no length */
        a = model(500, &many, "");
        begin = milliseconds();
        cr_assert_eq(scan_bytes(set, &a).status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
        for (int i = 0; i < 200; i++) {
                Bytes outer = {};

                pb_message(&outer, 202, &deep);
                deep = outer;
                outer = (Bytes){};
                pb_message(&outer, 1, &deep);
                deep = outer;
        }
        b = model(202, &deep, "");
        begin = milliseconds();
        cr_assert_eq(scan_bytes(set, &b).status, SCAN_UNPARSABLE);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
        many = labels(100, fer);
        lies = model(403, &many, "");
        lies.data[lies.n - strlen("neutral") - 1] = 0x7f;
        cr_assert_eq(scan_bytes(set, &lies).status, SCAN_UNPARSABLE);
}
