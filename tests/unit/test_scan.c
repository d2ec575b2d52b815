/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the border to the scanner: answers that lie, children that die or hang, and the sandbox itself. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/escape.h"
#include "lib/scan-client.h"
#include "model-files.h"

static Classification good(void)
{
        Classification c = { .version = CLASSIFICATION_VERSION,
                             .status = SCAN_IDENTIFIED,
                             .n_modelcaps = 1 };

        strcpy(c.format, "onnx");
        strcpy(c.modelcaps[0].name, "emotion.face");
        c.modelcaps[0].certainty = CERTAINTY_IDENTIFIED;
        c.modelcaps[0].confidence = 90;
        c.modelcaps[0].n_evidence = 1;
        strcpy(c.modelcaps[0].evidence[0].kind, "label-list");
        strcpy(c.modelcaps[0].evidence[0].detail, "é");
        return c;
}

static bool is_valid(const Classification *c, size_t n)
{
        const Classification *valid = NULL;
        int r = classification_validate(c, n, &valid);

        cr_assert(r == 0 || (r == -EBADMSG && !valid));
        return r == 0;
}

Test(scan, validate)
{
        Classification c = good();

        cr_assert(is_valid(&c, sizeof(c)));
        cr_assert_not(is_valid(&c, sizeof(c) - 1));
        cr_assert_not(is_valid(&c, 0));
#define REFUSED(change)                                          \
        do {                                                     \
                c = good();                                      \
                change;                                          \
                cr_expect_not(is_valid(&c, sizeof(c)), #change); \
        } while (0)
        REFUSED(c.version++);
        REFUSED(c.status = _SCAN_STATUS_MAX);
        REFUSED(c.runtime = _RUNTIME_KIND_MAX);
        REFUSED(c.n_modelcaps = CLASSIFICATION_MODELCAPS_MAX + 1);
        REFUSED(c.n_modelcaps = 2); /* a finding without a name */
        REFUSED(c.is_text = 2);
        REFUSED(memset(c.format, 'x', sizeof(c.format)));
        REFUSED(c.reason[0] = '\xff');
        REFUSED(c.reason[5] = 'x'); /* behind the end */
        REFUSED(c.modelcaps[0].certainty = _CERTAINTY_MAX);
        REFUSED(c.modelcaps[0].confidence = 101);
        REFUSED(c.modelcaps[0].n_evidence = CLASSIFICATION_EVIDENCE_MAX + 1);
        REFUSED(c.modelcaps[7].evidence[5].detail[0] = '\x80');
        REFUSED(c.runtime_evidence.kind[0] = '\xc0');
}

/* Whatever byte is changed: refused, or a classification with all enumerations in range. */
Test(scan, validate_mutated)
{
        const Classification original = good();

        for (size_t i = 0; i < sizeof(Classification); i++) {
                Classification c = original;

                ((unsigned char *) &c)[i] ^= 0xff;
                if (is_valid(&c, sizeof(c))) {
                        cr_assert(scan_status_to_string((ScanStatus) c.status));
                        cr_assert(runtime_kind_to_string((RuntimeKind) c.runtime));
                        cr_assert_leq(c.n_modelcaps, CLASSIFICATION_MODELCAPS_MAX);
                }
        }
}

static Classification finish_with(const void *data, size_t n)
{
        Classification c;
        int pair[2];

        cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
        if (n > 0)
                cr_assert_eq(write(pair[1], data, n), (ssize_t) n);
        close(pair[1]);
        cr_assert_eq(scan_job_finish(pair[0], &c), 0);
        close(pair[0]);
        return c;
}

Test(scan, answers)
{
        Classification c = good(), answer = finish_with(&c, classification_used(&c));
        char longer[sizeof(c) + 16] = {};
        int pair[2];

        cr_assert_eq(answer.status, SCAN_IDENTIFIED);
        answer = finish_with(NULL, 0);
        cr_assert_eq(answer.status, SCAN_UNPARSABLE);
        answer = finish_with("lies", 4);
        cr_assert_eq(answer.status, SCAN_UNPARSABLE);
        /* The length is what the number of findings says, and nothing else. */
        for (int d = -1; d <= 1; d += 2) {
                answer = finish_with(&c, classification_used(&c) + (size_t) d);
                cr_assert_eq(answer.status, SCAN_UNPARSABLE);
        }
        memcpy(longer, &c, sizeof(c));
        for (size_t n = sizeof(c); n <= sizeof(longer); n += 16) {
                answer = finish_with(longer, n);
                cr_assert_eq(answer.status, SCAN_UNPARSABLE);
        }
        c.modelcaps[0].confidence = 200;
        answer = finish_with(&c, classification_used(&c));
        cr_assert_eq(answer.status, SCAN_UNPARSABLE);
        cr_assert_eq(answer.n_modelcaps, 0);
        /* asked too early: does not wait */
        cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
        cr_assert_eq(scan_job_finish(pair[0], &c), -EAGAIN);
        close(pair[0]);
        close(pair[1]);
}

static ScanServer *server(bool reuse, unsigned seconds, unsigned delay_ms)
{
        ScanServerOptions options = {
                .modelcaps_dir = "policies/modelcaps",
                .seconds = seconds,
                .reuse = reuse,
                .delay_ms = delay_ms,
        };
        ScanServer *s = NULL;
        int r = scan_server_new(&options, &s);

        cr_assert_eq(r, 0, "%s: is AIGUARD_SCANNER set and built?", strerror(-r));
        return s;
}

static int model_file(void)
{
        _cleanup_bytes_ Bytes graph = onnx_graph("net", 3, 224, 7),
                              model = onnx_model(&graph, "names", FER_LABELS);

        return file_of(model.data, model.n);
}

static pid_t child_of(pid_t parent)
{
        char path[64];
        FILE *f;
        int pid = 0;

        (void) snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
        for (int i = 0; i < 200 && pid == 0; i++) {
                f = fopen(path, "r");
                cr_assert(f);
                if (fscanf(f, "%d", &pid) != 1)
                        pid = 0;
                fclose(f);
                (void) usleep(5000);
        }
        return pid;
}

Test(scan, both_kinds_of_server)
{
        for (int reuse = 0; reuse < 2; reuse++) {
                ScanServer *s = server(reuse, 10, 0);
                int fd = model_file();
                Classification c;

                for (int i = 0; i < 20; i++) {
                        cr_assert_eq(scan_server_run(s, fd, "/x.bin", NULL, 0, &c), 0);
                        cr_assert_eq(c.status, SCAN_IDENTIFIED, "%s %s",
                                     scan_status_to_string((ScanStatus) c.status), c.reason);
                }
                close(fd);
                scan_server_free(s);
        }
}

Test(scan, many_at_once)
{
        ScanServer *s = server(false, 10, 50);
        int fd = model_file(), jobs[16];

        for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
                cr_assert_eq(scan_server_submit(s, fd, "/x.bin", NULL, 0, &jobs[i]), 0);
        for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
                struct pollfd p = { .fd = jobs[i], .events = POLLIN };
                Classification c;

                cr_assert_eq(poll(&p, 1, 20000), 1);
                cr_assert_eq(scan_job_finish(jobs[i], &c), 0);
                cr_assert_eq(c.status, SCAN_IDENTIFIED);
                close(jobs[i]);
        }
        close(fd);
        scan_server_free(s);
}

