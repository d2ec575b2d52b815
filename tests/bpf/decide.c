/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: 100,000 random rows and questions through ag_decide(), natively and in the
 * kernel. Every answer must be the same, byte for byte: `policy explain` speaks for
 * the kernel only while this holds. Needs no LSM; a syscall program is enough.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "decide-case.h"
#include "decide.skel.h"

#define BATCHES 100
#define NAME "decide: native and kernel give the same answer"

static uint64_t state = 0x9e3779b97f4a7c15ULL; /* fixed: a failure must come again */

static uint64_t next_random(void)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
}

static void fill(void *data, size_t size)
{
        uint8_t *p = data;

        for (; size >= 8; size -= 8, p += 8)
                memcpy(p, &(uint64_t){ next_random() }, 8);
        if (size)
                memcpy(p, &(uint64_t){ next_random() }, size);
}

/* Mostly what the daemon would write; now and then anything at all. */
static void make_case(struct decide_case *c)
{
        bool sane = next_random() % 8 != 0;

        fill(c, sizeof(*c));
        if (!sane)
                return;
        for (size_t i = 0; i < AG_COLUMNS; i++)
                for (size_t g = 0; g < AG_GRANT_SETS; g++) {
                        c->row.cells[i].effective[g].action %= _AG_ACTION_MAX;
                        c->row.cells[i].would[g].action %= _AG_ACTION_MAX;
                }
        c->question.strength %= 3;
        c->question.flags &= AG_ASK_EMERGENCY | AG_ASK_MONITOR;
        c->question.n_columns %= AG_OBJECT_COLUMNS + 1;
        for (size_t i = 0; i < AG_OBJECT_COLUMNS; i++)
                c->question.columns[i] %= AG_COLUMNS;
}

static size_t stride(void)
{
        return (sizeof(struct decide_case) + 7) & ~(size_t) 7;
}

static struct decide_case *case_at(void *cases, size_t i)
{
        return (struct decide_case *) ((char *) cases + i * stride());
}

/* One batch; returns how many answers differ. -errno when it could not be run. */
static int batch(int program, void *cases, unsigned refused[_AG_ACTION_MAX])
{
        LIBBPF_OPTS(bpf_test_run_opts, opts);
        struct ag_answer answer;
        int r, different = 0;

        for (size_t i = 0; i < CASES; i++)
                make_case(case_at(cases, i));
        r = bpf_prog_test_run_opts(program, &opts);
        if (r < 0)
                return r;
        if (opts.retval != CASES)
                return -EIO;
        for (size_t i = 0; i < CASES; i++) {
                const struct decide_case *c = case_at(cases, i);

                ag_decide(&c->row, &c->question, &answer);
                different += memcmp(&answer, &c->answer, sizeof(answer)) != 0;
                if (answer.effective.action < _AG_ACTION_MAX)
                        refused[answer.effective.action]++;
        }
        return different;
}

int main(void)
{
        unsigned seen[_AG_ACTION_MAX] = {};
        struct decide_bpf *skel;
        int different = 0, r = 0;
        void *cases;

        skel = decide_bpf__open_and_load();
        if (!skel) {
                if (errno == EPERM)
                        printf("skip - " NAME " # loading a syscall program: EPERM\n");
                else
                        printf("not ok - " NAME " # cannot load: %s\n", strerror(errno));
                return errno != EPERM;
        }
        cases = mmap(NULL, stride() * CASES, PROT_READ | PROT_WRITE, MAP_SHARED,
                     bpf_map__fd(skel->maps.cases), 0);
        if (cases == MAP_FAILED) {
                printf("not ok - " NAME " # mmap: %s\n", strerror(errno));
                return 1;
        }
        for (int i = 0; i < BATCHES && r >= 0; i++) {
                r = batch(bpf_program__fd(skel->progs.decide_all), cases, seen);
                if (r > 0)
                        different += r;
        }
        if (r < 0)
                printf("not ok - " NAME " # run: %s\n", strerror(-r));
        else if (different)
                printf("not ok - " NAME " # %d of %d differ\n", different, BATCHES * CASES);
        else if (!seen[AG_ACTION_ALLOW] || !seen[AG_ACTION_AUDIT] || !seen[AG_ACTION_KILL])
                printf("not ok - " NAME " # the questions were too easy\n");
        else
                printf("ok - " NAME " (%d)\n", BATCHES * CASES);
        decide_bpf__destroy(skel);
        return r < 0 || different;
}
