/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: an inventory's file with anything in it: what is wrong ends the reading, and what is put then comes back. */
#include <stdint.h>

#include "inventory-file.c"
#include "inventory.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(void *userdata, const InventoryRecord *r)
{
        size_t *n = userdata;

        *n += strlen(r->path) + strlen(r->users[0].workload) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char dir[] = "/tmp/aiguard-fuzz-XXXXXX";
        static char path[64];
        static InventoryRecord r;
        Inventory *i;
        size_t n = 0;
        uint32_t number;
        int fd;

        if (!path[0] && snprintf(path, sizeof(path), "%s/inventory", mkdtemp(dir)) < 0)
                return 0;
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, data, size) != (ssize_t) size)
                abort();
        close(fd);
        if (inventory_new(path, &i) < 0)
                return 0;
        inventory_each(i, visit, &n);
        r = (InventoryRecord){ .inode.ino = UINT64_MAX, .path = "/x" };
        r.classification.version = CLASSIFICATION_VERSION;
        number = inventory_put(i, &r);
        inventory_used(i, number, "clinic", 1);
        inventory_free(i);
        if (inventory_new(path, &i) < 0)
                return 0;
        if (number && (inventory_get(i, number, &r) < 0 || strcmp(r.users[0].workload, "clinic") != 0))
                abort();
        inventory_free(i);
        return 0;
}
