/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the lineage of a net. It is made here, written to the catalog and
 * looked for again: converted, halved in precision, with another head, renamed;
 * and nets that are not its descendants are looked at as well.
 */
#include <math.h>
#include <sys/stat.h>

#include "lib/classify.h"
#include "lib/model/fingerprint.h"
#include "lib/modelcap-catalog.h"
#include "lib/util-string.h"
#include "model-files.h"

#define LAYERS 10

typedef enum Form {
        FORM_TORCH = 0,
        FORM_KERAS = 1 << 0,   /* the axes of kernels in another order */
        FORM_HALF = 1 << 1,    /* fp16 */
        FORM_NO_BIAS = 1 << 2, /* but for the head */
        FORM_FOLDED = 1 << 3,  /* normalisations were multiplied into it, also negative ones */
} Form;

typedef struct Net {
        unsigned seed; /* of the weights of the body */
        int64_t classes;
        Form form;
        int64_t width; /* of its layers, times the number of the layer */
} Net;

static double noise(unsigned *state)
{
        *state = *state * 1664525U + 1013904223U;
        return (*state >> 8) / 16777216.0 - 0.5;
}

/* IEEE half precision, rounded to nearest. */
static uint16_t half(double v)
{
        int exponent;
        double m = frexp(fabs(v), &exponent);
        uint16_t sign = v < 0 ? 0x8000 : 0;

        if (m == 0 || exponent < -13)
                return sign;
        return (uint16_t) (sign | ((exponent + 14) << 10 | ((unsigned) (m * 2048 + 0.5) & 0x3ff)));
}

/* A value of a kernel of w x w by its place in the file, when the order of the axes is that of Keras. */
static size_t place_in_torch(size_t i, const int64_t d[4])
{
        size_t out = i % (size_t) d[0], in = i / (size_t) d[0] % (size_t) d[1],
               hw = i / (size_t) (d[0] * d[1]);

        return (out * (size_t) d[1] + in) * (size_t) (d[2] * d[3]) + hw;
}

static void add_tensor(Bytes *b, ModelFacts *f, Form form, const int64_t *dims, uint8_t n, unsigned seed)
{
        FactTensor t = { .name = "t", .n = n, .data_start = b->n };
        _cleanup_free_ double *values = NULL;
        size_t count = 1, of_one;

        for (uint8_t i = 0; i < n; i++) {
                t.dims[i] = form & FORM_KERAS && n == 4 ? dims[(i + 2) % 4] : dims[i];
                count *= (size_t) dims[i];
        }
        if (form & FORM_KERAS && n == 4) {
                t.dims[2] = dims[1];
                t.dims[3] = dims[0];
        }
        of_one = count / (size_t) dims[0];
        values = calloc(count, sizeof(*values));
        cr_assert(values);
        for (size_t i = 0; i < count; i++)
                values[i] = noise(&seed) * (form & FORM_FOLDED ? (i / of_one % 2 ? 0.7 : -0.4) : 1);
        for (size_t i = 0; i < count; i++) {
                double v = values[form & FORM_KERAS && n == 4 ? place_in_torch(i, dims) : i];
                float single = (float) v;
                uint16_t h = half(v);

                put(b, form & FORM_HALF ? (void *) &h : (void *) &single, form & FORM_HALF ? 2 : 4);
        }
        t.data_length = b->n - t.data_start;
        facts_add_tensor(f, &t);
}

static void make_net(const Net *net, Bytes *b, ModelFacts *f)
{
        Source s;

        facts_init(f);
        f->is_model = true;
        for (int64_t i = 1; i <= LAYERS; i++) {
                const int64_t kernel[] = { net->width * (i + 1), net->width * i, 3, 3 };

                add_tensor(b, f, net->form, kernel, 4, net->seed + (unsigned) i * 7919);
                if (!(net->form & FORM_NO_BIAS))
                        add_tensor(b, f, net->form, kernel, 1, net->seed + (unsigned) i * 104729);
        }
        add_tensor(b, f, net->form, (int64_t[]){ net->classes, net->width * (LAYERS + 1) }, 2,
                   4711 + (unsigned) net->classes);
        add_tensor(b, f, net->form, (int64_t[]){ net->classes }, 1, 42);
        source_init_memory(&s, b->data, b->n);
        cr_assert_eq(fingerprint_make(&s, f), 0);
}

