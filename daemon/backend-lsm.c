/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the backend of choice: LSM programs decide inside the kernel, the
 * gate puts openers of unknown files to sleep with fanotify. Asks features.c
 * first, so that a host that cannot is told in words. Called through BackendOps.
 */
#include <errno.h>
#include <string.h>

#include "backend.h"
#include "lib/features.h"
#include "lib/log.h"
#include "loader-object.h"

static int lsm_open(Backend *b, uint32_t names_hash)
{
        FeatureResult features[FEATURES_MAX];
        size_t n = features_probe(features);
        int r;

        for (size_t i = 0; i < n; i++) {
                const FeatureResult *f = &features[i];

                if (!f->required || f->state == FEATURE_OK)
                        continue;
                snprintf(b->reason, sizeof(b->reason), "%s%s%s", f->detail, *f->fix ? "; " : "", f->fix);
                return strcmp(f->name, "rights") == 0 ? -EPERM : -EOPNOTSUPP;
        }
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
