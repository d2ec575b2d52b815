/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads what OpenCV's FileStorage keeps of a learned thing, in each of
 * its three syntaxes (XML, YAML, JSON): face recognizers with the names of their
 * classes, models of cv2.ml, cascades.
 * Owns: which first node makes a storage a model; calibrations and other
 * settings are storages as well.
 * Must not: read the numbers between the head and the names, where these are at
 * the end, as OpenCV writes them.
 * Called by: scan.c through the table in readers.c.
 */
#include "lib/model/reader.h"
#include "lib/model/text-scan.h"

#define HEAD_MAX (16U * 1024)  /* a cascade begins with its licence */
#define TAIL_MAX (128U * 1024) /* the names come last, about 60 bytes for each */
#define LABELS_KEY "labelsInfo"
#define LABELS_MAX 1024U /* more than a list of ours has, facts.h */

typedef enum Kind {
        KIND_NOTHING,
        KIND_RECOGNIZER, /* has names of classes */
        KIND_OTHER,
} Kind;

/* The class that reads it back, by which it is known (OpenCV 4.6, modules/face and modules/ml). */
static const struct {
        const char *node, *name;
} recognizers[] = {
        { "opencv_lbphfaces", "LBPHFaceRecognizer" },
        { "opencv_fisherfaces", "FisherFaceRecognizer" },
        { "opencv_eigenfaces", "EigenFaceRecognizer" },
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

static bool has(TextSpan text, const char *s)
{
        TextSpan rest;

        return behind(text, s, &rest);
}

/* JSON is common: only when its first key may be one of ours. The other two beginnings are rare. */
static ProbeResult probe(Source *s)
{
        static const char key[] = "\"opencv_";
        TextSpan text, rest;

        if (!text_begins(s, &text))
                return PROBE_NO;
        if (begins(text, "{")) {
                rest = text_trim((TextSpan){ text.s + 1, text.n - 1 });
                return memcmp(rest.s, key, MIN(rest.n, strlen(key))) == 0 ? PROBE_MAYBE : PROBE_NO;
        }
        return begins(text, "<?xml") || begins(text, "<opencv_storage") || begins(text, "%YAML")
                               ? PROBE_MAYBE
                               : PROBE_NO;
}

/* Blanks and comments. False: a comment without an end. */
static bool skip(TextSpan *text, const char *begin, const char *end)
{
        for (*text = text_trim(*text); begins(*text, begin); *text = text_trim(*text))
                if (!behind(*text, end, text))
                        return false;
        return true;
}

/* Up to the root: <?xml ...?>, comments. */
static bool enter_xml(TextSpan *text)
{
        if (begins(*text, "<?xml") && !behind(*text, "?>", text))
                return false;
        return skip(text, "<!--", "-->") && begins(*text, "<opencv_storage") && behind(*text, ">", text) &&
               skip(text, "<!--", "-->");
}

/* Where the first node's name begins: behind what its syntax has before it. */
static bool first_node(TextSpan head, TextSpan *ret)
{
        TextSpan text = head;
        char open = '<';

        (void) (begins(text, "\xef\xbb\xbf") && behind(text, "\xef\xbb\xbf", &text));
        text = text_trim(text);
        if (begins(text, "%YAML")) {
                *ret = text;
                return behind(text, "---", ret) && skip(ret, "#", "\n") && ret->n > 0;
        }
        if (begins(text, "{")) {
                text = text_trim((TextSpan){ text.s + 1, text.n - 1 });
                open = '"';
        } else if (!enter_xml(&text))
                return false;
        if (text.n == 0 || text.s[0] != open)
                return false;
        *ret = (TextSpan){ text.s + 1, text.n - 1 };
        return true;
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
        TextSpan tag = { node.s, end ? (size_t) (end - node.s) : 0 };

        return text_is(text_trim(tag), "cascade") || has(tag, "type_id=\"opencv-cascade-classifier\"") ||
               has(tag, "type_id=\"opencv-haar-classifier\"");
}

/* OpenCV takes the first node whatever it is called: what is in it tells as well. */
static bool is_recognizer(TextSpan node)
{
        return has(node, "threshold") &&
               (has(node, "num_components") || (has(node, "neighbors") && has(node, "grid_x")));
}

static Kind read_node(TextSpan node, ModelFacts *f)
{
        size_t n = name_length(node);
        bool recognizer = is_recognizer((TextSpan){ node.s, MIN(node.n, (size_t) 512) });

        for (size_t i = 0; i < ARRAY_SIZE(recognizers); i++)
                if (begins(node, recognizers[i].node)) {
                        facts_add_name(f, FACT_GRAPH, false, "first node", node.s, n);
                        facts_add_name(f, FACT_ARCHITECTURE, false, "class", recognizers[i].name,
                                       strlen(recognizers[i].name));
                        return KIND_RECOGNIZER;
                }
        if (!begins(node, "opencv_ml_") && !is_cascade(node) && !recognizer)
                return KIND_NOTHING;
        facts_add_name(f, FACT_GRAPH, false, "first node", node.s, n);
        if (!recognizer)
                return KIND_OTHER;
        facts_add_name(f, FACT_ARCHITECTURE, false, "class", "FaceRecognizer", strlen("FaceRecognizer"));
        return KIND_RECOGNIZER;
}

/* One value, and what is behind it: <value>fear</value>, value: fear, "value": "fear". */
static TextSpan take_value(TextSpan *rest, bool xml)
{
        const char *before = xml ? "" : "\": \t\r\n", *end = xml ? "<" : "\"\r\n#";
        size_t n = 0;
        TextSpan value;

        if (xml && !behind(*rest, ">", rest))
                rest->n = 0;
        while (rest->n > 0 && strchr(before, rest->s[0])) {
                rest->s++;
                rest->n--;
        }
        while (n < rest->n && !strchr(end, rest->s[n]))
                n++;
        value = text_trim((TextSpan){ rest->s, n });
        *rest = (TextSpan){ rest->s + n, rest->n - n };
        if (value.n > 1 && value.s[0] == '"' && value.s[value.n - 1] == '"')
                value = (TextSpan){ value.s + 1, value.n - 2 };
        return value;
}

static int read_labels(Source *s, ModelFacts *f, TextSpan rest)
{
        bool xml = begins(text_trim(rest), ">");
        LabelListBuilder list;

        label_list_begin(&list);
        while (list.n_total < LABELS_MAX && behind(rest, xml ? "<value" : "value", &rest)) {
                TextSpan value = take_value(&rest, xml);
                int r = source_count(s);

                if (r < 0)
                        return r;
                if (value.n > 0)
                        label_list_add(f, &list, value.s, value.n);
        }
        label_list_finish(f, &list, false, true, LABELS_KEY);
        return 0;
}

/* At the end, where OpenCV writes them; or somewhere before, where somebody put them. */
static int find_labels(Source *s, ModelFacts *f)
{
        size_t n_tail = (size_t) MIN(s->size, (uint64_t) TAIL_MAX);
        _cleanup_free_ char *tail = malloc(n_tail);
        const char *whole = NULL;
        TextSpan labels;
        int n;

        if (!tail)
                return source_fail(s, "out of memory");
        n = source_read(s, s->size - n_tail, tail, n_tail);
        if (n < 0)
                return n;
        if (behind((TextSpan){ tail, n_tail }, LABELS_KEY, &labels))
                return read_labels(s, f, labels);
        if (n_tail == s->size)
                return 0; /* that was all of it */
        if (s->size > SOURCE_READ_MAX / 2)
                return source_fail(s, "the names of its classes are not at its end");
        n = source_head(s, SOURCE_READ_MAX / 2, &whole);
        if (n < 0)
                return n;
        return behind((TextSpan){ whole, (size_t) n }, LABELS_KEY, &labels) ? read_labels(s, f, labels) : 0;
}

static int read_opencv(Source *s, ModelFacts *ret)
{
        const char *head = NULL;
        TextSpan node;
        Kind kind;
        int n = source_head(s, HEAD_MAX, &head);

        if (n < 0)
                return n;
        if (!first_node((TextSpan){ head, (size_t) MIN(n, (int) HEAD_MAX) }, &node))
                return 0;
        kind = read_node(node, ret);
        ret->is_model = kind != KIND_NOTHING;
        return kind == KIND_RECOGNIZER ? find_labels(s, ret) : 0;
}

const ModelReader model_reader_opencv = { .name = "opencv", .probe = probe, .read = read_opencv };
