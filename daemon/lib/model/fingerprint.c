/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what the tensors of a net tell without their names: sketches that
 * recognise a known net, the width of its head, the depth of its pictures.
 * Owns: the definition of the sketches; changing it makes the catalog under
 * policies/modelcaps/ void (aiguardctl fingerprint prints it).
 * Must not: read more than SPAN_MAX bytes of a tensor.
 * Called by: scan.c when a reader is done, classify-collect.c, aiguardctl fingerprint.
 */
#include "lib/model/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#define VECTORS_MAX 40 /* codes of one file: vectors, and kernels if there is room */
#define KERNELS_MIN 4  /* fewer do not make an architecture */
#define SCATTERED_MAX 12
#define SPAN_MAX 2048U
#define VALUES_MAX (SKETCH_ORDER_BITS + 1)
#define VALUES_MIN 13
#define TIES_MAX 2
#define CODE_DISTANCE 2 /* bits that rounding may turn */
#define HEAD_MAX 1024

/* The tensors of a net, by size. */
typedef struct Net {
        const FactTensor **tensors;
        size_t n;
} Net;

/* ---- tensors */

/* The axes that are longer than one, shortest first. */
static size_t real_dims(const FactTensor *t, int64_t ret[FACTS_DIMS_MAX])
{
        size_t n = 0;

        for (unsigned i = 0; i < MIN(t->n, (uint8_t) FACTS_DIMS_MAX); i++) {
                size_t k = n;

                if (t->dims[i] <= 1)
                        continue;
                for (; k > 0 && ret[k - 1] > t->dims[i]; k--)
                        ret[k] = ret[k - 1];
                ret[k] = t->dims[i];
                n++;
        }
        return n;
}

/* What training leaves beside the net. */
static bool is_of_the_net(const FactTensor *t)
{
        static const char *const words[] = { "optimizer", "exp_avg",         "Adam",
                                             "adam",      "momentum_buffer", "iterations" };

        for (size_t i = 0; t->name && i < ARRAY_SIZE(words); i++)
                if (strstr(t->name, words[i]))
                        return false;
        return true;
}

/* The axes of channels: of a kernel over a square those that are no side of it. */
static size_t channel_dims(const FactTensor *t, int64_t ret[FACTS_DIMS_MAX])
{
        size_t n = MIN(t->n, (uint8_t) FACTS_DIMS_MAX);

        if (n == 4 && t->dims[0] == t->dims[1] && t->dims[2] != t->dims[3]) {
                memcpy(ret, t->dims + 2, 2 * sizeof(*ret));
                return 2;
        }
        n = n == 4 ? 2 : n;
        memcpy(ret, t->dims, n * sizeof(*ret));
        return n;
}

/* ---- the head */

static size_t heads_of_outputs(const ModelFacts *f, int64_t ret[FACTS_HEADS_MAX])
{
        size_t n = 0;

        for (size_t i = 0; i < f->n_shapes && n < FACTS_HEADS_MAX - 1; i++) {
                int64_t wide = 0;
                unsigned n_wide = 0;

                for (unsigned k = 0; f->shapes[i].output && k < f->shapes[i].n; k++)
                        if (f->shapes[i].dims[k] > 1) {
                                wide = f->shapes[i].dims[k];
                                n_wide++;
                        }
                if (n_wide == 1)
                        ret[n++] = wide;
        }
        return n;
}

/* A width that exactly one kernel has, and exactly one vector, its bias: whatever is inside a net comes twice. */
static void heads_of_tensors(const ModelFacts *f, int64_t ret[FACTS_HEADS_MAX])
{
        unsigned vectors[HEAD_MAX + 1] = {}, kernels[HEAD_MAX + 1] = {};
        int64_t dims[FACTS_DIMS_MAX];
        size_t n = 0;

        for (size_t i = 0; i < f->n_tensors; i++) {
                const FactTensor *t = &f->tensors[i];
                size_t rank = real_dims(t, dims);

                if (!is_of_the_net(t) || rank == 0)
                        continue;
                if (rank == 1 && dims[0] <= HEAD_MAX)
                        vectors[dims[0]]++;
                if (rank < 2)
                        continue;
                rank = channel_dims(t, dims);
                for (size_t k = 0; k < rank; k++)
                        if (dims[k] > 1 && dims[k] <= HEAD_MAX)
                                kernels[dims[k]]++;
        }
        for (int64_t width = 2; width <= HEAD_MAX && n < FACTS_HEADS_MAX - 1; width++)
                if (vectors[width] == 1 && kernels[width] == 1)
                        ret[n++] = width;
}

