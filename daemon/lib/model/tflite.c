/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads TensorFlow Lite: the flatbuffer, the metadata that is a
 * flatbuffer inside of it, and the zip file of label files behind it.
 * Owns: the field numbers of schema.fbs and metadata_schema.fbs that matter.
 * Must not: read weights.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/flatbuffer.h"
#include "lib/model/label-find.h"
#include "lib/model/reader.h"
#include "lib/model/zip.h"

#define TEXT_SIZE 1024
#define LABEL_FILES_MAX 32
#define LABEL_FILE_SIZE (64U * 1024)
#define SUBGRAPHS_MAX 64

typedef struct Tflite {
        Source *s;
        ModelFacts *f;
        FbVector buffers;
        char text[TEXT_SIZE];
        SourcePages pages; /* tables, their descriptions, buffers and names lie apart */
} Tflite;

static int add_string(Tflite *t, const FbTable *table, unsigned field, FactKind kind, const char *where)
{
        size_t n = 0;
        int r = fb_field_string(table, field, t->text, sizeof(t->text), &n);

        if (r > 0)
                facts_add_name(t->f, kind, false, where, t->text, n);
        return r;
}

static int read_dims(Tflite *t, const FbTable *tensor, uint8_t *ret_n, int64_t dims[FACTS_DIMS_MAX])
{
        FbVector v = {};
        int r;

        /* shape_signature has -1 where shape has 1 */
        r = fb_field_vector(tensor, 7, 4, &v);
        if (r == 0 || (r > 0 && v.n == 0))
                r = fb_field_vector(tensor, 0, 4, &v);
        if (r < 0)
                return r;
        *ret_n = (uint8_t) MIN(v.n, (uint32_t) FACTS_DIMS_MAX);
        for (uint32_t i = 0; i < *ret_n; i++) {
                int32_t dim = 0;

                r = fb_element_i32(t->s, &v, i, &dim);
                if (r < 0)
                        return r;
                dims[i] = dim;
        }
        return 0;
}

/* Buffer: data 0. Buffer 0 is the empty one. */
static int find_data(Tflite *t, const FbTable *table, FactTensor *tensor)
{
        uint64_t index = 0;
        FbTable buffer;
        FbVector data = {};
        int r;

        r = fb_field_number(table, 2, 4, 0, &index);
        if (r < 0 || index == 0 || index >= t->buffers.n)
                return r;
        r = fb_element_table(t->s, &t->buffers, (uint32_t) index, &buffer);
        if (r < 0)
                return r;
        r = fb_field_vector(&buffer, 0, 1, &data);
        if (r <= 0)
                return r;
        tensor->data_start = data.pos;
        tensor->data_length = data.n;
        return data.n > 0;
}

/* Tensor: shape 0, type 1, buffer 2, name 3, shape_signature 7. */
static int read_tensor(Tflite *t, const FbVector *tensors, uint32_t i)
{
        FactTensor tensor = {};
        FbTable table;
        size_t n = 0;
        int r;

        r = fb_element_table(t->s, tensors, i, &table);
        if (r < 0)
                return r;
        r = find_data(t, &table, &tensor);
        if (r <= 0)
                return r; /* what is computed */
        r = read_dims(t, &table, &tensor.n, tensor.dims);
        if (r < 0)
                return r;
        r = fb_field_string(&table, 3, t->text, sizeof(t->text), &n);
        if (r < 0)
                return r;
        facts_add_name(t->f, FACT_TENSOR, false, "tensor", t->text, n);
        if (t->f->n_tensors < FACTS_TENSORS_MAX)
                tensor.name = facts_text(t->f, t->text, n);
        facts_add_tensor(t->f, &tensor);
        return 0;
}

