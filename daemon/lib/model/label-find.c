/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: turns the many ways of writing labels down into label lists.
 * Owns: nothing; lists and names go to the facts.
 * Must not: judge labels; a list of fruit is a list as well.
 * Called by: the readers of ONNX and safetensors (metadata), of configurations,
 * and of files beside a model.
 */
#include "lib/model/label-find.h"

#include <stdlib.h>
#include <string.h>

#define ITEM_MAX 160
#define TEXT_MAX 16384

typedef struct Span {
        const char *s;
        size_t n;
} Span;

static Span trim(Span x, const char *chars)
{
        while (x.n > 0 && x.s[0] && strchr(chars, x.s[0])) {
                x.s++;
                x.n--;
        }
        while (x.n > 0 && x.s[x.n - 1] && strchr(chars, x.s[x.n - 1]))
                x.n--;
        return x;
}

static bool is_number(Span x)
{
        x = trim(x, " \t\r'\"");
        if (x.n == 0 || x.n > 10)
                return false;
        for (size_t i = 0; i < x.n; i++)
                if ((x.s[i] < '0' || x.s[i] > '9') && !(i == 0 && x.s[i] == '-'))
                        return false;
        return true;
}

/* "0: angry", "angry => 0", "0 angry", "angry": the part that is no number. */
static Span label_of(Span item)
{
        static const char *const marks[] = { "=>", "->", ":", "=", ",", "\t", " " };

        for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
                const char *at = memmem(item.s, item.n, marks[i], strlen(marks[i]));
                Span left, right;

                if (!at)
                        continue;
                left = (Span){ item.s, (size_t) (at - item.s) };
                right = (Span){ at + strlen(marks[i]), item.n - left.n - strlen(marks[i]) };
                if (is_number(left))
                        return trim(right, " \t\r'\"");
                /* The last mark counts for a number behind: "very happy 3". */
                for (const char *more = at; more;) {
                        right = (Span){ more + strlen(marks[i]),
                                        item.n - (size_t) (more - item.s) - strlen(marks[i]) };
                        if (is_number(right))
                                return trim((Span){ item.s, (size_t) (more - item.s) }, " \t\r'\"");
                        more = memmem(right.s, right.n, marks[i], strlen(marks[i]));
                }
        }
        return trim(item, " \t\r'\"");
}

static void add_item(ModelFacts *f, LabelListBuilder *b, Span item)
{
        item = trim(item, " \t\r\n{}[]()");
        if (item.n >= 2 && item.s[0] == '-' && item.s[1] == ' ')
                item = trim((Span){ item.s + 2, item.n - 2 }, " ");
        if (item.n > 0 && (item.s[item.n - 1] == ',' || item.s[item.n - 1] == ';'))
                item.n--;
        /* "labels:" above a list, a comment, a ruler */
        if (item.n == 0 || item.s[item.n - 1] == ':' || item.s[0] == '#' || item.n > ITEM_MAX)
                return;
        item = label_of(item);
        if (item.n > 0 && !is_number(item))
                label_list_add(f, b, item.s, item.n);
}

/* What stands between two items: lines if there are several, else the first of , ; | that occurs. */
static char separator_of(const char *s, size_t n)
{
        const char *line = memchr(s, '\n', n);
        static const char marks[] = ",;|";

        if (line && trim((Span){ line, n - (size_t) (line - s) }, " \t\r\n{}[]()").n > 0)
                return '\n';
        for (size_t i = 0; i < sizeof(marks) - 1; i++)
                if (memchr(s, marks[i], n))
                        return marks[i];
        return memchr(s, ' ', n) ? ' ' : 0;
}

void label_find_text(ModelFacts *f, bool sibling, bool config, const char *where, const char *s, size_t n)
{
        LabelListBuilder b;
        Span x = trim((Span){ s, MIN(n, (size_t) TEXT_MAX) }, " \t\r\n");
        char separator = separator_of(x.s, x.n), quote = 0;
        size_t start = 0;

        if (!separator || x.n < 3)
                return;
        label_list_begin(&b);
        for (size_t i = 0; i <= x.n; i++) {
                char c = i < x.n ? x.s[i] : separator;

                /* Commas inside quotes belong to the label; line ends never do. */
                if (separator != '\n' && i < x.n && (c == '\'' || c == '"')) {
                        if (quote == c)
                                quote = 0;
                        else if (!quote && (i == 0 || strchr(" ,;|:=[{(>\t", x.s[i - 1])))
                                quote = c;
                        continue;
                }
                if (c != separator || (quote && i < x.n))
                        continue;
                if (i > start)
                        add_item(f, &b, (Span){ x.s + start, i - start });
                start = i + 1;
                if (b.n_total > 4 * FACTS_LABELS_MAX)
                        return;
        }
        label_list_finish(f, &b, sibling, config, where);
}