void facts_heads(const ModelFacts *f, int64_t ret[FACTS_HEADS_MAX])
{
        memset(ret, 0, FACTS_HEADS_MAX * sizeof(*ret));
        if (heads_of_outputs(f, ret) > 0)
                return;
        if (f->num_labels > 0)
                ret[0] = f->num_labels;
        else
                heads_of_tensors(f, ret);
}

static bool is_head(const FactTensor *t, const int64_t heads[FACTS_HEADS_MAX])
{
        for (unsigned i = 0; i < MIN(t->n, (uint8_t) FACTS_DIMS_MAX); i++)
                for (unsigned k = 0; k < FACTS_HEADS_MAX && heads[k]; k++)
                        if (t->dims[i] == heads[k])
                                return true;
        return false;
}

unsigned facts_channels(const ModelFacts *f)
{
        bool grey = false;

        for (size_t i = 0; i < f->n_tensors; i++) {
                const FactTensor *t = &f->tensors[i];

                if (t->n != 4)
                        continue;
                if (t->dims[2] == t->dims[3] && t->dims[2] >= 2) {
                        if (t->dims[1] == 3)
                                return 3;
                        grey = grey || (t->dims[1] == 1 && t->dims[0] > 1);
                } else if (t->dims[0] == t->dims[1] && t->dims[0] >= 2) {
                        if (t->dims[2] == 3)
                                return 3;
                        grey = grey || (t->dims[2] == 1 && t->dims[3] > 1);
                }
        }
        return grey ? 1 : 0;
}

/* ---- the sketch of the shape */

/* A bijection that stirs well: the finaliser of MurmurHash3 (Appleby, public domain). */
static uint64_t mix(uint64_t x)
{
        x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
        x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
        return x ^ x >> 33;
}

