/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the models and weights that Keras stores as HDF5: the
 * description of the net, labels that somebody put beside it, and names, shapes
 * and places of the weights.
 * Owns: what in an HDF5 file makes it Keras; the format holds anything.
 * Must not: look at weights, or at more of the tree than WALK_MAX bytes tell.
 * Called by: scan.c through the table in readers.c, and the reader of .keras.
 */
#include <string.h>

#include "lib/model/hdf5.h"
#include "lib/model/keras-json.h"
#include "lib/model/label-find.h"
#include "lib/model/reader.h"

#define CONFIG_MAX (8U * 1024 * 1024)
#define TEXT_MAX 16384
#define WALK_MAX (160U * 1024) /* a hundred layers */
#define DEPTH_MAX 12
#define CHILDREN_MAX 1024
#define PATH_ROOM 512

typedef struct Child {
        char name[HDF5_NAME_MAX];
        uint64_t address;
} Child;

typedef struct Children {
        size_t n;
        Child list[CHILDREN_MAX];
} Children;

typedef struct KerasFile {
        Hdf5 h;
        Source *s;
        ModelFacts *f;
        uint64_t walk_end; /* of the bytes read */
        bool config, layer_names, keras, dense, weights, root;
        size_t n_vars;
        Children *children; /* of the group at hand */
        char path[PATH_ROOM];
        SourcePages pages; /* headers, names and the nodes between them lie apart */
} KerasFile;

static ProbeResult probe(Source *s)
{
        return hdf5_find(s) == HDF5_NOWHERE ? PROBE_NO : PROBE_MAYBE;
}

static int read_config(KerasFile *k, const char *text, size_t n)
{
        KerasFound found;
        int r = keras_json_read(k->f, k->s, text, n, &found);

        k->config = k->config || found.n_layers > 0 || found.is_net;
        k->f->is_model = k->f->is_model || k->config;
        return r;
}

/* An attribute that is one text. */
static int on_text(KerasFile *k, const Hdf5Attribute *a, bool config)
{
        _cleanup_free_ char *text = NULL;
        uint64_t pos = 0, n = 0, max = config ? CONFIG_MAX : TEXT_MAX;
        char where[HDF5_NAME_MAX + 16];
        const char *name;
        int r = hdf5_string(&k->h, &a->type, a->data, 0, &pos, &n);

        if (r < 0 || n == 0)
                return r;
        if (n > max)
                return config ? source_fail(k->s, "longer than the limit") : 0;
        text = malloc(n + 1);
        if (!text)
                return source_fail(k->s, "out of memory");
        r = source_read(k->s, pos, text, n);
        if (r < 0)
                return r;
        text[n] = 0;
        if (config)
                return read_config(k, text, strnlen(text, n));
        (void) snprintf(where, sizeof(where), "attribute %s", a->name);
        name = facts_text(k->f, where, strlen(where)) ?: "attribute";
        facts_add_name(k->f, FACT_METADATA, false, name, text, strnlen(text, n));
        label_find_text(k->f, false, true, name, text, strnlen(text, n));
        return 0;
}

/* An attribute or dataset that is a list of texts. */
static int on_list(KerasFile *k, const char *name, const Hdf5Type *type, uint64_t data, uint64_t count)
{
        char text[FACTS_TEXT_MAX], where[HDF5_NAME_MAX + 16];
        LabelListBuilder b;

        label_list_begin(&b);
        for (uint64_t i = 0; i < count; i++) {
                uint64_t pos = 0, n = 0;
                int r = hdf5_string(&k->h, type, data, i, &pos, &n);

                n = MIN(n, (uint64_t) sizeof(text));
                if (r >= 0 && n > 0)
                        r = source_read(k->s, pos, text, n);
                if (r < 0)
                        return r;
                label_list_add(k->f, &b, text, strnlen(text, n));
        }
        (void) snprintf(where, sizeof(where), "attribute %s", name);
        label_list_finish(k->f, &b, false, true, facts_text(k->f, where, strlen(where)) ?: "attribute");
        return 0;
}

static int on_attribute(void *userdata, const Hdf5Attribute *a)
{
        KerasFile *k = userdata;
        uint64_t count = hdf5_count(&a->space);
        bool config = strcmp(a->name, "model_config") == 0;

        if (strcmp(a->name, "layer_names") == 0 || strcmp(a->name, "weight_names") == 0) {
                k->layer_names = true;
                return 0;
        }
        k->keras |= strcmp(a->name, "keras_version") == 0 || strcmp(a->name, "backend") == 0;
        if (!a->type.string && !a->type.variable)
                return 0;
        if (config || (k->root && count == 1 && strcmp(a->name, "training_config") != 0))
                return on_text(k, a, config);
        /* Not of each of a thousand layers. */
        return k->root && count > 1 && count <= FACTS_LABELS_MAX
                               ? on_list(k, a->name, &a->type, a->data, count)
                               : 0;
}

