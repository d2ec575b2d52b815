/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads what PyTorch wrote before it took to zip files: five pickles
 * one after the other with the storages behind them, and, before that, a tar file.
 * Owns: both layouts.
 * Must not: read storages.
 * Called by: scan.c through the table in readers.c.
 * Source: torch/serialization.py, _legacy_save() and legacy_load().
 */
#include <string.h>

#include "lib/model/pickle-facts.h"
#include "lib/model/reader.h"
#include "lib/util-string.h"

#define STREAMS 5
#define MODEL_STREAM 3
#define STORAGES_MAX 65536U
#define TAR_BLOCK 512U
#define TAR_MEMBERS_MAX 64U

/* PROTO 2, LONG1 0x1950a86a20f9469cfc6c, STOP */
static const unsigned char magic[] = { 0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                       0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e };

typedef struct Storage {
        const char *key;
        uint64_t start, length; /* start 0: not known */
} Storage;

typedef struct Legacy {
        const Pickle *p;
        Storage *storages;
        size_t n;
} Legacy;

static int by_key(const void *a, const void *b)
{
        return strcmp(((const Storage *) a)->key, ((const Storage *) b)->key);
}

static Storage *find_storage(const Legacy *l, const char *key)
{
        const Storage wanted = { .key = key };

        return l->n > 0 ? bsearch(&wanted, l->storages, l->n, sizeof(wanted), by_key) : NULL;
}

static bool locate(void *userdata, const char *key, uint64_t *ret_start, uint64_t *ret_length)
{
        const Storage *found = find_storage(userdata, key);

        if (!found || found->start == 0)
                return false;
        *ret_start = found->start;
        *ret_length = found->length;
        return true;
}

/* Every ("storage", type, key, where, how many elements) of the fourth pickle. */
static void collect_storages(Legacy *l)
{
        const Pickle *p = l->p;

        for (uint32_t v = 1; v < p->n_values && l->n < STORAGES_MAX; v++) {
                uint32_t id = p->values[v].type == PICKLE_PERSISTENT ? p->values[v].arguments : 0;
                uint32_t count = pickle_item(p, id, 4);
                uint64_t size = pickle_element_size(pickle_text(p, pickle_item(p, id, 1))), length;

                if (id == 0 || size == 0 || p->values[count].type != PICKLE_INT ||
                    p->values[count].integer < 0 ||
                    __builtin_mul_overflow((uint64_t) p->values[count].integer, size, &length))
                        continue;
                l->storages[l->n++] =
                                (Storage){ .key = pickle_text(p, pickle_item(p, id, 2)), .length = length };
        }
        qsort(l->storages, l->n, sizeof(*l->storages), by_key);
}

/* Behind the fifth pickle, a list of keys: for each of them the number of its elements, then the elements. */
static void place_storages(Legacy *l)
{
        const Pickle *p = l->p;
        uint64_t pos = p->pos, size = p->source->size;

        for (uint32_t link = p->values[p->result].first; link; link = p->links[link].next) {
                Storage *found = find_storage(l, pickle_text(p, p->links[link].value));

                if (!found || size < 8 || pos > size - 8 || found->length > size - 8 - pos)
                        return;
                found->start = pos + 8;
                pos += 8 + found->length;
        }
}

static int walk_streams(Pickle *p, ModelFacts *f)
{
        Legacy l = { .p = p };
        PickleContext context = { .file = "pickle", .locate = locate, .userdata = &l };
        PickleFound found;
        int r = 0, q;

        /* The fourth one is the model; before it are sizes of C types, behind it the keys of the storages. */
        for (int i = 0; r >= 0 && i < STREAMS; i++) {
                r = pickle_run(p);
                if (i == MODEL_STREAM - 1)
                        context.first = (uint32_t) p->n_values;
                if (i == MODEL_STREAM && r >= 0)
                        context.end = (uint32_t) p->n_values;
        }
        l.storages = calloc(STORAGES_MAX, sizeof(*l.storages));
        if (!l.storages)
                return source_fail(p->source, "out of memory");
        if (r >= 0) {
                collect_storages(&l);
                place_storages(&l);
        }
        q = pickle_facts(p, f, &context, &found);
        free(l.storages);
        return r < 0 ? r : q;
}

static ProbeResult probe_legacy(Source *s)
{
        const unsigned char *p = NULL;

        return source_peek(s, 0, sizeof(magic), &p) == (int) sizeof(magic) &&
                                               memcmp(p, magic, sizeof(magic)) == 0
                               ? PROBE_MAYBE
                               : PROBE_NO;
}

static int read_legacy(Source *s, ModelFacts *ret)
{
        _cleanup_pickle_ Pickle p = {};
        int r;

        ret->is_model = true;
        r = pickle_begin(&p, s, 0);
        return r < 0 ? r : walk_streams(&p, ret);
}

/* ----------------------------------------------------------------------- tar */

/* Octal, as tar has its numbers. */
static bool octal(const unsigned char *p, size_t n, uint64_t *ret)
{
        uint64_t v = 0;

        for (size_t i = 0; i < n && p[i] >= '0' && p[i] <= '7'; i++)
                v = v << 3 | (uint64_t) (p[i] - '0');
        *ret = v;
        return p[0] >= '0' && p[0] <= '7';
}

typedef struct Tar {
        uint64_t pickle, pickle_size;
        bool has_pickle, has_storages, has_info;
} Tar;

static int read_directory(Source *s, Tar *ret)
{
        uint64_t pos = 0, size = 0;

        for (unsigned i = 0; i < TAR_MEMBERS_MAX; i++) {
                const unsigned char *p = NULL;
                char name[101] = "";
                int n = source_peek(s, pos, 136, &p);

                if (n < 0)
                        return n;
                if (n < 136 || p[0] == 0 || !octal(p + 124, 12, &size))
                        break;
                memcpy(name, p, 100);
                pos += TAR_BLOCK;
                if (streq(name, "pickle") && size <= s->size && pos <= s->size - size)
                        *ret = (Tar){ pos, size, true, ret->has_storages, ret->has_info };
                ret->has_storages = ret->has_storages || streq(name, "storages");
                ret->has_info = ret->has_info || streq(name, "sys_info");
                pos += (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
        }
        return 0;
}

static ProbeResult probe_tar(Source *s)
{
        const unsigned char *p = NULL;

        return source_peek(s, 257, 5, &p) == 5 && memcmp(p, "ustar", 5) == 0 ? PROBE_MAYBE : PROBE_NO;
}

static int read_tar(Source *s, ModelFacts *ret)
{
        const PickleContext context = { .file = "pickle" };
        _cleanup_pickle_ Pickle p = {};
        PickleFound found;
        Tar tar = {};
        Source part;
        int r = read_directory(s, &tar), q;

        if (r < 0 || !tar.has_pickle || !tar.has_storages || !tar.has_info)
                return r;
        ret->is_model = true;
        source_begin_part(&part, s, tar.pickle, tar.pickle_size);
        r = pickle_begin(&p, &part, 0);
        if (r >= 0) {
                r = pickle_run(&p);
                q = pickle_facts(&p, ret, &context, &found);
                r = r < 0 ? r : q;
        }
        source_end_part(s, &part);
        return r;
}

const ModelReader model_reader_torch_legacy = { .name = "pytorch-legacy",
                                                .probe = probe_legacy,
                                                .read = read_legacy };
const ModelReader model_reader_torch_tar = { .name = "pytorch-tar", .probe = probe_tar, .read = read_tar };