static int by_value(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

static void sketch_shape(const Net *net, const int64_t heads[FACTS_HEADS_MAX], uint64_t *items,
                         ModelSketch *ret)
{
        uint64_t least[SKETCH_SHAPE_SIZE];
        size_t n = 0, same = 0;

        for (size_t i = 0; i < net->n; i++) {
                int64_t dims[FACTS_DIMS_MAX];
                size_t rank = real_dims(net->tensors[i], dims);
                uint64_t hash = rank;

                if (rank < 2 || is_head(net->tensors[i], heads))
                        continue;
                for (size_t k = 0; k < rank; k++)
                        hash = mix(hash ^ (uint64_t) dims[k]);
                items[n++] = hash;
        }
        if (n < KERNELS_MIN)
                return;
        qsort(items, n, sizeof(*items), by_value);
        memset(least, 0xff, sizeof(least));
        for (size_t i = 0; i < n; i++) {
                same = i > 0 && items[i] == items[i - 1] ? same + 1 : 0;
                for (size_t k = 0; k < SKETCH_SHAPE_SIZE; k++)
                        least[k] = MIN(least[k], mix(mix(items[i] + same) + k));
        }
        for (size_t k = 0; k < SKETCH_SHAPE_SIZE; k++)
                ret->shape[k] = (uint16_t) (least[k] >> 48 ^ least[k]);
        ret->has_shape = true;
}

unsigned sketch_shape_likeness(const uint16_t a[SKETCH_SHAPE_SIZE], const uint16_t b[SKETCH_SHAPE_SIZE])
{
        unsigned same = 0;

        for (size_t i = 0; i < SKETCH_SHAPE_SIZE; i++)
                same += a[i] == b[i];
        return 100 * same / SKETCH_SHAPE_SIZE;
}

/* ---- the sketch of the weights */

/* Floating point numbers of every width sort like integers with a sign bit; which width it is does not matter. */
static int64_t sort_key(const unsigned char *p, size_t width)
{
        uint64_t bits = 0, sign = 1ULL << (8 * width - 1);

        for (size_t i = 0; i < width; i++)
                bits |= (uint64_t) p[i] << 8 * i;
        return bits & sign ? -(int64_t) (bits & (sign - 1)) : (int64_t) bits;
}

/* False for what says nothing: zeros, ones, counters. */
static bool order_of(const unsigned char *bytes, size_t n_values, size_t width, uint32_t *ret)
{
        unsigned ties = 0, rising = 0;
        uint32_t order = 0;

        for (size_t i = 0; i + 1 < n_values; i++) {
                int64_t a = sort_key(bytes + i * width, width), b = sort_key(bytes + (i + 1) * width, width);

                ties += a == b;
                rising += b > a;
                order |= (uint32_t) (b > a) << i;
        }
        if (ties > TIES_MAX || 6 * rising < n_values || 6 * rising > 5 * n_values)
                return false;
        *ret = order;
        return true;
}

/* Where the weights of the first output of a convolution lie: so many per input channel and place of the kernel. */
typedef struct Walk {
        uint64_t n, places;          /* of them all; of one input channel */
        uint64_t of_place, of_input; /* distance of neighbours, in values */
} Walk;

/*
 * Torch and ONNX store [out, in, h, w], Keras [h, w, in, out], TFLite [out, h, w, in]. One output, seen in one order,
 * is the same in all of them, also when a normalisation was folded into it, which multiplies it by a number. What is no
 * convolution is taken as it lies.
 */
static Walk walk_of(const FactTensor *t, uint64_t count)
{
        const uint64_t d[4] = { (uint64_t) t->dims[0], (uint64_t) t->dims[1], (uint64_t) t->dims[2],
                                (uint64_t) t->dims[3] };

        if (t->n != 4)
                return (Walk){ count, UINT64_MAX, 1, 0 };
        /* The sides of a kernel are the equal ones, and the shorter ones when there are two such pairs. */
        if (d[0] == d[1] && (d[2] != d[3] || d[0] < d[2]))
                return (Walk){ d[0] * d[1] * d[2], d[0] * d[1], d[2] * d[3], d[3] };
        if (d[1] == d[2] && d[2] != d[3])
                return (Walk){ d[1] * d[2] * d[3], d[1] * d[2], d[3], 1 };
        return (Walk){ d[1] * d[2] * d[3], UINT64_MAX, 1, 0 };
}

static uint64_t place_of(const Walk *w, size_t i)
{
        return i % w->places * w->of_place + i / w->places * w->of_input;
}

/* The first values of a tensor: in one go when they are near each other. */
static int read_values(Source *s, const FactTensor *t, const Walk *w, size_t n, size_t width,
                       unsigned char *ret)
{
        unsigned char span[SPAN_MAX];
        uint64_t end = 0;
        int r;

        for (size_t i = 0; i < n; i++)
                end = MAX(end, place_of(w, i) + 1);
        if (end <= SPAN_MAX / width) {
                r = source_read(s, t->data_start, span, (size_t) end * width);
                for (size_t i = 0; i < n && r >= 0; i++)
                        memcpy(ret + i * width, span + place_of(w, i) * width, width);
                return r;
        }
        for (size_t i = 0; i < n; i++) {
                r = source_read(s, t->data_start + place_of(w, i) * width, ret + i * width, width);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* 1: a code; 0: this tensor has none; an error of reading. */
static int code_of(Source *s, const FactTensor *t, WeightCode *ret)
{
        unsigned char bytes[VALUES_MAX * 8];
        uint64_t count = 1, width;
        Walk walk;
        size_t n;
        int r;

        for (unsigned i = 0; i < MIN(t->n, (uint8_t) FACTS_DIMS_MAX); i++)
                if (t->dims[i] <= 0 || __builtin_mul_overflow(count, (uint64_t) t->dims[i], &count))
                        return 0;
        width = t->data_length / count;
        if (width * count != t->data_length || (width != 2 && width != 4 && width != 8))
                return 0;
        walk = walk_of(t, count);
        n = (size_t) MIN(walk.n, (uint64_t) VALUES_MAX);
        if (n < VALUES_MIN)
                return 0;
        r = read_values(s, t, &walk, n, (size_t) width, bytes);
        if (r < 0)
                return r;
        ret->length = (uint16_t) MIN(count, (uint64_t) UINT16_MAX);
        return order_of(bytes, n, (size_t) width, &ret->order);
}

static bool is_scattered(const FactTensor *t)
{
        return t->n == 4 && walk_of(t, 1).places != UINT64_MAX;
}

static int by_size(const void *a, const void *b)
{
        const FactTensor *x = *(const FactTensor *const *) a, *y = *(const FactTensor *const *) b;

        if (x->data_length != y->data_length)
                return x->data_length < y->data_length ? -1 : 1;
        return x->data_start < y->data_start ? -1 : x->data_start > y->data_start;
}

static int sketch_weights(Source *s, const Net *net, bool kernels, size_t max, ModelSketch *ret)
{
        size_t scattered = 0;

        for (size_t i = 0; i < net->n && ret->n_weights < max; i++) {
                const FactTensor *t = net->tensors[i];
                int64_t dims[FACTS_DIMS_MAX];
                size_t rank = real_dims(t, dims);
                int r;

                if (rank == 0 || (rank > 1) != kernels || t->data_length == 0)
                        continue;
                /* A kernel whose values lie apart costs a call for each; one for each channel is too short elsewhere. */
                if (is_scattered(t) && (t->dims[3] == 1 || ++scattered > SCATTERED_MAX))
                        continue;
                r = code_of(s, t, &ret->weights[ret->n_weights]);
                if (r < 0)
                        return r;
                ret->n_weights += r > 0;
        }
        if (!kernels)
                ret->n_vectors = ret->n_weights;
        return 0;
}

int fingerprint_make(Source *s, ModelFacts *f)
{
        _cleanup_free_ const FactTensor **tensors = calloc(f->n_tensors + 1, sizeof(*tensors));
        _cleanup_free_ uint64_t *items = calloc(f->n_tensors + 1, sizeof(*items));
        int64_t heads[FACTS_HEADS_MAX];
        Net net = { .tensors = tensors };
        int r;

        if (!tensors || !items)
                return source_fail(s, "out of memory");
        f->sketch = (ModelSketch){};
        for (size_t i = 0; i < f->n_tensors; i++)
                if (is_of_the_net(&f->tensors[i]))
                        tensors[net.n++] = &f->tensors[i];
        qsort(tensors, net.n, sizeof(*tensors), by_size);
        facts_heads(f, heads);
        sketch_shape(&net, heads, items, &f->sketch);
        r = sketch_weights(s, &net, false, VECTORS_MAX, &f->sketch);
        return r < 0 ? r : sketch_weights(s, &net, true, SKETCH_WEIGHTS_MAX, &f->sketch);
}

/* A normalisation that was folded in may have turned the signs. */
static bool is_same(const WeightCode *a, const WeightCode *b)
{
        uint32_t turned = a->order ^ b->order, all = (1U << SKETCH_ORDER_BITS) - 1;

        return a->length == b->length && (__builtin_popcount(turned) <= CODE_DISTANCE ||
                                          __builtin_popcount(turned ^ all) <= CODE_DISTANCE);
}

size_t sketch_weights_found(const ModelSketch *file, const WeightCode *known, size_t n)
{
        size_t found = 0;

        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < file->n_weights; k++)
                        if (is_same(&file->weights[k], &known[i])) {
                                found++;
                                break;
                        }
        return found;
}
