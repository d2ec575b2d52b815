/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_FILES_H
#define MODEL_FILES_H
/* Writes model files, good ones and bad ones, for the tests of the readers. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/modelcap.h"
#include "lib/scan.h"

typedef struct Bytes {
        unsigned char *data;
        size_t n, room;
} Bytes;

static inline void bytes_done(Bytes *b)
{
        free(b->data);
        *b = (Bytes){};
}
#define _cleanup_bytes_ _cleanup_(bytes_done)

static inline void put(Bytes *b, const void *data, size_t n)
{
        if (b->n + n > b->room) {
                b->room = (b->n + n) * 2 + 64;
                b->data = realloc(b->data, b->room);
                cr_assert(b->data);
        }
        if (n > 0)
                memcpy(b->data + b->n, data, n);
        b->n += n;
}

static inline void put_byte(Bytes *b, unsigned char c)
{
        put(b, &c, 1);
}

static inline void put_zeros(Bytes *b, size_t n)
{
        static const unsigned char zeros[4096];

        for (; n > sizeof(zeros); n -= sizeof(zeros))
                put(b, zeros, sizeof(zeros));
        put(b, zeros, n);
}

static inline void put_le(Bytes *b, uint64_t v, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                put_byte(b, (unsigned char) (v >> (8 * i)));
}

static inline void put_varint(Bytes *b, uint64_t v)
{
        for (; v >= 0x80; v >>= 7)
                put_byte(b, (unsigned char) (v | 0x80));
        put_byte(b, (unsigned char) v);
}

/* ---- protocol buffers */

static inline void pb_number(Bytes *b, unsigned field, uint64_t v)
{
        put_varint(b, field << 3);
        put_varint(b, v);
}

static inline void pb_bytes(Bytes *b, unsigned field, const void *data, size_t n)
{
        put_varint(b, field << 3 | 2);
        put_varint(b, n);
        put(b, data, n);
}

static inline void pb_text(Bytes *b, unsigned field, const char *s)
{
        pb_bytes(b, field, s, strlen(s));
}

/* Puts a message into another one and empties it. */
static inline void pb_message(Bytes *b, unsigned field, Bytes *message)
{
        pb_bytes(b, field, message->data, message->n);
        bytes_done(message);
}

/* ---- ONNX */

static inline Bytes onnx_value(const char *name, const int64_t *dims, size_t n)
{
        Bytes value = {}, type = {}, tensor = {}, shape = {};

        for (size_t i = 0; i < n; i++) {
                Bytes dim = {};

                if (dims[i] >= 0)
                        pb_number(&dim, 1, (uint64_t) dims[i]);
                else
                        pb_text(&dim, 2, "batch");
                pb_message(&shape, 1, &dim);
        }
        pb_number(&tensor, 1, 1);
        pb_message(&tensor, 2, &shape);
        pb_message(&type, 1, &tensor);
        pb_text(&value, 1, name);
        pb_message(&value, 2, &type);
        return value;
}

static inline Bytes onnx_tensor(const char *name, const int64_t *dims, size_t n, size_t n_bytes,
                                unsigned char fill)
{
        Bytes tensor = {}, data = {};

        for (size_t i = 0; i < n; i++)
                pb_number(&tensor, 1, (uint64_t) dims[i]);
        pb_number(&tensor, 2, 1);
        pb_text(&tensor, 8, name);
        for (size_t i = 0; i < n_bytes; i++)
                put_byte(&data, (unsigned char) (fill + i));
        pb_message(&tensor, 9, &data);
        return tensor;
}

static inline Bytes onnx_node(const char *op)
{
        Bytes node = {};

        pb_text(&node, 1, "x");
        pb_text(&node, 2, "y");
        pb_text(&node, 4, op);
        return node;
}

static inline Bytes onnx_metadata(const char *key, const char *value)
{
        Bytes entry = {};

        pb_text(&entry, 1, key);
        pb_text(&entry, 2, value);
        return entry;
}

/* input 1xCxSxS, output 1xN */
static inline Bytes onnx_graph(const char *name, int64_t channels, int64_t size, int64_t classes)
{
        const int64_t in[] = { 1, channels, size, size }, out[] = { 1, classes };
        Bytes graph = {}, node = onnx_node("Conv"), soft = onnx_node("Softmax"),
              x = onnx_value("input", in, 4), y = onnx_value("output", out, 2);

        pb_message(&graph, 1, &node);
        pb_message(&graph, 1, &soft);
        pb_text(&graph, 2, name);
        pb_message(&graph, 11, &x);
        pb_message(&graph, 12, &y);
        return graph;
}

