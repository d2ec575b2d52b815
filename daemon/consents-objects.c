/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the numbers of what grants name: devices by sysfs, models by their
 * digest. A model gets its number when it is classified, on a thread of the
 * pool, and its opener must not wait for the main thread: so what a digest may
 * is kept here, under a lock, and written at once.
 */
#include "consents-internal.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <string.h>

#include "declarations.h"
#include "inventory.h"
#include "lib/log.h"
#include "lib/util-string.h"
#include "lock.h"

/* /sys/class/CLASS/NAME/dev: "81:0" */
static int read_dev(const char *class, const char *name, uint32_t *ret)
{
        _cleanup_free_ char *text = NULL;
        unsigned major, minor;
        char path[160];
        size_t n;
        int r;

        snprintf(path, sizeof(path), "/sys/class/%s/%s/dev", class, name);
        r = read_file_capped(AT_FDCWD, path, 64, &text, &n);
        if (r < 0)
                return r;
        if (sscanf(text, "%u:%u", &major, &minor) != 2)
                return -EINVAL;
        *ret = AG_DEV(major, minor);
        return 0;
}

size_t consents_devices(void *userdata, const char *kind, const char *name, uint32_t *ret, size_t max)
{
        const char *class = streq(kind, "camera") ? "video4linux" : "sound";

        return max > 0 && read_dev(class, name, ret) >= 0;
}

size_t consents_models(void *userdata, const char *digest, uint32_t *ret, size_t max)
{
        Consents *c = userdata;
        size_t i = 0, n = strv_length(c->digests);

        while (i < n && !streq(c->digests[i], digest))
                i++;
        if (max == 0 || (i == n && strv_extend(&c->digests, digest) < 0))
                return 0;
        ret[0] = (uint32_t) i + 1;
        return 1;
}

static bool is_of_model(const GrantKey *key)
{
        return key->key.model && key->key.column < AG_COL_CAMERA;
}

static int compare_keys(const void *a, const void *b)
{
        return memcmp(&((const GrantKey *) a)->key, &((const GrantKey *) b)->key,
                      sizeof(struct ag_consent_key));
}

int consents_resolve_models(Consents *c, GrantKey **keys, size_t *n)
{
        const GrantKey *old = *keys;
        size_t n_old = *n, kept = 0, room = 0;
        GrantKey *fresh;
        LOCK_SCOPE(&c->lock);

        for (size_t i = 0; i < n_old; i++)
                room += is_of_model(&old[i]) ? c->n_models : 1;
        free(c->wanted);
        c->wanted = calloc(n_old + 1, sizeof(*c->wanted));
        c->n_wanted = 0;
        fresh = calloc(room + 1, sizeof(*fresh));
        for (size_t i = 0; fresh && c->wanted && i < n_old; i++) {
                ConsentWanted *w = &c->wanted[c->n_wanted];

                if (!is_of_model(&old[i])) {
                        fresh[kept++] = old[i];
                        continue;
                }
                *w = (ConsentWanted){ .key = old[i].key, .until_usec = old[i].until_usec };
                snprintf(w->digest, sizeof(w->digest), "%s", c->digests[old[i].key.model - 1]);
                c->n_wanted++;
                for (size_t k = 0; k < c->n_models; k++)
                        if (streq(c->models[k].digest, w->digest)) {
                                fresh[kept] = old[i];
                                fresh[kept++].key.model = c->models[k].number;
                        }
        }
        if (kept > 0)
                qsort(fresh, kept, sizeof(*fresh), compare_keys);
        free(*keys);
        *keys = fresh;
        *n = fresh && c->wanted ? kept : 0;
        return fresh && c->wanted ? 0 : -ENOMEM;
}

/* The number may have been another file's content before it was rewritten: what that was allowed goes. */
static void remember(Consents *c, uint32_t number, const char *digest)
{
        ConsentModel *grown;

        for (size_t i = 0; i < c->n_models; i++)
                if (c->models[i].number == number) {
                        strcpy(c->models[i].digest, digest);
                        return;
                }
        if (c->n_models == CONSENT_MODELS_MAX) {
                memmove(c->models, c->models + 1, --c->n_models * sizeof(*c->models));
        } else {
                grown = reallocarray(c->models, c->n_models + 1, sizeof(*grown));
                if (!grown)
                        return;
                c->models = grown;
        }
        c->models[c->n_models].number = number;
        strcpy(c->models[c->n_models++].digest, digest);
}

void consents_on_numbered(Consents *c, int fd, uint32_t model)
{
        char digest[SHA256_HEX_SIZE] = "";
        uint64_t size;
        bool wanted;

        pthread_mutex_lock(&c->lock);
        wanted = c->n_wanted > 0;
        pthread_mutex_unlock(&c->lock);
        if (wanted && digest_fd(fd, DECLARATION_MODEL_MAX, digest, &size) < 0)
                digest[0] = '\0';
        LOCK_SCOPE(&c->lock);
        remember(c, model, digest);
        for (size_t i = 0; i < c->n_wanted; i++) {
                GrantKey key = { .key = c->wanted[i].key, .until_usec = c->wanted[i].until_usec };

                key.key.model = model;
                if (streq(c->wanted[i].digest, digest))
                        (void) consents_map_put(c, &key);
                else
                        (void) bpf_map_delete_elem(manager_maps(c->m)->consents, &key.key);
        }
}

static bool some_are_named(const Consents *c)
{
        for (size_t i = 0; i < c->claims.n_bindings; i++)
                if (c->claims.bindings[i]->models)
                        return true;
        return false;
}

static void ask_one(void *userdata, const InventoryRecord *r)
{
        Consents *c = userdata;

        pthread_mutex_lock(&c->lock);
        for (size_t i = 0; i < c->n_models; i++)
                if (c->models[i].number == r->model && c->models[i].digest[0]) {
                        pthread_mutex_unlock(&c->lock);
                        return;
                }
        pthread_mutex_unlock(&c->lock);
        if (r->n_columns > 0)
                model_forget(c->m, r->path);
}

void consents_ask_models(Consents *c)
{
        if (manager_inventory(c->m) && manager_gate(c->m) && some_are_named(c))
                inventory_each(manager_inventory(c->m), ask_one, c);
}
