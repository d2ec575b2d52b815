/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: goes through the facts of a model once and collects what speaks
 * for a model capability, and what for a modality.
 * Owns: the weight of each kind of evidence (the table below).
 * Must not: decide; classify.c does.
 * Called by: classify.c.
 */
#include <string.h>

#include "lib/classify-hidden.h"
#include "lib/classify-internal.h"
#include "lib/classify-labels.h"
#include "lib/classify-names.h"
#include "lib/classify-text.h"
#include "lib/escape.h"
#include "lib/model/fingerprint.h"

/*
 * How much a name says, by where it stands: in the file, and beside it. What a
 * net is called and what it puts out says what it is for; a tensor may be
 * called after anything.
 */
static const struct {
        unsigned name, hint, sibling;
        bool strong;
} weights[_FACT_KIND_MAX] = {
        [FACT_PRODUCER] = { 40, 10, 20, false },    [FACT_GRAPH] = { 80, 25, 45, true },
        [FACT_INPUT] = { 20, 5, 10, false },        [FACT_OUTPUT] = { 80, 25, 45, true },
        [FACT_NODE] = { 25, 5, 10, false },         [FACT_TENSOR] = { 25, 5, 10, false },
        [FACT_METADATA] = { 45, 10, 20, false },    [FACT_DOC] = { 45, 10, 20, false },
        [FACT_ARCHITECTURE] = { 85, 25, 45, true }, [FACT_TYPE] = { 75, 25, 40, true },
        [FACT_TASK] = { 70, 25, 45, true },         [FACT_BASE] = { 45, 10, 25, false },
};

enum {
        SIGN_ARCHITECTURE = 1 << 0,
        SIGN_INPUT = 1 << 1,
        SIGN_KEY = 1 << 2,
        SIGN_NAME = 1 << 3,
        SIGN_TENSOR = 1 << 4,
        SIGN_SHAPE = 1 << 5,
};

void hit_add(Hits *hits, HitKind kind, unsigned weight, bool strong, const char *where, const char *detail)
{
        Hit *h = &hits->best[kind];

        if (weight <= h->weight)
                return;
        h->weight = weight;
        h->strong = strong;
        text_copy(h->where, sizeof(h->where), where, strlen(where));
        text_copy(h->detail, sizeof(h->detail), detail, strlen(detail));
}

static void sign_add(Judge *j, int modality, unsigned sign, unsigned score, const char *why)
{
        ModalitySign *m = &j->modalities[modality];

        if (m->seen & sign)
                return;
        m->seen |= sign;
        m->score += score;
        if (!m->why[0])
                text_copy(m->why, sizeof(m->why), why, strlen(why));
}

/* ---------------------------------------------------------------- names */

typedef struct NameContext {
        Judge *j;
        const FactName *name;
} NameContext;

static void on_modality(Judge *j, const FactName *n, const Phrase *p)
{
        bool names = n->kind == FACT_GRAPH || n->kind == FACT_OUTPUT || n->kind == FACT_TYPE ||
                     n->kind == FACT_TASK || n->kind == FACT_BASE || n->kind == FACT_METADATA ||
                     n->kind == FACT_ARCHITECTURE;

        if (p->use == PHRASE_MODALITY_ARCHITECTURE && (n->kind == FACT_ARCHITECTURE || n->kind == FACT_TYPE))
                sign_add(j, p->index, SIGN_ARCHITECTURE, 4, n->text);
        else if (p->use == PHRASE_MODALITY_INPUT && n->kind == FACT_INPUT)
                sign_add(j, p->index, SIGN_INPUT, 3, n->text);
        else if (p->use == PHRASE_MODALITY_KEY && n->kind == FACT_KEY)
                sign_add(j, p->index, SIGN_KEY, 2, n->text);
        else if (p->use == PHRASE_MODALITY_NAME && names)
                sign_add(j, p->index, SIGN_NAME, 2, n->text);
        else if (p->use == PHRASE_MODALITY_NAME && (n->kind == FACT_TENSOR || n->kind == FACT_NODE))
                sign_add(j, p->index, SIGN_TENSOR, 1, n->text);
}