Test(scan, siblings_go_along)
{
        static const char config[] = "{\"architectures\":[\"ViTForImageClassification\"],"
                                     "\"id2label\":{\"0\":\"sad\",\"1\":\"angry\",\"2\":\"happy\"}}";
        char dir[] = "/tmp/aiguard-scan-XXXXXX", path[64];
        ScanSibling siblings[SCAN_SIBLINGS_MAX];
        ScanServer *s = server(false, 10, 0);
        Bytes graph = onnx_graph("net", 3, 300, 3);
        _cleanup_bytes_ Bytes model = onnx_model(&graph, NULL, NULL);
        int fd = file_of(model.data, model.n), dir_fd;
        Classification c;
        size_t n;
        FILE *f;

        cr_assert(mkdtemp(dir));
        (void) snprintf(path, sizeof(path), "%s/config.json", dir);
        f = fopen(path, "w");
        cr_assert(f);
        fputs(config, f);
        fclose(f);
        (void) snprintf(path, sizeof(path), "%s/labels.txt", dir);
        cr_assert_eq(mkfifo(path, 0600), 0); /* must not be opened, nor waited for */
        (void) snprintf(path, sizeof(path), "%s/classes.txt", dir);
        cr_assert_eq(symlink("/etc/passwd", path), 0); /* leads out */
        dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        n = scan_siblings_open(dir_fd, "model.onnx", false, siblings);
        cr_assert_eq(n, 1U);
        cr_assert_str_eq(siblings[0].name, "config.json");
        cr_assert_eq(scan_server_run(s, fd, "/model.onnx", siblings, n, &c), 0);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        scan_siblings_close(siblings, n);
        n = scan_siblings_open(dir_fd, "model.onnx", true, siblings);
        cr_assert_eq(n, 2U);
        scan_siblings_close(siblings, n);
        n = scan_siblings_open(dir_fd, "config.json", false, siblings);
        cr_assert_eq(n, 0U);
        for (int i = 0; i < 3; i++) {
                static const char *const names[] = { "config.json", "labels.txt", "classes.txt" };

                (void) unlinkat(dir_fd, names[i], 0);
        }
        (void) rmdir(dir);
        close(dir_fd);
        close(fd);
        scan_server_free(s);
}

