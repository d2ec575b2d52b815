/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: loads each program of each object alone, then all of them together,
 * and prints what the verifier said it cost. A kernel that refuses a kind of
 * program (EPERM, as some hosts do for LSM) gives a skip with that reason; a
 * program that no variant of which loads is a failure.
 *
 * Usage: bpf-verify [-v] [PROGRAM]. Output: ok, not ok and skip lines, as tests do.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "aiguard.skel.h"
#include "aiguard_fan.skel.h"

#define LOG_SIZE (16 * 1024 * 1024)
#define COMPAT "_compat"

/* One for each backend. */
static const struct {
        const char *name;
        const void *(*elf)(size_t *ret_size);
} objects[] = { { "aiguard", aiguard__elf_bytes }, { "aiguard_fan", aiguard_fan__elf_bytes } };

static char *log_buf;
static bool arg_verbose;
static size_t current; /* of `objects` */

static int quiet(enum libbpf_print_level level, const char *format, va_list ap)
{
        return arg_verbose ? vfprintf(stderr, format, ap) : 0;
}

static struct bpf_object *open_current(void)
{
        LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = objects[current].name);
        const void *elf;
        size_t size;

        elf = objects[current].elf(&size);
        return bpf_object__open_mem(elf, size, &options);
}

/* Loads what `wanted` names (NULL: everything but `without`). 0 or -errno; the log is left in log_buf. */
static int try_load(const char *wanted, bool (*skip)(const char *))
{
        struct bpf_program *program;
        struct bpf_object *object;
        int r;

        log_buf[0] = 0;
        object = open_current();
        if (!object)
                return -errno;
        bpf_object__for_each_program(program, object)
        {
                const char *name = bpf_program__name(program);

                bpf_program__set_autoload(program, wanted ? !strcmp(name, wanted) : !skip(name));
                if (wanted && !strcmp(name, wanted)) {
                        bpf_program__set_log_buf(program, log_buf, LOG_SIZE);
                        bpf_program__set_log_level(program, arg_verbose ? 1 | 4 : 4);
                }
        }
        r = bpf_object__load(object);
        bpf_object__close(object);
        return r;
}

/* The number behind the last `word`; the verifier's summary is the end of a good log. */
static long last_number(const char *word)
{
        const char *last = NULL;

        for (const char *p = log_buf; (p = strstr(p, word)); p++)
                last = p;
        return last ? strtol(last + strlen(word), NULL, 10) : -1;
}

static void last_lines(char *ret, size_t size)
{
        size_t n = strlen(log_buf), start = n > size - 1 ? n - (size - 1) : 0;

        snprintf(ret, size, "%s", log_buf + start);
        for (char *p = ret; *p; p++)
                if (*p == '\n')
                        *p = '|';
}

typedef struct Result {
        char name[64];
        int error;
} Result;

static Result results[64];
static size_t n_results;

static int result_of(const char *name)
{
        for (size_t i = 0; i < n_results; i++)
                if (!strcmp(results[i].name, name))
                        return results[i].error;
        return -ENOENT;
}

/* The other variant of the same hook: the same name with or without `_compat`. */
static bool twin_loads(const char *name)
{
        size_t n = strlen(name), k = strlen(COMPAT);
        char twin[128];

        if (n > k && !strcmp(name + n - k, COMPAT))
                snprintf(twin, sizeof(twin), "%.*s", (int) (n - k), name);
        else
                snprintf(twin, sizeof(twin), "%.100s" COMPAT, name);
        return result_of(twin) == 0;
}

static bool failed(const char *name)
{
        return result_of(name) != 0;
}

static void collect(const char *only)
{
        struct bpf_object *object = open_current();
        struct bpf_program *program;

        n_results = 0;
        if (!object) {
                printf("not ok - bpf-verify # cannot open the object: %m\n");
                exit(1);
        }
        bpf_object__for_each_program(program, object)
        {
                const char *name = bpf_program__name(program);

                if (only && strcmp(only, name) != 0)
                        continue;
                if (n_results < sizeof(results) / sizeof(results[0]))
                        snprintf(results[n_results++].name, sizeof(results[0].name), "%s", name);
        }
        bpf_object__close(object);
}

static void try_each(void)
{
        char text[400];

        for (size_t i = 0; i < n_results; i++) {
                results[i].error = try_load(results[i].name, NULL);
                if (!results[i].error)
                        printf("ok - loads %s (%ld verifier instructions, %ld us)\n", results[i].name,
                               last_number("processed "), last_number("verification time "));
                last_lines(text, sizeof(text));
                if (results[i].error && (results[i].error != -EPERM || log_buf[0]))
                        printf("# %s: %s %s\n", results[i].name, strerror(-results[i].error), text);
                if (arg_verbose && results[i].error)
                        fputs(log_buf, stderr);
                fflush(stdout);
        }
}

/* What did not load, and whether that is a fault. Returns how many faults. */
static int judge_each(void)
{
        int bad = 0;

        for (size_t i = 0; i < n_results; i++) {
                const char *name = results[i].name;

                if (!results[i].error)
                        continue;
                if (results[i].error == -EPERM && !log_buf[0]) {
                        printf("skip - loads %s # this kernel refuses such programs: EPERM\n", name);
                } else if (twin_loads(name)) {
                        printf("skip - loads %s # its other variant fits this kernel\n", name);
                } else {
                        printf("not ok - loads %s # %s\n", name, strerror(-results[i].error));
                        bad++;
                }
        }
        return bad;
}

static int verify_object(const char *only)
{
        int bad, r;

        collect(only);
        if (n_results == 0)
                return 0;
        try_each();
        bad = judge_each();
        r = try_load(NULL, failed);
        if (r < 0)
                printf("not ok - all of %s that load alone load together # %s\n", objects[current].name,
                       strerror(-r));
        else
                printf("ok - all of %s that load alone load together\n", objects[current].name);
        return bad + (r < 0);
}

int main(int argc, char **argv)
{
        int bad = 0;

        if (argc > 1 && !strcmp(argv[1], "-v")) {
                arg_verbose = true;
                argc--;
                argv++;
        }
        libbpf_set_print(quiet);
        libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
        log_buf = calloc(1, LOG_SIZE);
        if (!log_buf)
                return 1;
        for (current = 0; current < sizeof(objects) / sizeof(objects[0]); current++)
                bad += verify_object(argc > 1 ? argv[1] : NULL);
        return bad != 0;
}