static int read_values(Tflite *t, const FbTable *subgraph, const FbVector *tensors, bool output)
{
        FbVector v = {};
        int r = fb_field_vector(subgraph, output ? 2 : 1, 4, &v);

        for (uint32_t i = 0; r >= 0 && i < v.n && i < FACTS_SHAPES_MAX / 4; i++) {
                FactShape shape = { .output = output };
                int32_t index = 0;
                FbTable table;
                size_t n = 0;

                r = fb_element_i32(t->s, &v, i, &index);
                if (r < 0)
                        return r;
                if (index < 0 || (uint32_t) index >= tensors->n)
                        continue;
                r = fb_element_table(t->s, tensors, (uint32_t) index, &table);
                if (r >= 0)
                        r = read_dims(t, &table, &shape.n, shape.dims);
                if (r >= 0)
                        r = fb_field_string(&table, 3, t->text, sizeof(t->text), &n);
                if (r < 0)
                        return r;
                facts_add_name(t->f, output ? FACT_OUTPUT : FACT_INPUT, false,
                               output ? "output tensor" : "input tensor", t->text, n);
                shape.name = facts_text(t->f, t->text, n);
                if (shape.name && t->f->n_shapes < FACTS_SHAPES_MAX)
                        facts_add_shape(t->f, &shape);
        }
        return r;
}

/* SubGraph: tensors 0, inputs 1, outputs 2, name 4. */
static int read_subgraph(Tflite *t, const FbTable *subgraph, bool first)
{
        FbVector tensors = {};
        int r;

        r = add_string(t, subgraph, 4, FACT_GRAPH, "subgraph name");
        if (r >= 0)
                r = fb_field_vector(subgraph, 0, 4, &tensors);
        if (r >= 0 && first)
                r = read_values(t, subgraph, &tensors, false);
        if (r >= 0 && first)
                r = read_values(t, subgraph, &tensors, true);
        for (uint32_t i = 0; r >= 0 && i < tensors.n; i++)
                r = read_tensor(t, &tensors, i);
        return r;
}

/* ----------------------------------------------------------------- metadata */

/* TensorMetadata: name 0, description 1. */
static int read_tensor_metadata(Tflite *t, const FbTable *subgraph, unsigned field)
{
        bool output = field == 3;
        FbVector v = {};
        int r = fb_field_vector(subgraph, field, 4, &v);

        for (uint32_t i = 0; r >= 0 && i < v.n && i < FACTS_SHAPES_MAX; i++) {
                FbTable table;

                r = fb_element_table(subgraph->source, &v, i, &table);
                if (r >= 0)
                        r = add_string(t, &table, 0, output ? FACT_OUTPUT : FACT_INPUT,
                                       "metadata tensor name");
                if (r >= 0)
                        r = add_string(t, &table, 1, FACT_DOC, "metadata tensor description");
        }
        return r;
}

/* ModelMetadata: name 0, description 1, subgraph_metadata 3. SubGraphMetadata: name 0, description 1, inputs 2, outputs 3. */
static int read_model_metadata(Tflite *t, Source *s)
{
        FbTable model, subgraph;
        FbVector v = {};
        int r;

        r = fb_table(s, 0, &model);
        if (r >= 0)
                r = add_string(t, &model, 0, FACT_GRAPH, "metadata name");
        if (r >= 0)
                r = add_string(t, &model, 1, FACT_DOC, "metadata description");
        if (r >= 0)
                r = fb_field_vector(&model, 3, 4, &v);
        for (uint32_t i = 0; r >= 0 && i < v.n && i < SUBGRAPHS_MAX; i++) {
                r = fb_element_table(s, &v, i, &subgraph);
                if (r >= 0)
                        r = add_string(t, &subgraph, 0, FACT_GRAPH, "metadata subgraph name");
                if (r >= 0)
                        r = read_tensor_metadata(t, &subgraph, 2);
                if (r >= 0)
                        r = read_tensor_metadata(t, &subgraph, 3);
        }
        return r;
}

