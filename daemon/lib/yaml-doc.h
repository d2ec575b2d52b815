/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef YAML_DOC_H
#define YAML_DOC_H
/*
 * A small, strict part of YAML as a tree: maps, lists and plain strings, each
 * with line and column from 1. Refused, with the place: duplicate keys,
 * anchors, aliases, tags, a second document, NUL, bytes that are no UTF-8, and
 * whatever is deeper, longer or more than the limits below. Every value is a
 * string until a getter reads it as something else, so `no` and `010` are safe.
 *
 * All nodes belong to the document and live as long as it does.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"

typedef struct YamlDoc YamlDoc;
typedef struct YamlNode YamlNode;

typedef enum YamlKind {
        YAML_KIND_SCALAR,
        YAML_KIND_LIST,
        YAML_KIND_MAP,
} YamlKind;

#define YAML_DOC_SIZE_MAX (1024U * 1024U)
#define YAML_DOC_DEPTH_MAX 16U
#define YAML_DOC_NODES_MAX 65536U
#define YAML_DOC_KEYS_MAX 1024U /* of one map */

/* What is wrong goes to `diag`, then -EBADMSG. -errno when the file cannot be read (nothing in `diag`). */
int yaml_doc_load_file(const char *path, Diag *diag, YamlDoc **ret);
/* `name` is what messages call the file. */
int yaml_doc_load_buffer(const char *name, const char *data, size_t size, Diag *diag, YamlDoc **ret);
/* The same, but duplicate keys give 1 and the tree: for parsers that want to report the mistakes behind them too. */
int yaml_doc_load_whole(const char *name, const char *data, size_t size, Diag *diag, YamlDoc **ret);
YamlDoc *yaml_doc_free(YamlDoc *d);
DEFINE_CLEANUP(YamlDoc *, yaml_doc_free);

const char *yaml_doc_file(const YamlDoc *d);
const YamlNode *yaml_doc_root(const YamlDoc *d); /* never NULL: an empty document is an error */

YamlKind yaml_node_kind(const YamlNode *n);
unsigned yaml_node_line(const YamlNode *n);
unsigned yaml_node_column(const YamlNode *n);
const char *yaml_node_file(const YamlNode *n);

/* Text of a scalar; NULL for list and map. `key:` with nothing behind is "". */
const char *yaml_node_text(const YamlNode *n);
/* Entries of a list or map, 0 for a scalar. */
size_t yaml_node_size(const YamlNode *n);
/* Element i of a list, value i of a map, in the order of the file; NULL past the end. */
const YamlNode *yaml_node_at(const YamlNode *n, size_t i);
/* Key i of a map: a scalar node with its own place; NULL for others. */
const YamlNode *yaml_node_key(const YamlNode *n, size_t i);
/* Value of a key of a map; NULL when it is not there, or n is NULL or no map. */
const YamlNode *yaml_node_get(const YamlNode *n, const char *key);

/* Adds an error or warning at the node's place. `hint` may be NULL. */
void yaml_node_diag(const YamlNode *n, Diag *diag, DiagLevel level, const char *hint, const char *format,
                    ...) _printf_(5, 6);

/*
 * Typed getters. A node of the wrong kind or content is reported to `diag` and
 * -EBADMSG comes back, the output untouched. `what` names the value in the
 * message ("risk"). Strings belong to the document, a strv to the caller.
 */
int yaml_get_string(const YamlNode *n, const char *what, Diag *diag, const char **ret); /* not empty */
int yaml_get_boolean(const YamlNode *n, const char *what, Diag *diag, bool *ret); /* true false yes no */
int yaml_get_unsigned(const YamlNode *n, const char *what, uint64_t max, Diag *diag, uint64_t *ret);
int yaml_get_double(const YamlNode *n, const char *what, double min, double max, Diag *diag, double *ret);
/* One of the words of `names` (NULL-terminated): its index. */
int yaml_get_enum(const YamlNode *n, const char *what, const char *const *names, Diag *diag, unsigned *ret);
/* A scalar, or a list of scalars: `user: a` is `user: [a]`. */
int yaml_get_strv(const YamlNode *n, const char *what, Diag *diag, char ***ret);

/* Reports each key of the map that is not in `known` (NULL-terminated), with a guess. -EBADMSG when any was. */
int yaml_check_keys(const YamlNode *map, const char *what, const char *const *known, Diag *diag);

/* The word of the list that was probably meant, or NULL. A few edits at most, never a wild guess. */
const char *closest_word(const char *word, const char *const *words);
/* closest_word() as a hint for diag_add: fills `buf` and returns it, or NULL. */
const char *closest_hint(const char *word, const char *const *words, char *buf, size_t size);

#endif
