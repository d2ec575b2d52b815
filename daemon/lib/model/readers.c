/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the table of readers, the files beside a model, and a guess at
 * what a file is that is no model.
 * Owns: the order of the table; every reader whose probe agrees is asked, so
 * the order only decides which format names a polyglot.
 * Must not: judge.
 * Called by: scan.c.
 */
#include <string.h>

#include "lib/model/label-find.h"
#include "lib/model/reader.h"
#include "lib/scan.h"

/* clang-format off */
const ModelReader *const model_readers[] = {
        &model_reader_gguf,
        &model_reader_tensorrt,
        &model_reader_tflite,
        &model_reader_torch,
        &model_reader_torch_legacy,
        &model_reader_torch_tar,
        &model_reader_pickle,
        &model_reader_safetensors,
        &model_reader_hf_config,
        &model_reader_keras_hdf5,
        &model_reader_saved_model,
        &model_reader_tf_graph,
        &model_reader_tf_checkpoint,
        &model_reader_coreml,
        &model_reader_caffe,
        &model_reader_paddle,
        &model_reader_paddle_parameters,
        &model_reader_openvino,
        &model_reader_opencv,
        &model_reader_ncnn,
        &model_reader_darknet,
        &model_reader_prototxt,
        &model_reader_onnx,
        &model_reader_mnn,
        &model_reader_keras_zip,
        &model_reader_labels,
        NULL,
};
/* clang-format on */

#define SIBLING_READ_MAX (256U * 1024)

const char *const scan_sibling_names[] = {
        "config.json",       "labels.txt",
        "label.txt",         "classes.txt",
        "class_names.txt",   "labels.json",
        "label_map.json",    "id2label.json",
        "class_names.json",  "class_indices.json",
        "metadata.json",     "metadata.yaml",
        "label_encoder.txt", "labels.csv",
        "obj.names",         "classes.names",
        "labels.names",      "preprocessor_config.json",
        "README.md",         NULL,
};

/* The front matter of a model card: tags and pipeline_tag, one a line. */
static void read_model_card(const char *name, const char *text, size_t size, ModelFacts *f)
{
        const char *p = text, *end = text + size;
        const char *where;

        if (size < 8 || memcmp(text, "---", 3) != 0)
                return;
        where = facts_text(f, name, strlen(name));
        if (!where)
                return;
        for (p = memchr(p, '\n', size); p && p + 1 < end; p = memchr(p, '\n', (size_t) (end - p))) {
                size_t n;
                const char *next;

                p++;
                next = memchr(p, '\n', (size_t) (end - p));
                n = next ? (size_t) (next - p) : (size_t) (end - p);
                if (n >= 3 && memcmp(p, "---", 3) == 0)
                        return;
                if ((n > 2 && p[0] == '-' && p[1] == ' ') || (n > 12 && memcmp(p, "pipeline_tag", 12) == 0))
                        facts_add_name(f, FACT_TASK, true, where, p, n);
        }
}

void model_read_sibling(const char *name, Source *s, ModelFacts *facts)
{
        size_t size = (size_t) MIN(s->size, (uint64_t) SIBLING_READ_MAX), length = strlen(name);
        _cleanup_free_ char *text = malloc(size + 1);
        const char *where;
        JsonFound found;

        if (!text || source_read(s, 0, text, size) < 0)
                return;
        where = facts_text(facts, name, length);
        if (!where)
                return;
        if (length > 5 && strcmp(name + length - 5, ".json") == 0)
                (void) label_find_json(facts, s, true, where, text, size, &found);
        else if (strcmp(name, "README.md") == 0)
                read_model_card(name, text, size, facts);
        else
                label_find_text(facts, true, false, where, text, size);
}

static bool is_text(const unsigned char *p, int n)
{
        for (int i = 0; i < n; i++)
                if (p[i] == 0x7f || (p[i] < 0x20 && (p[i] < '\t' || p[i] > '\r') && p[i] != 0x1b))
                        return false;
        return n > 0;
}

const char *model_guess_format(Source *s)
{
        static const struct {
                const char *magic;
                size_t n;
                size_t at;
                const char *name;
        } known[] = {
                { "\x7f"
                  "ELF",
                  4, 0, "elf" },
                { "PK\3\4", 4, 0, "zip" },
                { "\x1f\x8b", 2, 0, "gzip" },
                { "\x89PNG", 4, 0, "png" },
                { "\xff\xd8\xff", 3, 0, "jpeg" },
                { "RIFF", 4, 0, "riff" },
                { "%PDF", 4, 0, "pdf" },
                { "GGUF", 4, 0, "gguf" },
                { "TFL3", 4, 4, "tflite" },
                { "\x89HDF\r\n\x1a\n", 8, 0, "hdf5" },
                { "SQLite format 3", 15, 0, "sqlite" },
                { "\xfd"
                  "7zXZ",
                  5, 0, "xz" },
                { "\x28\xb5\x2f\xfd", 4, 0, "zstd" },
                { "ftyp", 4, 4, "mp4" },
                { "OggS", 4, 0, "ogg" },
                { "\x80\x02", 2, 0, "pickle" },
                { "\x80\x04\x95", 3, 0, "pickle" },
        };
        const unsigned char *p = NULL;
        int n = source_peek(s, 0, 64, &p);

        if (n <= 0)
                return "";
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if ((size_t) n >= known[i].at + known[i].n &&
                    memcmp(p + known[i].at, known[i].magic, known[i].n) == 0)
                        return known[i].name;
        if (n >= 2 && p[0] == '#' && p[1] == '!')
                return "script";
        return is_text(p, n) ? (p[0] == '{' || p[0] == '[' ? "json" : "text") : "";
}
