/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the models that were seen, newest last, in a ring bounded by number
 * and by bytes (what a hostile file made the scanner say is not for free). Owns
 * the records, hands out copies, keeps them in a file by inventory-file.c. Never
 * asked for a verdict.
 */
#include "inventory.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "inventory-file.h"
#include "lock.h"

/* A record without the findings that are not there. */
typedef struct Entry {
        size_t size; /* of `data` */
        struct ag_inode_key inode;
        char *data; /* an InventoryRecord, cut behind the last finding; NULL: a number that was not kept */
        bool dirty; /* what the file says of its users is older */
} Entry;

struct Inventory {
        pthread_mutex_t lock;
        InventoryFile *file;
        uint32_t first; /* number of the oldest */
        uint32_t next;  /* number of the next new one; next - first entries are there */
        size_t n;
        size_t bytes;
        Entry ring[INVENTORY_MAX];
};

static Entry *entry_at(Inventory *i, uint32_t model)
{
        return &i->ring[model % INVENTORY_MAX];
}

static void set_entry(Inventory *i, Entry *e, char *data, size_t size)
{
        if (e->data) {
                i->bytes -= e->size;
                i->n--;
                free(e->data);
        }
        *e = (Entry){ .size = size, .data = data };
        if (data) {
                memcpy(&e->inode, data + offsetof(InventoryRecord, inode), sizeof(e->inode));
                i->bytes += size;
                i->n++;
        }
}

static void drop_oldest(Inventory *i)
{
        set_entry(i, entry_at(i, i->first++), NULL, 0);
}

size_t inventory_record_size(const InventoryRecord *r)
{
        size_t n = MIN(r->classification.n_modelcaps, (size_t) CLASSIFICATION_MODELCAPS_MAX);

        return offsetof(InventoryRecord, classification) + offsetof(Classification, modelcaps) +
               n * sizeof(ModelcapFinding);
}

/* Puts a record at its number, making room for it. The newest stays, whatever its size. */
static int place(Inventory *i, uint32_t model, const InventoryRecord *record)
{
        size_t size = inventory_record_size(record);
        char *data = malloc(size);

        if (!data)
                return -ENOMEM;
        memcpy(data, record, size);
        memcpy(data + offsetof(InventoryRecord, model), &model, sizeof(model));
        while (model - i->first >= INVENTORY_MAX)
                drop_oldest(i);
        set_entry(i, entry_at(i, model), data, size);
        while (i->bytes > INVENTORY_BYTES_MAX && i->first != model)
                drop_oldest(i);
        return 0;
}

/* A record of an earlier run. Numbers rise in the file, but for those that were judged again. */
static void on_restored(void *userdata, const InventoryRecord *record)
{
        Inventory *i = userdata;

        if (record->model == 0)
                return;
        if (i->n == 0)
                i->first = i->next = record->model;
        if (record->model - i->first >= i->next - i->first) {
                if (record->model - i->next >= INVENTORY_MAX)
                        return;
                i->next = record->model + 1;
        }
        (void) place(i, record->model, record);
}

int inventory_new(const char *path, Inventory **ret)
{
        Inventory *i = calloc(1, sizeof(*i));

        if (!i)
                return -ENOMEM;
        lock_init(&i->lock);
        if (path)
                i->file = inventory_file_open(path, on_restored, i);
        if (i->n == 0) {
                /* Numbers of an earlier run, still in the kernel's storage, must not name other models. */
                if (getrandom(&i->next, sizeof(i->next), 0) != sizeof(i->next))
                        i->next = 1;
                i->next &= 0x7fffffff;
                i->next += i->next == 0;
                i->first = i->next;
        }
        *ret = i;
        return 0;
}

static void keep_all(Inventory *i)
{
        if (inventory_file_begin(i->file) < 0)
                return;
        for (uint32_t m = i->first; m != i->next; m++) {
                Entry *e = entry_at(i, m);

                if (e->data && inventory_file_append(i->file, e->data, e->size) >= 0)
                        e->dirty = false;
        }
        inventory_file_commit(i->file);
}

static void keep(Inventory *i, Entry *e)
{
        int r = i->file ? inventory_file_append(i->file, e->data, e->size) : 0;

        e->dirty = false;
        /* Full of what was said twice: once more, each once. */
        if (r == -EFBIG)
                keep_all(i);
}

