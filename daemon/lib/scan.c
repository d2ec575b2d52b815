/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: one file -> one classification: asks every reader, classifies what
 * they found, looks at ELF files.
 * Owns: the order of these steps, and the rule that what is not understood is
 * unparsable and never clean.
 * Must not: open anything; be called by a privileged process on a file of
 * somebody else.
 * Called by: the sandboxed scanner, fuzzers, tests.
 */
#include "lib/scan.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "lib/classify.h"
#include "lib/escape.h"
#include "lib/model/fingerprint.h"
#include "lib/model/reader.h"

typedef struct Scan {
        Source source;
        const char *path;
        const ScanSibling *siblings;
        size_t n_siblings;
        const ModelcapSet *set;
        Classification *result;
        bool is_model, unparsable;
} Scan;

static uint64_t now_usec(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000U + (uint64_t) ts.tv_nsec / 1000U;
}

/* Not fstat() of the C library, which may be a system call that takes a path: the sandbox has none of these. */
static int stat_file(int fd, uint64_t *ret_size)
{
        struct stat st;

#if defined(__x86_64__) || defined(__aarch64__)
        if (syscall(SYS_fstat, fd, &st) < 0)
#else
        if (fstat(fd, &st) < 0)
#endif
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;
        *ret_size = (uint64_t) st.st_size;
        return 0;
}

static void set_text(char *dst, size_t size, const char *s)
{
        memset(dst, 0, size);
        text_copy(dst, size, s, strlen(s));
}

static void read_siblings(Scan *s, ModelFacts *facts)
{
        for (size_t i = 0; i < MIN(s->n_siblings, (size_t) SCAN_SIBLINGS_MAX); i++) {
                Source source;
                uint64_t size = 0;

                if (stat_file(s->siblings[i].fd, &size) < 0)
                        continue;
                source_init_fd(&source, s->siblings[i].fd, size);
                model_read_sibling(s->siblings[i].name, &source, facts);
                s->result->bytes_read += source.bytes_read;
        }
}

/* One format. A file may be of several: each is read, each counts. */
static void read_format(Scan *s, const ModelReader *reader)
{
        _cleanup_facts_ ModelFacts facts;
        bool overflow;
        int r;

        s->source.reason = NULL;
        if (reader->probe(&s->source) == PROBE_NO)
                return;
        facts_init(&facts);
        s->source.reason = NULL;
        s->source.items_left = SOURCE_ITEMS_MAX;
        r = reader->read(&s->source, &facts);
        if (!facts.is_model)
                return;
        if (!s->is_model)
                set_text(s->result->format, sizeof(s->result->format),
                         facts.container[0] ? facts.container : reader->name);
        s->is_model = true;
        overflow = facts.overflow;
        /* Weights that cannot be read cannot be loaded either; then there is no sketch, and nothing else is lost. */
        if (r >= 0)
                (void) fingerprint_make(&s->source, &facts);
        if (reader != &model_reader_hf_config)
                read_siblings(s, &facts);
        if (r < 0 || overflow) {
                s->unparsable = true;
                set_text(s->result->reason, sizeof(s->result->reason),
                         r < 0 && s->source.reason ? s->source.reason : FACTS_OVERFLOW);
        }
        if (classify(&facts, s->path, s->set, s->result) < 0) {
                s->unparsable = true;
                set_text(s->result->reason, sizeof(s->result->reason), "out of memory");
        }
}

static void set_status(Scan *s)
{
        Classification *c = s->result;

        c->status = s->unparsable ? SCAN_UNPARSABLE : s->is_model ? SCAN_CLEAN : SCAN_NOT_A_MODEL;
        for (unsigned i = 0; i < c->n_modelcaps; i++) {
                if (c->modelcaps[i].certainty == CERTAINTY_IDENTIFIED)
                        c->status = SCAN_IDENTIFIED;
                else if (c->modelcaps[i].certainty == CERTAINTY_SUSPECT)
                        c->status = MAX(c->status, (uint8_t) SCAN_SUSPECT);
        }
        if (c->status != SCAN_UNPARSABLE)
                memset(c->reason, 0, sizeof(c->reason));
}

/* Surest first. */
static void sort_findings(Classification *c)
{
        for (unsigned i = 1; i < c->n_modelcaps; i++)
                for (unsigned k = i; k > 0; k--) {
                        ModelcapFinding *a = &c->modelcaps[k - 1], *b = &c->modelcaps[k], swap;

                        if (a->certainty > b->certainty ||
                            (a->certainty == b->certainty && a->confidence >= b->confidence))
                                break;
                        swap = *a;
                        *a = *b;
                        *b = swap;
                }
}

/* A format that holds nothing but models, and that nobody here can read: that is not clean. */
static void guess_format(Scan *s)
{
        const char *format = model_guess_format(&s->source);

        set_text(s->result->format, sizeof(s->result->format), format);
        if (strcmp(format, "gguf") == 0 || strcmp(format, "tflite") == 0) {
                s->unparsable = true;
                set_text(s->result->reason, sizeof(s->result->reason), "there is no reader for this format");
        }
}

void scan_fd(int fd, const char *path, const ScanSibling *siblings, size_t n_siblings,
             const ModelcapSet *modelcaps, Classification *ret)
{
        uint64_t begin = now_usec();
        const char *slash = strrchr(path, '/');
        Scan s = {
                .path = path, .siblings = siblings, .n_siblings = n_siblings, .set = modelcaps, .result = ret
        };
        uint64_t size = 0;

        memset(ret, 0, sizeof(*ret));
        ret->version = CLASSIFICATION_VERSION;
        if (stat_file(fd, &size) < 0) {
                ret->status = SCAN_UNPARSABLE;
                set_text(ret->reason, sizeof(ret->reason), "not a regular file");
                return;
        }
        source_init_fd(&s.source, fd, size);
        if (runtime_read_elf(modelcaps->runtimes, &s.source, slash ? slash + 1 : path, ret))
                set_text(ret->format, sizeof(ret->format), "elf");
        for (size_t i = 0; model_readers[i]; i++)
                read_format(&s, model_readers[i]);
        s.source.reason = NULL;
        if (!s.is_model && !ret->format[0])
                guess_format(&s);
        set_status(&s);
        sort_findings(ret);
        ret->bytes_read += s.source.bytes_read;
        ret->micros = (uint32_t) MIN(now_usec() - begin, (uint64_t) UINT32_MAX);
}
