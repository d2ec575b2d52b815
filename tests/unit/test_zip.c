/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: the zip reader, on files of Python's zipfile and on directories made to hurt it. */
#include "lib/model/zip.h"
#include "real-files.h"

#define WRITE_TWO                                       \
        "z = zipfile.ZipFile(name, 'w')\n"              \
        "z.writestr('root/data.pkl', 'stored bytes')\n" \
        "i = zipfile.ZipInfo('code/long.py')\n"         \
        "i.compress_type = zipfile.ZIP_DEFLATED\n"      \
        "z.writestr(i, 'class Emotion:\\n' + 'x' * 100000)\n"

static void check_two(Bytes *b, bool thorough)
{
        Source s;
        Zip z;
        _cleanup_free_ char *text = NULL, *code = NULL;
        size_t n = 0;

        source_init_memory(&s, b->data, b->n);
        cr_assert_eq(zip_open(&s, thorough, &z), 1, "%s", s.reason);
        cr_assert_eq(z.n, 2U);
        cr_assert_str_eq(z.members[0].name, "root/data.pkl");
        cr_assert_null(zip_find(&z, "data.pkl"));
        cr_assert_eq(zip_read(&z, zip_find(&z, "root/data.pkl"), 1000, &text, &n), 0);
        cr_assert_eq(n, 12U);
        cr_assert_str_eq(text, "stored bytes");
        cr_assert_eq(zip_read(&z, zip_find(&z, "code/long.py"), 64, &code, &n), 0);
        cr_assert_eq(n, 64U);
        cr_assert_eq(strncmp(code, "class Emotion:\nxxx", 18), 0);
        zip_done(&z);
}

Test(zip, of_python)
{
        _cleanup_bytes_ Bytes b = python_file("zipfile", WRITE_TWO "z.close()\n");

        check_two(&b, false);
}

Test(zip, with_comment)
{
        _cleanup_bytes_ Bytes b = python_file("zipfile", WRITE_TWO "z.comment = b'c' * 500\nz.close()\n");
        _cleanup_bytes_ Bytes longer =
                        python_file("zipfile", WRITE_TWO "z.comment = b'c' * 65535\nz.close()\n");
        Source s;
        Zip z;

        check_two(&b, false);
        check_two(&longer, true);
        source_init_memory(&s, longer.data, longer.n);
        cr_assert_eq(zip_open(&s, false, &z), 0);
}

/* Without correcting the offsets, as `cat junk model.zip` does, and with, as appending does. */
Test(zip, behind_junk)
{
        _cleanup_bytes_ Bytes plain = python_file("zipfile", WRITE_TWO "z.close()\n"), b = {};
        _cleanup_bytes_ Bytes appended = python_file("zipfile", "open(name, 'wb').write(b'TFL3' * 999)\n"
                                                                "z = zipfile.ZipFile(name, 'a')\n"
                                                                "z.writestr('labels.txt', 'angry\\nhappy')\n"
                                                                "z.close()\n");
        _cleanup_free_ char *text = NULL;
        size_t n;
        Source s;
        Zip z;

        put_zeros(&b, 777);
        put(&b, plain.data, plain.n);
        check_two(&b, false);
        source_init_memory(&s, appended.data, appended.n);
        cr_assert_eq(zip_open(&s, false, &z), 1);
        cr_assert_eq(zip_read(&z, zip_find(&z, "labels.txt"), 100, &text, &n), 0);
        cr_assert_str_eq(text, "angry\nhappy");
        zip_done(&z);
}

Test(zip, of_64_bits)
{
        _cleanup_bytes_ Bytes b = python_file(
                        "zipfile", "zipfile.ZIP64_LIMIT = 4\nzipfile.ZIP_FILECOUNT_LIMIT = 1\n" WRITE_TWO
                                   "z.close()\n");

        cr_assert(memmem(b.data, b.n, "PK\6\6", 4));
        check_two(&b, false);
}

/* The flag of encryption, wrong checksums and another name in the local header stop no loader. */
Test(zip, lies_in_local_headers)
{
        _cleanup_bytes_ Bytes b = python_file("zipfile", WRITE_TWO "z.close()\n");

        b.data[6] |= 1;
        memset(b.data + 14, 0xff, 12);
        memcpy(b.data + 30, "rootxdata.txt", 13);
        check_two(&b, false);
}

