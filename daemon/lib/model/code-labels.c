/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: finds lists in the source of a program without knowing its
 * language: what stands between brackets, separated by commas, one text each.
 * Owns: what an element of a list looks like.
 * Must not: understand programs. A bracket in a regular expression may lead it
 * astray; then it finds less, and nothing that is not there.
 * Called by: label-file.c.
 */
#include "lib/model/code-labels.h"

#include <ctype.h>

#include "lib/escape.h"
#include "lib/model/text-scan.h"

#define DEPTH_MAX 40
#define LABEL_MAX 48

typedef struct Run {
        size_t n, n_total;
        TextSpan items[CODE_LIST_MAX];
} Run;

/* What was seen since the last comma. */
typedef struct Element {
        unsigned n_strings, n_words, n_numbers, n_other;
        bool keyed, nested;
        TextSpan key, string, word;
        TextSpan inner; /* the one text of a bracket inside */
        char inner_open;
} Element;

typedef struct Frame {
        char open;
        unsigned line;
        Element e;
        Run values, keys, words;
} Frame;

typedef struct Code {
        ModelFacts *f;
        Source *s;
        const char *p, *end;
        unsigned depth, too_deep, line;
        Frame frames[DEPTH_MAX];
} Code;

static void run_add(Run *r, TextSpan x)
{
        x = text_trim(x);
        if (x.n == 0 || x.n > LABEL_MAX || r->n >= CODE_LIST_MAX) {
                r->n_total += CODE_LIST_MAX + 1; /* a list with something else in it is none */
                return;
        }
        r->items[r->n++] = x;
        r->n_total++;
}

static int hex_digit(char c)
{
        return c >= '0' && c <= '9'                 ? c - '0'
               : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                    : -1;
}

/* \u0437 and \x41 become what they mean. */
static size_t unescape(TextSpan x, char *ret, size_t size)
{
        size_t used = 0;

        for (size_t i = 0; i < x.n && used + 5 < size;) {
                size_t digits = i + 1 < x.n && x.s[i] == '\\' ? (x.s[i + 1] == 'u'   ? 4
                                                                 : x.s[i + 1] == 'x' ? 2
                                                                                     : 0)
                                                              : 0;
                uint32_t code = 0;
                size_t k = 0;

                while (k < digits && i + 2 + k < x.n && hex_digit(x.s[i + 2 + k]) >= 0)
                        code = code << 4 | (uint32_t) hex_digit(x.s[i + 2 + k++]);
                if (digits > 0 && k == digits && (code < 0xd800 || code > 0xdfff)) {
                        used += utf8_put(ret + used, code);
                        i += 2 + digits;
                } else {
                        ret[used++] = x.s[i++];
                }
        }
        return used;
}

static void run_keep(Code *c, const Run *r, unsigned line)
{
        char where[32], text[4 * LABEL_MAX];
        LabelListBuilder b;

        if (r->n < CODE_LIST_MIN || r->n_total != r->n || c->f->n_lists >= FACTS_LISTS_MAX / 2)
                return;
        label_list_begin(&b);
        for (size_t i = 0; i < r->n; i++)
                label_list_add(c->f, &b, text, unescape(r->items[i], text, sizeof(text)));
        (void) snprintf(where, sizeof(where), "line %u", line);
        label_list_finish(c->f, &b, false, false, facts_text(c->f, where, strlen(where)) ?: "code");
}

static void flush(Code *c, Frame *f)
{
        run_keep(c, &f->values, f->line);
        run_keep(c, &f->keys, f->line);
        run_keep(c, &f->words, f->line);
        f->values.n = f->values.n_total = f->keys.n = f->keys.n_total = f->words.n = f->words.n_total = 0;
        f->line = c->line;
}

/* ------------------------------------------------------------------ elements */

static void end_keyed(Frame *f, const Element *e)
{
        if (e->key.n > 0)
                run_add(&f->keys, e->key);
        if (e->n_strings == 1 && e->n_words == 0 && e->n_other == 0 && !e->nested)
                run_add(&f->values, e->string);
}