static int on_link(void *userdata, const char *name, uint64_t address)
{
        KerasFile *k = userdata;
        Child *c;

        /* As many numbers again, and they say nothing. */
        if (strncmp(name, "optimizer", strlen("optimizer")) == 0 || k->children->n >= CHILDREN_MAX)
                return 0;
        c = &k->children->list[k->children->n++];
        (void) snprintf(c->name, sizeof(c->name), "%s", name);
        c->address = address;
        return 0;
}

static int on_dataset(KerasFile *k, const Hdf5Object *o, const char *name)
{
        const char *path = strncmp(k->path, "model_weights/", 14) == 0 ? k->path + 14 : k->path;
        uint64_t count = hdf5_count(&o->space);
        FactTensor t = { .data_start = o->data, .data_length = o->length };

        if (o->type.string || o->type.variable)
                return count > 1 && count <= FACTS_LABELS_MAX && o->data
                                       ? on_list(k, name, &o->type, o->data, count)
                                       : 0;
        if (strstr(k->path, "/vars/") || strncmp(k->path, "vars/", 5) == 0)
                k->n_vars++;
        for (unsigned i = 0; i < o->space.n && i < FACTS_DIMS_MAX; i++)
                t.dims[t.n++] = o->space.dims[i] > INT64_MAX ? -1 : (int64_t) o->space.dims[i];
        if (t.data_start > k->s->size || t.data_length > k->s->size - t.data_start)
                t.data_start = t.data_length = 0;
        t.name = facts_text(k->f, path, strlen(path));
        facts_add_name(k->f, FACT_TENSOR, false, "weight", path, strlen(path));
        facts_add_tensor(k->f, &t);
        return 0;
}

/* A group and all below it, or a dataset. The path is the caller's again afterwards. */
static int walk(KerasFile *k, uint64_t address, const char *name, unsigned depth)
{
        _cleanup_free_ Children *children = NULL;
        const Hdf5Visitor visitor = { .attribute = on_attribute, .link = on_link, .userdata = k };
        size_t length = strlen(k->path);
        Hdf5Object o;
        int r;

        if (depth > DEPTH_MAX)
                return source_fail(k->s, "nested too deep");
        children = malloc(sizeof(*children));
        if (!children)
                return source_fail(k->s, "out of memory");
        children->n = 0;
        k->children = children;
        k->root = depth == 0;
        r = hdf5_object(&k->h, address, &visitor, &o);
        if (r < 0)
                return r;
        k->dense |= o.dense && depth == 0;
        if (o.dataset)
                return on_dataset(k, &o, name);
        r = hdf5_group(&k->h, &o, &visitor);
        for (size_t i = 0; r >= 0 && i < children->n && k->s->bytes_read < k->walk_end; i++) {
                const Child *c = &children->list[i];

                if (depth == 0)
                        k->weights |= strcmp(c->name, "layers") == 0 ||
                                      strcmp(c->name, "_layer_checkpoint_dependencies") == 0;
                (void) snprintf(k->path + length, sizeof(k->path) - length, "%s%s", length ? "/" : "",
                                c->name);
                r = walk(k, c->address, c->name, depth + 1);
                k->path[length] = 0;
        }
        return r;
}

/* The description of the net is somewhere the walk does not lead: a dense attribute. It begins near the beginning. */
static int find_config(KerasFile *k)
{
        static const char *const begins[] = { "{\"class_name\"", "{\"module\"", "{\"config\"" };
        const char *text = NULL;
        int n = source_head(k->s, WALK_MAX, &text);

        for (size_t i = 0; n > 0 && i < ARRAY_SIZE(begins); i++) {
                const char *at = memmem(text, (size_t) n, begins[i], strlen(begins[i]));

                if (at)
                        return read_config(k, at, (size_t) (text + n - at));
        }
        return n < 0 ? n : 0;
}

static int read_file(KerasFile *k, uint64_t signature)
{
        uint64_t root = 0;
        int r = hdf5_open(&k->h, k->s, signature, &root);

        if (r < 0)
                return r;
        r = walk(k, root, "", 0);
        if (!k->config && k->dense)
                (void) find_config(k);
        return r;
}

static int read_keras(Source *s, ModelFacts *ret)
{
        _cleanup_free_ KerasFile *k = calloc(1, sizeof(KerasFile));
        uint64_t signature = hdf5_find(s);
        int r;

        if (!k || signature == HDF5_NOWHERE)
                return source_fail(s, "out of memory");
        k->s = s;
        k->f = ret;
        k->walk_end = s->bytes_read + WALK_MAX;
        s->pages = &k->pages;
        r = read_file(k, signature);
        s->pages = NULL;
        if (k->config || (k->layer_names && k->keras) || (k->weights && k->n_vars > 0)) {
                ret->is_model = true;
                ret->container = "keras-h5";
        }
        return r;
}

const ModelReader model_reader_keras_hdf5 = { .name = "keras-h5", .probe = probe, .read = read_keras };
