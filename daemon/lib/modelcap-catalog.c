/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the catalog of known models: read from YAML, written by
 * `aiguardctl fingerprint'.
 * Owns: how the sketches of fingerprint.h are written down, and which of a
 * file's many codes are kept.
 * Must not: compare; classify-collect.c does.
 * Called by: modelcap.c, tools/ctl-fingerprint.c.
 */
#include "lib/modelcap-catalog.h"

#include <sodium.h>
#include <string.h>

#include "lib/escape.h"
#include "lib/model/fingerprint.h"
#include "lib/util-string.h"

#define MODELS_MAX 4096 /* of one capability */
#define CODE_BYTES 5    /* two of length, three of order */

void catalog_forget(Modelcap *c)
{
        for (size_t i = 0; i < c->n_known; i++) {
                free(c->known[i].name);
                free(c->known[i].origin);
        }
        c->n_known = 0;
        free(TAKE_PTR(c->known));
}

/* Hexadecimal digits with spaces; how many bytes. */
static int parse_hex(const YamlNode *n, const char *what, size_t unit, unsigned char *ret, size_t size,
                     Diag *diag, size_t *ret_n)
{
        const char *text = yaml_node_text(n), *end = NULL;
        size_t length = 0;

        if (!text || sodium_hex2bin(ret, size, text, strlen(text), " ", &length, &end) < 0 || *end ||
            length == 0 || length % unit != 0) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "`%s' must be groups of %zu hexadecimal digits",
                               what, 2 * unit);
                return -EBADMSG;
        }
        *ret_n = length;
        return 0;
}

static int load_shape(KnownModel *k, const YamlNode *n, Diag *diag)
{
        unsigned char bytes[2 * SKETCH_SHAPE_SIZE];
        size_t length;

        if (!n)
                return 0;
        if (parse_hex(n, "shape", sizeof(bytes), bytes, sizeof(bytes), diag, &length) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < SKETCH_SHAPE_SIZE; i++)
                k->shape[i] = (uint16_t) (bytes[2 * i] << 8 | bytes[2 * i + 1]);
        k->has_shape = true;
        return 0;
}

static int load_codes(const YamlNode *map, const char *key, WeightCode ret[KNOWN_CODES_MAX], size_t *ret_n,
                      Diag *diag)
{
        unsigned char bytes[CODE_BYTES * KNOWN_CODES_MAX];
        const YamlNode *n = yaml_node_get(map, key);
        size_t length;

        if (!n)
                return 0;
        if (parse_hex(n, key, CODE_BYTES, bytes, sizeof(bytes), diag, &length) < 0)
                return -EBADMSG;
        for (const unsigned char *p = bytes; p < bytes + length; p += CODE_BYTES)
                ret[(*ret_n)++] = (WeightCode){
                        .length = (uint16_t) (p[0] << 8 | p[1]),
                        .order = (uint32_t) p[2] << 16 | (uint32_t) p[3] << 8 | p[4],
                };
        return 0;
}

static int load_model(ModelcapSet *s, const YamlNode *n, Diag *diag)
{
        static const char *const keys[] = { "name",  "origin",  "modelcap", "outputs",
                                            "shape", "vectors", "kernels",  NULL };
        const char *name, *origin, *modelcap;
        const YamlNode *outputs;
        KnownModel k = {}, *p;
        uint64_t classes = 0;
        Modelcap *c;
        int i;

        if (yaml_check_keys(n, "model of the catalog", keys, diag) < 0 ||
            yaml_get_string(yaml_node_get(n, "name") ?: n, "name", diag, &name) < 0 ||
            yaml_get_string(yaml_node_get(n, "origin") ?: n, "origin", diag, &origin) < 0 ||
            yaml_get_string(yaml_node_get(n, "modelcap") ?: n, "modelcap", diag, &modelcap) < 0 ||
            load_shape(&k, yaml_node_get(n, "shape"), diag) < 0 ||
            load_codes(n, "vectors", k.vectors, &k.n_vectors, diag) < 0 ||
            load_codes(n, "kernels", k.kernels, &k.n_kernels, diag) < 0)
                return -EBADMSG;
        outputs = yaml_node_get(n, "outputs");
        if (outputs && yaml_get_unsigned(outputs, "outputs", 1 << 20, diag, &classes) < 0)
                return -EBADMSG;
        i = modelcap_set_find(s, modelcap);
        if (i < 0 || s->caps[i].n_known >= MODELS_MAX || (!k.has_shape && k.n_vectors + k.n_kernels == 0)) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL,
                               "a model needs a shape, vectors or kernels, and a model capability that "
                               "exists");
                return -EBADMSG;
        }
        c = &s->caps[i];
        p = reallocarray(c->known, c->n_known + 1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        c->known = p;
        k.outputs = (int64_t) classes;
        k.name = strdup(name);
        k.origin = strdup(origin);
        p[c->n_known++] = k;
        return k.name && k.origin ? 0 : -ENOMEM;
}

