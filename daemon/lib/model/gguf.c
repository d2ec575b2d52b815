/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads GGUF: keys and values, then the descriptions of the tensors.
 * Owns: the numbers of the format.
 * Must not: take a vocabulary for labels (it is an array as well), or read weights.
 * Called by: scan.c through the table in readers.c.
 * Source: docs/gguf.md of ggml; versions 2 and 3, in either order of bytes.
 */
#include <string.h>

#include "lib/model/bytes.h"
#include "lib/model/reader.h"
#include "lib/util-string.h"

#define KEYS_MAX 65536U
#define TENSORS_MAX 65536U
#define ELEMENTS_MAX 4000000U /* texts of all arrays: two large vocabularies with their merges */
#define DIMS_MAX 4U
#define HEAD_SIZE 24U
#define ALIGNMENT 32U

enum {
        TYPE_BOOL = 7,
        TYPE_STRING = 8,
        TYPE_ARRAY = 9,
        TYPE_MAX = 12,
};

typedef struct Gguf {
        Source *s;
        ModelFacts *f;
        uint64_t pos, n_tensors;
        unsigned elements_left;
        bool big, vocabulary_only;
        uint64_t alignment;
        char key[FACTS_TEXT_MAX + 1], text[4 * FACTS_TEXT_MAX];
} Gguf;

static int read_number(Gguf *g, size_t size, uint64_t *ret)
{
        const unsigned char *p = NULL;
        uint64_t v = 0;
        int r = source_view(g->s, g->pos, size, &p);

        if (r < 0)
                return r;
        for (size_t i = 0; i < size; i++)
                v = v << 8 | p[g->big ? i : size - 1 - i];
        g->pos += size;
        *ret = v;
        return 0;
}

static int skip(Gguf *g, uint64_t n)
{
        if (g->pos > g->s->size || n > g->s->size - g->pos)
                return source_fail(g->s, "a value longer than the file");
        g->pos += n;
        return 0;
}

/* At most size - 1 bytes are kept. */
static int read_string(Gguf *g, char *buffer, size_t size, size_t *ret_size)
{
        const unsigned char *p = NULL;
        uint64_t length = 0;
        int r = read_number(g, 8, &length);

        if (r < 0)
                return r;
        *ret_size = (size_t) MIN(length, (uint64_t) size - 1);
        if (length > g->s->size - g->pos)
                return source_fail(g->s, "a text longer than the file");
        if (*ret_size > 0) {
                r = source_view(g->s, g->pos, *ret_size, &p);
                if (r < 0)
                        return r;
                memcpy(buffer, p, *ret_size);
        }
        buffer[*ret_size] = 0;
        return skip(g, length);
}

static size_t size_of(uint64_t type)
{
        static const uint8_t sizes[TYPE_MAX + 1] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

        return type <= TYPE_MAX ? sizes[type] : 0;
}

/* ------------------------------------------------------------ keys and values */

static const char *where_of(Gguf *g)
{
        return facts_text(g->f, g->key, strlen(g->key)) ?: "key";
}

static void add_text(Gguf *g, const char *text, size_t n)
{
        static const struct {
                const char *end;
                FactKind kind;
        } kinds[] = {
                { "general.architecture", FACT_TYPE },
                { ".name", FACT_GRAPH },
                { ".basename", FACT_GRAPH },
                { "general.finetune", FACT_GRAPH },
                { ".description", FACT_DOC },
                { "general.tags", FACT_TASK },
                { ".repo_url", FACT_BASE },
                { "tokenizer.ggml.model", FACT_KEY },
                { "tokenizer.ggml.pre", FACT_KEY },
                { "tokenizer.chat_template", FACT_KEY },
        };
        FactKind kind = FACT_METADATA;

        for (size_t i = 0; i < ARRAY_SIZE(kinds) && kind == FACT_METADATA; i++)
                if (endswith(g->key, kinds[i].end))
                        kind = kinds[i].kind;
        if (kind == FACT_GRAPH && strstr(g->key, "base_model"))
                kind = FACT_BASE;
        if (kind != FACT_KEY)
                facts_add_name(g->f, kind, false, where_of(g), text, n);
}

/* Of a short array every text is kept; of a long one only its end is looked for. */
static int read_strings(Gguf *g, uint64_t n)
{
        bool is_short = n <= FACTS_LABELS_MAX;
        LabelListBuilder b;
        size_t size = 0;
        int r = 0;

        if (n > (g->s->size - g->pos) / 8)
                return source_fail(g->s, "an array longer than the file");
        if (!is_short && g->n_tensors == 0 && startswith(g->key, "tokenizer.")) {
                g->vocabulary_only = true; /* there is nothing in this file that could run */
                return 0;
        }
        label_list_begin(&b);
        for (uint64_t i = 0; r >= 0 && i < n; i++) {
                if (g->elements_left-- == 0)
                        return source_fail(g->s, "more texts than a vocabulary has");
                r = read_string(g, g->text, is_short ? sizeof(g->text) : 1, &size);
                if (r >= 0 && is_short && streq(g->key, "general.tags"))
                        add_text(g, g->text, size);
                else if (r >= 0 && is_short)
                        label_list_add(g->f, &b, g->text, size);
        }
        if (r >= 0 && is_short)
                label_list_finish(g->f, &b, false, true, where_of(g));
        return r;
}

static int read_array(Gguf *g)
{
        uint64_t type = 0, n = 0, size;
        int r = read_number(g, 4, &type);

        if (r >= 0)
                r = read_number(g, 8, &n);
        if (r < 0)
                return r;
        if (type == TYPE_STRING)
                return read_strings(g, n);
        if (size_of(type) == 0)
                return source_fail(g->s, "an array of a type that does not exist");
        return __builtin_mul_overflow(n, (uint64_t) size_of(type), &size)
                               ? source_fail(g->s, "an array longer than the file")
                               : skip(g, size);
}

