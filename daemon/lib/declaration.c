/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: declarations as documents: parsed, checked, written, and what each
 * changes in columns and tables. Pure but for digests and sysfs look-ups; kept
 * they are as grants, by grant-declare.c. Called by the daemon and aiguardctl.
 */
#include "lib/declaration.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/classification.h"
#include "lib/date.h"
#include "lib/escape.h"
#include "lib/sha256.h"
#include "lib/util-string.h"

#define REASON_MAX 500U
#define TEXT_MAX 4095U

const char *declaration_kind_to_string(DeclarationKind k)
{
        static const char *const names[] = { "model", "workload", "sensor", "emergency" };

        _Static_assert(ARRAY_SIZE(names) == _DECLARATION_KIND_MAX, "a name for each kind");
        return (unsigned) k < ARRAY_SIZE(names) ? names[k] : "unknown";
}

Declaration *declaration_free(Declaration *d)
{
        if (!d)
                return NULL;
        free(d->reason);
        free(d->path);
        free(d->as);
        free(d->workload);
        free(d->exe);
        free(d->unit);
        free(d->hardware);
        free(d);
        return NULL;
}

bool declaration_id_valid(const char *id)
{
        size_t n = strlen(id);

        return n > 0 && n < sizeof(((Declaration *) NULL)->id) &&
               strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && id[0] != '-';
}

void declaration_make_id(Declaration *d)
{
        char hex[SHA256_HEX_SIZE];
        Sha256 s;

        switch (d->kind) {
        case DECLARATION_MODEL:
                snprintf(d->id, sizeof(d->id), "model-%.16s", d->digest);
                return;
        case DECLARATION_SENSOR:
                snprintf(d->id, sizeof(d->id), "sensor-%u-%u", d->dev >> 20, d->dev & 0xfffff);
                return;
        default:
                break;
        }
        sha256_init(&s);
        /* The kind of match is part of it: a workload may be called like a unit. */
        sha256_update(&s,
                      d->kind == DECLARATION_EMERGENCY ? "m"
                      : d->workload                    ? "w"
                      : d->exe                         ? "e"
                                                       : "u",
                      1);
        if (d->workload)
                sha256_update(&s, d->workload, strlen(d->workload));
        else if (d->exe)
                sha256_update(&s, d->exe, strlen(d->exe));
        else if (d->unit)
                sha256_update(&s, d->unit, strlen(d->unit));
        sha256_final_hex(&s, hex);
        snprintf(d->id, sizeof(d->id), "%s-%.16s", declaration_kind_to_string(d->kind), hex);
}

/* ------------------------------------------------------------------- JSON */

json_t *declaration_to_json(const Declaration *d)
{
        char made[DATE_TEXT_MAX], until[DATE_TEXT_MAX];
        json_t *about = NULL;

        date_format(d->made_usec, made);
        date_format(d->until_usec, until);
        switch (d->kind) {
        case DECLARATION_MODEL:
                about = json_pack("{s:s, s:s, s:I, s:s}", "path", d->path, "sha256", d->digest, "size",
                                  (json_int_t) d->size, "as", d->as);
                break;
        case DECLARATION_EMERGENCY:
                about = json_pack("{s:s}", "workload", d->workload);
                break;
        case DECLARATION_WORKLOAD:
                about = json_pack("{s:s*, s:s*, s:s*}", "name", d->workload, "exe", d->exe, "unit", d->unit);
                break;
        default:
                about = json_pack("{s:s, s:I, s:I, s:s}", "path", d->path, "major",
                                  (json_int_t) (d->dev >> 20), "minor", (json_int_t) (d->dev & 0xfffff),
                                  "hardware", d->hardware);
        }
        return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "aiguard", 1, "id", d->id, "kind",
                         declaration_kind_to_string(d->kind), "reason", d->reason, "made", made, "until",
                         until, "by_uid", (json_int_t) d->by_uid, declaration_kind_to_string(d->kind),
                         about);
}

typedef struct Reader {
        char **reterr;
} Reader;

static int complain(Reader *r, const char *format, ...) _printf_(2, 3);
static int complain(Reader *r, const char *format, ...)
{
        va_list ap;

        if (!r->reterr)
                return -EBADMSG;
        va_start(ap, format);
        if (vasprintf(r->reterr, format, ap) < 0)
                *r->reterr = NULL;
        va_end(ap);
        return -EBADMSG;
}