static void end_element(Code *c)
{
        Frame *f = &c->frames[c->depth];
        Element e = f->e;
        bool plain = e.n_other == 0 && e.n_numbers == 0;

        f->e = (Element){};
        if (e.keyed && (c->depth > 0 || (!e.nested && e.n_other == 0 && e.n_words == 0))) {
                end_keyed(f, &e);
        } else if (!e.keyed && plain && e.n_strings == 1 && e.n_words == 0 && !e.nested) {
                run_add(&f->values, e.string);
        } else if (!e.keyed && plain && e.n_strings == 0 && e.n_words == 1 &&
                   (!e.nested || (e.inner.n > 0 && (c->depth > 0 || e.inner_open == '{')))) {
                run_add(&f->words, e.word);
                if (e.nested)
                        run_add(&f->values, e.inner);
        } else if (!e.keyed && plain && e.n_strings + e.n_words == 0 && e.inner.n > 0) {
                run_add(&f->values, e.inner);
        } else if (c->depth == 0 && e.n_strings + e.n_words + e.n_other + e.n_numbers + e.nested > 0) {
                flush(c,
                      f); /* between brackets anything may stand beside the labels; between lines it ends the run */
        }
}

/* "angry": or ANGRY = ; of what comes then, the value is judged. */
static void on_assign(Element *e)
{
        if (e->keyed || e->nested || e->n_other > 0 || e->n_strings + e->n_words + e->n_numbers != 1) {
                e->n_other++;
                return;
        }
        e->keyed = true;
        e->key = e->n_strings ? e->string : e->n_words ? e->word : (TextSpan){};
        e->n_strings = e->n_words = e->n_numbers = 0;
}

static void open_bracket(Code *c, char bracket)
{
        if (c->depth + 1 >= DEPTH_MAX) {
                c->too_deep++;
                return;
        }
        c->frames[c->depth].e.nested = true;
        c->depth++;
        c->frames[c->depth].open = bracket;
        c->frames[c->depth].line = c->line;
        c->frames[c->depth].e = (Element){};
        c->frames[c->depth].values.n = c->frames[c->depth].values.n_total = 0;
        c->frames[c->depth].keys.n = c->frames[c->depth].keys.n_total = 0;
        c->frames[c->depth].words.n = c->frames[c->depth].words.n_total = 0;
}

static void close_bracket(Code *c)
{
        Frame *f = &c->frames[c->depth];

        if (c->too_deep > 0) {
                c->too_deep--;
                return;
        }
        end_element(c);
        if (c->depth == 0)
                return;
        c->depth--;
        if (f->values.n == 1 && f->values.n_total == 1) {
                c->frames[c->depth].e.inner = f->values.items[0];
                c->frames[c->depth].e.inner_open = f->open;
        }
        flush(c, f);
}

/* -------------------------------------------------------------------- tokens */

/* Words that stand before what matters and say nothing about it. */
static bool is_noise(TextSpan x)
{
        static const char *const words[] = { "return", "case",    "new",    "const",    "static",
                                             "final",  "public",  "export", "let",      "var",
                                             "val",    "type",    "u8",     "readonly", "default",
                                             "String", "private", "string", "str",      "auto" };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (text_is(x, words[i]))
                        return true;
        return false;
}

static bool is_word_char(char c)
{
        return isalnum((unsigned char) c) || c == '_' || c == '$' || (unsigned char) c >= 0x80;
}

static void on_word(Code *c)
{
        TextSpan x = { c->p, 0 };
        Element *e = &c->frames[c->depth].e;

        while (c->p < c->end && is_word_char(*c->p))
                c->p++;
        x.n = (size_t) (c->p - x.s);
        if (isdigit((unsigned char) x.s[0])) {
                e->n_numbers++;
        } else if (!is_noise(x)) {
                e->n_words++;
                e->word = x;
        }
}

