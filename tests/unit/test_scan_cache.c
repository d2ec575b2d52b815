/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: what was found before: for the very state of a file, in its place, by the same rules, and for nothing else. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/scan-cache.h"
#include "temporary.h"

static char dir[] = "/tmp/aiguard-cache-XXXXXX";
static char path[64];
static const unsigned char rules[SCAN_CACHE_RULES_SIZE] = "one", other_rules[SCAN_CACHE_RULES_SIZE] = "two";

static void setup(void)
{
        cr_assert(mkdtemp(dir));
        (void) snprintf(path, sizeof(path), "%s/cache", dir);
}

static void teardown(void)
{
        remove_tree(dir);
}

TestSuite(scan_cache, .init = setup, .fini = teardown);

static ScanCacheKey key_of(uint64_t ino)
{
        return (ScanCacheKey){ .fsid = 7, .dev = 8, .ino = ino, .size = 100, .change_ns = 1000 };
}

static Classification found_of(ScanStatus status)
{
        Classification c = { .version = CLASSIFICATION_VERSION,
                             .status = (uint8_t) status,
                             .format = "onnx" };

        /* Every byte of it comes back. */
        memset(c.classes, 3, sizeof(c.classes));
        c.bytes_read = 4096;
        if (status == SCAN_IDENTIFIED) {
                c.n_modelcaps = 1;
                strcpy(c.modelcaps[0].name, "emotion.face");
                c.modelcaps[0].certainty = CERTAINTY_IDENTIFIED;
                c.modelcaps[0].n_evidence = 1;
                strcpy(c.modelcaps[0].evidence[0].detail, "angry, happy");
        }
        return c;
}

static ScanCache *cache_with_rules(const unsigned char by[static SCAN_CACHE_RULES_SIZE])
{
        ScanCache *c = NULL;

        cr_assert_eq(scan_cache_new(path, &c), 0);
        scan_cache_set_rules(c, by);
        return c;
}

static void write_cache(void)
{
        _cleanup_(scan_cache_freep) ScanCache *c = cache_with_rules(rules);
        const Classification bad = found_of(SCAN_IDENTIFIED), plain = found_of(SCAN_NOT_A_MODEL);
        ScanCacheKey key = key_of(1);

        scan_cache_put(c, &key, &bad);
        key = key_of(2);
        scan_cache_put(c, &key, &plain);
        cr_assert_eq(scan_cache_save(c), 0);
}

static size_t size_after_restart(const unsigned char by[static SCAN_CACHE_RULES_SIZE])
{
        _cleanup_(scan_cache_freep) ScanCache *c = cache_with_rules(by);

        return scan_cache_size(c);
}

Test(scan_cache, comes_back_whole)
{
        _cleanup_(scan_cache_freep) ScanCache *c = NULL;
        const Classification bad = found_of(SCAN_IDENTIFIED);
        const ScanCacheKey key = key_of(1);
        Classification got;

        write_cache();
        c = cache_with_rules(rules);
        cr_assert_eq(scan_cache_size(c), 2);
        cr_assert(scan_cache_get(c, &key, &got));
        cr_assert_eq(memcmp(&got, &bad, sizeof(got)), 0);
}

Test(scan_cache, any_other_state_is_not_known)
{
        _cleanup_(scan_cache_freep) ScanCache *c = NULL;
        const ScanCacheKey key = key_of(1);
        Classification got;

        write_cache();
        c = cache_with_rules(rules);
        for (size_t i = 0; i < sizeof(key); i++) {
                ScanCacheKey k = key;

                ((unsigned char *) &k)[i] ^= 1;
                cr_assert_not(scan_cache_get(c, &k, &got), "byte %zu of the key says nothing", i);
        }
}

Test(scan_cache, a_new_state_takes_the_place_of_the_old)
{
        _cleanup_(scan_cache_freep) ScanCache *c = cache_with_rules(rules);
        const Classification bad = found_of(SCAN_IDENTIFIED), plain = found_of(SCAN_CLEAN);
        ScanCacheKey old = key_of(1), new = key_of(1), beside = key_of(1);
        Classification got;

        new.change_ns++;
        scan_cache_put(c, &old, &bad);
        scan_cache_put(c, &new, &plain);
        cr_assert_eq(scan_cache_size(c), 1);
        cr_assert_not(scan_cache_get(c, &old, &got));
        cr_assert(scan_cache_get(c, &new, &got));
        cr_assert_eq(got.status, SCAN_CLEAN);
        /* The same state under another name stands beside it. */
        beside = new;
        beside.context[0] = 1;
        scan_cache_put(c, &beside, &bad);
        cr_assert_eq(scan_cache_size(c), 2);
}

Test(scan_cache, unparsable_is_not_kept)
{
        _cleanup_(scan_cache_freep) ScanCache *c = cache_with_rules(rules);
        const Classification found = found_of(SCAN_UNPARSABLE);
        const ScanCacheKey key = key_of(1);

        scan_cache_put(c, &key, &found);
        cr_assert_eq(scan_cache_size(c), 0);
}

