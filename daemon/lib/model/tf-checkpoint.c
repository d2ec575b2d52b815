/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the index of a TensorFlow checkpoint (variables.index,
 * model.ckpt.index): a sorted table as LevelDB writes them, of the names and
 * shapes of the variables. The numbers are in other files.
 * Owns: the layout of the table and of BundleEntryProto (tensor_bundle.proto).
 * Must not: take the table of a browser for one: only a checkpoint begins with
 * an empty key.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/bytes.h"
#include "lib/model/pb-walk.h"
#include "lib/model/reader.h"

#define FOOTER 48
#define MAGIC 0xdb4775248b80fb57ULL
#define BLOCK_MAX (1U << 20)
#define KEY_MAX 512

typedef struct Checkpoint {
        Source *s;
        ModelFacts *f;
        char key[KEY_MAX];
        size_t key_length;
        FactTensor tensor;
        bool first, is_bundle;
        uint64_t shards;
} Checkpoint;

enum {
        T_SHARDS = 1,
        T_SHAPE,
        T_DIM,
        T_SIZE,
};

static const PbRule dim_rules[] = { { 1, PB_VARINT, T_SIZE, NULL }, {} };
static const PbRule shape_rules[] = { { 2, PB_BYTES, T_DIM, dim_rules }, {} };
static const PbRule header_rules[] = { { 1, PB_VARINT, T_SHARDS, NULL }, {} };
static const PbRule entry_rules[] = { { 2, PB_BYTES, T_SHAPE, shape_rules }, {} };

static ProbeResult probe(Source *s)
{
        const unsigned char *p = NULL;

        /* The first key of the first block: nothing shared, nothing long. A look at the end costs more. */
        if (s->size < FOOTER + 8 || source_peek(s, 0, 2, &p) < 2 || p[0] != 0 || p[1] != 0)
                return PROBE_NO;
        return source_peek(s, s->size - 8, 8, &p) == 8 && le64(p) == MAGIC ? PROBE_MAYBE : PROBE_NO;
}

static int visit(void *userdata, PbStep step, int tag, const PbField *field)
{
        Checkpoint *k = userdata;

        if (step == PB_VALUE && tag == T_SHARDS)
                k->shards = field->value;
        else if (step == PB_BEGIN && tag == T_DIM && k->tensor.n < FACTS_DIMS_MAX)
                k->tensor.dims[k->tensor.n++] = 0;
        else if (step == PB_VALUE && tag == T_SIZE && k->tensor.n > 0)
                k->tensor.dims[k->tensor.n - 1] = (int64_t) field->value < 0 ? -1 : (int64_t) field->value;
        return 0;
}

/* The first key is empty, and its value describes the bundle. */
static int on_entry(Checkpoint *k, uint64_t value, uint64_t length)
{
        PbCursor c = pb_cursor(k->s, value, length);
        int r;

        k->tensor = (FactTensor){};
        if (k->first) {
                k->first = false;
                r = pb_walk(c, header_rules, visit, k);
                k->is_bundle = r >= 0 && k->key_length == 0 && k->shards >= 1;
                k->f->is_model = k->is_bundle;
                return r;
        }
        r = pb_walk(c, entry_rules, visit, k);
        if (r < 0)
                return r;
        facts_add_name(k->f, FACT_TENSOR, false, "variable", k->key, k->key_length);
        k->tensor.name = facts_text(k->f, k->key, k->key_length);
        facts_add_tensor(k->f, &k->tensor);
        return 0;
}

/* A key shares its beginning with the one before it. */
static int read_key(Checkpoint *k, uint64_t pos, uint64_t shared, uint64_t n)
{
        const unsigned char *p = NULL;
        int r;

        if (shared > k->key_length || n > KEY_MAX - 1 - shared)
                return source_fail(k->s, "a key longer than there are");
        if (n > 0) {
                r = source_view(k->s, pos, (size_t) n, &p);
                if (r < 0)
                        return r;
                memcpy(k->key + shared, p, (size_t) n);
        }
        k->key_length = (size_t) (shared + n);
        k->key[k->key_length] = 0;
        return 0;
}

typedef int (*OnEntry)(Checkpoint *k, uint64_t value, uint64_t length);

static int read_block(Checkpoint *k, uint64_t start, uint64_t size, OnEntry on)
{
        const unsigned char *p = NULL;
        PbCursor c;
        uint64_t restarts;
        int r;

        if (size < 4 || size > BLOCK_MAX || start > k->s->size || size + 5 > k->s->size - start)
                return source_fail(k->s, "a block beyond the end of the file");
        r = source_view(k->s, start + size - 4, 5, &p);
        if (r < 0)
                return r;
        restarts = le32(p);
        if (p[4] != 0) /* packed: TensorFlow never does */
                return source_fail(k->s, "a packed block");
        if (restarts > (size - 4) / 4)
                return source_fail(k->s, "a block that ends early");
        c = pb_cursor(k->s, start, size - 4 - 4 * restarts);
        k->key_length = 0;
        while (c.pos < c.end) {
                uint64_t shared, n, length;

                r = source_count(k->s);
                if (r < 0 || (r = pb_varint(&c, &shared)) < 0 || (r = pb_varint(&c, &n)) < 0 ||
                    (r = pb_varint(&c, &length)) < 0)
                        return r;
                if (n > c.end - c.pos || length > c.end - c.pos - n)
                        return source_fail(k->s, "an entry longer than its block");
                r = read_key(k, c.pos, shared, n);
                if (r >= 0)
                        r = on(k, c.pos + n, length);
                if (r < 0)
                        return r;
                c.pos += n + length;
        }
        return 0;
}

/* The value of an index entry says where a block is; its key is put away, as the block has keys of its own. */
static int on_index(Checkpoint *k, uint64_t value, uint64_t length)
{
        PbCursor c = pb_cursor(k->s, value, length);
        char key[KEY_MAX];
        size_t key_length = k->key_length;
        uint64_t start = 0, size = 0;
        int r;

        memcpy(key, k->key, sizeof(key));
        if ((r = pb_varint(&c, &start)) < 0 || (r = pb_varint(&c, &size)) < 0)
                return r;
        r = read_block(k, start, size, on_entry);
        memcpy(k->key, key, sizeof(key));
        k->key_length = key_length;
        if (r >= 0 && !k->is_bundle)
                return source_fail(k->s, "a table of something else");
        return r;
}

static int read_checkpoint(Source *s, ModelFacts *ret)
{
        _cleanup_free_ Checkpoint *k = calloc(1, sizeof(Checkpoint));
        PbCursor c = pb_cursor(s, s->size - FOOTER, FOOTER - 8);
        uint64_t handles[4]; /* of a block without use here, and of the index */

        if (!k)
                return source_fail(s, "out of memory");
        k->s = s;
        k->f = ret;
        k->first = true;
        for (size_t i = 0; i < ARRAY_SIZE(handles); i++) {
                int r = pb_varint(&c, &handles[i]);

                if (r < 0)
                        return r;
        }
        return read_block(k, handles[2], handles[3], on_index);
}

const ModelReader model_reader_tf_checkpoint = { .name = "tf-checkpoint",
                                                 .probe = probe,
                                                 .read = read_checkpoint };