/* A text ends on its line, or it was an apostrophe. */
static void on_quote(Code *c)
{
        char quote = *c->p;
        const char *start = c->p + 1, *q = start;

        if (c->end - c->p >= 6 && c->p[1] == quote && c->p[2] == quote && quote != '`') {
                const char triple[] = { quote, quote, quote };
                const char *close = memmem(c->p + 3, (size_t) (c->end - c->p) - 3, triple, 3);

                for (q = c->p; close && q < close; q++)
                        c->line += *q == '\n';
                c->p = close ? close + 3 : c->p + 3;
                c->frames[c->depth].e.n_other++;
                return;
        }
        while (q < c->end && *q != quote && *q != '\n')
                q += *q == '\\' && q + 1 < c->end && q[1] != '\n' ? 2 : 1;
        if (q >= c->end || *q != quote) {
                c->p++;
                return;
        }
        /* f"", b"": a letter right before belongs to it */
        if (c->frames[c->depth].e.word.n == 1 && c->frames[c->depth].e.word.s + 1 == c->p)
                c->frames[c->depth].e.n_words -= c->frames[c->depth].e.n_words > 0;
        c->frames[c->depth].e.n_strings++;
        c->frames[c->depth].e.string = (TextSpan){ start, (size_t) (q - start) };
        c->p = q + 1;
}

static bool skip_comment(Code *c)
{
        size_t left = (size_t) (c->end - c->p);
        const char *close;

        if (*c->p == '#' || (left > 1 && c->p[0] == '/' && c->p[1] == '/')) {
                close = memchr(c->p, '\n', left);
                c->p = close ?: c->end;
                return true;
        }
        if (left < 2 || c->p[0] != '/' || c->p[1] != '*')
                return false;
        close = memmem(c->p + 2, left - 2, "*/", 2);
        for (; c->p < (close ?: c->end); c->p++)
                c->line += *c->p == '\n';
        c->p = close ? close + 2 : c->end;
        return true;
}

static void on_newline(Code *c)
{
        const Frame *f = &c->frames[c->depth];
        bool pending = f->e.keyed && f->e.n_strings + f->e.n_words + f->e.n_numbers + f->e.nested == 0;

        c->line++;
        if ((c->depth == 0 || f->open == '{') && !pending)
                end_element(c);
}

static void on_sign(Code *c)
{
        char sign = *c->p, next = c->p + 1 < c->end ? c->p[1] : 0;
        Element *e = &c->frames[c->depth].e;

        c->p++;
        if (sign == '=' && next == '>') {
                c->p++;
                on_assign(e);
        } else if ((sign == '=' || sign == '!' || sign == '<' || sign == '>') && next == '=') {
                c->p++;
                e->n_other++;
        } else if (sign == ':' || sign == '=') {
                on_assign(e);
        } else if (sign == ',' || sign == ';' || sign == '|') {
                end_element(c);
        } else if (sign == '-') {
                ; /* of a number, or before an item of YAML */
        } else {
                e->n_other++;
        }
}

int code_find_labels(ModelFacts *f, Source *s, const char *text, size_t n)
{
        _cleanup_free_ Code *c = calloc(1, sizeof(Code));

        if (!c)
                return source_fail(s, "out of memory");
        c->f = f;
        c->s = s;
        c->p = text;
        c->end = text + n;
        c->line = c->frames[0].line = 1;
        while (c->p < c->end) {
                char sign = *c->p;
                int r = source_count(s);

                if (r < 0)
                        return r;
                if (sign == '\n') {
                        on_newline(c);
                        c->p++;
                } else if (text_blank(sign)) {
                        c->p++;
                } else if (sign == '"' || sign == '\'' || sign == '`') {
                        on_quote(c);
                } else if (sign && strchr("([{", sign)) {
                        open_bracket(c, sign);
                        c->p++;
                } else if (sign && strchr(")]}", sign)) {
                        close_bracket(c);
                        c->p++;
                } else if (is_word_char(sign)) {
                        on_word(c);
                } else if (!skip_comment(c)) {
                        on_sign(c);
                }
        }
        end_element(c);
        flush(c, &c->frames[0]);
        return 0;
}
