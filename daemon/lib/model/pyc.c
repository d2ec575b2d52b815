/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: finds lists among the constants of compiled Python.
 * Owns: the marshal format of Python 3, and the order of fields in a code
 * object, which changed with 3.8 and 3.11.
 * Must not: look at the code itself.
 * Called by: label-file.c.
 */
#include "lib/model/bytes.h"
#include "lib/model/code-labels.h"
#include "lib/model/text-scan.h"

#define HEADER 16
#define DEPTH_MAX 60
#define REFS_MAX 8192
#define LABEL_MAX 48

typedef struct Pyc {
        ModelFacts *f;
        Source *s;
        const unsigned char *p, *end;
        unsigned magic;
        size_t n_refs;
        TextSpan refs[REFS_MAX]; /* what was marked to be referred to; empty when it is no text */
} Pyc;

/* An object: a text, a number, or something else. */
typedef enum Kind {
        KIND_OTHER,
        KIND_NUMBER,
        KIND_TEXT,
} Kind;

static int read_object(Pyc *y, unsigned depth, Kind *ret, TextSpan *ret_text);

bool pyc_is(const char *text, size_t n)
{
        const unsigned char *p = (const unsigned char *) text;

        return n > HEADER + 1 && p[2] == '\r' && p[3] == '\n' && le16(p) >= 3300 && le16(p) < 3900 &&
               (p[HEADER] & 0x7f) == 'c';
}

static int ends_early(Pyc *y)
{
        return source_fail(y->s, "ends early");
}

/* NULL when there is less; the source knows why. */
static const unsigned char *take(Pyc *y, size_t n)
{
        const unsigned char *p = y->p;

        if (n > (size_t) (y->end - p)) {
                ends_early(y);
                return NULL;
        }
        y->p += n;
        return p;
}

/* A length of one or four bytes. */
static int take_length(Pyc *y, bool is_short, size_t *ret)
{
        const unsigned char *p = take(y, is_short ? 1 : 4);

        if (!p)
                return -EBADMSG;
        *ret = is_short ? p[0] : le32(p);
        return 0;
}

static void keep(Pyc *y, LabelListBuilder *b)
{
        if (b->n >= CODE_LIST_MIN && b->n_total <= CODE_LIST_MAX && y->f->n_lists < FACTS_LISTS_MAX / 2)
                label_list_finish(y->f, b, false, false, "constants");
        label_list_begin(b);
}

/* Texts that follow each other, or with numbers between them: what a list or a dictionary was compiled to. */
static int read_items(Pyc *y, size_t n, unsigned depth)
{
        LabelListBuilder b;
        Kind kind;
        TextSpan text;
        int r;

        label_list_begin(&b);
        for (size_t i = 0; i < n; i++) {
                r = read_object(y, depth + 1, &kind, &text);
                if (r < 0)
                        return r;
                if (kind == KIND_TEXT && text.n > 0 && text.n <= LABEL_MAX)
                        label_list_add(y->f, &b, text.s, text.n);
                else if (kind != KIND_NUMBER)
                        keep(y, &b);
        }
        keep(y, &b);
        return 0;
}

