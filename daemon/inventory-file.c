/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: keeps the inventory over a restart of the daemon, in /run as the
 * tables of the kernel are. Only root writes there; it is checked all the same,
 * and what is wrong ends the reading. Called by inventory.c under its lock.
 */
#include "inventory-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"

#define FILE_MAGIC 0x31564e49U /* INV1 */
#define FILE_BYTES_MAX (16U << 20)

struct InventoryFile {
        int fd;
        size_t size;
};

typedef struct Head {
        uint32_t magic;
        uint32_t abi;
        uint32_t record_size; /* sizeof(InventoryRecord): another build's records are not ours */
        uint32_t size;        /* of what follows */
} Head;

static bool is_good(const InventoryRecord *r, size_t size)
{
        const Classification *c;

        return size == inventory_record_size(r) && memchr(r->path, 0, sizeof(r->path)) &&
               r->n_columns <= AG_OBJECT_COLUMNS &&
               classification_validate(&r->classification, sizeof(r->classification), &c) >= 0;
}

/* Returns where the last good record ends. */
static size_t read_records(int fd, void (*on_record)(void *userdata, const InventoryRecord *r),
                           void *userdata)
{
        InventoryRecord *r = malloc(sizeof(*r));
        size_t end = 0;
        Head h;

        while (r && read(fd, &h, sizeof(h)) == sizeof(h)) {
                if (h.magic != FILE_MAGIC || h.abi != AG_ABI_VERSION || h.record_size != sizeof(*r) ||
                    h.size > sizeof(*r))
                        break;
                memset(r, 0, sizeof(*r));
                if (read(fd, r, h.size) != (ssize_t) h.size || !is_good(r, h.size))
                        break;
                on_record(userdata, r);
                end += sizeof(h) + h.size;
        }
        free(r);
        return end;
}

InventoryFile *inventory_file_open(const char *path,
                                   void (*on_record)(void *userdata, const InventoryRecord *r),
                                   void *userdata)
{
        InventoryFile *f = calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (f->fd < 0) {
                log_warning_errno(-errno, "inventory: %s cannot be kept", path);
                free(f);
                return NULL;
        }
        f->size = read_records(f->fd, on_record, userdata);
        if (ftruncate(f->fd, (off_t) f->size) < 0 || lseek(f->fd, 0, SEEK_END) < 0)
                f->size = FILE_BYTES_MAX;
        return f;
}

void inventory_file_close(InventoryFile *f)
{
        if (!f)
                return;
        safe_close(f->fd);
        free(f);
}

void inventory_file_append(InventoryFile *f, const void *record, size_t size)
{
        Head h = {
                .magic = FILE_MAGIC,
                .abi = AG_ABI_VERSION,
                .record_size = sizeof(InventoryRecord),
                .size = (uint32_t) size,
        };

        /* Full: begun anew. What is forgotten is a detail of a log entry, no verdict. */
        if (f->size + sizeof(h) + size > FILE_BYTES_MAX) {
                if (ftruncate(f->fd, 0) < 0 || lseek(f->fd, 0, SEEK_SET) < 0)
                        return;
                f->size = 0;
        }
        if (write(f->fd, &h, sizeof(h)) != sizeof(h) || write(f->fd, record, size) != (ssize_t) size)
                log_debug("inventory: a record is not kept");
        f->size += sizeof(h) + size;
}