static void on_name(const Phrase *p, void *userdata)
{
        NameContext *c = userdata;
        const FactName *n = c->name;
        bool strong = weights[n->kind].strong && !n->sibling;
        unsigned weight = n->sibling ? weights[n->kind].sibling : weights[n->kind].name;
        unsigned hint = n->sibling ? weights[n->kind].hint / 2 : weights[n->kind].hint;
        HitKind kind = n->sibling ? HIT_SIBLING_NAME : HIT_INTERNAL_NAME;

        switch (p->use) {
        case PHRASE_MODELCAP_NAME:
                hit_add(&c->j->caps[p->index], kind, weight, strong, n->where[0] ? n->where : "name",
                        n->text);
                break;
        case PHRASE_MODELCAP_HINT:
                hit_add(&c->j->caps[p->index], kind, hint, false, n->where[0] ? n->where : "name", n->text);
                break;
        case PHRASE_VOCABULARY_NAME:
                hit_add(&c->j->vocabularies[p->index], kind, weight, strong, n->where[0] ? n->where : "name",
                        n->text);
                break;
        case PHRASE_VOCABULARY_HINT:
                hit_add(&c->j->vocabularies[p->index], kind, hint, false, n->where[0] ? n->where : "name",
                        n->text);
                break;
        case PHRASE_VOCABULARY_CONTRARY:
                /* Not from beside the file: whoever can rename it must not be able to clear it. */
                if (!n->sibling && n->kind != FACT_NODE && n->kind != FACT_TENSOR && n->kind != FACT_INPUT)
                        c->j->contrary[p->index] = true;
                break;
        case PHRASE_MODELCAP_ARCHITECTURE:
                if (n->kind == FACT_ARCHITECTURE || n->kind == FACT_TYPE)
                        hit_add(&c->j->caps[p->index], HIT_ARCHITECTURE, n->sibling ? 80 : 90, true,
                                n->where[0] ? n->where : "architectures", n->text);
                break;
        default:
                on_modality(c->j, n, p);
        }
}

/* ----------------------------------------------------------------- path */

typedef struct PathContext {
        Judge *j;
        unsigned name, hint;
        const char *where, *part;
} PathContext;

static void on_path(const Phrase *p, void *userdata)
{
        PathContext *c = userdata;

        if (p->use == PHRASE_MODELCAP_NAME)
                hit_add(&c->j->caps[p->index], HIT_PATH, c->name, false, c->where, c->part);
        else if (p->use == PHRASE_MODELCAP_HINT)
                hit_add(&c->j->caps[p->index], HIT_PATH, c->hint, false, c->where, c->part);
        else if (p->use == PHRASE_VOCABULARY_NAME)
                hit_add(&c->j->vocabularies[p->index], HIT_PATH, c->name, false, c->where, c->part);
        else if (p->use == PHRASE_VOCABULARY_HINT)
                hit_add(&c->j->vocabularies[p->index], HIT_PATH, c->hint, false, c->where, c->part);
        else if (p->use == PHRASE_MODALITY_NAME && c->name > 20)
                c->j->path_modalities |= 1U << p->index;
}

/* The file's own name says more than its directory's, and that more than those above. */
static void collect_path(Judge *j, const char *path)
{
        const char *end = path + strlen(path);
        char part[TOKENS_SIZE / 2];

        for (unsigned level = 0; level < 6 && end > path; level++) {
                const char *start = end;
                PathContext c = { .j = j, .part = part };
                size_t n;

                while (start > path && start[-1] != '/')
                        start--;
                n = MIN((size_t) (end - start), sizeof(part) - 1);
                memcpy(part, start, n);
                part[n] = 0;
                c.where = level == 0 ? "file name" : level == 1 ? "directory" : "path";
                c.name = level == 0 ? 45 : level == 1 ? 35 : 15;
                c.hint = level == 0 ? 25 : level == 1 ? 15 : 5;
                if (n > 0 && part[0] != '@') /* @emotion/react is a library for style sheets */
                        names_find(j->set, part, n, on_path, &c);
                end = start > path ? start - 1 : path;
        }
}

/* --------------------------------------------------------- label lists */

static bool is_head(const char *name)
{
        static const char *const words[] = { "classifier",  "head",         "fc",
                                             "score",       "out_proj",     "logits",
                                             "predictions", "dense_output", "output" };

        for (size_t i = 0; name && i < ARRAY_SIZE(words); i++)
                if (strstr(name, words[i]))
                        return true;
        return false;
}