/* Keys that name something, and what. Top level only. */
static const struct {
        const char *key;
        FactKind kind;
        bool model; /* only the configuration of a model has it */
} known_keys[] = {
        { "architectures", FACT_ARCHITECTURE, true },
        { "model_type", FACT_TYPE, true },
        { "transformers_version", FACT_KEY, true },
        { "id2label", FACT_KEY, true },
        { "label2id", FACT_KEY, true },
        { "problem_type", FACT_TASK, true },
        { "finetuning_task", FACT_TASK, true },
        { "hidden_size", FACT_KEY, true },
        { "num_hidden_layers", FACT_KEY, true },
        { "num_attention_heads", FACT_KEY, true },
        { "num_labels", FACT_KEY, true },
        { "torch_dtype", FACT_KEY, true },
        { "_name_or_path", FACT_BASE, true },
        { "architecture", FACT_ARCHITECTURE, false }, /* timm */
        { "num_classes", FACT_KEY, false },
        { "pretrained_cfg", FACT_KEY, true },
        { "_class_name", FACT_ARCHITECTURE, true }, /* diffusers */
        { "_diffusers_version", FACT_KEY, true },
        { "pipeline_tag", FACT_TASK, false },
        { "task", FACT_TASK, false },
        { "modelName", FACT_GRAPH, false }, /* Teachable Machine */
};

/* What may become a list. A document has a thousand containers and a handful of lists. */
typedef struct Words {
        size_t n, n_total;
        size_t length[FACTS_LABELS_MAX];
        char text[FACTS_LABELS_MAX][FACTS_TEXT_MAX];
} Words;

typedef struct Walk {
        ModelFacts *f;
        bool sibling;
        const char *file;
        JsonScan scan;
        JsonFound *found;
        Words values, keys;   /* of the innermost container, the only one that can be a list */
        unsigned graph_depth; /* in the nodes of a graph, whose inputs are no labels */
        bool leaf, only_strings, int_to_string, string_to_int;
        bool key_is_number;
        char key[64];      /* last key */
        char list_key[64]; /* key of the container */
        int known;         /* index of the top-level key */
} Walk;

static void words_add(Words *x, const char *s, size_t n)
{
        x->n_total++;
        if (x->n >= FACTS_LABELS_MAX)
                return;
        x->length[x->n] = MIN(n, (size_t) FACTS_TEXT_MAX);
        memcpy(x->text[x->n], s, x->length[x->n]);
        x->n++;
}

/* The words of a tokenizer, which holds all words there are: some carry the mark of a space before them. */
static bool is_vocabulary(const Walk *w, const Words *x)
{
        static const char *const marks[] = { "\xc4\xa0", "\xe2\x96\x81", "##" };

        for (size_t i = 0; i < x->n; i++)
                for (size_t k = 0; k < ARRAY_SIZE(marks); k++)
                        if (x->length[i] > 3 && memcmp(x->text[i], marks[k], strlen(marks[k])) == 0)
                                return true;
        return strcmp(w->list_key, "vocab") == 0 || strcmp(w->list_key, "merges") == 0;
}

static void words_keep(Walk *w, const Words *x, const char *where)
{
        LabelListBuilder b;

        if (x->n < 2 || is_vocabulary(w, x))
                return;
        label_list_begin(&b);
        for (size_t i = 0; i < x->n; i++)
                label_list_add(w->f, &b, x->text[i], x->length[i]);
        b.n_total = x->n_total;
        label_list_finish(w->f, &b, w->sibling, true, where);
}

static void begin(Walk *w, bool object)
{
        w->values.n = w->values.n_total = w->keys.n = w->keys.n_total = 0;
        if (!object && w->graph_depth == 0 && strcmp(w->key, "node") == 0)
                w->graph_depth = w->scan.depth;
        w->leaf = w->only_strings = w->int_to_string = w->string_to_int = true;
        memcpy(w->list_key, w->key, sizeof(w->key));
        w->key[0] = 0;
}