Inventory *inventory_free(Inventory *i)
{
        if (!i)
                return NULL;
        for (uint32_t m = i->first; m != i->next; m++)
                if (entry_at(i, m)->dirty)
                        keep(i, entry_at(i, m));
        while (i->first != i->next)
                drop_oldest(i);
        inventory_file_close(i->file);
        pthread_mutex_destroy(&i->lock);
        free(i);
        return NULL;
}

static Entry *find_inode(Inventory *i, const struct ag_inode_key *inode, uint32_t *ret_model)
{
        for (uint32_t m = i->next; m != i->first;) {
                Entry *e = entry_at(i, --m);

                if (e->data && memcmp(&e->inode, inode, sizeof(*inode)) == 0) {
                        *ret_model = m;
                        return e;
                }
        }
        return NULL;
}

static char *users_of(const Entry *e)
{
        return e->data + offsetof(InventoryRecord, users);
}

uint32_t inventory_put(Inventory *i, const InventoryRecord *record)
{
        InventoryUser users[INVENTORY_USERS_MAX];
        const Entry *known;
        uint32_t model;

        LOCK_SCOPE(&i->lock);
        known = find_inode(i, &record->inode, &model);
        if (known) {
                memcpy(users, users_of(known), sizeof(users));
        } else {
                model = i->next;
                if (model + 1 == 0)
                        return 0;
                i->next++;
        }
        if (place(i, model, record) < 0)
                return 0;
        if (known)
                memcpy(users_of(entry_at(i, model)), users, sizeof(users));
        keep(i, entry_at(i, model));
        return model;
}

/* To the front; returns whether it was there. */
static bool note_user(InventoryUser users[INVENTORY_USERS_MAX], const char *workload, uint64_t usec)
{
        size_t at = 0;
        bool known;

        while (at < INVENTORY_USERS_MAX - 1 && strcmp(users[at].workload, workload) != 0)
                at++;
        known = strcmp(users[at].workload, workload) == 0;
        memmove(users + 1, users, at * sizeof(*users));
        users[0] = (InventoryUser){ .last_usec = usec };
        snprintf(users[0].workload, sizeof(users[0].workload), "%s", workload);
        return known;
}

void inventory_used(Inventory *i, uint32_t model, const char *workload, uint64_t usec)
{
        InventoryUser users[INVENTORY_USERS_MAX];
        bool known;
        Entry *e;

        if (!*workload)
                return;
        LOCK_SCOPE(&i->lock);
        e = entry_at(i, model);
        if (model - i->first >= i->next - i->first || !e->data)
                return;
        memcpy(users, users_of(e), sizeof(users));
        known = note_user(users, workload, usec);
        memcpy(users_of(e), users, sizeof(users));
        e->dirty = true;
        /* When, is written at the end of the run: one line for each open is not for free. */
        if (!known)
                keep(i, e);
}

static void copy_out(const Entry *e, InventoryRecord *ret)
{
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, e->data, e->size);
}

int inventory_get(Inventory *i, uint32_t model, InventoryRecord *ret)
{
        LOCK_SCOPE(&i->lock);
        if (model - i->first >= i->next - i->first || !entry_at(i, model)->data)
                return -ENOENT;
        copy_out(entry_at(i, model), ret);
        return 0;
}

int inventory_find(Inventory *i, const struct ag_inode_key *inode, InventoryRecord *ret)
{
        uint32_t model;
        const Entry *e;

        LOCK_SCOPE(&i->lock);
        e = find_inode(i, inode, &model);
        if (!e)
                return -ENOENT;
        copy_out(e, ret);
        return 0;
}

size_t inventory_size(Inventory *i)
{
        LOCK_SCOPE(&i->lock);
        return i->n;
}

void inventory_each(Inventory *i, void (*visit)(void *userdata, const InventoryRecord *r), void *userdata)
{
        InventoryRecord *r = malloc(sizeof(*r));
        uint32_t first, next;

        if (!r)
                return;
        pthread_mutex_lock(&i->lock);
        first = i->first;
        next = i->next;
        pthread_mutex_unlock(&i->lock);
        for (uint32_t m = first; m != next; m++)
                if (inventory_get(i, m, r) >= 0)
                        visit(userdata, r);
        free(r);
}