typedef enum Width {
        WIDTH_UNKNOWN,
        WIDTH_FITS,
        WIDTH_DIFFERS,
} Width;

/* Does the model put out as many numbers as there are labels? */
static Width output_width(const ModelFacts *f, int64_t n)
{
        bool known = false;

        for (size_t i = 0; i < f->n_shapes; i++) {
                const FactShape *s = &f->shapes[i];

                if (!s->output || s->n == 0 || s->dims[s->n - 1] <= 1)
                        continue;
                known = true;
                if (s->dims[s->n - 1] == n)
                        return WIDTH_FITS;
        }
        for (size_t i = 0; !known && i < f->n_tensors; i++)
                for (unsigned d = 0; d < f->tensors[i].n; d++)
                        if (f->tensors[i].dims[d] == n && (d == 0 || d == f->tensors[i].n - 1U))
                                return WIDTH_FITS;
        for (size_t i = 0; !known && i < f->n_tensors; i++)
                known = f->tensors[i].n == 2 && is_head(f->tensors[i].name);
        return known ? WIDTH_DIFFERS : WIDTH_UNKNOWN;
}

static void note_size(Judge *j, size_t n)
{
        for (size_t i = 0; i < ARRAY_SIZE(j->list_sizes) && n <= UINT8_MAX; i++) {
                if (j->list_sizes[i] == n)
                        return;
                if (j->list_sizes[i] == 0) {
                        j->list_sizes[i] = (uint8_t) n;
                        return;
                }
        }
}

static void on_list(Judge *j, unsigned vocabulary, const LabelList *list, const LabelMatch *m)
{
        Width width = list->sibling ? output_width(j->facts, (int64_t) list->n_total) : WIDTH_FITS;
        /* Beside a model: the configuration belongs to it, a loose list only when it fits. */
        bool belongs = width == WIDTH_FITS || (width == WIDTH_UNKNOWN && list->config);
        bool strong = m->certainty == CERTAINTY_IDENTIFIED && belongs;
        unsigned weight = list->sibling ? m->confidence - 4 : m->confidence;

        if (m->certainty == CERTAINTY_IDENTIFIED)
                note_size(j, list->n_total);
        if (!strong)
                weight = belongs ? MIN(weight, 45U) : 35;
        hit_add(&j->vocabularies[vocabulary], list->sibling ? HIT_SIBLING_LIST : HIT_LABEL_LIST, weight,
                strong, list->where, m->detail);
        if (j->code_modality == MODELCAP_NONE)
                j->code_modality = m->modality;
}

#define THOROUGH_LABELS 2000 /* of one file; of more only the plain form is looked at */
#define DATA_LISTS 64 /* so many lists are a collection of data, and one about feelings is an accident */

/* Text and code hold loose words about anything: there only a list that is plainly one counts. */
static bool counts(const Judge *j, const LabelMatch *m)
{
        if (m->needs_modality && j->modalities[m->modality].score == 0 &&
            !(j->path_modalities & 1U << m->modality))
                return false;
        return j->facts->standing != STANDS_AS_TEXT ||
               (m->certainty == CERTAINTY_IDENTIFIED && j->facts->n_lists <= DATA_LISTS);
}

static void collect_lists(Judge *j, const ModelFacts *f)
{
        for (size_t i = 0; i < f->n_lists; i++) {
                const LabelList *list = &f->lists[i];
                bool any = false, foreign = false;

                if (!label_list_may_match(list))
                        continue;
                j->n_labels += list->n;
                label_forms_make(&j->forms, list, j->n_labels <= THOROUGH_LABELS);
                for (size_t v = 0; v < j->set->n_vocabularies; v++) {
                        LabelMatch m;

                        label_list_match(&j->set->vocabularies[v], list, &j->forms, &m);
                        if (m.matches && !counts(j, &m))
                                continue;
                        if (m.matches)
                                on_list(j, (unsigned) v, list, &m);
                        any = any || m.matches;
                        foreign = foreign || m.foreign;
                }
                if (!any && foreign && (!list->sibling || list->config) &&
                    output_width(j->facts, (int64_t) list->n_total) == WIDTH_FITS)
                        j->foreign_list = true;
        }
}

/* --------------------------------------------------------------- shapes */

