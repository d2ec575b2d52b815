/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads .keras: a zip with config.json, metadata.json and the weights
 * as HDF5; and whatever labels somebody put beside them.
 * Owns: which members make a zip this format.
 * Must not: inflate weights; they are read only where they are stored.
 * Called by: scan.c through the table in readers.c.
 */
#include <string.h>

#include "lib/model/keras-json.h"
#include "lib/model/label-find.h"
#include "lib/model/reader.h"
#include "lib/model/zip.h"

#define CONFIG_MAX (8U * 1024 * 1024)
#define LABELS_MAX (64U * 1024)
#define LABEL_FILES_MAX 16

static int read_config(Source *s, Zip *zip, ModelFacts *f)
{
        _cleanup_free_ char *text = NULL;
        KerasFound found = {};
        size_t n = 0;
        int r = zip_read(zip, zip_find(zip, "config.json"), CONFIG_MAX, &text, &n);

        if (r >= 0)
                r = keras_json_read(f, s, text, n, &found);
        f->is_model = f->is_model || found.n_layers > 0 || found.is_net;
        return r;
}

/* The positions of the weights are within the member; the facts count from the beginning of the file. */
static int read_weights(Source *s, Zip *zip, ModelFacts *f)
{
        const ZipMember *m = zip_find(zip, "model.weights.h5");
        size_t first = f->n_tensors;
        uint64_t start = 0;
        Source part;
        int r;

        if (!m || m->method != 0)
                return 0;
        r = zip_locate(zip, m, &start);
        if (r < 0)
                return r;
        source_begin_part(&part, s, start, m->stored);
        r = model_reader_keras_hdf5.probe(&part) == PROBE_NO ? 0 : model_reader_keras_hdf5.read(&part, f);
        source_end_part(s, &part);
        source_done(&part);
        for (size_t i = first; i < f->n_tensors; i++)
                if (f->tensors[i].data_length > 0)
                        f->tensors[i].data_start += start;
        return r;
}

static bool is_label_file(const char *name)
{
        size_t n = strlen(name);

        return (strstr(name, "label") || strstr(name, "class")) && n > 4 &&
               (strcmp(name + n - 4, ".txt") == 0 || strcmp(name + n - 4, "json") == 0);
}

static int read_labels(Source *s, Zip *zip, ModelFacts *f)
{
        size_t n_read = 0;

        for (size_t i = 0; i < zip->n && n_read < LABEL_FILES_MAX; i++) {
                _cleanup_free_ char *text = NULL;
                const char *where;
                size_t n = 0;
                int r;

                if (!is_label_file(zip->members[i].name))
                        continue;
                n_read++;
                r = zip_read(zip, &zip->members[i], LABELS_MAX, &text, &n);
                if (r < 0)
                        return r;
                where = facts_text(f, zip->members[i].name, strlen(zip->members[i].name)) ?: "zip";
                label_find_any(f, s, false, where, text, n);
        }
        return 0;
}

static ProbeResult probe(Source *s)
{
        return zip_probe(s) ? PROBE_MAYBE : PROBE_NO;
}

static int read_keras(Source *s, ModelFacts *ret)
{
        _cleanup_zip_ Zip zip = {};
        int r = zip_open(s, false, &zip), q;

        if (r <= 0)
                return r;
        if (!zip_find(&zip, "config.json") ||
            (!zip_find(&zip, "model.weights.h5") && !zip_find(&zip, "metadata.json")))
                return 0;
        r = read_config(s, &zip, ret);
        q = read_weights(s, &zip, ret);
        ret->container = "keras-v3";
        /* Weights and no configuration that can be read: whose else would it be? */
        if (r < 0 && zip_find(&zip, "model.weights.h5"))
                ret->is_model = true;
        if (!ret->is_model)
                return 0;
        if (q >= 0)
                q = read_labels(s, &zip, ret);
        return r < 0 ? r : q;
}

const ModelReader model_reader_keras_zip = { .name = "keras-v3", .probe = probe, .read = read_keras };