static int skip_objects(Pyc *y, unsigned n, unsigned depth)
{
        Kind kind;
        TextSpan text;

        for (unsigned i = 0; i < n; i++) {
                int r = read_object(y, depth + 1, &kind, &text);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Numbers; code, constants, names, ..., file, name; a line; tables. */
static int read_code(Pyc *y, unsigned depth)
{
        bool since_3_11 = y->magic >= 3484, since_3_8 = y->magic >= 3410;
        unsigned numbers = since_3_11 ? 5 : since_3_8 ? 6 : 5;
        int r;

        if (!take(y, 4UL * numbers))
                return -EBADMSG;
        r = skip_objects(y, 8, depth);
        if (r < 0)
                return r;
        return take(y, 4) ? skip_objects(y, since_3_11 ? 2 : 1, depth) : -EBADMSG;
}

static int read_dictionary(Pyc *y, unsigned depth)
{
        while (y->p < y->end && *y->p != '0') {
                int r = skip_objects(y, 2, depth);

                if (r < 0)
                        return r;
        }
        y->p += y->p < y->end;
        return 0;
}

static int read_container(Pyc *y, char type, unsigned depth)
{
        size_t n = 0;
        int r;

        if (type == 'c')
                return read_code(y, depth);
        if (type == '{')
                return read_dictionary(y, depth);
        if (type == ':')
                return skip_objects(y, 3, depth);
        r = take_length(y, type == ')', &n);
        if (r >= 0 && n > (size_t) (y->end - y->p))
                r = ends_early(y);
        return r < 0 ? r : read_items(y, n, depth);
}

static int read_text(Pyc *y, char type, TextSpan *ret)
{
        const unsigned char *p;
        size_t n = 0;
        int r = take_length(y, type == 'z' || type == 'Z', &n);

        if (r < 0)
                return r;
        p = take(y, n);
        if (!p)
                return -EBADMSG;
        *ret = (TextSpan){ (const char *) p, n };
        return 0;
}

static int read_number(Pyc *y, char type)
{
        size_t n = type == 'i' ? 4 : type == 'y' ? 16 : 8;

        if (type == 'l') {
                const unsigned char *p = take(y, 4);
                int64_t digits = p ? (int32_t) le32(p) : 0;

                if (!p)
                        return -EBADMSG;
                n = 2 * (size_t) (digits < 0 ? -digits : digits);
        }
        return take(y, n) ? 0 : -EBADMSG;
}

static int read_reference(Pyc *y, Kind *ret, TextSpan *ret_text)
{
        const unsigned char *p = take(y, 4);

        if (!p)
                return -EBADMSG;
        if (le32(p) < y->n_refs && le32(p) < REFS_MAX && y->refs[le32(p)].s) {
                *ret = KIND_TEXT;
                *ret_text = y->refs[le32(p)];
        }
        return 0;
}

static int read_object(Pyc *y, unsigned depth, Kind *ret, TextSpan *ret_text)
{
        const unsigned char *p;
        size_t reference = y->n_refs;
        char type;
        int r = source_count(y->s);

        *ret = KIND_OTHER;
        *ret_text = (TextSpan){};
        if (r < 0)
                return r;
        p = take(y, 1);
        if (!p)
                return -EBADMSG;
        if (depth > DEPTH_MAX)
                return source_fail(y->s, "nested too deep");
        type = (char) (*p & 0x7f);
        y->n_refs += (*p & 0x80) != 0;
        if (!(*p & 0x80) || reference >= REFS_MAX)
                reference = REFS_MAX;
        else
                y->refs[reference] = (TextSpan){};
        if (type && strchr("NSFT.0", type))
                return 0;
        if (type && strchr("igIyl", type)) {
                *ret = KIND_NUMBER;
                return read_number(y, type);
        }
        if (type && strchr("zZaAutsf", type)) {
                if (type != 's' && type != 'f')
                        *ret = KIND_TEXT;
                r = read_text(y, type == 'f' ? 'z' : type, ret_text);
                if (r >= 0 && *ret == KIND_TEXT && reference < REFS_MAX)
                        y->refs[reference] = *ret_text;
                return r;
        }
        if (type == 'r')
                return read_reference(y, ret, ret_text);
        if (type && strchr("c{:()[<>", type))
                return read_container(y, type, depth);
        return source_fail(y->s, "an object of a kind that does not exist");
}

int pyc_find_labels(ModelFacts *f, Source *s, const char *text, size_t n)
{
        _cleanup_free_ Pyc *y = calloc(1, sizeof(Pyc));
        Kind kind;
        TextSpan ignored;

        if (!y)
                return source_fail(s, "out of memory");
        y->f = f;
        y->s = s;
        y->p = (const unsigned char *) text + HEADER;
        y->end = (const unsigned char *) text + n;
        y->magic = le16((const unsigned char *) text);
        return read_object(y, 0, &kind, &ignored);
}
