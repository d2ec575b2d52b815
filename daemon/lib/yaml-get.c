/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads values out of a YamlDoc's tree: lookup, typed getters, and
 * the guess behind "did you mean". Owns nothing; every complaint goes to the
 * caller's Diag at the place of the node. Called by all parsers of YAML.
 */
#include "lib/yaml-doc.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>

#include "lib/util-string.h"
#include "lib/yaml-internal.h"

#define WORD_MAX 64U

YamlKind yaml_node_kind(const YamlNode *n)
{
        return n->kind;
}

unsigned yaml_node_line(const YamlNode *n)
{
        return n->line;
}

unsigned yaml_node_column(const YamlNode *n)
{
        return n->column;
}

const char *yaml_node_text(const YamlNode *n)
{
        return n->text;
}

size_t yaml_node_size(const YamlNode *n)
{
        return n->n_children;
}

const YamlNode *yaml_node_at(const YamlNode *n, size_t i)
{
        return i < n->n_children ? n->children[i].value : NULL;
}

const YamlNode *yaml_node_key(const YamlNode *n, size_t i)
{
        return i < n->n_children ? n->children[i].key : NULL;
}

const YamlNode *yaml_node_get(const YamlNode *n, const char *key)
{
        if (!n || n->kind != YAML_KIND_MAP)
                return NULL;
        for (size_t i = 0; i < n->n_children; i++)
                if (streq(n->children[i].key->text, key))
                        return n->children[i].value;
        return NULL;
}

void yaml_node_diag(const YamlNode *n, Diag *diag, DiagLevel level, const char *hint, const char *format,
                    ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);
        diag_add(diag, level, yaml_node_file(n), n->line, n->column, hint, "%s",
                 r < 0 ? "out of memory" : text);
}

static int scalar_of(const YamlNode *n, const char *what, Diag *diag, const char **ret)
{
        if (n->kind != YAML_KIND_SCALAR) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "%s must be a single value, not a %s", what,
                               n->kind == YAML_KIND_LIST ? "list" : "map");
                return -EBADMSG;
        }
        if (!*n->text) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "%s has no value", what);
                return -EBADMSG;
        }
        *ret = n->text;
        return 0;
}

int yaml_get_string(const YamlNode *n, const char *what, Diag *diag, const char **ret)
{
        return scalar_of(n, what, diag, ret);
}

int yaml_get_boolean(const YamlNode *n, const char *what, Diag *diag, bool *ret)
{
        const char *s;

        if (scalar_of(n, what, diag, &s) < 0)
                return -EBADMSG;
        if (streq(s, "true") || streq(s, "yes")) {
                *ret = true;
                return 0;
        }
        if (streq(s, "false") || streq(s, "no")) {
                *ret = false;
                return 0;
        }
        yaml_node_diag(n, diag, DIAG_ERROR, NULL, "%s must be true or false, not \"%s\"", what, s);
        return -EBADMSG;
}

int yaml_get_unsigned(const YamlNode *n, const char *what, uint64_t max, Diag *diag, uint64_t *ret)
{
        const char *s;

        if (scalar_of(n, what, diag, &s) < 0)
                return -EBADMSG;
        if (parse_u64(s, max, ret) < 0) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "%s must be a number from 0 to %llu, not \"%s\"",
                               what, (unsigned long long) max, s);
                return -EBADMSG;
        }
        return 0;
}

int yaml_get_double(const YamlNode *n, const char *what, double min, double max, Diag *diag, double *ret)
{
        const char *s;
        char *end;
        double v;

        if (scalar_of(n, what, diag, &s) < 0)
                return -EBADMSG;
        v = strtod(s, &end);
        /* strtod also takes blanks, hex, "nan" and "inf" */
        if (*end || strspn(s, "0123456789.-") != strlen(s) || !isfinite(v) || v < min || v > max) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "%s must be a number from %g to %g, not \"%s\"",
                               what, min, max, s);
                return -EBADMSG;
        }
        *ret = v;
        return 0;
}

/* Writes "a, b or c". */
static void list_words(const char *const *names, char *buf, size_t size)
{
        size_t used = 0;

        buf[0] = '\0';
        for (size_t i = 0; names[i] && used + 1 < size; i++) {
                const char *before = i == 0 ? "" : names[i + 1] ? ", " : " or ";
                int n = snprintf(buf + used, size - used, "%s%s", before, names[i]);

                if (n < 0)
                        return;
                used += (size_t) n;
        }
}