Test(scan_cache, new_rules_forget)
{
        _cleanup_(scan_cache_freep) ScanCache *c = NULL;

        write_cache();
        cr_assert_eq(size_after_restart(rules), 2);
        cr_assert_eq(size_after_restart(other_rules), 0);
        c = cache_with_rules(rules);
        cr_assert_eq(scan_cache_size(c), 2);
        scan_cache_set_rules(c, rules);
        cr_assert_eq(scan_cache_size(c), 2);
        scan_cache_set_rules(c, other_rules);
        cr_assert_eq(scan_cache_size(c), 0);
}

Test(scan_cache, is_bounded)
{
        _cleanup_(scan_cache_freep) ScanCache *c = cache_with_rules(rules);
        _cleanup_free_ void *data = NULL;
        Classification found = found_of(SCAN_IDENTIFIED);
        const ScanCacheKey newest = key_of(39999);
        size_t size;

        found.n_modelcaps = CLASSIFICATION_MODELCAPS_MAX;
        for (size_t i = 1; i < CLASSIFICATION_MODELCAPS_MAX; i++)
                found.modelcaps[i] = found.modelcaps[0];
        for (uint64_t i = 0; i < 40000; i++) {
                const ScanCacheKey key = key_of(i);

                scan_cache_put(c, &key, &found);
        }
        cr_assert_eq(scan_cache_dump(c, &data, &size), 0);
        cr_assert_leq(size, SCAN_CACHE_BYTES_MAX);
        cr_assert_gt(size, SCAN_CACHE_BYTES_MAX / 2);
        cr_assert(scan_cache_get(c, &newest, &found));
        cr_assert_eq(scan_cache_save(c), 0);
        cr_assert_eq(size_after_restart(rules), scan_cache_size(c));
}

/* -------------------------------------------------------------------- bad files */

static void change_file(off_t at, unsigned char with)
{
        int fd = open(path, O_RDWR | O_CLOEXEC);
        unsigned char c;

        cr_assert_geq(fd, 0);
        cr_assert_eq(pread(fd, &c, 1, at), 1);
        c ^= with;
        cr_assert_eq(pwrite(fd, &c, 1, at), 1);
        close(fd);
}

Test(scan_cache, any_byte_changed_and_none_is_taken)
{
        struct stat st;

        write_cache();
        cr_assert_eq(stat(path, &st), 0);
        for (off_t i = 0; i < st.st_size; i += i < 128 ? 1 : 97) {
                change_file(i, 1);
                cr_assert_eq(size_after_restart(rules), 0, "byte %ld", (long) i);
                change_file(i, 1);
        }
        cr_assert_eq(size_after_restart(rules), 2);
}

Test(scan_cache, cut_off_anywhere_and_none_is_taken)
{
        struct stat st;

        write_cache();
        cr_assert_eq(stat(path, &st), 0);
        for (off_t i = st.st_size - 1; i >= 0; i -= i < 128 ? 1 : 97) {
                cr_assert_eq(truncate(path, i), 0);
                cr_assert_eq(size_after_restart(rules), 0, "cut at %ld", (long) i);
        }
}

Test(scan_cache, records_that_lie_are_not_taken)
{
        _cleanup_(scan_cache_freep) ScanCache *c = cache_with_rules(rules), *into = NULL;
        const Classification bad = found_of(SCAN_IDENTIFIED);
        const ScanCacheKey key = key_of(1);
        unsigned char *data = NULL;
        size_t size;

        scan_cache_put(c, &key, &bad);
        cr_assert_eq(scan_cache_dump(c, (void **) &data, &size), 0);
        cr_assert_eq(scan_cache_new(NULL, &into), 0);
        for (size_t n = 1; n < size; n += 13)
                cr_assert_eq(scan_cache_parse(into, data, n), -EBADMSG, "cut at %zu", n);
        /* Version, status, runtime, number of findings: behind the key. */
        for (size_t i = 0; i < 7; i++) {
                unsigned char was = data[sizeof(key) + i];

                data[sizeof(key) + i] = 0xff;
                cr_assert_eq(scan_cache_parse(into, data, size), -EBADMSG, "byte %zu", i);
                data[sizeof(key) + i] = was;
        }
        cr_assert_eq(scan_cache_size(into), 0);
        cr_assert_eq(scan_cache_parse(into, data, size), 0);
        cr_assert_eq(scan_cache_size(into), 1);
        free(data);
}

/* No file, no directory, something else in its place: nothing is known, and nothing breaks. */
Test(scan_cache, no_file)
{
        cr_assert_eq(size_after_restart(rules), 0);
        cr_assert_eq(mkdir(path, 0700), 0);
        cr_assert_eq(size_after_restart(rules), 0);
}

/* -------------------------------------------------------------------------- keys */

static int new_file(const char *name, const char *text)
{
        char file[128];
        int fd;

        (void) snprintf(file, sizeof(file), "%s/%s", dir, name);
        fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        cr_assert_geq(fd, 0);
        cr_assert_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        close(fd);
        fd = open(file, O_RDONLY | O_CLOEXEC);
        cr_assert_geq(fd, 0);
        return fd;
}

