/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: keeps the inventory over restarts. Only root writes there; it is
 * checked all the same, and what is wrong ends the reading. Bounded: when it is
 * full it is written anew, beside and renamed. Called by inventory.c under its lock.
 */
#include "inventory-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util-string.h"

#define FILE_MAGIC 0x32564e49U /* INV2 */
#define FILE_BYTES_MAX (16U << 20)

struct InventoryFile {
        int fd;
        size_t size;
        char *path, *new_path;
};

typedef struct Head {
        uint32_t magic;
        uint32_t record_size; /* sizeof(InventoryRecord): another build's records are not ours */
        uint32_t size;        /* of what follows */
} Head;

static bool is_good(const InventoryRecord *r, size_t size)
{
        const Classification *c;

        for (size_t i = 0; i < INVENTORY_USERS_MAX; i++)
                if (!memchr(r->users[i].workload, 0, sizeof(r->users[i].workload)))
                        return false;
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
                if (h.magic != FILE_MAGIC || h.record_size != sizeof(*r) || h.size > sizeof(*r))
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

static int read_all(InventoryFile *f, void (*on_record)(void *userdata, const InventoryRecord *r),
                    void *userdata)
{
        struct stat st;

        f->fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (f->fd < 0 || fstat(f->fd, &st) < 0)
                return -errno;
        f->size = read_records(f->fd, on_record, userdata);
        if ((off_t) f->size == st.st_size)
                return 0;
        log_notice("inventory: %s is broken or of another version behind byte %zu: the rest is dropped",
                   f->path, f->size);
        if (ftruncate(f->fd, (off_t) f->size) < 0 || lseek(f->fd, (off_t) f->size, SEEK_SET) < 0)
                return -errno;
        return 0;
}

InventoryFile *inventory_file_open(const char *path,
                                   void (*on_record)(void *userdata, const InventoryRecord *r),
                                   void *userdata)
{
        InventoryFile *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return NULL;
        f->fd = -EBADF;
        r = string_printf(&f->path, "%s", path);
        if (r >= 0)
                r = string_printf(&f->new_path, "%s.new", path);
        if (r >= 0)
                r = read_all(f, on_record, userdata);
        if (r >= 0)
                return f;
        log_warning_errno(r, "inventory: %s cannot be kept", path);
        inventory_file_close(f);
        return NULL;
}

void inventory_file_close(InventoryFile *f)
{
        if (!f)
                return;
        safe_close(f->fd);
        free(f->path);
        free(f->new_path);
        free(f);
}

int inventory_file_append(InventoryFile *f, const void *record, size_t size)
{
        const Head h = {
                .magic = FILE_MAGIC,
                .record_size = sizeof(InventoryRecord),
                .size = (uint32_t) size,
        };

        if (f->size + sizeof(h) + size > FILE_BYTES_MAX)
                return -EFBIG;
        /* Half a record would end the reading there: the room for the next is taken in any case. */
        f->size += sizeof(h) + size;
        if (write(f->fd, &h, sizeof(h)) != sizeof(h) || write(f->fd, record, size) != (ssize_t) size)
                log_debug("inventory: a record is not kept");
        return 0;
}

int inventory_file_begin(InventoryFile *f)
{
        int fd = open(f->new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return -errno;
        safe_close(f->fd);
        f->fd = fd;
        f->size = 0;
        return 0;
}

void inventory_file_commit(InventoryFile *f)
{
        if (rename(f->new_path, f->path) < 0)
                log_warning_errno(-errno, "inventory: %s cannot be kept", f->path);
}
