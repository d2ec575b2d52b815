/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: options, configuration, signals, then the manager. Nothing else.
 *
 * Exit codes, as in aiguardd(8): 0 ended as told; 1 failed; 2 wrong option;
 * 69 this kernel cannot (no BTF, no BPF LSM, a hook is missing); 71 the system
 * is short of something; 77 no rights; 78 the configuration or the policy is
 * wrong. Each failure is one sentence on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <sysexits.h>

#include "lib/log.h"
#include "lib/version.h"
#include "loader.h"
#include "manager-internal.h"

#define POLICY_FILES_MAX 32
#define EXIT_WRONG_OPTION 2

static const char *arg_policy_files[POLICY_FILES_MAX + 1];
static size_t arg_n_policy_files;
static const char *arg_modelcaps_dir;
static const char *arg_scanner_program;
static bool arg_unpin;
static bool arg_debug;

static void usage(FILE *f)
{
        fputs("Usage: aiguardd [OPTION...]\n"
              "Keeps AI workloads from models and sensors that the policy forbids.\n\n"
              "      --policy=FILE     this policy instead of the installed ones (may be given again)\n"
              "      --modelcaps=DIR   these model capabilities\n"
              "      --scanner=FILE    this scanner program\n"
              "      --unpin           take everything out of the kernel and exit\n"
              "      --debug           say more on stderr\n"
              "  -h, --help            this text\n"
              "      --version         the version\n",
              f);
}

/* Returns 1 to go on, 0 when done, or a negative exit code. */
static int parse_options(int argc, char *argv[])
{
        static const struct option options[] = {
                { "policy", required_argument, NULL, 'p' },  { "modelcaps", required_argument, NULL, 'm' },
                { "scanner", required_argument, NULL, 's' }, { "unpin", no_argument, NULL, 'u' },
                { "debug", no_argument, NULL, 'd' },         { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },       { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'p':
                        if (arg_n_policy_files == POLICY_FILES_MAX)
                                return -EXIT_WRONG_OPTION;
                        arg_policy_files[arg_n_policy_files++] = optarg;
                        break;
                case 'm':
                        arg_modelcaps_dir = optarg;
                        break;
                case 's':
                        arg_scanner_program = optarg;
                        break;
                case 'u':
                        arg_unpin = true;
                        break;
                case 'd':
                        arg_debug = true;
                        break;
                case 'h':
                        usage(stdout);
                        return 0;
                case 'v':
                        puts("aiguardd " AIGUARD_VERSION);
                        return 0;
                default:
                        usage(stderr);
                        return -EXIT_WRONG_OPTION;
                }
        }
        if (optind < argc) {
                fprintf(stderr, "aiguardd: unexpected argument\n");
                usage(stderr);
                return -EXIT_WRONG_OPTION;
        }
        return 1;
}

static int exit_code(int r)
{
        switch (r) {
        case -EPERM:
        case -EACCES:
                return EX_NOPERM;
        case -EBADMSG:
        case -ENOENT:
                return EX_CONFIG;
        case -EOPNOTSUPP:
        case -ENODEV:
                return EX_UNAVAILABLE;
        case -ENOMEM:
        case -EMFILE:
        case -EAGAIN:
                return EX_OSERR;
        default:
                return EXIT_FAILURE;
        }
}

/* The groups of earlier runs, which openers may still be waiting on. Anything else in the store is closed. */
static size_t take_fanotify(int ret[MANAGER_FANOTIFY_MAX])
{
        char **names = NULL;
        int n = sd_listen_fds_with_names(true, &names);
        size_t found = 0;

        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (found < MANAGER_FANOTIFY_MAX && strcmp(names[i], "fanotify") == 0) {
                        (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
                        ret[found++] = fd;
                } else
                        safe_close(fd);
                free(names[i]);
        }
        free(names);
        return found;
}

static int load_config(Config *ret)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        int r = diag_new(&diag);

        if (r < 0)
                return r;
        r = config_load(NULL, diag, ret);
        diag_print(diag, stderr);
        if (r < 0)
                return log_error_errno(r, "aiguardd: the configuration cannot be read");
        manager_apply_cmdline(ret);
        return 0;
}

static int run(void)
{
        _cleanup_(manager_freep) Manager *m = NULL;
        /* No event of fanotify may get a number that a later run does not deny: see gate-fanotify.c. */
        const struct rlimit files = { .rlim_cur = 65536, .rlim_max = 65536 };
        ManagerOptions options = {
                .policy_files = arg_n_policy_files > 0 ? arg_policy_files : NULL,
                .modelcaps_dir = arg_modelcaps_dir,
                .scanner_program = arg_scanner_program,
        };
        Config config = {};
        sigset_t signals;
        int r;

        options.n_fanotify_fds = take_fanotify(options.fanotify_fds);
        r = load_config(&config);
        if (r < 0) {
                gate_refuse_groups(options.fanotify_fds, options.n_fanotify_fds);
                return r;
        }
        log_set_max_level(arg_debug ? LOG_DEBUG : config.log_level);
        if (config.off) {
                log_notice("aiguardd: switched off on the kernel command line (aiguard.mode=off)");
                config_done(&config);
                (void) sd_notify(false, "READY=1");
                return loader_unpin(AG_PIN_DIR);
        }
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
                log_warning_errno(-errno, "aiguardd: the limit of open files stays as it is");
        /* Before the first thread, so that every one of them leaves signals to the event loop. */
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);
        (void) signal(SIGPIPE, SIG_IGN);

        options.config = &config;
        r = manager_new(&options, &m);
        if (r < 0)
                return r;
        r = manager_start(m);
        if (r < 0)
                return r == -EINTR ? 0 : r;
        return manager_run(m);
}

int main(int argc, char *argv[])
{
        int r = parse_options(argc, argv);

        if (r <= 0)
                return -r;
        if (arg_debug)
                log_set_max_level(LOG_DEBUG);
        if (arg_unpin) {
                r = loader_unpin(AG_PIN_DIR);
                if (r < 0)
                        log_error_errno(r, "aiguardd: not everything could be taken out of the kernel");
        } else
                r = run();
        return r < 0 ? exit_code(r) : EXIT_SUCCESS;
}