int yaml_get_enum(const YamlNode *n, const char *what, const char *const *names, Diag *diag, unsigned *ret)
{
        char words[512], hint[128];
        const char *s;

        if (scalar_of(n, what, diag, &s) < 0)
                return -EBADMSG;
        for (unsigned i = 0; names[i]; i++)
                if (streq(names[i], s)) {
                        *ret = i;
                        return 0;
                }
        list_words(names, words, sizeof(words));
        yaml_node_diag(n, diag, DIAG_ERROR, closest_hint(s, names, hint, sizeof(hint)),
                       "%s must be %s, not \"%s\"", what, words, s);
        return -EBADMSG;
}

int yaml_get_strv(const YamlNode *n, const char *what, Diag *diag, char ***ret)
{
        _cleanup_(strv_freep) char **l = NULL;
        bool bad = false;
        const char *s;

        if (n->kind == YAML_KIND_SCALAR) {
                if (scalar_of(n, what, diag, &s) < 0)
                        return -EBADMSG;
                if (strv_extend(&l, s) < 0)
                        return -ENOMEM;
                *ret = TAKE_PTR(l);
                return 0;
        }
        if (n->kind != YAML_KIND_LIST || n->n_children == 0) {
                yaml_node_diag(n, diag, DIAG_ERROR, NULL, "%s must be a value or a list of values", what);
                return -EBADMSG;
        }
        l = calloc(n->n_children + 1, sizeof(char *));
        if (!l)
                return -ENOMEM;
        for (size_t i = 0, k = 0; i < n->n_children; i++) {
                if (scalar_of(n->children[i].value, what, diag, &s) < 0) {
                        bad = true;
                        continue;
                }
                l[k] = strdup(s);
                if (!l[k++])
                        return -ENOMEM;
        }
        if (bad)
                return -EBADMSG;
        *ret = TAKE_PTR(l);
        return 0;
}

int yaml_check_keys(const YamlNode *map, const char *what, const char *const *known, Diag *diag)
{
        int r = 0;

        if (map->kind != YAML_KIND_MAP) {
                yaml_node_diag(map, diag, DIAG_ERROR, NULL, "%s must be a map (key: value)", what);
                return -EBADMSG;
        }
        for (size_t i = 0; i < map->n_children; i++) {
                const YamlNode *key = map->children[i].key;
                bool found = false;
                char hint[128];

                for (size_t k = 0; known[k] && !found; k++)
                        found = streq(known[k], key->text);
                if (found)
                        continue;
                yaml_node_diag(key, diag, DIAG_ERROR, closest_hint(key->text, known, hint, sizeof(hint)),
                               "unknown key \"%s\" in %s", key->text, what);
                r = -EBADMSG;
        }
        return r;
}

/* Edits (insert, delete, replace, swap of neighbours) between two words, letters' case ignored. */
static unsigned edits_between(const char *a, const char *b)
{
        unsigned rows[3][WORD_MAX + 1];
        size_t n = strlen(a), m = strlen(b);

        if (n > WORD_MAX || m > WORD_MAX)
                return UINT32_MAX;
        for (size_t j = 0; j <= m; j++)
                rows[0][j] = (unsigned) j;
        for (size_t i = 1; i <= n; i++) {
                unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

                now[0] = (unsigned) i;
                for (size_t j = 1; j <= m; j++) {
                        int ca = tolower((unsigned char) a[i - 1]), cb = tolower((unsigned char) b[j - 1]);
                        unsigned d = last[j - 1] + (ca != cb);

                        d = MIN(d, MIN(last[j], now[j - 1]) + 1);
                        if (i > 1 && j > 1 && ca == tolower((unsigned char) b[j - 2]) &&
                            cb == tolower((unsigned char) a[i - 2]))
                                d = MIN(d, before[j - 2] + 1);
                        now[j] = d;
                }
        }
        return rows[n % 3][m];
}

const char *closest_word(const char *word, const char *const *words)
{
        size_t n = strlen(word);
        unsigned best = 4; /* more than three edits are another word */
        const char *found = NULL;

        for (size_t i = 0; words[i]; i++) {
                unsigned d = edits_between(word, words[i]);

                /* less than half of either word */
                if (d < best && 2 * d < n && 2 * d < strlen(words[i])) {
                        best = d;
                        found = words[i];
                }
        }
        return found;
}

const char *closest_hint(const char *word, const char *const *words, char *buf, size_t size)
{
        const char *found = closest_word(word, words);

        if (!found)
                return NULL;
        snprintf(buf, size, "did you mean \"%s\"?", found);
        return buf;
}
