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

#define TEXT_CONFIDENCE_MAX 79 /* as any suspicion, classify.c */

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
                source_done(&source);
        }
}

static bool has_labels(const ModelcapFinding *f)
{
        for (unsigned i = 0; i < f->n_evidence; i++)
                if (strcmp(f->evidence[i].kind, "label-list") == 0)
                        return true;
        return false;
}

static bool has_finding(const Classification *c, const char *name)
{
        for (unsigned i = 0; i < c->n_modelcaps; i++)
                if (strcmp(c->modelcaps[i].name, name) == 0)
                        return true;
        return false;
}

/* A text is what it is because of its labels: where it lies and what else it says only adds to them. */
static void read_text(Scan *s, const ModelReader *reader, const ModelFacts *facts)
{
        _cleanup_free_ Classification *found = NULL;
        Classification *c = s->result;

        if (facts->n_lists == 0)
                return;
        found = calloc(1, sizeof(*found));
        if (!found || classify(facts, s->path, s->set, found) < 0)
                return;
        for (unsigned i = 0; i < found->n_modelcaps; i++) {
                ModelcapFinding *f = &found->modelcaps[i];

                if (!has_labels(f) || has_finding(c, f->name) ||
                    c->n_modelcaps >= CLASSIFICATION_MODELCAPS_MAX)
                        continue;
                if (facts->standing == STANDS_AS_TEXT && f->certainty == CERTAINTY_IDENTIFIED) {
                        f->certainty = CERTAINTY_SUSPECT;
                        f->confidence = MIN(f->confidence, (uint8_t) TEXT_CONFIDENCE_MAX);
                }
                c->modelcaps[c->n_modelcaps++] = *f;
                if (!s->is_model) {
                        c->is_text = 1;
                        memcpy(c->classes, found->classes, sizeof(c->classes));
                }
                if (!s->is_model && !c->format[0])
                        set_text(c->format, sizeof(c->format),
                                 facts->container[0] ? facts->container : reader->name);
        }
}

/* One format. A file may be of several: each is read, each counts. */
static void read_format(Scan *s, const ModelReader *reader)
{
        _cleanup_facts_ ModelFacts facts;
        bool overflow;
        int r;

        /* Before the first way out, which frees what is in it. */
        facts_init(&facts);
        s->source.reason = NULL;
        if (reader->probe(&s->source) == PROBE_NO)
                return;
        s->source.reason = NULL;
        s->source.items_left = SOURCE_ITEMS_MAX;
        r = reader->read(&s->source, &facts);
        if (!facts.is_model)
                return;
        if (facts.standing != STANDS_AS_MODEL) {
                read_text(s, reader, &facts);
                return;
        }
        if (!s->is_model)
                set_text(s->result->format, sizeof(s->result->format),
                         facts.container[0] ? facts.container : reader->name);
        s->is_model = true;
        s->result->is_text = 0;
        overflow = facts.overflow;
        /* Weights that cannot be read cannot be loaded either; then there is no sketch, and nothing else is lost. */
        if (r >= 0)
                (void) fingerprint_make(&s->source, &facts);
        if (strcmp(facts.container, "hf-config") != 0)
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

/* ---------------------------------------------------- weights without a head */

static bool names_file(const ModelFacts *f, const char *name)
{
        for (size_t i = 0; i < f->n_names; i++)
                if (strcmp(f->names[i].where, FACTS_WEIGHTS_PATHS) == 0 &&
                    strcmp(f->names[i].text, name) == 0)
                        return true;
        return false;
}

/* The path of the manifest: that of the weights, up to its last part. */
static void manifest_path(const Scan *s, const char *name, char *ret, size_t size)
{
        const char *slash = strrchr(s->path, '/');
        int n = slash ? (int) (slash + 1 - s->path) : 0;

        if ((size_t) snprintf(ret, size, "%.*s%s", n, s->path, name) >= size)
                (void) snprintf(ret, size, "%s", name);
}

/* Does this document say that the file is the numbers of its model? Then that is what the file is. */
static bool adopt_manifest(Scan *s, const ScanSibling *sibling)
{
        const char *slash = strrchr(s->path, '/');
        _cleanup_facts_ ModelFacts facts;
        char path[4096];
        Source source;
        uint64_t size = 0;
        bool ours = false;
        int r = 0;

        facts_init(&facts);
        if (stat_file(sibling->fd, &size) < 0)
                return false;
        source_init_fd(&source, sibling->fd, size);
        source.items_left = SOURCE_ITEMS_MAX;
        if (model_reader_hf_config.probe(&source) != PROBE_NO) {
                r = model_reader_hf_config.read(&source, &facts);
                ours = facts.is_model && names_file(&facts, slash ? slash + 1 : s->path);
        }
        if (ours) {
                manifest_path(s, sibling->name, path, sizeof(path));
                s->is_model = true;
                set_text(s->result->format, sizeof(s->result->format), "tfjs-weights");
                if (classify(&facts, path, s->set, s->result) < 0 || facts.overflow || r < 0) {
                        s->unparsable = true;
                        set_text(s->result->reason, sizeof(s->result->reason),
                                 "its manifest is not understood");
                }
        }
        s->result->bytes_read += source.bytes_read;
        source_done(&source);
        return ours;
}

/* Raw numbers say nothing; what lies beside them may. */
static void read_manifests(Scan *s)
{
        for (size_t i = 0; i < MIN(s->n_siblings, (size_t) SCAN_SIBLINGS_MAX); i++) {
                size_t n = strlen(s->siblings[i].name);

                if (n > 5 && strcmp(s->siblings[i].name + n - 5, ".json") == 0 &&
                    adopt_manifest(s, &s->siblings[i]))
                        return;
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
        if (!s.is_model && ret->runtime == RUNTIME_NONE)
                read_manifests(&s);
        if (!s.is_model && !ret->format[0])
                set_text(ret->format, sizeof(ret->format), model_guess_format(&s.source));
        set_status(&s);
        classification_sort(ret);
        ret->bytes_read += s.source.bytes_read;
        source_done(&s.source);
        ret->micros = (uint32_t) MIN(now_usec() - begin, (uint64_t) UINT32_MAX);
}