/* A directory of capabilities in which this net is known. */
static ModelcapSet *know(const ModelFacts *facts)
{
        char dir[] = "/tmp/aiguard-lineage-XXXXXX", a[64], b[64], c[64];
        ModelcapSet *set = NULL;
        Diag *diag = NULL;
        FILE *f;

        cr_assert(mkdtemp(dir));
        (void) snprintf(a, sizeof(a), "%s/a.yaml", dir);
        (void) snprintf(b, sizeof(b), "%s/b.yaml", dir);
        (void) snprintf(c, sizeof(c), "%s/c.yaml", dir);
        f = fopen(a, "w");
        cr_assert(f);
        fputs("aiguard: 1\nmodelcap: emotion.test\ntitle: for a test\n", f);
        fclose(f);
        f = fopen(b, "w");
        cr_assert(f);
        fputs("aiguard: 1\nvocabulary: moods\nclasses: { anger: { en: [angry] } }\n", f);
        fclose(f);
        f = fopen(c, "w");
        cr_assert(f);
        fputs("aiguard: 1\ncatalog: test\nmodels:\n", f);
        cr_assert_eq(catalog_write(f, facts, "a net: 'quoted'\n", "here\x01", "emotion.test"), 0);
        fclose(f);
        cr_assert_eq(diag_new(&diag), 0);
        if (modelcap_set_load(dir, diag, &set) < 0)
                diag_print(diag, stderr);
        cr_assert_not_null(set);
        diag_free(diag);
        (void) unlink(a);
        (void) unlink(b);
        (void) unlink(c);
        (void) rmdir(dir);
        return set;
}

static const char *verdict_on(const Net *net, bool foreign)
{
        static const Net known = { .seed = 1, .classes = 7, .width = 16 };
        _cleanup_(modelcap_set_freep) ModelcapSet *set = NULL;
        _cleanup_bytes_ Bytes a = {}, b = {};
        _cleanup_facts_ ModelFacts original, facts;
        Classification c = {};
        LabelListBuilder list;

        make_net(&known, &a, &original);
        make_net(net, &b, &facts);
        set = know(&original);
        label_list_begin(&list);
        for (int64_t i = 0; foreign && i < net->classes; i++)
                label_list_add(&facts, &list, i % 2 ? "rose" : "tulip", 5 - i % 2);
        label_list_finish(&facts, &list, false, true, "labels");
        cr_assert_eq(classify(&facts, "", set, &c), 0);
        if (c.n_modelcaps == 0)
                return "nothing";
        return c.modelcaps[0].certainty == CERTAINTY_IDENTIFIED ? "identified"
                                                                : c.modelcaps[0].evidence[0].kind;
}