/* A string of 1 to `max` bytes without NUL, copied. */
static int take_string(Reader *r, const json_t *object, const char *key, size_t max, char **ret)
{
        const json_t *v = json_object_get(object, key);
        const char *s = json_string_value(v);

        if (!s || json_string_length(v) == 0 || json_string_length(v) > max ||
            strlen(s) != json_string_length(v))
                return complain(r, "\"%s\" must be a text of 1 to %zu bytes", key, max);
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

static int take_number(Reader *r, const json_t *object, const char *key, uint64_t max, uint64_t *ret)
{
        const json_t *v = json_object_get(object, key);

        if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t) json_integer_value(v) > max)
                return complain(r, "\"%s\" must be a number from 0 to %llu", key, (unsigned long long) max);
        *ret = (uint64_t) json_integer_value(v);
        return 0;
}

static int take_date(Reader *r, const json_t *object, const char *key, uint64_t *ret)
{
        const char *s = json_string_value(json_object_get(object, key));

        if (!s || date_parse(s, ret) < 0)
                return complain(r, "\"%s\" must be a date such as 2026-12-31T23:59:59Z", key);
        return 0;
}

static int only_keys(Reader *r, json_t *object, const char *const *keys)
{
        const char *key;
        json_t *value;

        json_object_foreach(object, key, value)
        {
                bool known = false;

                for (size_t i = 0; keys[i] && !known; i++)
                        known = streq(keys[i], key);
                if (!known) {
                        _cleanup_free_ char *shown = escape_new(key, MIN(strlen(key), (size_t) 64));

                        return complain(r, "unknown key \"%s\"", shown ? shown : "?");
                }
        }
        return 0;
}

static int read_model(Reader *r, json_t *o, Declaration *d)
{
        static const char *const keys[] = { "path", "sha256", "size", "as", NULL };
        _cleanup_free_ char *digest = NULL;
        int k;

        if ((k = only_keys(r, o, keys)) < 0 || (k = take_string(r, o, "path", TEXT_MAX, &d->path)) < 0 ||
            (k = take_string(r, o, "sha256", 64, &digest)) < 0 ||
            (k = take_number(r, o, "size", DECLARATION_MODEL_MAX, &d->size)) < 0 ||
            (k = take_string(r, o, "as", sizeof(((ModelcapFinding *) NULL)->name) - 1, &d->as)) < 0)
                return k;
        if (!digest || strlen(digest) != 64 || strspn(digest, "0123456789abcdef") != 64)
                return complain(r, "\"sha256\" must be 64 hexadecimal digits");
        strcpy(d->digest, digest);
        return 0;
}

static int read_workload(Reader *r, json_t *o, Declaration *d)
{
        static const char *const keys[] = { "name", "exe", "unit", NULL };
        int k = only_keys(r, o, keys);

        if (k < 0)
                return k;
        if (json_object_size(o) != 1)
                return complain(r, "a workload is meant by exactly one of \"name\", \"exe\" and \"unit\"");
        if (json_object_get(o, "name"))
                return take_string(r, o, "name", AG_NAME_MAX - 1, &d->workload);
        if (json_object_get(o, "unit")) {
                k = take_string(r, o, "unit", 255, &d->unit);
                if (k >= 0 && (strchr(d->unit, '/') || strspn(d->unit, "*?.") == strlen(d->unit)))
                        return complain(r, "\"unit\" must be the name of a unit, and more than a wildcard");
                return k;
        }
        k = take_string(r, o, "exe", TEXT_MAX, &d->exe);
        if (k >= 0 && d->exe[0] != '/')
                return complain(r, "\"exe\" must be an absolute path");
        return k;
}

static int read_sensor(Reader *r, json_t *o, Declaration *d)
{
        static const char *const keys[] = { "path", "major", "minor", "hardware", NULL };
        uint64_t major = 0, minor = 0;
        int k;

        if ((k = only_keys(r, o, keys)) < 0 || (k = take_string(r, o, "path", TEXT_MAX, &d->path)) < 0 ||
            (k = take_number(r, o, "major", 0xfff, &major)) < 0 ||
            (k = take_number(r, o, "minor", 0xffffe, &minor)) < 0 ||
            (k = take_string(r, o, "hardware", TEXT_MAX, &d->hardware)) < 0)
                return k;
        d->dev = AG_DEV(major, minor);
        return 0;
}

static int read_emergency(Reader *r, json_t *o, Declaration *d)
{
        static const char *const keys[] = { "workload", NULL };
        int k = only_keys(r, o, keys);

        return k < 0 ? k : take_string(r, o, "workload", AG_NAME_MAX - 1, &d->workload);
}

