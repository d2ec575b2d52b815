/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the models that were seen and who used them, over restarts of the
 * daemon and over a file that was cut, changed or is of another build. The
 * sources are included: they belong to the daemon, not to its library.
 */
#include <criterion/criterion.h>

#include "inventory-file.c"
#include "inventory.c"
#include "temporary.h"

static char dir[] = "/tmp/aiguard-inventory-XXXXXX";
static char path[64];

static void setup(void)
{
        cr_assert(mkdtemp(dir));
        (void) snprintf(path, sizeof(path), "%s/inventory", dir);
}

static void teardown(void)
{
        remove_tree(dir);
}

TestSuite(inventory, .init = setup, .fini = teardown);

static void fill(InventoryRecord *r, uint64_t ino, const char *name, size_t n_findings)
{
        memset(r, 0, sizeof(*r));
        r->inode.ino = ino;
        (void) snprintf(r->path, sizeof(r->path), "%s", name);
        r->classified_usec = 1000;
        r->classification = (Classification){ .version = CLASSIFICATION_VERSION,
                                              .status = SCAN_IDENTIFIED,
                                              .n_modelcaps = (uint8_t) n_findings,
                                              .format = "onnx" };
        for (size_t i = 0; i < n_findings; i++) {
                strcpy(r->classification.modelcaps[i].name, "emotion.face");
                r->classification.modelcaps[i].confidence = 90;
        }
}

static uint32_t put_one(Inventory *i, uint64_t ino, const char *name)
{
        InventoryRecord *r = malloc(sizeof(*r));
        uint32_t number;

        cr_assert(r);
        fill(r, ino, name, 1);
        number = inventory_put(i, r);
        free(r);
        return number;
}

static Inventory *open_inventory(void)
{
        Inventory *i = NULL;

        cr_assert_eq(inventory_new(path, &i), 0);
        return i;
}

static size_t size_after_restart(void)
{
        _cleanup_(inventory_freep) Inventory *i = open_inventory();

        return inventory_size(i);
}

Test(inventory, who_used_it_survives_a_restart)
{
        _cleanup_free_ InventoryRecord *r = malloc(sizeof(*r));
        Inventory *first = open_inventory();
        _cleanup_(inventory_freep) Inventory *i = NULL;
        uint32_t a = put_one(first, 1, "/a"), b = put_one(first, 2, "/b");

        inventory_used(first, a, "clinic", 5);
        inventory_used(first, a, "office", 6);
        inventory_used(first, a, "clinic", 7);
        inventory_free(first);
        i = open_inventory();
        cr_assert_eq(inventory_size(i), 2);
        cr_assert_eq(inventory_get(i, a, r), 0);
        cr_assert_str_eq(r->path, "/a");
        cr_assert_str_eq(r->users[0].workload, "clinic");
        cr_assert_eq(r->users[0].last_usec, 7);
        cr_assert_str_eq(r->users[1].workload, "office");
        cr_assert_eq(r->users[1].last_usec, 6);
        cr_assert_str_eq(r->users[2].workload, "");
        cr_assert_eq(inventory_get(i, b, r), 0);
        cr_assert_str_eq(r->users[0].workload, "");
        cr_assert_gt(put_one(i, 3, "/c"), b, "numbers go on");
}

/* Killed: who was new is known, the time of the last open is of before. */
Test(inventory, a_new_user_is_written_at_once)
{
        _cleanup_free_ InventoryRecord *r = malloc(sizeof(*r));
        _cleanup_(inventory_freep) Inventory *i = open_inventory(), *second = NULL;
        uint32_t a = put_one(i, 1, "/a");

        inventory_used(i, a, "clinic", 5);
        inventory_used(i, a, "clinic", 9);
        second = open_inventory();
        cr_assert_eq(inventory_get(second, a, r), 0);
        cr_assert_str_eq(r->users[0].workload, "clinic");
        cr_assert_eq(r->users[0].last_usec, 5);
}

Test(inventory, judged_again_keeps_number_and_users)
{
        _cleanup_free_ InventoryRecord *r = malloc(sizeof(*r));
        _cleanup_(inventory_freep) Inventory *i = open_inventory();
        uint32_t a = put_one(i, 1, "/a");

        inventory_used(i, a, "clinic", 5);
        cr_assert_eq(put_one(i, 1, "/renamed"), a);
        cr_assert_eq(inventory_get(i, a, r), 0);
        cr_assert_str_eq(r->path, "/renamed");
        cr_assert_str_eq(r->users[0].workload, "clinic");
}

