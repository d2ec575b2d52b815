/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads what OpenCV's FileStorage keeps of a learned thing, in each of
 * its three syntaxes (XML, YAML, JSON): face recognizers with the names of their
 * classes, models of cv2.ml, cascades.
 * Owns: which first node makes a storage a model; calibrations and other
 * settings are storages as well.
 * Must not: read the numbers between the head and the names at the end.
 * Called by: scan.c through the table in readers.c.
 */
#include "lib/model/reader.h"
#include "lib/model/text-scan.h"

#define HEAD_MAX (16U * 1024)  /* a cascade begins with its licence */
#define TAIL_MAX (128U * 1024) /* the names come last, about 60 bytes for each */
#define LABELS_KEY "labelsInfo"
#define VALUE_KEY "value"

/* The class that reads it back, by which it is known (OpenCV 4.6, modules/face and modules/ml). */
static const struct {
        const char *node, *name;
} learned[] = {
        { "opencv_lbphfaces", "LBPHFaceRecognizer" },
        { "opencv_fisherfaces", "FisherFaceRecognizer" },
        { "opencv_eigenfaces", "EigenFaceRecognizer" },
        { "opencv_ml_", NULL }, /* any of them: svm, ann_mlp, rtrees, ... */
};

static bool begins(TextSpan x, const char *s)
{
        return x.n >= strlen(s) && memcmp(x.s, s, strlen(s)) == 0;
}

/* What is behind the first `s` of the text; false when it has none. */
static bool behind(TextSpan text, const char *s, TextSpan *ret)
{
        const char *at = text.n > 0 ? memmem(text.s, text.n, s, strlen(s)) : NULL;

        if (!at)
                return false;
        at += strlen(s);
        *ret = (TextSpan){ at, text.n - (size_t) (at - text.s) };
        return true;
}

/* JSON is common: only when its first key may be one of ours. The other two beginnings are rare. */
static ProbeResult probe(Source *s)
{
        TextSpan text, rest;

        if (!text_begins(s, &text))
                return PROBE_NO;
        if (begins(text, "{")) {
                rest = text_trim((TextSpan){ text.s + 1, text.n - 1 });
                return rest.n == 0 || begins(rest, "\"opencv_") ? PROBE_MAYBE : PROBE_NO;
        }
        return begins(text, "<?xml") || begins(text, "<opencv_storage") || begins(text, "%YAML")
                               ? PROBE_MAYBE
                               : PROBE_NO;
}

/* Where the first node's name begins: behind what its syntax has before it. */
static bool first_node(TextSpan head, TextSpan *ret)
{
        TextSpan text = text_trim(head), rest;

        if (begins(text, "%YAML"))
                return behind(text, "---", ret) && (*ret = text_trim(*ret)).n > 0;
        if (begins(text, "{")) {
                text = text_trim((TextSpan){ text.s + 1, text.n - 1 });
                *ret = (TextSpan){ text.s + 1, text.n > 0 ? text.n - 1 : 0 };
                return text.n > 0 && text.s[0] == '"';
        }
        if (!behind(text, "<opencv_storage>", &rest))
                return false;
        for (rest = text_trim(rest); begins(rest, "<!--"); rest = text_trim(rest))
                if (!behind(rest, "-->", &rest))
                        return false;
        *ret = (TextSpan){ rest.s + 1, rest.n > 0 ? rest.n - 1 : 0 };
        return rest.n > 0 && rest.s[0] == '<';
}

static size_t name_length(TextSpan node)
{
        size_t n = 0;

        while (n < node.n &&
               (node.s[n] == '_' || (node.s[n] >= '0' && node.s[n] <= '9') ||
                (node.s[n] >= 'A' && node.s[n] <= 'Z') || (node.s[n] >= 'a' && node.s[n] <= 'z')))
                n++;
        return n;
}

/* A cascade is called that, or as its author pleased, and then its type says what it is. */
static bool is_cascade(TextSpan node)
{
        const char *end = memchr(node.s, '>', node.n);
        TextSpan tag = { node.s, end ? (size_t) (end - node.s) : 0 }, type;

        return text_is(text_trim(tag), "cascade") ||
               behind(tag, "type_id=\"opencv-cascade-classifier\"", &type) ||
               behind(tag, "type_id=\"opencv-haar-classifier\"", &type);
}

static bool read_node(TextSpan node, ModelFacts *f)
{
        size_t n = name_length(node);

        for (size_t i = 0; i < ARRAY_SIZE(learned); i++)
                if (begins(node, learned[i].node)) {
                        facts_add_name(f, FACT_GRAPH, false, "first node", node.s, n);
                        if (learned[i].name)
                                facts_add_name(f, FACT_ARCHITECTURE, false, "class", learned[i].name,
                                               strlen(learned[i].name));
                        return true;
                }
        if (!is_cascade(node))
                return false;
        facts_add_name(f, FACT_GRAPH, false, "cascade", node.s, n);
        return true;
}

/* <value>fear</value>, value: fear, "value": "fear": what stands between the marks behind each key. */
static int read_labels(Source *s, ModelFacts *f, TextSpan rest)
{
        LabelListBuilder list;

        label_list_begin(&list);
        while (behind(rest, VALUE_KEY, &rest)) {
                size_t n = 0;
                int r = source_count(s);

                if (r < 0)
                        return r;
                while (rest.n > 0 && strchr("\">: \t", rest.s[0])) {
                        rest.s++;
                        rest.n--;
                }
                while (n < rest.n && !strchr("\"<\r\n", rest.s[n]))
                        n++;
                if (n > 0)
                        label_list_add(f, &list, rest.s, n);
                rest = (TextSpan){ rest.s + n, rest.n - n };
        }
        label_list_finish(f, &list, false, true, LABELS_KEY);
        return 0;
}

static int read_opencv(Source *s, ModelFacts *ret)
{
        size_t n_tail = (size_t) MIN(s->size, (uint64_t) TAIL_MAX);
        _cleanup_free_ char *tail = NULL;
        const char *head = NULL;
        TextSpan node, labels;
        int n = source_head(s, HEAD_MAX, &head);

        if (n < 0)
                return n;
        if (!first_node((TextSpan){ head, (size_t) MIN(n, (int) HEAD_MAX) }, &node) || !read_node(node, ret))
                return 0;
        ret->is_model = true;
        if (is_cascade(node))
                return 0;
        tail = malloc(n_tail);
        if (!tail)
                return -ENOMEM;
        n = source_read(s, s->size - n_tail, tail, n_tail);
        if (n < 0)
                return n;
        return behind((TextSpan){ tail, n_tail }, LABELS_KEY, &labels) ? read_labels(s, ret, labels) : 0;
}

const ModelReader model_reader_opencv = { .name = "opencv", .probe = probe, .read = read_opencv };