static void settle(void)
{
        (void) nanosleep(&(struct timespec){ .tv_sec = 2, .tv_nsec = 100000000 }, NULL);
}

static int need_keys(int fd)
{
        ScanCacheKey key;
        int r = scan_cache_key(fd, "/a", NULL, 0, &key);

        if (r == -EOPNOTSUPP)
                cr_skip_test("the file system of /tmp does not tell of every write");
        return r;
}

Test(scan_cache, a_young_file_has_no_key)
{
        int fd = new_file("model", "x");
        ScanCacheKey key, again;

        cr_assert_eq(need_keys(fd), -EBUSY);
        settle();
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &key), 0);
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &again), 0);
        cr_assert_eq(memcmp(&key, &again, sizeof(key)), 0);
        /* The place matters: a path is evidence. */
        cr_assert_eq(scan_cache_key(fd, "/b", NULL, 0, &again), 0);
        cr_assert_neq(memcmp(&key, &again, sizeof(key)), 0);
        close(fd);
}

Test(scan_cache, nor_has_one_with_a_writer)
{
        int fd = new_file("model", "x"), writer;
        ScanCacheKey key;
        char file[128];
        void *p;

        (void) need_keys(fd);
        (void) snprintf(file, sizeof(file), "%s/model", dir);
        settle();
        writer = open(file, O_RDWR | O_CLOEXEC);
        cr_assert_geq(writer, 0);
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &key), -EBUSY);
        p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer, 0);
        cr_assert_neq(p, MAP_FAILED);
        close(writer);
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &key), -EBUSY, "mapped for writing");
        munmap(p, 4096);
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &key), 0);
        close(fd);
}

/* Same length, and the times of access and modification set back: the time of change tells. */
Test(scan_cache, a_changed_file_has_another_key)
{
        const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
        int fd = new_file("model", "x"), again;
        ScanCacheKey key, changed;

        (void) need_keys(fd);
        cr_assert_eq(futimens(fd, times), 0);
        settle();
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &key), 0);
        again = new_file("model", "y");
        cr_assert_eq(futimens(again, times), 0);
        settle();
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &changed), 0);
        cr_assert_eq(key.ino, changed.ino);
        cr_assert_neq(memcmp(&key, &changed, sizeof(key)), 0);
        close(again);
        close(fd);
}

Test(scan_cache, siblings_belong_to_the_key)
{
        int fd = new_file("model", "x"), config = new_file("config.json", "{}"), again;
        ScanSibling sibling = { .fd = config, .name = "config.json" };
        ScanCacheKey alone, with, changed;

        (void) need_keys(fd);
        settle();
        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &alone), 0);
        cr_assert_eq(scan_cache_key(fd, "/a", &sibling, 1, &with), 0);
        cr_assert_neq(memcmp(&alone, &with, sizeof(with)), 0);
        again = new_file("config.json", "[]");
        cr_assert_eq(scan_cache_key(fd, "/a", &sibling, 1, &changed), -EBUSY, "a young sibling");
        settle();
        cr_assert_eq(scan_cache_key(fd, "/a", &sibling, 1, &changed), 0);
        cr_assert_neq(memcmp(&with, &changed, sizeof(with)), 0);
        close(again);
        close(config);
        close(fd);
}

Test(scan_cache, what_is_in_memory_has_no_key)
{
        int fd = memfd_create("model", MFD_CLOEXEC);
        ScanCacheKey key;

        cr_assert_eq(scan_cache_key(fd, "/a", NULL, 0, &key), -EOPNOTSUPP);
        close(fd);
}

/* ------------------------------------------------------------------------ rules */

Test(scan_cache, rules_are_program_capabilities_and_runtimes)
{
        unsigned char before[SCAN_CACHE_RULES_SIZE], after[SCAN_CACHE_RULES_SIZE];
        static const char *const changed[] = { "scanner", "caps/a.yaml", "caps/b.yaml", "runtimes.yaml" };
        char caps[64], program[64];

        (void) snprintf(caps, sizeof(caps), "%s/caps", dir);
        (void) snprintf(program, sizeof(program), "%s/scanner", dir);
        cr_assert_eq(mkdir(caps, 0700), 0);
        cr_assert_lt(scan_rules_digest(program, caps, before), 0, "no program");
        close(new_file("scanner", "elf"));
        close(new_file("caps/a.yaml", "a"));
        cr_assert_eq(scan_rules_digest(program, caps, before), 0);
        for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
                close(new_file(changed[i], "changed"));
                cr_assert_eq(scan_rules_digest(program, caps, after), 0);
                cr_assert_neq(memcmp(before, after, sizeof(after)), 0, "%s", changed[i]);
                memcpy(before, after, sizeof(before));
        }
        close(new_file("caps/README", "no rules"));
        cr_assert_eq(scan_rules_digest(program, caps, after), 0);
        cr_assert_eq(memcmp(before, after, sizeof(after)), 0);
}
