/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the backend of choice: LSM programs decide inside the kernel, the
 * gate puts openers of unknown files to sleep with fanotify. Asks features.c
 * first, so that a host that cannot is told in words. Called through BackendOps.
 */
#include <string.h>

#include "backend.h"
#include "loader-object.h"

static int lsm_open(Backend *b, uint32_t names_hash)
{
        int r = backend_check(b, FEATURES_LSM);

        if (r < 0)
                return r;
        r = loader_new(&loader_object_lsm, AG_PIN_DIR, names_hash, &b->loader);
        if (r < 0) {
                snprintf(b->reason, sizeof(b->reason), "the programs do not load (%s)", strerror(-r));
                return r;
        }
        snprintf(b->reason, sizeof(b->reason), "the kernel runs the BPF LSM");
        return 0;
}

static int lsm_attach(Backend *b)
{
        return loader_attach(b->loader);
}

static void lsm_close(Backend *b)
{
        b->loader = loader_free(b->loader);
}

const BackendOps backend_lsm_ops = {
        .name = "lsm",
        .enforces = true,
        .automatic = true,
        .open = lsm_open,
        .attach = lsm_attach,
        .close = lsm_close,
};
