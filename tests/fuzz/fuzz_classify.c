/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the classifier on facts made of the input: the first line is a
 * path, the second a name, the third a name of a file beside the model, the
 * rest a list of labels in whatever notation. Then the same once more, with
 * the labels in the hands of the workload; and the input as a command line.
 */
#include "fuzz-reader.h"
#include "lib/classify-workload.h"
#include "lib/model/label-find.h"
#include "lib/script-args.h"

static size_t line(const char *s, size_t n)
{
        const char *end = n ? memchr(s, '\n', n) : NULL;

        return end ? (size_t) (end - s) : n;
}

static void with_workload(Classification *c, const ModelFacts *facts, const char *path)
{
        Classification text = { .version = CLASSIFICATION_VERSION };
        ModelFacts labels = *facts;
        LabelsSeen seen[2];
        size_t n;

        labels.standing = STANDS_AS_TEXT;
        text.is_text = 1;
        if (classify(&labels, path, fuzz_modelcaps(), &text) < 0)
                return;
        n = labels_seen(&text, fuzz_modelcaps(), seen, 2);
        for (size_t i = 0; i < n; i++)
                (void) classify_with_labels(&seen[i], path, fuzz_modelcaps(), c);
        fuzz_check(c);
}

static void as_command_line(const uint8_t *data, size_t size)
{
        ScriptArg args[SCRIPT_ARGS_MAX];
        size_t n = script_args((const char *) data, size, args);

        for (size_t i = 0; i < n; i++)
                if (args[i].text < (const char *) data ||
                    args[i].text + args[i].n > (const char *) data + size)
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *p = (const char *) data;
        Classification c = { .version = CLASSIFICATION_VERSION };
        const char *parts[3];
        size_t lengths[3];
        char path[512];
        ModelFacts facts;

        as_command_line(data, size);
        facts_init(&facts);
        for (int i = 0; i < 3; i++) {
                parts[i] = p;
                lengths[i] = line(p, size);
                p += lengths[i] + (lengths[i] < size);
                size -= lengths[i] + (lengths[i] < size);
        }
        lengths[0] = MIN(lengths[0], sizeof(path) - 1);
        memcpy(path, parts[0], lengths[0]);
        path[lengths[0]] = 0;
        for (FactKind k = 0; k < _FACT_KIND_MAX; k++)
                facts_add_name(&facts, k, k % 2, "where", parts[1], lengths[1]);
        label_find_text(&facts, lengths[2] > 0, lengths[2] > 1, "labels", p, size);
        if (classify(&facts, path, fuzz_modelcaps(), &c) == 0)
                fuzz_check(&c);
        with_workload(&c, &facts, path);
        facts_done(&facts);
        return 0;
}
