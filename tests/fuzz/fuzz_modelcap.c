/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: one file of policies/modelcaps/, on anything. A refusal must come with a message. */
#include <string.h>

#include "fuzz-reader.h"
#include "lib/modelcap-catalog.h"
#include "lib/modelcap-load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ModelcapSet *set = calloc(1, sizeof(ModelcapSet));
        YamlDoc *doc = NULL;
        Diag *diag = NULL;
        int r;

        if (!set || diag_new(&diag) < 0)
                abort();
        r = yaml_doc_load_buffer("fuzz.yaml", (const char *) data, size, diag, &doc);
        if (r >= 0) {
                const YamlNode *root = yaml_doc_root(doc), *name = yaml_node_get(root, "modelcap");

                set->caps = calloc(1, sizeof(Modelcap));
                if (set->caps && !name && yaml_node_get(root, "catalog")) {
                        set->caps[0].name = strdup("emotion.face");
                        set->n_caps = 1;
                        r = catalog_load(set, root, diag);
                } else if (name && set->caps) {
                        set->caps[0].name = strdup(yaml_node_text(name) ? yaml_node_text(name) : "");
                        set->n_caps = 1;
                        r = modelcap_load_one(set, root, diag);
                } else {
                        r = modelcap_load_shared(set, root, diag);
                }
        }
        if (r == -EBADMSG && diag_count(diag, DIAG_ERROR) == 0)
                abort();
        yaml_doc_free(doc);
        diag_free(diag);
        modelcap_set_free(set);
        return 0;
}
