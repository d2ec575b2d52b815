/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: chooses the backend: the one that the configuration names, or the
 * first of the table that this kernel can run. Each tries for real, by loading
 * and attaching. Owns nothing else. Called by the manager.
 */
#include "backend.h"

#include <errno.h>
#include <string.h>

#include "lib/log.h"

static const BackendOps *const backends[] = { &backend_lsm_ops, &backend_fanotify_ops,
                                              &backend_observe_ops };

int backend_check(Backend *b, FeaturesBackend kind)
{
        FeatureResult features[FEATURES_MAX];
        size_t n = features_probe(features);
        const FeatureResult *f = features_missing_for(kind, features, n);

        if (!f)
                return 0;
        snprintf(b->reason, sizeof(b->reason), "%s%s%s", f->detail, *f->fix ? "; " : "", f->fix);
        return strcmp(f->name, "rights") == 0 ? -EPERM : -EOPNOTSUPP;
}

/* The list of security modules tells what to boot with; where it has bpf already, something else is in the way. */
static void find_fix(Backend *b)
{
        FeatureResult features[FEATURES_MAX];
        size_t n = features_probe(features);
        const FeatureResult *list = features_find(features, n, "lsm-list");
        const FeatureResult *f = features_missing_for(FEATURES_LSM, features, n);

        if (!f)
                snprintf(b->fix, sizeof(b->fix),
                         "set Backend=auto in aiguard.conf: this kernel runs the BPF LSM");
        else
                snprintf(b->fix, sizeof(b->fix), "%s", list && *list->fix ? list->fix : f->fix);
}

const char *backend_fix(const Backend *b)
{
        return b->fix;
}

static int try(const BackendOps *ops, uint32_t names_hash, Backend **ret, char *why_not, size_t size)
{
        _cleanup_(backend_freep) Backend *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->ops = ops;
        r = ops->open(b, names_hash);
        if (r < 0) {
                snprintf(why_not, size, "%s is not possible: %s", ops->name, b->reason);
                log_notice("backend: %s", why_not);
                return r;
        }
        if (ops->weaker)
                find_fix(b);
        *ret = TAKE_PTR(b);
        return 0;
}

int backend_new(ConfigBackend which, uint32_t names_hash, Backend **ret)
{
        const char *wanted = config_backend_to_string(which);
        char why_not[740] = "";
        int r = -EOPNOTSUPP;

        for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
                const BackendOps *ops = backends[i];

                if (which != CONFIG_BACKEND_AUTO ? strcmp(wanted, ops->name) != 0 : !ops->automatic)
                        continue;
                r = try(ops, names_hash, ret, why_not, sizeof(why_not));
                if (r >= 0 && which != CONFIG_BACKEND_AUTO)
                        snprintf((*ret)->reason, sizeof((*ret)->reason), "aiguard.conf says Backend=%s",
                                 wanted);
                else if (r >= 0 && *why_not)
                        snprintf((*ret)->reason, sizeof((*ret)->reason), "%.699s", why_not);
                if (r >= 0 || r == -EPERM || r == -ENOMEM)
                        return r;
        }
        return r;
}

Backend *backend_free(Backend *b)
{
        if (!b)
                return NULL;
        b->ops->close(b);
        free(b);
        return NULL;
}

int backend_attach(Backend *b)
{
        return b->ops->attach(b);
}