/* A picture: N x channels x height x width, or channels last. */
static bool is_picture(const FactShape *s, int64_t *ret_channels, int64_t *ret_size)
{
        if (s->output || s->n != 4)
                return false;
        if (s->dims[1] >= 1 && s->dims[1] <= 6 && s->dims[2] >= 20 && s->dims[3] >= 20) {
                *ret_channels = s->dims[1];
                *ret_size = s->dims[2];
                return true;
        }
        if (s->dims[3] >= 1 && s->dims[3] <= 6 && s->dims[1] >= 20 && s->dims[2] >= 20) {
                *ret_channels = s->dims[3];
                *ret_size = s->dims[1];
                return true;
        }
        return false;
}

static bool in_list(const int64_t *list, size_t max, int64_t value)
{
        for (size_t i = 0; i < max && list[i]; i++)
                if (list[i] == value)
                        return true;
        return false;
}

/* What a model takes: a picture of so many channels and so wide, or a row of numbers. 0: does not show. */
typedef struct InputShape {
        int64_t channels, size, width;
} InputShape;

static bool takes(const ShapeHint *h, const InputShape *in)
{
        if (h->widths[0])
                return in->width && in_list(h->widths, ARRAY_SIZE(h->widths), in->width);
        return in_list(h->channels, ARRAY_SIZE(h->channels), in->channels) &&
               (!h->sizes[0] || in_list(h->sizes, ARRAY_SIZE(h->sizes), in->size));
}

static void describe(const InputShape *in, int64_t classes, char ret[120])
{
        if (in->width)
                (void) snprintf(ret, 120, "rows of %lld numbers to %lld classes", (long long) in->width,
                                (long long) classes);
        else if (in->size)
                (void) snprintf(ret, 120, "pictures of %lldx%lld with %lld channels to %lld classes",
                                (long long) in->size, (long long) in->size, (long long) in->channels,
                                (long long) classes);
        else
                (void) snprintf(ret, 120, "pictures with %lld channels to %lld classes, by its layers",
                                (long long) in->channels, (long long) classes);
}

static void collect_shape_hints(Judge *j, const InputShape *in)
{
        const int64_t *heads = j->heads;

        for (size_t o = 0; o < FACTS_HEADS_MAX && heads[o] && !j->foreign_list; o++)
                for (size_t c = 0; c < j->set->n_caps; c++)
                        for (size_t k = 0; k < j->set->caps[c].n_shapes; k++) {
                                const ShapeHint *h = &j->set->caps[c].shapes[k];
                                char detail[120];

                                if (!takes(h, in) || !in_list(h->outputs, ARRAY_SIZE(h->outputs), heads[o]))
                                        continue;
                                describe(in, heads[o], detail);
                                hit_add(&j->caps[c], HIT_SHAPE, h->confidence, false, "input and output",
                                        detail);
                        }
}

/* Rows of numbers: features of a sound, electrodes. */
static void collect_row(Judge *j, const FactShape *s)
{
        static const int64_t audio_widths[] = { 13, 26, 39, 40, 128, 180, 193, 216, 0 };
        static const int64_t electrodes[] = { 14, 32, 62, 0 };
        int audio = modality_find(j->set, "audio"), physiological = modality_find(j->set, "physiological");
        int64_t last = s->dims[s->n - 1];

        if (audio >= 0 && in_list(audio_widths, 8, last))
                sign_add(j, audio, SIGN_SHAPE, 2, "the width of the input");
        else if (physiological >= 0 && s->n == 3 &&
                 (in_list(electrodes, 3, s->dims[1]) || in_list(electrodes, 3, last)))
                sign_add(j, physiological, SIGN_SHAPE, 1, "the number of channels of the input");
        for (uint8_t k = 0; k < s->n; k++)
                if (s->dims[k] > 1)
                        collect_shape_hints(j, &(InputShape){ .width = s->dims[k] });
}

static void collect_shapes(Judge *j)
{
        int image = modality_find(j->set, "image");
        bool any_input = false;

        for (size_t i = 0; i < j->facts->n_shapes; i++) {
                const FactShape *s = &j->facts->shapes[i];
                InputShape in = {};

                any_input = any_input || (!s->output && s->n > 1);
                if (is_picture(s, &in.channels, &in.size)) {
                        if (image >= 0)
                                sign_add(j, image, SIGN_SHAPE, 2, "the shape of the input");
                        collect_shape_hints(j, &in);
                } else if (!s->output && s->n <= 3 && s->n > 0) {
                        collect_row(j, s);
                }
        }
        if (!any_input && facts_channels(j->facts) > 0) {
                if (image >= 0)
                        sign_add(j, image, SIGN_SHAPE, 1, "the shape of the first layer");
                collect_shape_hints(j, &(InputShape){ .channels = facts_channels(j->facts) });
        }
}