static void put_end(Bytes *b, uint32_t size, uint32_t offset)
{
        put(b, "PK\5\6", 4);
        put_zeros(b, 8);
        put_le(b, size, 4);
        put_le(b, offset, 4);
        put_zeros(b, 2);
}

static int open_bytes(const Bytes *b, Source *s)
{
        Zip z;
        int r;

        source_init_memory(s, b->data, b->n);
        r = zip_open(s, true, &z);
        if (r > 0)
                zip_done(&z);
        return r;
}

Test(zip, impossible_directories)
{
        static const uint32_t bad[][2] = {
                { 1, 500 }, { 500, 0 }, { UINT32_MAX, 0 }, { 0, UINT32_MAX }, { UINT32_MAX, UINT32_MAX }
        };
        Source s;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_bytes_ Bytes b = {};

                put_zeros(&b, 100);
                put_end(&b, bad[i][0], bad[i][1]);
                cr_assert_eq(open_bytes(&b, &s), -EBADMSG, "%zu", i);
                cr_assert(s.reason);
        }
}

/* 48 bytes each: what stands in the file, not what a header says, bounds the work. */
Test(zip, a_million_members)
{
        _cleanup_bytes_ Bytes b = {};
        double begin;
        Source s;

        for (int i = 0; i < 100000; i++) {
                put(&b, "PK\1\2", 4);
                put_zeros(&b, 42);
        }
        put_end(&b, (uint32_t) b.n, 0);
        begin = milliseconds();
        cr_assert_eq(open_bytes(&b, &s), -EBADMSG);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
}

Test(zip, a_bomb_costs_what_was_asked_for)
{
        _cleanup_bytes_ Bytes b =
                        python_file("zipfile", "z = zipfile.ZipFile(name, 'w', zipfile.ZIP_DEFLATED)\n"
                                               "z.writestr('bomb', b'\\0' * (200 << 20))\nz.close()\n");
        const double begin = milliseconds();
        _cleanup_free_ char *data = NULL, *all = NULL;
        size_t n = 0;
        Source s;
        Zip z;

        source_init_memory(&s, b.data, b.n);
        cr_assert_eq(zip_open(&s, false, &z), 1);
        cr_assert_eq(zip_read(&z, &z.members[0], 1U << 20, &data, &n), 0);
        cr_assert_eq(n, 1U << 20);
        cr_assert_eq(zip_read(&z, &z.members[0], 64U << 20, &all, &n), -EBADMSG);
        cr_assert_lt(milliseconds() - begin, HOSTILE_MS);
        zip_done(&z);
}

Test(zip, members_that_are_not_there)
{
        _cleanup_bytes_ Bytes b = python_file("zipfile", WRITE_TWO "z.close()\n");
        unsigned char *entry = memmem(b.data, b.n, "PK\1\2", 4);
        _cleanup_free_ char *text = NULL;
        size_t n;
        Source s;
        Zip z;

        entry[42] = 1; /* offset of the local header */
        source_init_memory(&s, b.data, b.n);
        cr_assert_eq(zip_open(&s, false, &z), 1);
        cr_assert_eq(zip_read(&z, &z.members[0], 100, &text, &n), -EBADMSG);
        cr_assert(s.reason);
        zip_done(&z);
        entry[42] = 0;
        memset(entry + 20, 0x7f, 4); /* stored size */
        source_init_memory(&s, b.data, b.n);
        cr_assert_eq(zip_open(&s, false, &z), 1);
        cr_assert_eq(zip_read(&z, &z.members[0], 100, &text, &n), -EBADMSG);
        zip_done(&z);
}

Test(zip, no_zip)
{
        static const char text[] =
                        "PK\3\4 and then nothing of the kind, which is long enough to hold an end";
        Bytes b = { (unsigned char *) text, sizeof(text), 0 };
        Source s;

        cr_assert_eq(open_bytes(&b, &s), 0);
}

/* A part of a file: positions count from its beginning, and it ends where it was said to end. */
Test(source, part)
{
        int fd = file_of("0123456789", 10);
        Source whole, part;
        char text[4] = "";

        source_init_fd(&whole, fd, 10);
        source_begin_part(&part, &whole, 4, 3);
        cr_assert_eq(source_read(&part, 1, text, 2), 0);
        cr_assert_str_eq(text, "56");
        cr_assert_eq(source_read(&part, 1, text, 3), -EBADMSG);
        source_end_part(&whole, &part);
        cr_assert_eq(whole.bytes_read, 2U);
        cr_assert_str_eq(whole.reason, "ends early");
        close(fd);
}
