/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads safetensors: the JSON header, never the data behind it.
 * Owns: the rules of the format: eight bytes of length, a JSON object, offsets
 * that lie inside the file.
 * Must not: read more than HEADER_MAX; what is larger is unparsable, not clean.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/bytes.h"
#include "lib/model/json-scan.h"
#include "lib/model/label-find.h"
#include "lib/model/reader.h"

#define HEADER_MAX (8U * 1024 * 1024) /* a thousand layers need a tenth; the format allows 100 MB */

typedef struct Safetensors {
        Source *s;
        ModelFacts *f;
        uint64_t data_start, data_size;
        size_t n_entries;
        JsonScan scan;
} Safetensors;

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;
        bool text = true;

        if (source_peek(s, 0, 10, &p) < 10 || p[8] != '{' || !strchr("\"} \t\r\n", p[9]) || !p[9])
                return PROBE_NO;
        /* A text whose ninth character happens to be a bracket states a length beyond all files. */
        for (int i = 0; i < 8; i++)
                text = text &&
                       (p[i] >= 0x80 || (p[i] >= 0x20 && p[i] < 0x7f) || (p[i] >= '\t' && p[i] <= '\r'));
        return text ? PROBE_NO : PROBE_MAYBE;
}

/* "__metadata__": a map of text to text; labels are in one of the values, if anywhere. */
static int read_metadata(Safetensors *t)
{
        char where[FACTS_TEXT_MAX] = "__metadata__";
        const char *text = "__metadata__";
        int token;

        token = json_scan_next(&t->scan);
        if (token != JSON_OBJECT)
                return token < 0 ? token : source_fail(t->s, "__metadata__ is no map");
        for (;;) {
                token = json_scan_next(&t->scan);
                if (token < 0 || token == JSON_OBJECT_END)
                        return token < 0 ? token : 0;
                if (token == JSON_KEY) {
                        (void) snprintf(where, sizeof(where), "__metadata__ %.100s", t->scan.text);
                        text = facts_text(t->f, where, strlen(where)) ?: "__metadata__";
                } else if (token == JSON_STRING) {
                        facts_add_name(t->f, FACT_METADATA, false, text, t->scan.text, t->scan.n);
                        label_find_text(t->f, false, true, text, t->scan.text, t->scan.n);
                        if (t->f->overflow)
                                return source_fail(t->s, FACTS_OVERFLOW);
                } else {
                        return source_fail(t->s, "__metadata__ holds more than text");
                }
        }
}

/* An array of numbers: a shape or two offsets. */
static int read_numbers(Safetensors *t, int64_t *ret, size_t max, size_t *ret_n)
{
        size_t n = 0;
        int token = json_scan_next(&t->scan);

        if (token != JSON_ARRAY)
                return token < 0 ? token : source_fail(t->s, "a shape or offset that is no list");
        while ((token = json_scan_next(&t->scan)) == JSON_NUMBER) {
                int64_t v;

                if (!json_scan_integer(&t->scan, &v) || v < 0)
                        return source_fail(t->s, "a size that cannot be");
                if (n < max)
                        ret[n++] = v;
        }
        if (token != JSON_ARRAY_END)
                return token < 0 ? token : source_fail(t->s, "a shape or offset that is no list of numbers");
        *ret_n = n;
        return 0;
}

static int read_entry(Safetensors *t, const char *name, size_t name_length)
{
        FactTensor tensor = {};
        int64_t offsets[2] = {};
        size_t n_dims = 0, n_offsets = 0;
        int token = json_scan_next(&t->scan), r;

        if (token != JSON_OBJECT)
                return token < 0 ? token : source_fail(t->s, "a tensor without description");
        while ((token = json_scan_next(&t->scan)) == JSON_KEY) {
                if (strcmp(t->scan.text, "shape") == 0) {
                        r = read_numbers(t, tensor.dims, FACTS_DIMS_MAX, &n_dims);
                } else if (strcmp(t->scan.text, "data_offsets") == 0 ||
                           strcmp(t->scan.text, "offsets") == 0) {
                        r = read_numbers(t, offsets, 2, &n_offsets);
                } else {
                        r = json_scan_next(&t->scan);
                        if (r == JSON_OBJECT || r == JSON_ARRAY)
                                r = source_fail(t->s, "a tensor with a description of its own kind");
                }
                if (r < 0)
                        return r;
        }
        if (token != JSON_OBJECT_END)
                return token < 0 ? token : source_fail(t->s, "a tensor without description");
        if (n_offsets != 2 || offsets[0] > offsets[1] || (uint64_t) offsets[1] > t->data_size)
                return source_fail(t->s, "a tensor beyond the end of the file");
        tensor.n = (uint8_t) n_dims;
        tensor.data_start = t->data_start + (uint64_t) offsets[0];
        tensor.data_length = (uint64_t) (offsets[1] - offsets[0]);
        if (t->f->n_tensors < FACTS_TENSORS_MAX)
                tensor.name = facts_text(t->f, name, name_length);
        facts_add_name(t->f, FACT_TENSOR, false, "tensor", name, name_length);
        facts_add_tensor(t->f, &tensor);
        t->n_entries++;
        return 0;
}

static int read_header(Safetensors *t)
{
        char name[FACTS_TEXT_MAX];
        size_t n;
        int token, r;

        token = json_scan_next(&t->scan);
        if (token != JSON_OBJECT)
                return token < 0 ? token : source_fail(t->s, "a header that is no map");
        while ((token = json_scan_next(&t->scan)) == JSON_KEY) {
                if (strcmp(t->scan.text, "__metadata__") == 0) {
                        r = read_metadata(t);
                } else {
                        n = MIN(t->scan.n, sizeof(name));
                        memcpy(name, t->scan.text, n);
                        r = read_entry(t, name, n);
                }
                if (r < 0)
                        return r;
        }
        return token < 0 ? token : 0;
}

static int read_safetensors(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Safetensors *t = NULL;
        _cleanup_free_ char *header = NULL;
        const unsigned char *p = NULL;
        uint64_t length;
        int r;

        ret->is_model = true; /* the probe was strict enough */
        r = source_view(s, 0, 8, &p);
        if (r < 0)
                return r;
        length = le64(p);
        if (length > s->size - 8)
                return source_fail(s, "a header longer than the file");
        if (length > HEADER_MAX)
                return source_fail(s, "a header longer than the limit");
        t = calloc(1, sizeof(*t));
        header = malloc(length + 1);
        if (!t || !header)
                return source_fail(s, "out of memory");
        r = source_read(s, 8, header, length);
        if (r < 0)
                return r;
        t->s = s;
        t->f = ret;
        t->data_start = 8 + length;
        t->data_size = s->size - 8 - length;
        json_scan_init(&t->scan, s, header, length);
        return read_header(t);
}

const ModelReader model_reader_safetensors = { .name = "safetensors",
                                               .probe = probe,
                                               .read = read_safetensors };