Test(inventory, the_fifth_user_takes_the_place_of_the_oldest)
{
        _cleanup_free_ InventoryRecord *r = malloc(sizeof(*r));
        _cleanup_(inventory_freep) Inventory *i = open_inventory();
        uint32_t a = put_one(i, 1, "/a");
        char name[2] = "a";

        for (uint64_t n = 0; n < 5; n++, name[0]++)
                inventory_used(i, a, name, n + 1);
        cr_assert_eq(inventory_get(i, a, r), 0);
        for (size_t n = 0; n < INVENTORY_USERS_MAX; n++)
                cr_assert_eq(r->users[n].workload[0], (char) ('e' - n));
        inventory_used(i, a,
                       "a-workload-whose-name-is-longer-than-any-that-the-policy-allows-for-one-at-all", 9);
        inventory_used(i, a + 1, "nobody", 9);
        inventory_used(i, 0, "nobody", 9);
        cr_assert_eq(inventory_get(i, a, r), 0);
        cr_assert(memchr(r->users[0].workload, 0, sizeof(r->users[0].workload)));
}

Test(inventory, is_bounded_in_memory_and_on_disk)
{
        _cleanup_free_ InventoryRecord *r = malloc(sizeof(*r));
        _cleanup_(inventory_freep) Inventory *i = open_inventory();
        struct stat st;

        for (uint64_t n = 0; n < INVENTORY_MAX + 3000; n++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "/%llu", (unsigned long long) n);
                fill(r, n, name, CLASSIFICATION_MODELCAPS_MAX);
                cr_assert_neq(inventory_put(i, r), 0);
                if (n % 500 == 0) {
                        cr_assert_eq(stat(path, &st), 0);
                        cr_assert_leq(st.st_size, FILE_BYTES_MAX);
                }
        }
        cr_assert_leq(inventory_size(i), INVENTORY_MAX);
        cr_assert_leq(i->bytes, INVENTORY_BYTES_MAX);
        cr_assert_gt(inventory_size(i), 10);
        /* Written anew when it was full: what is in memory is in the file. */
        cr_assert_eq(size_after_restart(), inventory_size(i));
}

Test(inventory, cut_off_anywhere)
{
        Inventory *i = open_inventory();
        struct stat one, two;

        put_one(i, 1, "/a");
        cr_assert_eq(stat(path, &one), 0);
        put_one(i, 2, "/b");
        cr_assert_eq(stat(path, &two), 0);
        inventory_free(i);
        for (off_t n = two.st_size - 1; n >= 0; n -= 101) {
                cr_assert_eq(truncate(path, n), 0);
                cr_assert_eq(size_after_restart(), n >= one.st_size ? 1 : 0, "cut at %ld", (long) n);
        }
}

Test(inventory, changed_or_of_another_build)
{
        static const size_t places[] = {
                offsetof(Head, magic),
                offsetof(Head, record_size),
                offsetof(Head, size),
                sizeof(Head) + offsetof(InventoryRecord, n_columns),
                sizeof(Head) + offsetof(InventoryRecord, classification) + offsetof(Classification, version),
                sizeof(Head) + offsetof(InventoryRecord, classification) + offsetof(Classification, status),
                sizeof(Head) + offsetof(InventoryRecord, classification) +
                                offsetof(Classification, n_modelcaps),
        };

        for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
                Inventory *i = open_inventory();
                unsigned char c = 0xee;
                int fd;

                put_one(i, 1, "/a");
                inventory_free(i);
                fd = open(path, O_WRONLY | O_CLOEXEC);
                cr_assert_eq(pwrite(fd, &c, 1, (off_t) places[k]), 1);
                close(fd);
                cr_assert_eq(size_after_restart(), 0, "place %zu", k);
                cr_assert_eq(unlink(path), 0);
        }
}

Test(inventory, a_name_without_an_end_is_not_taken)
{
        _cleanup_free_ InventoryRecord *r = malloc(sizeof(*r));

        fill(r, 1, "/a", 0);
        cr_assert(is_good(r, inventory_record_size(r)));
        memset(r->users[3].workload, 'x', sizeof(r->users[3].workload));
        cr_assert_not(is_good(r, inventory_record_size(r)));
        fill(r, 1, "/a", 0);
        memset(r->path, 'x', sizeof(r->path));
        cr_assert_not(is_good(r, inventory_record_size(r)));
}