static int read_value(Gguf *g, uint64_t type)
{
        uint64_t number = 0;
        size_t n = 0;
        int r;

        if (type == TYPE_ARRAY)
                return read_array(g);
        if (type == TYPE_STRING) {
                r = read_string(g, g->text, sizeof(g->text), &n);
                if (r >= 0)
                        add_text(g, g->text, n);
                return r;
        }
        if (size_of(type) == 0)
                return source_fail(g->s, "a value of a type that does not exist");
        r = read_number(g, size_of(type), &number);
        if (r >= 0 && streq(g->key, "general.alignment"))
                g->alignment = number;
        return r;
}

static int read_keys(Gguf *g, uint64_t n)
{
        int r = 0;

        for (uint64_t i = 0; r >= 0 && i < n && !g->vocabulary_only; i++) {
                uint64_t type = 0;
                size_t size = 0;

                r = source_count(g->s);
                if (r >= 0)
                        r = read_string(g, g->key, sizeof(g->key), &size);
                if (r >= 0)
                        r = read_number(g, 4, &type);
                if (r >= 0 && !startswith(g->key, "tokenizer."))
                        facts_add_name(g->f, FACT_KEY, false, "key", g->key, size);
                if (r >= 0)
                        r = read_value(g, type);
                if (r >= 0 && g->f->overflow)
                        r = source_fail(g->s, FACTS_OVERFLOW);
        }
        return r;
}

/* -------------------------------------------------------------------- tensors */

/* Only what is not quantised can be sampled. */
static uint64_t element_size(uint64_t type)
{
        return type == 0 ? 4 : type == 1 || type == 30 ? 2 : 0; /* F32, F16, BF16 */
}

static int read_tensor(Gguf *g)
{
        uint64_t n = 0, type = 0, offset = 0, dims[DIMS_MAX] = {}, length;
        FactTensor t = {};
        size_t size = 0;
        int r = read_string(g, g->text, FACTS_TEXT_MAX, &size);

        if (r >= 0)
                r = read_number(g, 4, &n);
        if (r >= 0 && n > DIMS_MAX)
                r = source_fail(g->s, "a tensor of more dimensions than the format has");
        for (uint64_t i = 0; r >= 0 && i < n; i++)
                r = read_number(g, 8, &dims[i]);
        if (r >= 0)
                r = read_number(g, 4, &type);
        if (r >= 0)
                r = read_number(g, 8, &offset);
        if (r < 0)
                return r;
        length = element_size(type);
        t.n = (uint8_t) n;
        for (uint64_t i = 0; i < n; i++) {
                /* The innermost one comes first. */
                t.dims[n - 1 - i] = dims[i] > INT64_MAX ? -1 : (int64_t) dims[i];
                if (__builtin_mul_overflow(length, dims[i], &length))
                        return source_fail(g->s, "a tensor of an impossible size");
        }
        facts_add_name(g->f, FACT_TENSOR, false, "tensor", g->text, size);
        if (g->f->n_tensors >= FACTS_TENSORS_MAX)
                return 0;
        t.name = facts_text(g->f, g->text, size);
        t.data_start = offset; /* from where the tensors begin, which is not known yet */
        t.data_length = length;
        facts_add_tensor(g->f, &t);
        return 0;
}

static int read_tensors(Gguf *g)
{
        uint64_t start;
        int r = 0;

        for (uint64_t i = 0; r >= 0 && i < g->n_tensors; i++) {
                r = source_count(g->s);
                if (r >= 0)
                        r = read_tensor(g);
        }
        if (r < 0)
                return r;
        start = g->alignment > 0 ? (g->pos + g->alignment - 1) / g->alignment * g->alignment : g->pos;
        for (size_t i = 0; i < g->f->n_tensors; i++) {
                FactTensor *t = &g->f->tensors[i];

                if (t->data_length > 0 && start <= g->s->size && t->data_start <= g->s->size - start &&
                    t->data_length <= g->s->size - start - t->data_start && !g->big)
                        t->data_start += start;
                else
                        t->data_start = t->data_length = 0;
        }
        return 0;
}

/* ---------------------------------------------------------------------- model */

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;

        return source_peek(s, 0, 4, &p) == 4 && memcmp(p, "GGUF", 4) == 0 ? PROBE_MAYBE : PROBE_NO;
}

static int read_gguf(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Gguf *g = calloc(1, sizeof(Gguf));
        const unsigned char *p = NULL;
        uint64_t n_keys = 0;
        int r;

        ret->is_model = true;
        if (!g)
                return source_fail(s, "out of memory");
        r = source_view(s, 0, HEAD_SIZE, &p);
        if (r < 0)
                return r;
        *g = (Gguf){ .s = s, .f = ret, .pos = 8, .elements_left = ELEMENTS_MAX, .alignment = ALIGNMENT };
        g->big = le32(p + 4) > 0xffff;
        if ((g->big ? be32(p + 4) : le32(p + 4)) < 2 || (g->big ? be32(p + 4) : le32(p + 4)) > 3)
                return source_fail(s, "a version that nobody loads");
        r = read_number(g, 8, &g->n_tensors);
        if (r >= 0)
                r = read_number(g, 8, &n_keys);
        if (r >= 0 && (n_keys > KEYS_MAX || g->n_tensors > TENSORS_MAX))
                r = source_fail(s, "more keys or tensors than a model has");
        if (r >= 0)
                r = read_keys(g, n_keys);
        return r < 0 || g->vocabulary_only ? MIN(r, 0) : read_tensors(g);
}

const ModelReader model_reader_gguf = { .name = "gguf", .probe = probe, .read = read_gguf };
