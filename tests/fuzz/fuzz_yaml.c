/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as YAML: a whole tree or an error with a place, never both. */
#include <stdint.h>
#include <string.h>

#include "lib/yaml-doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const YamlNode *n, unsigned depth)
{
        size_t sum = 1;

        if (depth > YAML_DOC_DEPTH_MAX || yaml_node_line(n) == 0 || yaml_node_column(n) == 0)
                abort();
        if (yaml_node_kind(n) == YAML_KIND_SCALAR)
                return strlen(yaml_node_text(n));
        for (size_t i = 0; i < yaml_node_size(n); i++) {
                if (!yaml_node_at(n, i))
                        abort();
                if (yaml_node_kind(n) == YAML_KIND_MAP &&
                    yaml_node_get(n, yaml_node_text(yaml_node_key(n, i))) != yaml_node_at(n, i))
                        abort();
                sum += walk(yaml_node_at(n, i), depth + 1);
        }
        return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        YamlDoc *doc = NULL;
        Diag *diag = NULL;
        int r;

        if (diag_new(&diag) < 0)
                return 0;
        r = yaml_doc_load_buffer("fuzz", (const char *) data, size, diag, &doc);
        if ((r == 0) != (doc != NULL) || (r == -EBADMSG) != (diag_count(diag, DIAG_ERROR) > 0))
                abort();
        if (doc)
                (void) walk(yaml_doc_root(doc), 0);
        yaml_doc_free(doc);
        diag_free(diag);
        return 0;
}