/* Metadata: name 0, buffer 1. TFLITE_METADATA is a flatbuffer of its own; others are text, if anything. */
static int read_metadata(Tflite *t, const FbVector *entries, uint32_t i)
{
        char name[FACTS_TEXT_MAX];
        uint64_t index = 0;
        FbTable table, buffer;
        FbVector data = {};
        size_t n = 0;
        Source part;
        int r;

        r = fb_element_table(t->s, entries, i, &table);
        if (r >= 0)
                r = fb_field_string(&table, 0, name, sizeof(name), &n);
        if (r >= 0)
                r = fb_field_number(&table, 1, 4, 0, &index);
        if (r < 0 || index >= t->buffers.n)
                return r;
        facts_add_name(t->f, FACT_METADATA, false, "metadata", name, n);
        r = fb_element_table(t->s, &t->buffers, (uint32_t) index, &buffer);
        if (r >= 0)
                r = fb_field_vector(&buffer, 0, 1, &data);
        if (r <= 0 || strcmp(name, "TFLITE_METADATA") != 0 || data.n < 8)
                return r;
        source_begin_part(&part, t->s, data.pos, data.n);
        r = read_model_metadata(t, &part);
        source_end_part(t->s, &part);
        return r;
}

/* The zip file behind the flatbuffer: labels.txt and the like. Whatever it is called, it is short and read. */
static int read_associated_files(Tflite *t)
{
        _cleanup_zip_ Zip zip = {};
        int r = zip_open(t->s, true, &zip);

        for (size_t i = 0; r > 0 && i < zip.n && i < LABEL_FILES_MAX; i++) {
                _cleanup_free_ char *text = NULL;
                char where[FACTS_TEXT_MAX];
                const char *kept;
                size_t n = 0;
                int q;

                (void) snprintf(where, sizeof(where), "zip %.100s", zip.members[i].name);
                kept = facts_text(t->f, where, strlen(where)) ?: "zip";
                q = zip_read(&zip, &zip.members[i], LABEL_FILE_SIZE, &text, &n);
                if (q < 0)
                        return q;
                label_find_any(t->f, t->s, false, kept, text, n);
        }
        return r;
}

/* ------------------------------------------------------------------- model */

/* Model: subgraphs 2, description 3, buffers 4, metadata 6. */
static int read_model(Tflite *t)
{
        FbVector subgraphs = {}, metadata = {};
        FbTable model, subgraph;
        int r;

        r = fb_table(t->s, 0, &model);
        if (r >= 0)
                r = add_string(t, &model, 3, FACT_DOC, "description");
        if (r >= 0)
                r = fb_field_vector(&model, 2, 4, &subgraphs);
        if (r >= 0)
                r = fb_field_vector(&model, 4, 4, &t->buffers);
        if (r >= 0)
                r = fb_field_vector(&model, 6, 4, &metadata);
        for (uint32_t i = 0; r >= 0 && i < metadata.n && i < FACTS_LABELS_MAX; i++)
                r = read_metadata(t, &metadata, i);
        for (uint32_t i = 0; r >= 0 && i < subgraphs.n && i < SUBGRAPHS_MAX; i++) {
                r = fb_element_table(t->s, &subgraphs, i, &subgraph);
                if (r >= 0)
                        r = read_subgraph(t, &subgraph, i == 0);
        }
        return r;
}

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;

        return source_peek(s, 0, 8, &p) == 8 && memcmp(p + 4, "TFL3", 4) == 0 ? PROBE_MAYBE : PROBE_NO;
}

static int read_tflite(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Tflite *t = calloc(1, sizeof(Tflite));
        int r;

        ret->is_model = true;
        if (!t)
                return source_fail(s, "out of memory");
        t->s = s;
        t->f = ret;
        r = read_associated_files(t);
        s->pages = &t->pages;
        if (r >= 0)
                r = read_model(t);
        s->pages = NULL;
        return r;
}

const ModelReader model_reader_tflite = { .name = "tflite", .probe = probe, .read = read_tflite };
