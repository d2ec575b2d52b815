/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl fingerprint FILE...`: a catalog of known models, ready
 * to be put beside the model capabilities.
 * Owns: nothing.
 * Must not: be used on a file one does not trust: this reads it in this process.
 * Called by: aiguardctl.c.
 */
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl-output.h"
#include "lib/model/fingerprint.h"
#include "lib/model/reader.h"
#include "lib/modelcap-catalog.h"
#include "verbs.h"

static const char usage_text[] =
                "aiguardctl fingerprint [--as=CAPABILITY] [--origin=TEXT] FILE...\n\n"
                "Prints a catalog of these models, for a file of its own beside the model capabilities.\n"
                "They and what was made from them are then recognised whatever they are called and stored "
                "in.\n"
                "Only for files you trust: they are read without the sandbox.\n\n"
                "Options:\n"
                "  --as=CAPABILITY   what they are for; default emotion.face\n"
                "  --origin=TEXT     where they are from\n"
                "  -h, --help        this text\n\n"
                "Exit: 0 done; 1 a file has no fingerprint; 2 called wrongly.\n";

/* A file may be of several formats; the one that shows most speaks. */
static int read_facts(int fd, uint64_t size, ModelFacts *ret)
{
        for (size_t i = 0; model_readers[i]; i++) {
                ModelFacts facts;
                _cleanup_source_ Source s = {};

                facts_init(&facts);
                source_init_fd(&s, fd, size);
                if (model_readers[i]->probe(&s) != PROBE_NO && model_readers[i]->read(&s, &facts) >= 0 &&
                    facts.is_model && fingerprint_make(&s, &facts) >= 0 &&
                    (facts.sketch.n_weights > ret->sketch.n_weights ||
                     (facts.sketch.has_shape && !ret->sketch.has_shape))) {
                        facts_done(ret);
                        *ret = facts;
                } else {
                        facts_done(&facts);
                }
        }
        return ret->sketch.has_shape || ret->sketch.n_weights > 0 ? 0 : -ENODATA;
}

static int print_one(const char *path, const char *as, const char *origin)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *copy = strdup(path);
        _cleanup_facts_ ModelFacts facts;
        struct stat st;
        int r;

        facts_init(&facts);
        if (!copy)
                return -ENOMEM;
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        r = read_facts(fd, (uint64_t) st.st_size, &facts);
        return r < 0 ? r : catalog_write(stdout, &facts, basename(copy), origin, as);
}

int verb_fingerprint(int argc, char **argv)
{
        static const struct option options[] = {
                { "as", required_argument, NULL, 'a' },
                { "origin", required_argument, NULL, 'o' },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        const char *as = "emotion.face", *origin = "not stated";
        int c, code = EXIT_SUCCESS;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'a':
                        as = optarg;
                        break;
                case 'o':
                        origin = optarg;
                        break;
                default:
                        fputs(usage_text, c == 'h' ? stdout : stderr);
                        return c == 'h' ? EXIT_SUCCESS : EXIT_USAGE;
                }
        if (optind >= argc) {
                fputs(usage_text, stderr);
                return EXIT_USAGE;
        }
        fputs("aiguard: 1\ncatalog: known models\nmodels:\n", stdout);
        for (char **path = argv + optind; *path; path++) {
                int r = print_one(*path, as, origin);

                if (r >= 0)
                        continue;
                out_error("%s: %s", *path, r == -ENODATA ? "no model that has a fingerprint" : strerror(-r));
                code = EXIT_FAILURE;
        }
        return code;
}
