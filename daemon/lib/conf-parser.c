/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads INI text by a table of keys. Owns the syntax, not the
 * meaning: what a value may be is the table's. Called by config.c.
 */
#include "lib/conf-parser.h"

#include <fcntl.h>

#include "lib/util-string.h"
#include "lib/yaml-doc.h" /* closest_hint() */

#define WORDS_MAX 64U

typedef struct Parser {
        const char *name;
        const ConfItem *items;
        void *object;
        Diag *diag;
        char section[64];
        bool section_known;
        unsigned line;
        bool failed;
} Parser;

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static char *strip(char *s)
{
        char *end;

        while (is_blank(*s))
                s++;
        end = s + strlen(s);
        while (end > s && is_blank(end[-1]))
                end--;
        *end = '\0';
        return s;
}

static void error(Parser *p, const char *hint, const char *what, const char *word)
{
        diag_add(p->diag, DIAG_ERROR, p->name, p->line, 1, hint, "%s%s", what, word);
        p->failed = true;
}

/* The known sections, or the known keys of a section, each once. */
static void collect_words(const ConfItem *items, const char *section,
                          const char *words[static WORDS_MAX + 1])
{
        size_t n = 0;

        for (; items->section && n < WORDS_MAX; items++) {
                const char *word = section ? items->key : items->section;

                if (section && !streq(items->section, section))
                        continue;
                if (n == 0 || !streq(words[n - 1], word))
                        words[n++] = word;
        }
        words[n] = NULL;
}

static void on_section(Parser *p, char *s)
{
        const char *words[WORDS_MAX + 1];
        size_t n = strlen(s);
        char hint[128];

        p->section_known = false;
        p->section[0] = '\0';
        if (n < 3 || s[n - 1] != ']' || n - 2 >= sizeof(p->section)) {
                error(p, NULL, "not a section header: ", s);
                return;
        }
        memcpy(p->section, s + 1, n - 2);
        p->section[n - 2] = '\0';
        for (const ConfItem *i = p->items; i->section; i++)
                if (streq(i->section, p->section))
                        p->section_known = true;
        if (p->section_known)
                return;
        collect_words(p->items, NULL, words);
        diag_add(p->diag, DIAG_WARNING, p->name, p->line, 1,
                 closest_hint(p->section, words, hint, sizeof(hint)), "unknown section [%s]", p->section);
}

static void on_assignment(Parser *p, const char *key, const char *value)
{
        const char *words[WORDS_MAX + 1], *wanted = NULL;
        char hint[128];

        if (!p->section[0]) {
                error(p, NULL, "before the first [Section]: ", key);
                return;
        }
        if (!p->section_known) /* said once, at its header */
                return;
        for (const ConfItem *i = p->items; i->section; i++) {
                if (!streq(i->section, p->section) || !streq(i->key, key))
                        continue;
                if (i->parse(value, (char *) p->object + i->offset, &wanted) >= 0)
                        return;
                diag_add(p->diag, DIAG_ERROR, p->name, p->line, 1, NULL, "%s= must be %s, not \"%s\"", key,
                         wanted ? wanted : "something else", value);
                p->failed = true;
                return;
        }
        collect_words(p->items, p->section, words);
        diag_add(p->diag, DIAG_WARNING, p->name, p->line, 1, closest_hint(key, words, hint, sizeof(hint)),
                 "unknown key %s= in [%s]", key, p->section);
}

static void on_line(Parser *p, char *line)
{
        char *s = strip(line), *equals;

        if (!*s || *s == '#' || *s == ';')
                return;
        if (*s == '[') {
                on_section(p, s);
                return;
        }
        equals = strchr(s, '=');
        if (!equals) {
                error(p, NULL, "neither [Section] nor Key=value: ", s);
                return;
        }
        *equals = '\0';
        on_assignment(p, strip(s), strip(equals + 1));
}

int conf_parse_buffer(const char *name, const char *data, size_t size, const ConfItem *items, void *object,
                      Diag *diag)
{
        Parser p = { .name = name, .items = items, .object = object, .diag = diag };
        _cleanup_free_ char *copy = NULL;

        if (size > CONF_SIZE_MAX) {
                diag_add(diag, DIAG_ERROR, name, 0, 0, NULL, "larger than %u bytes", CONF_SIZE_MAX);
                return -EBADMSG;
        }
        if (utf8_valid_prefix(data, size) != size) {
                diag_add(diag, DIAG_ERROR, name, 0, 0, NULL, "not valid UTF-8 text");
                return -EBADMSG;
        }
        copy = strndup(data, size);
        if (!copy)
                return -ENOMEM;
        for (char *line = copy, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                p.line++;
                on_line(&p, line);
        }
        return p.failed ? -EBADMSG : 0;
}

int conf_parse_file(const char *path, const ConfItem *items, void *object, Diag *diag)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r;

        r = read_file_capped(AT_FDCWD, path, CONF_SIZE_MAX, &data, &size);
        if (r == -EFBIG) {
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "larger than %u bytes", CONF_SIZE_MAX);
                return -EBADMSG;
        }
        if (r < 0)
                return r;
        return conf_parse_buffer(path, data, size, items, object, diag);
}

int conf_parse_string(const char *value, void *data, const char **reterr_wanted)
{
        char **s = data, *copy = NULL;

        if (*value) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }
        free(*s);
        *s = copy;
        return 0;
}
