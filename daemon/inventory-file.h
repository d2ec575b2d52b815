/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef INVENTORY_FILE_H
#define INVENTORY_FILE_H
/* The inventory's file: records one behind the other, the newest last. For inventory.c only. */
#include "inventory.h"

#define INVENTORY_BYTES_MAX (4U << 20)

typedef struct InventoryFile InventoryFile;

/* Reads what is there, bounded and checked; then goes on appending. Never fails: NULL means nothing is kept. */
InventoryFile *inventory_file_open(const char *path,
                                   void (*on_record)(void *userdata, const InventoryRecord *r),
                                   void *userdata);
void inventory_file_close(InventoryFile *f);
/* -EFBIG: the file is full, and to be written anew: */
int inventory_file_append(InventoryFile *f, const void *record, size_t size);
/* What is appended from here on goes beside the file, */
int inventory_file_begin(InventoryFile *f);
/* and now takes its place. */
void inventory_file_commit(InventoryFile *f);

/* Bytes of a record up to its last finding. */
size_t inventory_record_size(const InventoryRecord *r);

#endif