static int read_document(Reader *r, json_t *o, Declaration *d)
{
        const char *kind = json_string_value(json_object_get(o, "kind"));
        const char *keys[] = { "aiguard", "id", "kind", "reason", "made", "until", "by_uid", kind, NULL };
        static int (*const readers[])(Reader * r, json_t * o, Declaration * d) = { read_model, read_workload,
                                                                                   read_sensor,
                                                                                   read_emergency };
        uint64_t version = 0, uid = 0;
        int k;

        for (d->kind = 0; d->kind < _DECLARATION_KIND_MAX; d->kind++)
                if (kind && streq(kind, declaration_kind_to_string(d->kind)))
                        break;
        if (d->kind == _DECLARATION_KIND_MAX)
                return complain(r, "\"kind\" must be model, workload, sensor or emergency");
        if ((k = only_keys(r, o, keys)) < 0 || (k = take_number(r, o, "aiguard", 1, &version)) < 0 ||
            (k = take_string(r, o, "reason", REASON_MAX, &d->reason)) < 0 ||
            (k = take_date(r, o, "made", &d->made_usec)) < 0 ||
            (k = take_date(r, o, "until", &d->until_usec)) < 0 ||
            (k = take_number(r, o, "by_uid", UINT32_MAX, &uid)) < 0)
                return k;
        if (version != 1)
                return complain(r, "\"aiguard\" must be 1: the version of this format");
        if (d->until_usec <= d->made_usec)
                return complain(r, "\"until\" is not after \"made\"");
        d->by_uid = (uint32_t) uid;
        o = json_object_get(o, kind);
        if (!json_is_object(o))
                return complain(r, "\"%s\" must be an object", kind);
        return readers[d->kind](r, o, d);
}

int declaration_parse(const char *text, size_t size, Declaration **ret, char **reterr)
{
        _cleanup_(declaration_freep) Declaration *d = calloc(1, sizeof(*d));
        Reader r = { .reterr = reterr };
        json_error_t e;
        json_t *o;
        int k;

        if (!d)
                return -ENOMEM;
        if (size > DECLARATION_BYTES_MAX)
                return complain(&r, "longer than %u bytes", DECLARATION_BYTES_MAX);
        o = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
        if (!o) {
                _cleanup_free_ char *shown = escape_new(e.text, strlen(e.text));

                return complain(&r, "%d:%d: %s", e.line, e.column, shown ? shown : "?");
        }
        k = json_is_object(o) ? read_document(&r, o, d) : complain(&r, "not an object");
        json_decref(o);
        if (k < 0)
                return k;
        declaration_make_id(d);
        *ret = TAKE_PTR(d);
        return 0;
}

/* ------------------------------------------------- what it is about */

int digest_fd(int fd, uint64_t max, char ret[65], uint64_t *ret_size)
{
        _cleanup_free_ char *buffer = malloc(256 * 1024);
        uint64_t n = 0;
        Sha256 s;

        if (!buffer)
                return -ENOMEM;
        sha256_init(&s);
        for (;;) {
                ssize_t k = pread(fd, buffer, 256 * 1024, (off_t) n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (uint64_t) k;
                if (n > max)
                        return -EFBIG;
                sha256_update(&s, buffer, (size_t) k);
        }
        sha256_final_hex(&s, ret);
        *ret_size = n;
        return 0;
}

/*
 * Where the device hangs: its parent in sysfs, so that the same port and the
 * same driver are meant, and not whatever gets this number next.
 */
int sensor_hardware(uint32_t dev, char **ret)
{
        char path[64], real[PATH_MAX];

        snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device", dev >> 20, dev & 0xfffff);
        if (!realpath(path, real)) {
                /* A virtual device has no parent: then itself. */
                *strrchr(path, '/') = '\0';
                if (!realpath(path, real))
                        return -errno;
        }
        *ret = strdup(real);
        return *ret ? 0 : -ENOMEM;
}

/* ---------------------------------------------------- what it changes */

static bool column_is_lifted(const Declaration *d, uint8_t column)
{
        if (column < AG_COL_SUSPECT)
                return d->second;
        return (column >= AG_COL_SUSPECT && column < AG_COL_CAMERA) || column == AG_COL_UNDECLARED_MODEL ||
               column == AG_COL_UNPARSABLE;
}

void declaration_apply_columns(const Declaration *d, const ModelcapSet *modelcaps, uint8_t *columns,
                               uint8_t *n)
{
        int as = streq(d->as, "none") ? -ENOENT : modelcap_set_find(modelcaps, d->as);
        uint8_t left = 0;

        for (uint8_t i = 0; i < *n; i++)
                if (!column_is_lifted(d, columns[i]))
                        columns[left++] = columns[i];
        /* What its owner says it can do is as good as found in it, and stands first: identified is the worst. */
        if (as >= 0) {
                bool there = false;

                for (uint8_t i = 0; i < left; i++)
                        there |= columns[i] == AG_COL_IDENTIFIED + as;
                if (!there) {
                        left = MIN(left, AG_OBJECT_COLUMNS - 1);
                        memmove(columns + 1, columns, left);
                        columns[0] = (uint8_t) (AG_COL_IDENTIFIED + as);
                        left++;
                }
        }
        *n = left;
}