/* A known net with more classes than it had is one that was made into something else. */
static bool may_be(const KnownModel *m, const int64_t heads[FACTS_HEADS_MAX])
{
        for (size_t i = 0; i < FACTS_HEADS_MAX && heads[i]; i++)
                if (heads[i] <= m->outputs)
                        return true;
        return m->outputs == 0 || heads[0] == 0;
}

static bool has_head(const KnownModel *m, const int64_t heads[FACTS_HEADS_MAX])
{
        for (size_t i = 0; i < FACTS_HEADS_MAX && heads[i]; i++)
                if (heads[i] == m->outputs)
                        return true;
        return false;
}

/* So many codes of the known net, and this share of them, are no accident: one is found by chance in 10^4. */
#define LINEAGE_MIN 4
#define LINEAGE_SHARE 40
#define LIKENESS_MIN 80

/* Folding takes the vectors of a normalisation away, another order of the axes some of the kernels. */
static bool are_enough(size_t found, size_t n)
{
        return found >= LINEAGE_MIN && 100 * found >= LINEAGE_SHARE * n;
}

static void match_known(Judge *j, size_t cap, const KnownModel *m, const int64_t heads[FACTS_HEADS_MAX])
{
        const ModelSketch *sketch = &j->facts->sketch;
        size_t vectors = sketch_weights_found(sketch, m->vectors, m->n_vectors),
               kernels = sketch_weights_found(sketch, m->kernels, m->n_kernels);
        unsigned likeness = sketch->has_shape && m->has_shape
                                            ? sketch_shape_likeness(sketch->shape, m->shape)
                                            : 0;
        char detail[240], where[80];

        (void) snprintf(detail, sizeof(detail), "%.80s (%.110s)", m->name, m->origin);
        if (are_enough(vectors, m->n_vectors) || are_enough(kernels, m->n_kernels)) {
                bool sure = !j->foreign_list && may_be(m, heads);

                (void) snprintf(where, sizeof(where), "%zu of %zu weights are its", vectors + kernels,
                                m->n_vectors + m->n_kernels);
                hit_add(&j->caps[cap], HIT_FINGERPRINT, sure ? 98 : 40, sure, where, detail);
        } else if (likeness >= LIKENESS_MIN && has_head(m, heads) && !j->foreign_list) {
                (void) snprintf(where, sizeof(where), "%u %% of its layers", likeness);
                hit_add(&j->caps[cap], HIT_STRUCTURE, 45, false, where, detail);
        }
}

static void collect_lineage(Judge *j)
{
        if (!j->facts->sketch.has_shape && j->facts->sketch.n_weights == 0)
                return;
        for (size_t c = 0; c < j->set->n_caps; c++)
                for (size_t k = 0; k < j->set->caps[c].n_known; k++)
                        match_known(j, c, &j->set->caps[c].known[k], j->heads);
}

/* Layers of one block are called alike: the first few hundred and the last ones say what all of them say. */
#define BULK_FIRST 384
#define BULK_LAST 96

static void collect_names(Judge *j, const ModelFacts *f)
{
        size_t bulk = 0;

        for (size_t i = 0; i < f->n_names; i++) {
                NameContext c = { .j = j, .name = &f->names[i] };

                if (c.name->kind == FACT_NODE || c.name->kind == FACT_TENSOR) {
                        bulk++;
                        if (bulk > BULK_FIRST && bulk + BULK_LAST <= f->n_bulk)
                                continue;
                }
                names_find(j->set, c.name->text, strlen(c.name->text), on_name, &c);
        }
}

void classify_collect(Judge *j, const char *path)
{
        _cleanup_facts_ ModelFacts hidden;

        facts_heads(j->facts, j->heads);
        facts_init(&hidden);
        facts_reveal(j->facts, &hidden);
        collect_names(j, j->facts);
        collect_names(j, &hidden);
        collect_path(j, path);
        collect_lists(j, j->facts);
        collect_lists(j, &hidden);
        collect_shapes(j);
        collect_lineage(j);
}
