/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl model`: says what a model is for when its
 * classification is wrong. By the digest of the file, so that a changed file is
 * undeclared again. What is identified is not lifted by one person's word.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl-declare.h"
#include "ctl-inventory.h"
#include "ctl-output.h"
#include "lib/scan-client.h"
#include "lib/util-string.h"
#include "verbs.h"

static const char usage_text[] =
                "aiguardctl model declare FILE --as=CAPABILITY|none --reason=TEXT --until=DATE|--for=30d "
                "[--out=FILE]\n"
                "aiguardctl model list [--json]                the models that were seen on this host\n"
                "aiguardctl model list --declared [--json]     the declarations\n"
                "aiguardctl model revoke ID\n\n"
                "Corrects the classification of a model, by the SHA-256 of its file: of what is suspected "
                "or\n"
                "possible, unparsable or undeclared. What is identified stays, unless two sign: --out=FILE "
                "writes\n"
                "the declaration, somebody in trust.d signs it (aiguardctl consent sign "
                "--kind=declaration), root\n"
                "imports it (aiguardctl consent import). The reason is logged and listed.\n\n"
                "Exit: 0 done; 1 refused; 2 called wrongly; 5 no rights (root).\n";

static int open_model(const char *path, char real[PATH_MAX])
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        if (!realpath(path, real))
                return -errno;
        fd = open(real, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        return TAKE_FD(fd);
}

/* 1: identified as something that the declaration would have to lift. */
static int is_identified(int fd, const char *path, const char *as)
{
        _cleanup_(scan_server_freep) ScanServer *server = NULL;
        char copy[PATH_MAX], name[PATH_MAX];
        ScanSibling siblings[SCAN_SIBLINGS_MAX];
        _cleanup_close_ int dir_fd = -EBADF;
        static Classification c;
        size_t n = 0;
        int r;

        r = scan_server_new(&(ScanServerOptions){}, &server);
        if (r < 0)
                return r;
        strcpy(copy, path);
        strcpy(name, path);
        dir_fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd >= 0)
                n = scan_siblings_open(dir_fd, basename(name), false, siblings);
        r = scan_server_run(server, fd, path, siblings, n, &c);
        scan_siblings_close(siblings, n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < c.n_modelcaps; i++)
                if (c.modelcaps[i].certainty == CERTAINTY_IDENTIFIED && !streq(c.modelcaps[i].name, as)) {
                        out_error("%s is identified as %s: lifting that takes a second signature, see "
                                  "--out; "
                                  "aiguardctl scan shows the evidence",
                                  path, c.modelcaps[i].name);
                        return 1;
                }
        return 0;
}

static int fill(const CtlDeclareArgs *args, Declaration *d)
{
        _cleanup_close_ int fd = -EBADF;
        char real[PATH_MAX];
        int r;

        if (!args->what || !args->as || !*args->as || args->exe || args->unit || args->persons ||
            args->not_ai) {
                fputs(usage_text, stderr);
                return EXIT_USAGE;
        }
        fd = open_model(args->what, real);
        if (fd < 0) {
                out_error("%s: %s", args->what, fd == -EINVAL ? "is no regular file" : strerror(-fd));
                return EXIT_FAILURE;
        }
        /* With --out it is for somebody else to sign as well, and then it may be. */
        r = args->out ? 0 : is_identified(fd, real, args->as);
        if (r > 0)
                return EXIT_FAILURE;
        if (r < 0)
                out_error("%s could not be scanned (%s); what is identified in it stays refused all the "
                          "same",
                          real, strerror(-r));
        r = digest_fd(fd, DECLARATION_MODEL_MAX, d->digest, &d->size);
        if (r < 0) {
                out_error("%s: %s", real,
                          r == -EFBIG ? "is longer than 2 GiB; models of that size cannot be declared yet"
                                      : strerror(-r));
                return EXIT_FAILURE;
        }
        d->path = strdup(real);
        d->as = strdup(args->as);
        return d->path && d->as ? 0 : EXIT_FAILURE;
}

/* Takes an option out of the arguments; returns whether it was there. */
static bool take(int *argc, char **argv, const char *option)
{
        for (int i = 1; i < *argc; i++)
                if (streq(argv[i], option)) {
                        memmove(argv + i, argv + i + 1, (size_t) (*argc - i) * sizeof(*argv));
                        --*argc;
                        return true;
                }
        return false;
}

int verb_model(int argc, char **argv)
{
        static const CtlDeclareKind kind = { DECLARATION_MODEL, usage_text, fill };

        if (argc > 1 && streq(argv[1], "list") && !take(&argc, argv, "--declared")) {
                bool json = take(&argc, argv, "--json");

                if (argc == 2)
                        return ctl_inventory(json);
                /* --help, or a mistake: said where all of the verb is. */
        }
        return ctl_declare_verb(&kind, argc, argv);
}
