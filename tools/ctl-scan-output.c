/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: how `aiguardctl scan` shows what it found: lines for people, lines
 * of JSON, a progress bar.
 * Owns: the words for each kind of evidence.
 * Must not: print anything of a file unescaped.
 * Called by: ctl-scan.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ctl-scan.h"
#include "lib/escape.h"
#include "lib/json-writer.h"
#include "lib/macro.h"
#include "lib/util-string.h"

static const struct {
        const char *kind, *words;
} evidence_words[] = {
        { "fingerprint", "it is a known model" },
        { "label-list", "the file lists its classes" },
        { "sibling", "a file beside it lists its classes" },
        { "internal-name", "it calls itself so" },
        { "sibling-name", "a file beside it calls it so" },
        { "architecture", "the class of the net" },
        { "structure", "it is built like a known model" },
        { "path", "its path says so (a hint only)" },
        { "shape", "its shape (a hint only)" },
        { "modality", "what it looks at" },
};

static const char *words_for(const char *kind)
{
        for (size_t i = 0; i < ARRAY_SIZE(evidence_words); i++)
                if (strcmp(evidence_words[i].kind, kind) == 0)
                        return evidence_words[i].words;
        return kind;
}

static void print_finding(const ModelcapFinding *f)
{
        printf("    %s: %s, confidence %u of 100\n", f->name, certainty_to_string((Certainty) f->certainty),
               f->confidence);
        for (unsigned i = 0; i < f->n_evidence; i++) {
                const Evidence *e = &f->evidence[i];

                printf("      - %s", words_for(e->kind));
                if (e->where[0]) {
                        fputs(" [", stdout);
                        fputs_escaped(e->where, stdout);
                        fputc(']', stdout);
                }
                fputs(": ", stdout);
                fputs_escaped(e->detail, stdout);
                fputc('\n', stdout);
        }
}

void scan_print_text(const char *path, const Classification *c, bool named)
{
        bool runtime = c->runtime != RUNTIME_NONE && named;

        if (!named && c->status <= SCAN_CLEAN)
                return;
        progress_clear();
        fputs_escaped(path, stdout);
        printf(": %s", scan_status_to_string((ScanStatus) c->status));
        if (c->format[0])
                printf(" (%s)", c->format);
        if (c->reason[0]) {
                fputs(": ", stdout);
                fputs_escaped(c->reason, stdout);
        }
        fputc('\n', stdout);
        for (unsigned i = 0; i < c->n_modelcaps; i++)
                print_finding(&c->modelcaps[i]);
        if (runtime) {
                printf("    %s\n      - %s: ",
                       c->runtime == RUNTIME_INTERPRETER ? "an interpreter"
                       : c->runtime == RUNTIME_WEAK      ? "a library that can also infer"
                                                         : "an inference runtime",
                       c->runtime_evidence.where);
                fputs_escaped(c->runtime_evidence.detail, stdout);
                fputc('\n', stdout);
        }
}

void scan_print_json(const char *path, const Classification *c)
{
        JsonWriter w = json_writer(stdout);

        progress_clear();
        json_open(&w, '{');
        json_key(&w, "path");
        json_put_string(&w, path);
        json_key(&w, "format");
        json_put_string(&w, c->format);
        json_key(&w, "status");
        json_put_string(&w, scan_status_to_string((ScanStatus) c->status));
        json_key(&w, "model_capabilities");
        json_open(&w, '[');
        for (unsigned i = 0; i < c->n_modelcaps; i++) {
                const ModelcapFinding *f = &c->modelcaps[i];

                json_open(&w, '{');
                json_key(&w, "name");
                json_put_string(&w, f->name);
                json_key(&w, "status");
                json_put_string(&w, certainty_to_string((Certainty) f->certainty));
                json_key(&w, "confidence");
                json_put_unsigned(&w, f->confidence);
                json_key(&w, "evidence");
                json_open(&w, '[');
                for (unsigned k = 0; k < f->n_evidence; k++) {
                        json_open(&w, '{');
                        json_key(&w, "kind");
                        json_put_string(&w, f->evidence[k].kind);
                        json_key(&w, "where");
                        json_put_string(&w, f->evidence[k].where);
                        json_key(&w, "detail");
                        json_put_string(&w, f->evidence[k].detail);
                        json_close(&w, '}');
                }
                json_close(&w, ']');
                json_close(&w, '}');
        }
        json_close(&w, ']');
        json_key(&w, "bytes_read");
        json_put_unsigned(&w, c->bytes_read);
        json_key(&w, "micros");
        json_put_unsigned(&w, c->micros);
        json_close(&w, '}');
        fputc('\n', stdout);
}

void scan_print_summary(const ScanCounts *counts, uint64_t micros)
{
        printf("%llu files in %.1f s: %llu identified, %llu suspect, %llu unparsable, %llu clean, %llu not "
               "a model\n",
               (unsigned long long) counts->files, (double) micros / 1e6,
               (unsigned long long) counts->by_status[SCAN_IDENTIFIED],
               (unsigned long long) counts->by_status[SCAN_SUSPECT],
               (unsigned long long) counts->by_status[SCAN_UNPARSABLE],
               (unsigned long long) counts->by_status[SCAN_CLEAN],
               (unsigned long long) counts->by_status[SCAN_NOT_A_MODEL]);
}

/* -------------------------------------------------------------- progress */

static struct {
        bool on, drawn;
        uint64_t total, done;
        struct timespec last;
} progress;

void progress_begin(uint64_t total)
{
        progress.on = isatty(STDERR_FILENO) == 1;
        progress.total = total;
        progress.done = 0;
}

void progress_clear(void)
{
        if (!progress.drawn)
                return;
        fputs("\r\033[K", stderr);
        progress.drawn = false;
}

static void draw(const char *path)
{
        _cleanup_free_ char *escaped = escape_new(path, strlen(path));
        struct winsize size = {};
        unsigned width = 80, cells = 24, filled, room;
        size_t length;

        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_col > 0)
                width = size.ws_col;
        filled = progress.total ? (unsigned) MIN((uint64_t) cells, cells * progress.done / progress.total)
                                : 0;
        room = width > cells + 30 ? width - cells - 30 : 0;
        length = escaped ? strlen(escaped) : 0;
        fputs("\r\033[K[", stderr);
        for (unsigned i = 0; i < cells; i++)
                fputc(i < filled ? '#' : ' ', stderr);
        fprintf(stderr, "] %llu/%llu ", (unsigned long long) progress.done,
                (unsigned long long) progress.total);
        /* The end of a path says more than its begin; whole characters only. */
        if (escaped && length > room) {
                const char *p = escaped + length - room;

                while ((*p & 0xc0) == 0x80)
                        p++;
                fputs(p, stderr);
        } else if (escaped) {
                fputs(escaped, stderr);
        }
        fflush(stderr);
        progress.drawn = true;
}

void progress_step(const char *path)
{
        struct timespec now;
        int64_t ms;

        progress.done++;
        if (!progress.on)
                return;
        clock_gettime(CLOCK_MONOTONIC, &now);
        ms = (int64_t) (now.tv_sec - progress.last.tv_sec) * 1000 +
             (now.tv_nsec - progress.last.tv_nsec) / 1000000;
        if (ms < 100)
                return;
        progress.last = now;
        draw(path);
}

void progress_end(void)
{
        progress_clear();
        progress.on = false;
}
