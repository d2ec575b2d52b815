/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: libyaml's events -> a bounded tree. Owns the tree and the limits.
 * Must not know what any key means. libyaml's own weaknesses (duplicate keys,
 * bottomless nesting, aliases) are decided here, event by event, before
 * anything grows. Called by the policy and model-capability parsers;
 * yaml-get.c reads values out of the tree.
 */
#include "lib/yaml-doc.h"

#include <fcntl.h>
#include <stdarg.h>
#include <yaml.h>

#include "lib/escape.h"
#include "lib/util-string.h"
#include "lib/yaml-internal.h"

struct YamlDoc {
        char *file;
        YamlNode *root;
        size_t n_nodes;
};

typedef struct Builder {
        YamlDoc *doc;
        Diag *diag;
        YamlNode *stack[YAML_DOC_DEPTH_MAX];
        size_t depth;
        bool done; /* the one document has ended */
        size_t n_duplicates;
} Builder;

static YamlNode *node_free(YamlNode *n)
{
        if (!n)
                return NULL;
        for (size_t i = 0; i < n->n_children; i++) {
                node_free(n->children[i].key);
                node_free(n->children[i].value);
        }
        free(n->children);
        free(n->text);
        free(n);
        return NULL;
}

YamlDoc *yaml_doc_free(YamlDoc *d)
{
        if (!d)
                return NULL;
        node_free(d->root);
        free(d->file);
        free(d);
        return NULL;
}

const char *yaml_doc_file(const YamlDoc *d)
{
        return d->file;
}

const YamlNode *yaml_doc_root(const YamlDoc *d)
{
        return d->root;
}

const char *yaml_node_file(const YamlNode *n)
{
        return n->doc->file;
}

static int error_at(Builder *b, yaml_mark_t m, const char *format, ...) _printf_(3, 4);

static int error_at(Builder *b, yaml_mark_t m, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        diag_add(b->diag, DIAG_ERROR, b->doc->file, (unsigned) m.line + 1, (unsigned) m.column + 1, NULL,
                 "%s", n < 0 ? "out of memory" : text);
        return -EBADMSG;
}