Test(fingerprint, lineage)
{
        static const struct {
                const char *what;
                Net net;
                bool foreign;
                const char *verdict;
        } cases[] = {
                { "the net itself", { 1, 7, FORM_TORCH, 16 }, false, "identified" },
                { "in half precision", { 1, 7, FORM_HALF, 16 }, false, "identified" },
                { "converted: the axes in another order", { 1, 7, FORM_KERAS, 16 }, false, "identified" },
                { "both", { 1, 7, FORM_KERAS | FORM_HALF, 16 }, false, "identified" },
                { "folded", { 1, 7, FORM_FOLDED, 16 }, false, "identified" },
                { "folded, converted and halved",
                  { 1, 7, FORM_FOLDED | FORM_KERAS | FORM_HALF | FORM_NO_BIAS, 16 },
                  false,
                  "identified" },
                { "with fewer classes", { 1, 4, FORM_TORCH, 16 }, false, "identified" },
                { "without biases: by its kernels", { 1, 7, FORM_NO_BIAS, 16 }, false, "identified" },
                { "made into something else", { 1, 100, FORM_TORCH, 16 }, false, "fingerprint" },
                { "with labels of something else", { 1, 7, FORM_TORCH, 16 }, true, "fingerprint" },
                { "of its architecture, trained apart", { 2, 7, FORM_TORCH, 16 }, false, "structure" },
                { "the same, converted", { 2, 7, FORM_KERAS, 16 }, false, "structure" },
                { "the same, with other labels", { 2, 7, FORM_TORCH, 16 }, true, "nothing" },
                { "the same, with two classes", { 2, 2, FORM_TORCH, 16 }, false, "nothing" },
                { "another net", { 2, 7, FORM_TORCH, 24 }, false, "nothing" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                cr_expect_str_eq(verdict_on(&cases[i].net, cases[i].foreign), cases[i].verdict, "%s",
                                 cases[i].what);
}

/* Zeros, ones and counters are the same in every net. */
Test(fingerprint, what_says_nothing)
{
        _cleanup_bytes_ Bytes b = {};
        _cleanup_facts_ ModelFacts f;
        Source s;

        facts_init(&f);
        for (int kind = 0; kind < 3; kind++) {
                FactTensor t = {
                        .name = "t", .n = 1, .dims = { 64 }, .data_start = b.n, .data_length = 256
                };

                for (int i = 0; i < 64; i++)
                        put(&b, &(float){ kind == 0 ? 0 : kind == 1 ? 1 : (float) i }, 4);
                facts_add_tensor(&f, &t);
        }
        source_init_memory(&s, b.data, b.n);
        cr_assert_eq(fingerprint_make(&s, &f), 0);
        cr_assert_eq(f.sketch.n_weights, 0U);
        cr_assert_not(f.sketch.has_shape);
}

/* What a hostile file says of its tensors. */
Test(fingerprint, hostile)
{
        static const FactTensor tensors[] = {
                { .n = 8,
                  .dims = { INT64_MAX, INT64_MAX, 2, 2, 2, 2, 2, 2 },
                  .data_start = 0,
                  .data_length = 64 },
                { .n = 1, .dims = { -1 }, .data_start = 0, .data_length = 64 },
                { .n = 1, .dims = { 16 }, .data_start = UINT64_MAX - 8, .data_length = 64 },
                { .n = 1, .dims = { 0 }, .data_start = 0, .data_length = UINT64_MAX },
        };
        unsigned char data[64] = { 1 };

        for (size_t i = 0; i < ARRAY_SIZE(tensors); i++) {
                _cleanup_facts_ ModelFacts f;
                Source s;

                facts_init(&f);
                facts_add_tensor(&f, &tensors[i]);
                source_init_memory(&s, data, sizeof(data));
                (void) fingerprint_make(&s, &f);
                cr_assert_eq(f.sketch.n_weights, 0U);
        }
}

/* The width of the head and the depth of the pictures, when only tensors are there. */
Test(fingerprint, heads)
{
        static const struct {
                Net net;
                int64_t head;
        } cases[] = { { { 1, 7, FORM_TORCH, 16 }, 7 },
                      { { 1, 8, FORM_KERAS, 16 }, 8 },
                      { { 1, 2, FORM_TORCH, 16 }, 2 } };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_bytes_ Bytes b = {};
                _cleanup_facts_ ModelFacts f;
                int64_t heads[FACTS_HEADS_MAX];

                make_net(&cases[i].net, &b, &f);
                facts_heads(&f, heads);
                cr_expect_eq(heads[0], cases[i].head, "%zu: %lld", i, (long long) heads[0]);
                cr_expect_eq(heads[1], 0);
                cr_expect_eq(facts_channels(&f), 0U);
        }
}
