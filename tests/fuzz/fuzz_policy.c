/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a policy: errors, or tables that hold what they promise. What
 * show prints of a good one must be a policy again. Runs from the top of the tree.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/policy-explain.h"
#include "lib/util-string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ModelcapSet *modelcaps;

static void load_modelcaps(void)
{
        Diag *diag = NULL;

        if (diag_new(&diag) < 0 || modelcap_set_load("policies/modelcaps", diag, &modelcaps) < 0) {
                diag_print(diag, stderr);
                abort();
        }
        diag_free(diag);
}

static void check(const PolicyTables *t)
{
        static const struct ag_row empty;

        if (memcmp(&t->rows[AG_WORKLOAD_OTHER], &empty, sizeof(empty)) != 0)
                abort();
        for (size_t w = 0; w < t->n_workloads; w++)
                for (size_t c = 0; c < AG_COLUMNS; c++)
                        for (size_t g = 0; g < AG_GRANT_SETS; g++) {
                                const struct ag_decision *e = &t->rows[w].cells[c].effective[g],
                                                         *d = &t->rows[w].cells[c].would[g];

                                if (e->action > d->action || d->action >= _AG_ACTION_MAX ||
                                    d->rule >= t->n_rules || (d->action != 0) != (d->rule != 0))
                                        abort();
                                if (t->mode == POLICY_MODE_AUDIT && e->action >= AG_ACTION_DENY)
                                        abort();
                        }
}

/* The text as a policy of one file; NULL when it is none. */
static PolicyTables *compile(const void *data, size_t size, PolicyMode mode, char **ret_show)
{
        char path[64], *files[] = { path, NULL };
        PolicySources sources = { .files = files, .host_mode = mode };
        PolicyTables *t = NULL;
        Policy *p = NULL;
        Diag *diag = NULL;
        size_t n;
        FILE *f;
        int fd, r;

        fd = memfd_create("policy", MFD_CLOEXEC);
        if (fd < 0 || diag_new(&diag) < 0)
                abort();
        for (size_t done = 0; done < size;) {
                ssize_t k = write(fd, (const char *) data + done, size - done);

                if (k <= 0)
                        abort();
                done += (size_t) k;
        }
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        r = policy_load(&sources, modelcaps, diag, &p);
        if ((r == -EBADMSG) != (diag_count(diag, DIAG_ERROR) > 0))
                abort();
        if (p && policy_compile(p, modelcaps, diag, &t) < 0)
                abort();
        if (t && ret_show) {
                f = open_memstream(ret_show, &n);
                if (!f || policy_show(p, t, f) < 0 || fclose(f) != 0)
                        abort();
        }
        policy_free(p);
        diag_free(diag);
        close(fd);
        return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        PolicyMode mode = size % 2 ? POLICY_MODE_ENFORCE : POLICY_MODE_AUDIT;
        PolicyTables *t, *again;
        char *show = NULL;

        if (!modelcaps)
                load_modelcaps();
        t = compile(data, size, mode, &show);
        if (!t)
                return 0;
        check(t);
        (void) policy_tables_match(t, (const char *) t->hash, show, 4711);
        again = compile(show, strlen(show), mode, NULL);
        if (!again || again->n_workloads != t->n_workloads)
                abort();
        policy_tables_free(again);
        policy_tables_free(t);
        free(show);
        return 0;
}
