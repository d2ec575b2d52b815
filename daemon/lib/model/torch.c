/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the zip files of PyTorch: state dictionaries, whole modules,
 * checkpoints, TorchScript.
 * Owns: the layout: <root>/data.pkl, <root>/data/N, and for TorchScript
 * <root>/constants.pkl, <root>/code/, <root>/extra/.
 * Must not: read storages; refuse what torch.load() would load.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/code-labels.h"
#include "lib/model/label-find.h"
#include "lib/model/pickle-facts.h"
#include "lib/model/reader.h"
#include "lib/model/zip.h"
#include "lib/util-string.h"

#define PICKLE_SIZE_MAX (8U * 1024 * 1024) /* of one that is compressed */
#define PICKLES_MAX 8
#define CODE_FILES_MAX 64
#define TEXT_SIZE_MAX (64U * 1024)
#define CODE_SIZE_MAX (8U * 1024 * 1024) /* of one file; its first 64 KiB are looked into */
#define STORAGES_MAX 65536U

typedef struct Torch {
        Source *s;
        ModelFacts *f;
        Zip zip;
        char root[FACTS_TEXT_MAX];
        uint32_t *storages; /* by number: which member, plus one */
        unsigned n_pickles, n_code, n_extra;
        bool script;
} Torch;

/* The directory that everything is in: the name the file was saved under, and it stays when the file is renamed. */
static const ZipMember *find_root(Torch *t)
{
        for (size_t i = 0; i < t->zip.n; i++) {
                const char *name = t->zip.members[i].name;
                size_t n = strlen(name);

                if (!endswith(name, "data.pkl") || (n > 8 && name[n - 9] != '/') || n - 8 >= sizeof(t->root))
                        continue;
                memcpy(t->root, name, n - 8);
                t->root[n - 8] = 0;
                return &t->zip.members[i];
        }
        return NULL;
}

/* What is below the root, NULL for what is elsewhere. */
static const char *below(const Torch *t, const char *name)
{
        return startswith(name, t->root);
}

static int index_storages(Torch *t)
{
        t->storages = calloc(STORAGES_MAX, sizeof(*t->storages));
        if (!t->storages)
                return source_fail(t->s, "out of memory");
        for (size_t i = 0; i < t->zip.n; i++) {
                const char *name = below(t, t->zip.members[i].name),
                           *number = name ? startswith(name, "data/") : NULL;
                uint64_t n;

                if (number && t->zip.members[i].method == 0 && parse_u64(number, STORAGES_MAX - 1, &n) >= 0)
                        t->storages[n] = (uint32_t) i + 1;
        }
        return 0;
}

static bool locate(void *userdata, const char *key, uint64_t *ret_start, uint64_t *ret_length)
{
        Torch *t = userdata;
        const char *reason = t->s->reason;
        uint64_t n, start = 0;

        if (parse_u64(key, STORAGES_MAX - 1, &n) < 0 || t->storages[n] == 0 ||
            zip_locate(&t->zip, &t->zip.members[t->storages[n] - 1], &start) < 0) {
                t->s->reason = reason; /* weights that are not there are no concern of ours */
                return false;
        }
        *ret_start = start;
        *ret_length = t->zip.members[t->storages[n] - 1].stored;
        return true;
}

static int walk_pickle(Torch *t, Source *s, const char *name)
{
        const PickleContext context = { .file = name, .locate = locate, .userdata = t };
        _cleanup_pickle_ Pickle p = {};
        PickleFound found;
        int r, q;

        r = pickle_begin(&p, s, 0);
        if (r < 0)
                return r;
        r = pickle_run(&p);
        q = pickle_facts(&p, t->f, &context, &found);
        return r < 0 ? r : q;
}

static int read_pickle(Torch *t, const ZipMember *m)
{
        const char *name = below(t, m->name) ?: m->name;
        const char *kept = facts_text(t->f, name, strlen(name)) ?: "data.pkl";
        _cleanup_free_ char *data = NULL;
        uint64_t start = 0;
        size_t n = 0;
        Source part;
        int r;

        if (m->method == 0) {
                r = zip_locate(&t->zip, m, &start);
                if (r < 0)
                        return r;
                source_begin_part(&part, t->s, start, m->stored);
        } else {
                r = zip_read(&t->zip, m, PICKLE_SIZE_MAX, &data, &n);
                if (r < 0)
                        return r;
                source_begin_memory(&part, t->s, data, n);
        }
        r = walk_pickle(t, &part, kept);
        source_end_part(t->s, &part);
        return r;
}