Test(scan, a_killed_child_costs_its_file_only)
{
        ScanServer *s = server(false, 10, 3000);
        struct pollfd p = { .events = POLLIN };
        int fd = model_file(), job;
        Classification c;
        pid_t child;

        cr_assert_eq(scan_server_submit(s, fd, "", NULL, 0, &job), 0);
        child = child_of(scan_server_pid(s));
        cr_assert_gt(child, 0);
        cr_assert_eq(kill(child, SIGKILL), 0);
        p.fd = job;
        cr_assert_eq(poll(&p, 1, 10000), 1);
        cr_assert_eq(scan_job_finish(job, &c), 0);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        close(job);
        /* the next one is served */
        cr_assert_eq(scan_server_run(s, fd, "", NULL, 0, &c), 0);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        close(fd);
        scan_server_free(s);
}

Test(scan, a_child_that_hangs)
{
        ScanServer *s = server(false, 1, 500);
        int fd = model_file();
        Classification c;
        pid_t child, helper = fork();

        cr_assert_geq(helper, 0);
        if (helper == 0) {
                child = child_of(scan_server_pid(s));
                _exit(child > 0 && kill(child, SIGSTOP) == 0 ? 0 : 1);
        }
        cr_assert_eq(scan_server_run(s, fd, "", NULL, 0, &c), 0);
        cr_assert_eq(c.status, SCAN_UNPARSABLE);
        close(fd);
        scan_server_free(s);
}

/* A process that nobody has waited for is dead as well. */
static bool is_running(pid_t pid)
{
        char path[64], state = 'X';
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        f = fopen(path, "r");
        if (!f)
                return false;
        if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
                state = 'X';
        fclose(f);
        return state != 'Z' && state != 'X';
}

Test(scan, a_dead_zygote_is_told)
{
        for (int reuse = 0; reuse < 2; reuse++) {
                ScanServer *s = server(reuse, 10, 0);
                int fd = model_file(), job, r = 0;
                pid_t worker = reuse ? child_of(scan_server_pid(s)) : 0;

                cr_assert_eq(kill(scan_server_pid(s), SIGKILL), 0);
                for (int i = 0; i < 200 && r == 0; i++) {
                        job = -1;
                        r = scan_server_submit(s, fd, "", NULL, 0, &job);
                        safe_close(job);
                        (void) usleep(10000);
                }
                cr_assert_eq(r, -EPIPE, "%s", strerror(-r));
                if (reuse)
                        cr_assert_not(is_running(worker), "the worker outlives its zygote");
                close(fd);
                scan_server_free(s);
        }
}