static void end(Walk *w, bool object)
{
        char where[160];
        const char *text;
        int n;

        if (w->graph_depth > w->scan.depth)
                w->graph_depth = 0;
        if (!w->leaf)
                return;
        w->leaf = false;
        if (w->graph_depth > 0)
                return;
        if (object ? !w->int_to_string && !w->string_to_int : !w->only_strings)
                return;
        if (w->known >= 0 && known_keys[w->known].kind != FACT_KEY)
                return; /* a list of architectures, kept as names */
        n = snprintf(where, sizeof(where), "%s%s%s", w->file, w->file[0] && w->list_key[0] ? " " : "",
                     w->list_key);
        if ((object && !w->int_to_string ? &w->keys : &w->values)->n < 2)
                return;
        text = facts_text(w->f, where, (size_t) MIN(n, (int) sizeof(where) - 1));
        if (text)
                words_keep(w, object && !w->int_to_string ? &w->keys : &w->values, text);
}

static void on_key(Walk *w)
{
        int64_t ignored;

        w->key_is_number = json_scan_integer(&w->scan, &ignored);
        memcpy(w->key, w->scan.text, MIN(w->scan.n, sizeof(w->key) - 1));
        w->key[MIN(w->scan.n, sizeof(w->key) - 1)] = 0;
        if (w->leaf && !w->key_is_number)
                words_add(&w->keys, w->scan.text, w->scan.n);
        if (w->scan.depth != 1)
                return;
        w->known = -1;
        for (size_t i = 0; i < ARRAY_SIZE(known_keys); i++)
                if (w->key[0] == known_keys[i].key[0] && strcmp(w->key, known_keys[i].key) == 0) {
                        w->known = (int) i;
                        w->found->model_keys += known_keys[i].model;
                }
        if (w->scan.n < sizeof(w->key))
                facts_add_name(w->f, FACT_KEY, w->sibling, w->file, w->key, w->scan.n);
}

static void on_scalar(Walk *w, int token)
{
        bool in_object = w->scan.depth > 0 && w->scan.in_object[w->scan.depth - 1];
        int64_t number;
        bool is_int = token != JSON_LITERAL && json_scan_integer(&w->scan, &number);

        if (w->leaf && token == JSON_STRING && !is_int)
                words_add(&w->values, w->scan.text, w->scan.n);
        if (token != JSON_STRING || is_int)
                w->only_strings = false;
        if (in_object && (!w->key_is_number || token != JSON_STRING))
                w->int_to_string = false;
        if (in_object && (w->key_is_number || !is_int))
                w->string_to_int = false;
        if (w->known < 0 || w->scan.depth > 2)
                return;
        if (token == JSON_STRING && known_keys[w->known].kind != FACT_KEY)
                facts_add_name(w->f, known_keys[w->known].kind, w->sibling, w->file, w->scan.text,
                               w->scan.n);
        if (is_int && w->scan.depth == 1 && number > 0 && number < 1 << 20 &&
            (strcmp(w->key, "num_labels") == 0 || strcmp(w->key, "num_classes") == 0))
                w->f->num_labels = number;
}

int label_find_json(ModelFacts *f, Source *source, bool sibling, const char *file, const char *data,
                    size_t size, JsonFound *ret)
{
        _cleanup_free_ Walk *w = calloc(1, sizeof(Walk));
        int token;

        *ret = (JsonFound){};
        if (!w)
                return source_fail(source, "out of memory");
        w->f = f;
        w->sibling = sibling;
        w->file = file;
        w->found = ret;
        w->known = -1;
        json_scan_init(&w->scan, source, data, size);
        for (;;) {
                token = json_scan_next(&w->scan);
                switch (token) {
                case JSON_OBJECT:
                case JSON_ARRAY:
                        begin(w, token == JSON_OBJECT);
                        break;
                case JSON_OBJECT_END:
                case JSON_ARRAY_END:
                        end(w, token == JSON_OBJECT_END);
                        if (f->overflow)
                                return source_fail(source, FACTS_OVERFLOW);
                        break;
                case JSON_KEY:
                        on_key(w);
                        break;
                case JSON_END:
                        ret->complete = true;
                        return 0;
                default:
                        if (token < 0)
                                return token;
                        on_scalar(w, token);
                }
        }
}

void label_find_any(ModelFacts *f, Source *source, bool sibling, const char *where, const char *s, size_t n)
{
        const char *reason = source->reason;
        Span x = trim((Span){ s, n }, " \t\r\n");
        JsonFound found;

        if (x.n > 0 && (x.s[0] == '{' || x.s[0] == '[') &&
            label_find_json(f, source, sibling, where, x.s, x.n, &found) == 0)
                return;
        source->reason = reason; /* it was no JSON, and need not be */
        label_find_text(f, sibling, true, where, s, n);
}