/* "class EmotionNet(Module):" */
static void find_classes(ModelFacts *f, const char *code)
{
        for (const char *p = strstr(code, "class "); p; p = strstr(p + 1, "class ")) {
                const char *name = p + strlen("class ");
                size_t n = strcspn(name, "(: \n");

                if ((p == code || p[-1] == '\n') && n > 0 && (name[n] == '(' || name[n] == ':'))
                        facts_add_name(f, FACT_ARCHITECTURE, false, "class", name, n);
        }
}

static int read_code(Torch *t, const ZipMember *m)
{
        const char *path = strstr(m->name, "__torch__/");
        _cleanup_free_ char *code = NULL;
        size_t n = 0;
        int r;

        if (path)
                facts_add_name(t->f, FACT_ARCHITECTURE, false, "code", path + 10, strlen(path + 10));
        if (m->size > CODE_SIZE_MAX)
                return source_fail(t->s, "more code than a model has");
        r = zip_read(&t->zip, m, TEXT_SIZE_MAX, &code, &n);
        if (r < 0)
                return r;
        find_classes(t->f, code);
        r = code_find_labels(t->f, t->s, code, n);
        return t->f->overflow ? source_fail(t->s, FACTS_OVERFLOW) : r;
}

/* Files that the author put beside the code: labels.txt, config.json. */
static int read_extra(Torch *t, const ZipMember *m)
{
        const char *name = below(t, m->name) ?: m->name,
                   *kept = facts_text(t->f, name, strlen(name)) ?: "extra";
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        int r = zip_read(&t->zip, m, TEXT_SIZE_MAX, &text, &n);

        if (r < 0)
                return r;
        facts_add_name(t->f, FACT_METADATA, false, kept, text, MIN(n, (size_t) FACTS_TEXT_MAX));
        label_find_any(t->f, t->s, false, kept, text, n);
        return t->f->overflow ? source_fail(t->s, FACTS_OVERFLOW) : 0;
}

static int read_member(Torch *t, const ZipMember *m)
{
        const char *name = below(t, m->name) ?: m->name;

        if (startswith(name, "code/") || streq(name, "constants.pkl"))
                t->script = true;
        if (endswith(name, ".pkl") && !endswith(name, ".debug_pkl") && t->n_pickles++ < PICKLES_MAX)
                return read_pickle(t, m);
        if (startswith(name, "code/") && endswith(name, ".py") && t->n_code++ < CODE_FILES_MAX)
                return read_code(t, m);
        if (startswith(name, "extra/") && t->n_extra++ < CODE_FILES_MAX)
                return read_extra(t, m);
        return 0;
}

static int read_archive(Torch *t)
{
        int r = index_storages(t);

        for (size_t i = 0; r >= 0 && i < t->zip.n; i++)
                r = read_member(t, &t->zip.members[i]);
        if (r >= 0 && (t->n_pickles > PICKLES_MAX || t->n_extra > CODE_FILES_MAX))
                r = source_fail(t->s, "more in an archive than a model has");
        return r;
}

static ProbeResult probe(Source *s)
{
        return zip_probe(s) ? PROBE_MAYBE : PROBE_NO;
}

static int read_torch(Source *s, ModelFacts *ret)
{
        Torch t = { .s = s, .f = ret };
        const unsigned char *p = NULL;
        bool begins = source_peek(s, 0, 2, &p) == 2 && memcmp(p, "PK", 2) == 0;
        size_t n;
        int r = zip_open(s, begins, &t.zip);

        if (r <= 0)
                return r;
        if (find_root(&t)) {
                ret->is_model = true;
                n = strlen(t.root);
                if (n > 0 && !streq(t.root, "archive/"))
                        facts_add_name(ret, FACT_GRAPH, false, "archive root", t.root, n - 1);
                r = read_archive(&t);
                ret->container = t.script ? "torchscript" : "pytorch";
        }
        free(t.storages);
        zip_done(&t.zip);
        return r < 0 ? r : 0;
}

const ModelReader model_reader_torch = { .name = "pytorch", .probe = probe, .read = read_torch };