static inline void onnx_head(Bytes *b)
{
        Bytes opset = {};

        pb_number(b, 1, 8);
        pb_text(b, 2, "pytorch");
        pb_number(&opset, 2, 13);
        pb_message(b, 8, &opset);
}

static inline Bytes onnx_model(Bytes *graph, const char *key, const char *value)
{
        Bytes model = {};

        onnx_head(&model);
        pb_message(&model, 7, graph);
        if (key) {
                Bytes entry = onnx_metadata(key, value);

                pb_message(&model, 14, &entry);
        }
        return model;
}

/* ---- safetensors */

static inline Bytes safetensors(const char *header, uint64_t length, size_t n_data)
{
        Bytes b = {};

        put_le(&b, length, 8);
        put(&b, header, strlen(header));
        put_zeros(&b, n_data);
        return b;
}

/* ---- scanning */

static inline int file_of(const void *data, size_t n)
{
        int fd = memfd_create("model", MFD_CLOEXEC);

        cr_assert_geq(fd, 0);
        cr_assert_eq(write(fd, data, n), (ssize_t) n);
        return fd;
}

static inline ModelcapSet *shipped_modelcaps(void)
{
        ModelcapSet *set = NULL;
        Diag *diag = NULL;

        cr_assert_eq(diag_new(&diag), 0);
        if (modelcap_set_load("policies/modelcaps", diag, &set) < 0) {
                diag_print(diag, stderr);
                cr_assert_fail("the shipped model capabilities do not load");
        }
        cr_assert_eq(diag_count(diag, DIAG_ERROR), 0U);
        diag_free(diag);
        return set;
}

static inline Classification scan_bytes_at(const ModelcapSet *set, const void *data, size_t n,
                                           const char *path)
{
        int fd = file_of(data, n);
        const Classification *valid;
        Classification c;

        scan_fd(fd, path, NULL, 0, set, &c);
        cr_assert_eq(classification_validate(&c, sizeof(c), &valid), 0);
        close(fd);
        return c;
}

static inline Classification scan_bytes(const ModelcapSet *set, const Bytes *b)
{
        return scan_bytes_at(set, b->data, b->n, "");
}

static inline Classification scan_with_sibling(const ModelcapSet *set, const Bytes *b, const char *name,
                                               const char *text)
{
        ScanSibling sibling = { .fd = file_of(text, strlen(text)) };
        int fd = file_of(b->data, b->n);
        Classification c;

        (void) snprintf(sibling.name, sizeof(sibling.name), "%s", name);
        scan_fd(fd, "", &sibling, 1, set, &c);
        close(fd);
        close(sibling.fd);
        return c;
}

/* Certainty of one model capability, -1 when it was not found. */
static inline int certainty_of(const Classification *c, const char *name)
{
        for (unsigned i = 0; i < c->n_modelcaps; i++)
                if (strcmp(c->modelcaps[i].name, name) == 0)
                        return c->modelcaps[i].certainty;
        return -1;
}

static inline bool has_evidence(const Classification *c, const char *name, const char *kind)
{
        for (unsigned i = 0; i < c->n_modelcaps; i++)
                for (unsigned k = 0;
                     k < c->modelcaps[i].n_evidence && strcmp(c->modelcaps[i].name, name) == 0; k++)
                        if (strcmp(c->modelcaps[i].evidence[k].kind, kind) == 0)
                                return true;
        return false;
}

static inline double milliseconds(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

/* 50 ms natively; a sanitizer makes it several times slower. */
#if defined(__SANITIZE_ADDRESS__)
#define HOSTILE_MS 500
#else
#define HOSTILE_MS 50
#endif

static inline void expect_unparsable(const ModelcapSet *set, const Bytes *b, const char *what)
{
        double begin = milliseconds();
        Classification c = scan_bytes(set, b);

        cr_assert_eq(c.status, SCAN_UNPARSABLE, "%s: %s", what,
                     scan_status_to_string((ScanStatus) c.status));
        cr_assert(c.reason[0], "%s", what);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "%s", what);
}

#define FER_LABELS "{0: 'angry', 1: 'disgust', 2: 'fear', 3: 'happy', 4: 'sad', 5: 'surprise', 6: 'neutral'}"

#endif
