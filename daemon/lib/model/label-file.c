/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads what is no model and may hold its labels: files that are a
 * list and nothing else, programs, notebooks, YAML, compiled Python.
 * Owns: how much of a text is read, and what makes it a file of labels.
 * Must not: call anything a model; the classifier finds something in the lists,
 * or the file is not of interest.
 * Called by: scan.c through the table in readers.c.
 */
#include "lib/model/code-labels.h"
#include "lib/model/json-walk.h"
#include "lib/model/label-find.h"
#include "lib/model/reader.h"
#include "lib/model/text-scan.h"

#define TEXT_MAX (64U * 1024)
#define TEXT_FIRST (24U * 1024) /* of a text in which there is no list */
#define LIST_FILE_MAX (16U * 1024)
#define LIST_LINES_MAX 96
#define NOTEBOOK_MAX (4U * 1024 * 1024)
#define LINE_WORDS_MAX 12

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;
        TextSpan text;

        if (source_peek(s, 0, 20, &p) == 20 && pyc_is((const char *) p, 20))
                return PROBE_MAYBE;
        return text_begins(s, &text) ? PROBE_MAYBE : PROBE_NO;
}

/* No program and no prose: short lines, none of the signs that programs are full of. */
static bool is_list_file(const char *text, size_t n)
{
        TextSpan rest = { text, n }, line, word;
        unsigned n_lines = 0;

        if (n > LIST_FILE_MAX || memchr(text, '(', n) || memchr(text, ';', n) || memchr(text, '{', n))
                return false;
        while (text_line(&rest, &line)) {
                unsigned n_words = 0;

                if (line.n > 0 && ++n_lines > LIST_LINES_MAX)
                        return false;
                /* labels with commas between them are as many words as there are labels */
                while (!memchr(line.s, ',', line.n) && text_word(&line, &word))
                        if (++n_words > LINE_WORDS_MAX)
                                return false;
        }
        return n_lines > 0;
}

/* Programs have brackets with texts or indented lines in them; a book, a table of words or XML has not. */
static bool has_brackets(const char *text, size_t n)
{
        for (size_t i = 0; i + 2 < n; i++)
                if ((text[i] == '[' || text[i] == '{' || text[i] == '(') &&
                    (text[i + 1] == '"' || text[i + 1] == '\'' ||
                     (text[i + 1] == '\n' && (text[i + 2] == ' ' || text[i + 2] == '\t'))))
                        return true;
        return pyc_is(text, n);
}

/* A notebook is JSON; its programs are texts, a line each, under "source". */
static int read_notebook(Source *s, ModelFacts *f, const char *text, size_t n)
{
        _cleanup_free_ JsonWalk *w = malloc(sizeof(*w));
        _cleanup_free_ char *code = malloc(TEXT_MAX);
        size_t used = 0;
        int token;

        if (!w || !code)
                return source_fail(s, "out of memory");
        json_walk_init(w, s, text, n);
        while ((token = json_walk_next(w)) >= 0 && token != JSON_END) {
                bool source = token == JSON_STRING &&
                              (strcmp(w->key, "source") == 0 || strcmp(json_walk_up(w, 0), "source") == 0);
                size_t length = MIN(w->scan.n, TEXT_MAX - used);

                if (source)
                        memcpy(code + used, w->scan.text, length);
                used += source ? length : 0;
        }
        s->items_left = SOURCE_ITEMS_MAX;
        return code_find_labels(f, s, code, used);
}

/* What of it is a model has a reader of its own. */
static bool is_markup(Source *s)
{
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 64, &p), i = 0;

        while (i < n && text_blank((char) p[i]))
                i++;
        /* Not any `<': a label may be <unk>. */
        return i + 1 < n && p[i] == '<' && (p[i + 1] == '?' || p[i + 1] == '!');
}

static int read_labels(Source *s, ModelFacts *ret)
{
        const char *text = NULL;
        TextSpan begin;
        int n, r;

        if (is_markup(s))
                return 0;
        n = source_head(s, TEXT_FIRST, &text);
        if (n > 0 && has_brackets(text, (size_t) MIN(n, (int) TEXT_FIRST)))
                n = source_head(s, TEXT_MAX, &text);
        if (n <= 0)
                return n;
        n = MIN(n, (int) TEXT_MAX);
        ret->container = "code";
        ret->standing = STANDS_AS_TEXT;
        begin = text_trim((TextSpan){ text, (size_t) n });
        if (pyc_is(text, (size_t) n)) {
                r = pyc_find_labels(ret, s, text, (size_t) n);
        } else if (begin.n > 0 && begin.s[0] == '{') {
                /* Other documents have a reader of their own. */
                if (!memmem(text, (size_t) n, "\"cells\"", strlen("\"cells\"")))
                        return 0;
                n = source_head(s, NOTEBOOK_MAX, &text);
                r = n < 0 ? n : read_notebook(s, ret, text, (size_t) n);
        } else {
                r = code_find_labels(ret, s, text, (size_t) n);
                s->items_left = SOURCE_ITEMS_MAX;
                if (r >= 0)
                        r = lines_find_labels(ret, s, text, (size_t) n);
                if (is_list_file(text, (size_t) n)) {
                        ret->container = "labels-txt";
                        ret->standing = STANDS_AS_LABELS;
                        label_find_text(ret, false, false, "the whole file", text, (size_t) n);
                }
        }
        ret->is_model = ret->n_lists > 0;
        return r;
}

const ModelReader model_reader_labels = { .name = "labels", .probe = probe, .read = read_labels };
