/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the models that were seen, newest last, in a ring bounded by number
 * and by bytes (what a hostile file made the scanner say is not for free). Owns
 * the records; hands out copies. Never asked for a verdict.
 */
#include "inventory.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "lock.h"

#define INVENTORY_BYTES_MAX (4U << 20)

/* A record without the findings that are not there. */
typedef struct Entry {
        size_t size; /* of `data` */
        struct ag_inode_key inode;
        char *data; /* an InventoryRecord, cut behind the last finding */
} Entry;

struct Inventory {
        pthread_mutex_t lock;
        uint32_t first; /* number of the oldest */
        uint32_t next; /* number of the next new one; next - first entries are there */
        size_t bytes;
        Entry ring[INVENTORY_MAX];
};

int inventory_new(Inventory **ret)
{
        Inventory *i = calloc(1, sizeof(*i));

        if (!i)
                return -ENOMEM;
        lock_init(&i->lock);
        /* Numbers of an earlier run, still in the kernel's storage, must not name other models. */
        if (getrandom(&i->next, sizeof(i->next), 0) != sizeof(i->next))
                i->next = 1;
        i->next &= 0x7fffffff;
        i->next += i->next == 0;
        i->first = i->next;
        *ret = i;
        return 0;
}

static Entry *entry_at(Inventory *i, uint32_t model)
{
        return &i->ring[model % INVENTORY_MAX];
}

static void drop_oldest(Inventory *i)
{
        Entry *e = entry_at(i, i->first++);

        i->bytes -= e->size;
        free(e->data);
        *e = (Entry){};
}

Inventory *inventory_free(Inventory *i)
{
        if (!i)
                return NULL;
        while (i->first != i->next)
                drop_oldest(i);
        pthread_mutex_destroy(&i->lock);
        free(i);
        return NULL;
}

static Entry *find_inode(Inventory *i, const struct ag_inode_key *inode, uint32_t *ret_model)
{
        for (uint32_t m = i->next; m != i->first;) {
                Entry *e = entry_at(i, --m);

                if (memcmp(&e->inode, inode, sizeof(*inode)) == 0) {
                        *ret_model = m;
                        return e;
                }
        }
        return NULL;
}

static size_t cut_size(const InventoryRecord *r)
{
        size_t n = MIN(r->classification.n_modelcaps, (size_t) CLASSIFICATION_MODELCAPS_MAX);

        return offsetof(InventoryRecord, classification) + offsetof(Classification, modelcaps) +
               n * sizeof(ModelcapFinding);
}

uint32_t inventory_put(Inventory *i, const InventoryRecord *record)
{
        size_t size = cut_size(record);
        char *data = malloc(size);
        uint32_t model;
        Entry *e;

        if (!data)
                return 0;
        memcpy(data, record, size);

        pthread_mutex_lock(&i->lock);
        e = find_inode(i, &record->inode, &model);
        if (e) {
                i->bytes -= e->size;
                free(e->data);
        } else {
                if (i->next - i->first == INVENTORY_MAX)
                        drop_oldest(i);
                model = i->next++;
                e = entry_at(i, model);
        }
        memcpy(data + offsetof(InventoryRecord, model), &model, sizeof(model));
        *e = (Entry){ .size = size, .inode = record->inode, .data = data };
        i->bytes += size;
        while (i->bytes > INVENTORY_BYTES_MAX && i->first != model)
                drop_oldest(i);
        pthread_mutex_unlock(&i->lock);
        return model;
}

static void copy_out(const Entry *e, InventoryRecord *ret)
{
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, e->data, e->size);
}

int inventory_get(Inventory *i, uint32_t model, InventoryRecord *ret)
{
        int r = -ENOENT;

        pthread_mutex_lock(&i->lock);
        if (model - i->first < i->next - i->first) {
                copy_out(entry_at(i, model), ret);
                r = 0;
        }
        pthread_mutex_unlock(&i->lock);
        return r;
}

int inventory_find(Inventory *i, const struct ag_inode_key *inode, InventoryRecord *ret)
{
        uint32_t model;
        const Entry *e;

        pthread_mutex_lock(&i->lock);
        e = find_inode(i, inode, &model);
        if (e)
                copy_out(e, ret);
        pthread_mutex_unlock(&i->lock);
        return e ? 0 : -ENOENT;
}

size_t inventory_size(Inventory *i)
{
        size_t n;

        pthread_mutex_lock(&i->lock);
        n = i->next - i->first;
        pthread_mutex_unlock(&i->lock);
        return n;
}