static int child_append(YamlNode *parent, YamlNode *key, YamlNode *value)
{
        if ((parent->n_children & (parent->n_children - 1)) == 0) {
                size_t room = parent->n_children ? parent->n_children * 2 : 1;
                YamlChild *grown = realloc(parent->children, room * sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                parent->children = grown;
        }
        parent->children[parent->n_children++] = (YamlChild){ .key = key, .value = value };
        return 0;
}

/* A map that still lacks the value of its last key. */
static bool awaits_value(const YamlNode *n)
{
        return n->kind == YAML_KIND_MAP && n->n_children > 0 && !n->children[n->n_children - 1].value;
}

static int add_key(Builder *b, YamlNode *map, YamlNode *key, yaml_mark_t mark)
{
        if (!key->text) { /* a list or a map */
                node_free(key);
                return error_at(b, mark, "a key must be a plain word");
        }
        if (map->n_children >= YAML_DOC_KEYS_MAX) {
                node_free(key);
                return error_at(b, mark, "more than %u keys in one map", YAML_DOC_KEYS_MAX);
        }
        for (size_t i = 0; i < map->n_children; i++)
                if (streq(map->children[i].key->text, key->text)) {
                        /* not fatal: the tree stays whole, so that later mistakes are found too */
                        error_at(b, mark, "\"%s\" is given twice, first in line %u", key->text,
                                 map->children[i].key->line);
                        b->n_duplicates++;
                        break;
                }
        if (child_append(map, key, NULL) < 0) {
                node_free(key);
                return -ENOMEM;
        }
        return 0;
}

/* Puts a finished scalar or a just opened list or map into the tree. Takes the node, also on failure. */
static int attach(Builder *b, YamlNode *n, yaml_mark_t mark)
{
        YamlNode *parent;

        if (b->depth == 0) {
                b->doc->root = n;
                return 0;
        }
        parent = b->stack[b->depth - 1];
        if (parent->kind == YAML_KIND_MAP && !awaits_value(parent))
                return add_key(b, parent, n, mark);
        if (parent->kind == YAML_KIND_MAP) {
                parent->children[parent->n_children - 1].value = n;
                return 0;
        }
        if (child_append(parent, NULL, n) < 0) {
                node_free(n);
                return -ENOMEM;
        }
        return 0;
}

static int node_new(Builder *b, YamlKind kind, yaml_mark_t mark, YamlNode **ret)
{
        YamlNode *n;

        if (b->doc->n_nodes >= YAML_DOC_NODES_MAX) {
                error_at(b, mark, "more than %u values in one file", YAML_DOC_NODES_MAX);
                return -EBADMSG;
        }
        n = calloc(1, sizeof(*n));
        if (!n)
                return -ENOMEM;
        b->doc->n_nodes++;
        n->doc = b->doc;
        n->kind = kind;
        n->line = (unsigned) mark.line + 1;
        n->column = (unsigned) mark.column + 1;
        *ret = n;
        return 0;
}

static int on_scalar(Builder *b, const yaml_event_t *e)
{
        const char *text = (const char *) e->data.scalar.value;
        size_t length = e->data.scalar.length;
        YamlNode *n;
        int r;

        if (memchr(text, '\0', length))
                return error_at(b, e->start_mark, "a NUL character is not allowed");
        r = node_new(b, YAML_KIND_SCALAR, e->start_mark, &n);
        if (r < 0)
                return r;
        n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        n->text = strndup(text, length);
        if (!n->text) {
                node_free(n);
                return -ENOMEM;
        }
        return attach(b, n, e->start_mark);
}

static int on_open(Builder *b, const yaml_event_t *e, YamlKind kind)
{
        YamlNode *n;
        int r;

        if (b->depth >= YAML_DOC_DEPTH_MAX)
                return error_at(b, e->start_mark, "nested deeper than %u", YAML_DOC_DEPTH_MAX);
        r = node_new(b, kind, e->start_mark, &n);
        if (r < 0)
                return r;
        r = attach(b, n, e->start_mark);
        if (r < 0)
                return r;
        b->stack[b->depth++] = n;
        return 0;
}

static const char *refused_property(const yaml_event_t *e)
{
        const yaml_char_t *anchor = NULL, *tag = NULL;

        switch (e->type) {
        case YAML_ALIAS_EVENT:
                return "aliases (*name) are not supported";
        case YAML_SCALAR_EVENT:
                anchor = e->data.scalar.anchor;
                tag = e->data.scalar.tag;
                break;
        case YAML_SEQUENCE_START_EVENT:
                anchor = e->data.sequence_start.anchor;
                tag = e->data.sequence_start.tag;
                break;
        case YAML_MAPPING_START_EVENT:
                anchor = e->data.mapping_start.anchor;
                tag = e->data.mapping_start.tag;
                break;
        default:
                break;
        }
        if (anchor)
                return "anchors (&name) are not supported";
        return tag ? "tags (!name) are not supported; put the value in quotes if it begins with \"!\""
                   : NULL;
}

/* 1: the stream has ended. */
static int on_event(Builder *b, const yaml_event_t *e)
{
        const char *refused = refused_property(e);

        if (refused)
                return error_at(b, e->start_mark, "%s", refused);

        switch (e->type) {
        case YAML_DOCUMENT_START_EVENT:
                return b->done ? error_at(b, e->start_mark, "only one document in a file") : 0;
        case YAML_DOCUMENT_END_EVENT:
                b->done = true;
                return 0;
        case YAML_SCALAR_EVENT:
                return on_scalar(b, e);
        case YAML_SEQUENCE_START_EVENT:
                return on_open(b, e, YAML_KIND_LIST);
        case YAML_MAPPING_START_EVENT:
                return on_open(b, e, YAML_KIND_MAP);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                b->depth--;
                return 0;
        case YAML_STREAM_END_EVENT:
                return 1;
        default:
                return 0;
        }
}

static int syntax_error(Builder *b, const yaml_parser_t *p)
{
        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        if (p->error == YAML_READER_ERROR) /* has no mark; the scanner stands in the right line */
                return error_at(b, p->mark, "%s", p->problem ? p->problem : "cannot be read");
        if (p->context && p->context_mark.line != p->problem_mark.line)
                return error_at(b, p->problem_mark, "%s, %s that began in line %zu",
                                p->problem ? p->problem : "not YAML", p->context, p->context_mark.line + 1);
        return error_at(b, p->problem_mark, "%s", p->problem ? p->problem : "not YAML");
}

static int build(Builder *b, yaml_parser_t *p)
{
        for (;;) {
                yaml_event_t e;
                int r;

                if (!yaml_parser_parse(p, &e))
                        return syntax_error(b, p);
                r = on_event(b, &e);
                yaml_event_delete(&e);
                if (r < 0)
                        return r;
                if (r > 0)
                        break;
        }
        if (!b->doc->root) {
                diag_add(b->diag, DIAG_ERROR, b->doc->file, 1, 1, NULL, "the file is empty");
                return -EBADMSG;
        }
        return b->n_duplicates > 0;
}

/* What YAML calls printable, and no byte order mark in the middle. */
static bool is_allowed(uint32_t c)
{
        if (c < 0x20)
                return c == '\t' || c == '\n' || c == '\r';
        return c != 0x7f && (c < 0x80 || c == 0x85 || c >= 0xa0) && c != 0xfffe && c != 0xffff;
}

/* libyaml would report bad bytes without a usable place. */
static int check_bytes(Builder *b, const char *data, size_t size)
{
        yaml_mark_t m = {};

        for (size_t i = 0; i < size;) {
                uint32_t c = 0;
                size_t n = utf8_next(data + i, size - i, &c);

                if (n == 0)
                        return error_at(b, m, "not valid UTF-8");
                if (!is_allowed(c))
                        return error_at(b, m,
                                        c == 0 ? "a NUL character is not allowed"
                                               : "a control character is not allowed");
                m.column = c == '\n' ? 0 : m.column + 1;
                m.line += c == '\n';
                i += n;
        }
        return 0;
}

int yaml_doc_load_whole(const char *name, const char *data, size_t size, Diag *diag, YamlDoc **ret)
{
        _cleanup_(yaml_doc_freep) YamlDoc *d = NULL;
        Builder b = { .diag = diag };
        yaml_parser_t p;
        int r;

        d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        d->file = strdup(name);
        if (!d->file)
                return -ENOMEM;
        b.doc = d;

        if (size > YAML_DOC_SIZE_MAX) {
                diag_add(diag, DIAG_ERROR, name, 0, 0, NULL, "larger than %u bytes", YAML_DOC_SIZE_MAX);
                return -EBADMSG;
        }
        r = check_bytes(&b, data, size);
        if (r < 0)
                return r;

        if (!yaml_parser_initialize(&p))
                return -ENOMEM;
        yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&p, (const unsigned char *) data, size);
        r = build(&b, &p);
        yaml_parser_delete(&p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return r;
}

int yaml_doc_load_buffer(const char *name, const char *data, size_t size, Diag *diag, YamlDoc **ret)
{
        _cleanup_(yaml_doc_freep) YamlDoc *d = NULL;
        int r;

        r = yaml_doc_load_whole(name, data, size, diag, &d);
        if (r != 0)
                return r < 0 ? r : -EBADMSG;
        *ret = TAKE_PTR(d);
        return 0;
}

int yaml_doc_load_file(const char *path, Diag *diag, YamlDoc **ret)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r;

        r = read_file_capped(AT_FDCWD, path, YAML_DOC_SIZE_MAX, &data, &size);
        if (r == -EFBIG) {
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "larger than %u bytes", YAML_DOC_SIZE_MAX);
                return -EBADMSG;
        }
        if (r < 0)
                return r;
        return yaml_doc_load_buffer(path, data, size, diag, ret);
}