int catalog_load(ModelcapSet *s, const YamlNode *root, Diag *diag)
{
        static const char *const keys[] = { "aiguard", "catalog", "models", NULL };
        const YamlNode *list = yaml_node_get(root, "models");
        int r, failed = 0;

        if (yaml_check_keys(root, "catalog", keys, diag) < 0)
                failed = -EBADMSG;
        if (!list || yaml_node_kind(list) != YAML_KIND_LIST) {
                yaml_node_diag(list ?: root, diag, DIAG_ERROR, NULL, "`models' must be a list");
                return -EBADMSG;
        }
        for (size_t i = 0; i < yaml_node_size(list); i++) {
                r = load_model(s, yaml_node_at(list, i), diag);
                if (r == -ENOMEM)
                        return r;
                failed = r < 0 ? r : failed;
        }
        return failed;
}

/* ---- writing */

/* A choice that does not depend on the order of the tensors in the file. */
static uint32_t lot_of(const WeightCode *c)
{
        return (c->order ^ (uint32_t) c->length << 8) * 2654435761U; /* Knuth's multiplicative hash */
}

static int by_lot(const void *a, const void *b)
{
        uint32_t x = lot_of(a), y = lot_of(b);

        return x < y ? -1 : x > y;
}

static void write_quoted(FILE *f, const char *key, const char *text)
{
        fprintf(f, "%s: '", key);
        for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
                if (*p == '\'')
                        fputc('\'', f);
                fputc(*p < ' ' || *p >= 0x7f ? '?' : *p, f);
        }
        fputs("'\n", f);
}

static void write_codes(FILE *f, const char *key, WeightCode *codes, size_t n)
{
        if (n == 0)
                return;
        qsort(codes, n, sizeof(*codes), by_lot);
        fprintf(f, "    %s: >-", key);
        for (size_t i = 0; i < MIN(n, (size_t) KNOWN_CODES_MAX); i++)
                fprintf(f, "%s%04x%06x", i % 8 == 0 ? "\n      " : " ", codes[i].length, codes[i].order);
        fputc('\n', f);
}

int catalog_write(FILE *f, const ModelFacts *facts, const char *name, const char *origin,
                  const char *modelcap)
{
        ModelSketch k = facts->sketch;
        int64_t heads[FACTS_HEADS_MAX];

        if (!k.has_shape && k.n_weights == 0)
                return -ENODATA;
        facts_heads(facts, heads);
        write_quoted(f, "  - name", name);
        write_quoted(f, "    origin", origin);
        write_quoted(f, "    modelcap", modelcap);
        if (heads[0] && !heads[1])
                fprintf(f, "    outputs: %lld\n", (long long) heads[0]);
        if (k.has_shape) {
                fputs("    shape: ", f);
                for (size_t i = 0; i < SKETCH_SHAPE_SIZE; i++)
                        fprintf(f, "%04x", k.shape[i]);
                fputc('\n', f);
        }
        write_codes(f, "vectors", k.weights, k.n_vectors);
        write_codes(f, "kernels", k.weights + k.n_vectors, k.n_weights - k.n_vectors);
        return 0;
}
