/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef YAML_INTERNAL_H
#define YAML_INTERNAL_H
/* How a node looks inside. For yaml-doc.c, which makes nodes, and yaml-get.c, which reads them. */
#include "lib/yaml-doc.h"

typedef struct YamlChild {
        YamlNode *key; /* NULL in a list */
        YamlNode *value;
} YamlChild;

struct YamlNode {
        const YamlDoc *doc;
        YamlKind kind;
        bool quoted;
        unsigned line;
        unsigned column;
        char *text;
        YamlChild *children;
        size_t n_children;
};

#endif