/* A worker that dies is replaced. */
Test(scan, a_dead_worker_is_replaced)
{
        ScanServer *s = server(true, 10, 0);
        int fd = model_file();
        Classification c;

        cr_assert_eq(kill(child_of(scan_server_pid(s)), SIGKILL), 0);
        (void) usleep(100000);
        cr_assert_eq(scan_server_run(s, fd, "", NULL, 0, &c), 0);
        cr_assert_eq(c.status, SCAN_IDENTIFIED);
        close(fd);
        scan_server_free(s);
}

static unsigned long status_field(pid_t pid, const char *field, int base)
{
        char path[64], line[256];
        unsigned long v = ~0UL;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/status", pid);
        f = fopen(path, "r");
        cr_assert(f);
        while (fgets(line, sizeof(line), f))
                if (strncmp(line, field, strlen(field)) == 0)
                        v = strtoul(line + strlen(field), NULL, base);
        fclose(f);
        return v;
}

Test(scan, sandbox)
{
        ScanServer *s = server(false, 10, 0);
        pid_t pid = scan_server_pid(s);

        cr_assert_eq(status_field(pid, "Seccomp:", 10), 2UL);
        cr_assert_eq(status_field(pid, "NoNewPrivs:", 10), 1UL);
        cr_assert_eq(status_field(pid, "CapEff:", 16), 0UL);
        cr_assert_eq(status_field(pid, "CapPrm:", 16), 0UL);
        if (geteuid() == 0) {
                cr_assert_neq(status_field(pid, "Uid:", 10), 0UL);
                cr_assert_eq(status_field(pid, "CapBnd:", 16), 0UL);
        }
        scan_server_free(s);
}

Test(scan, a_program_that_is_no_scanner)
{
        static const char *const programs[] = { "/bin/true", "/bin/false", "/nonexistent" };

        for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
                ScanServerOptions options = { .program = programs[i],
                                              .modelcaps_dir = "policies/modelcaps" };
                ScanServer *s = NULL;

                cr_assert_lt(scan_server_new(&options, &s), 0);
                cr_assert_null(s);
        }
}

Test(scan, bad_model_capabilities)
{
        ScanServerOptions options = { .modelcaps_dir = "/nonexistent" };
        ScanServer *s = NULL;

        cr_assert_eq(scan_server_new(&options, &s), -ENOENT);
}

/* ------------------------------------------------------------ escaping */

Test(escape, hostile_text)
{
        static const struct {
                const char *in, *out;
        } cases[] = {
                { "plain", "plain" },
                { "қуаныш 喜び", "қуаныш 喜び" },
                { "a\nb\033[2J", "a\\x0ab\\x1b[2J" },
                { "\xff\xc3", "\\xff\\xc3" },
                { "back\\slash", "back\\x5cslash" },
                { "\xe2\x80\xae"
                  "gnp.exe",
                  "\\xe2\\x80\\xaegnp.exe" },          /* right-to-left override */
                { "\xc2\x9b", "\\xc2\\x9b" },          /* C1 */
                { "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
                { "\xc0\x80", "\\xc0\\x80" },          /* overlong */
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = escape_new(cases[i].in, strlen(cases[i].in));

                cr_expect_str_eq(text, cases[i].out);
        }
}

Test(escape, copies_whole_characters)
{
        char text[8];

        text_copy(text, sizeof(text), "abcdeé", 7);
        cr_assert_str_eq(text, "abcdeé");
        text_copy(text, sizeof(text), "abcdefé", 8);
        cr_assert_str_eq(text, "abcdef");
        text_copy(text, sizeof(text), "\xff", 1);
        cr_assert_str_eq(text, "\xef\xbf\xbd");
}
