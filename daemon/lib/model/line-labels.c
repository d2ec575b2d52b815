/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: finds lists that are lines, as YAML has them.
 * Owns: which lines belong together: same indentation, same form, nothing
 * between them.
 * Must not: understand YAML; the library that does is not for hostile files.
 * Called by: label-file.c.
 */
#include "lib/model/code-labels.h"
#include "lib/model/text-scan.h"

#define LABEL_MAX 48

typedef enum LineForm {
        LINE_OTHER,
        LINE_ITEM,     /* - angry */
        LINE_NUMBERED, /* 0: angry */
        LINE_COUNTED,  /* angry: 0 */
} LineForm;

typedef struct Lines {
        ModelFacts *f;
        LabelListBuilder b;
        LineForm form;
        size_t indent;
        unsigned line, first, n_keys;
} Lines;

static TextSpan unquote(TextSpan x)
{
        if (x.n >= 2 && (x.s[0] == '"' || x.s[0] == '\'') && x.s[x.n - 1] == x.s[0])
                return (TextSpan){ x.s + 1, x.n - 2 };
        return x;
}

static LineForm form_of(TextSpan line, TextSpan *ret)
{
        TextSpan left, right;
        int64_t number;

        if (line.n > 2 && line.s[0] == '-' && line.s[1] == ' ') {
                TextSpan item = text_trim((TextSpan){ line.s + 2, line.n - 2 });

                if (form_of(item, ret) == LINE_NUMBERED)
                        return LINE_NUMBERED;
                *ret = unquote(item);
                return ret->n > 0 && ret->n <= LABEL_MAX && !memchr(ret->s, ':', ret->n) ? LINE_ITEM
                                                                                         : LINE_OTHER;
        }
        if (!text_split(line, ':', &left, &right) || left.n == 0 || right.n == 0)
                return LINE_OTHER;
        left = unquote(left);
        right = unquote(right);
        if (right.n > LABEL_MAX || left.n > LABEL_MAX)
                return LINE_OTHER;
        if (text_integer(left, &number) && !text_integer(right, &number)) {
                *ret = right;
                return LINE_NUMBERED;
        }
        *ret = left;
        return text_integer(right, &number) && !text_integer(left, &number) ? LINE_COUNTED : LINE_OTHER;
}

static void flush(Lines *l)
{
        char where[32];

        if (l->b.n >= CODE_LIST_MIN && l->b.n_total <= CODE_LIST_MAX &&
            l->f->n_lists < FACTS_LISTS_MAX / 2) {
                (void) snprintf(where, sizeof(where), "line %u", l->first);
                label_list_finish(l->f, &l->b, false, false,
                                  facts_text(l->f, where, strlen(where)) ?: "lines");
        }
        label_list_begin(&l->b);
        l->form = LINE_OTHER;
}

/* "model: Wav2Vec2ForSequenceClassification", "sampling_rate: 16000" */
static void on_key(Lines *l, TextSpan line)
{
        static const char *const classes[] = { "model", "architecture", "architectures", "model_class",
                                               "arch" };
        TextSpan left, right;

        if (!text_split(line, ':', &left, &right) || left.n == 0 || left.n > LABEL_MAX || l->n_keys++ > 64)
                return;
        facts_add_name(l->f, FACT_KEY, false, "key", left.s, left.n);
        right = unquote(right);
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (text_is(left, classes[i]) && right.n > 0 && right.n < FACTS_TEXT_MAX)
                        facts_add_name(l->f, FACT_ARCHITECTURE, false, "key", right.s, right.n);
        if (text_is(left, "task") || text_is(left, "model_type") || text_is(left, "pipeline_tag"))
                facts_add_name(l->f, FACT_TASK, false, "key", right.s, right.n);
}

int lines_find_labels(ModelFacts *f, Source *s, const char *text, size_t n)
{
        Lines l = { .f = f };
        TextSpan rest = { text, n }, line, label = {};

        label_list_begin(&l.b);
        while (rest.n > 0) {
                const char *start = rest.s;
                LineForm form;
                size_t indent;
                int r = source_count(s);

                if (r < 0)
                        return r;
                (void) text_line(&rest, &line);
                l.line++;
                if (line.n == 0 || line.s[0] == '#')
                        continue;
                indent = (size_t) (line.s - start);
                form = form_of(line, &label);
                if (form == LINE_OTHER || form != l.form || indent != l.indent) {
                        flush(&l);
                        l.form = form;
                        l.indent = indent;
                        l.first = l.line;
                }
                if (form != LINE_OTHER)
                        label_list_add(f, &l.b, label.s, label.n);
                if (indent == 0)
                        on_key(&l, line);
        }
        flush(&l);
        return 0;
}
