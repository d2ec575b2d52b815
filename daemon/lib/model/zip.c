/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the central directory of a zip file and single members.
 * Owns: the copy of the directory, the budget of what may be inflated.
 * Must not: walk local headers, or refuse what PyTorch and Python would load
 * (junk before the first member, wrong checksums, the flag of encryption).
 * Called by: the readers of formats that are zip files.
 * Numbers: APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.
 */
#include "lib/model/zip.h"

#include <string.h>

#include "lib/macro.h"
#include "lib/model/bytes.h"
#include "lib/model/inflate.h"

#define END_SIZE 22U
#define END64_SIZE 56U
#define LOCATOR_SIZE 20U
#define ENTRY_SIZE 46U
#define LOCAL_SIZE 30U
#define COMMENT_SHORT 1024U
#define COMMENT_MAX 65535U

typedef struct End {
        uint64_t start; /* of the record itself */
        uint64_t directory, directory_size;
} End;

void zip_done(Zip *z)
{
        free(z->directory);
        free(z->members);
        *z = (Zip){};
}

static bool is_end(const unsigned char *p, size_t n)
{
        return n >= END_SIZE && memcmp(p, "PK\5\6", 4) == 0;
}

/* The last end record within the last `span` bytes: 1, 0 or an error. */
static int search_end(Source *s, size_t span, uint64_t *ret_start, unsigned char record[END_SIZE])
{
        _cleanup_free_ unsigned char *tail = NULL;
        size_t n = (size_t) MIN((uint64_t) span, s->size);
        int r;

        if (n < END_SIZE)
                return 0;
        tail = malloc(n);
        if (!tail)
                return source_fail(s, "out of memory");
        r = source_read(s, s->size - n, tail, n);
        if (r < 0)
                return r;
        for (size_t i = n - END_SIZE + 1; i-- > 0;)
                if (is_end(tail + i, n - i)) {
                        memcpy(record, tail + i, END_SIZE);
                        *ret_start = s->size - n + i;
                        return 1;
                }
        return 0;
}

/* Sizes that do not fit into 32 bits are in a second record, which a third one points at. */
static int read_end64(Source *s, End *end)
{
        unsigned char locator[LOCATOR_SIZE], record[END64_SIZE] = {};
        uint64_t at;
        int r;

        if (end->start < LOCATOR_SIZE)
                return 0;
        r = source_read(s, end->start - LOCATOR_SIZE, locator, LOCATOR_SIZE);
        if (r < 0)
                return r;
        if (memcmp(locator, "PK\6\7", 4) != 0)
                return 0;
        at = le64(locator + 8);
        /* Behind junk the offset is short of the place: the record is then where it must be. */
        if (end->start >= LOCATOR_SIZE + END64_SIZE &&
            source_read(s, end->start - LOCATOR_SIZE - END64_SIZE, record, END64_SIZE) == 0 &&
            memcmp(record, "PK\6\6", 4) == 0)
                at = end->start - LOCATOR_SIZE - END64_SIZE;
        r = source_read(s, at, record, END64_SIZE);
        if (r < 0)
                return r;
        if (memcmp(record, "PK\6\6", 4) != 0)
                return source_fail(s, "a zip file without its second end");
        end->start = at;
        end->directory_size = le64(record + 40);
        end->directory = le64(record + 48);
        return 0;
}

static int find_end(Source *s, bool thorough, End *ret)
{
        unsigned char record[END_SIZE] = {};
        uint64_t start = 0;
        int r;

        r = search_end(s, END_SIZE, &start, record);
        if (r == 0)
                r = search_end(s, END_SIZE + COMMENT_SHORT, &start, record);
        if (r == 0 && thorough)
                r = search_end(s, END_SIZE + COMMENT_MAX, &start, record);
        if (r <= 0)
                return r;
        *ret = (End){ .start = start, .directory_size = le32(record + 12), .directory = le32(record + 16) };
        r = read_end64(s, ret);
        return r < 0 ? r : 1;
}

/* The sizes of an entry that has them in its extra field, in a fixed order, only those that overflowed. */
static void read_extra64(const unsigned char *p, size_t n, ZipMember *m)
{
        uint64_t *const wanted[] = { &m->size, &m->stored, &m->header };

        while (n >= 4) {
                size_t length = MIN((size_t) le16(p + 2), n - 4);

                if (le16(p) == 1) {
                        const unsigned char *q = p + 4, *end = q + length;

                        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
                                if (*wanted[i] == UINT32_MAX && end - q >= 8) {
                                        *wanted[i] = le64(q);
                                        q += 8;
                                }
                        return;
                }
                p += 4 + length;
                n -= 4 + length;
        }
}

/* One entry of at most n bytes: how long it is, 0 where the entries end, or an error. */
static int read_entry(Zip *z, char *at, size_t n, uint64_t shift)
{
        unsigned char *p = (unsigned char *) at;
        ZipMember *m = &z->members[z->n];
        size_t name, extra, comment;

        if (n < ENTRY_SIZE || memcmp(p, "PK\1\2", 4) != 0)
                return 0;
        name = le16(p + 28);
        extra = le16(p + 30);
        comment = le16(p + 32);
        if (name + extra + comment > n - ENTRY_SIZE)
                return source_fail(z->source, "a directory that ends early");
        *m = (ZipMember){
                .name = at + ENTRY_SIZE - 1,
                .method = le16(p + 10),
                .stored = le32(p + 20),
                .size = le32(p + 24),
                .header = le32(p + 42),
        };
        read_extra64(p + ENTRY_SIZE + name, extra, m);
        m->header = m->header > UINT64_MAX - shift ? UINT64_MAX : m->header + shift;
        /* One byte down, over what has been read, so that there is room for the NUL. */
        memmove(p + ENTRY_SIZE - 1, p + ENTRY_SIZE, name);
        p[ENTRY_SIZE - 1 + name] = 0;
        z->n++;
        return (int) (ENTRY_SIZE + name + extra + comment);
}

static int read_directory(Zip *z, const End *end)
{
        size_t size = (size_t) end->directory_size, room = size / ENTRY_SIZE;
        uint64_t start = end->start - size; /* where it is, whatever stands before the first member */
        int r;

        if (room > ZIP_MEMBERS_MAX)
                room = ZIP_MEMBERS_MAX;
        z->directory = malloc(size + 1);
        z->members = calloc(room + 1, sizeof(*z->members));
        if (!z->directory || !z->members)
                return source_fail(z->source, "out of memory");
        r = source_read(z->source, start, z->directory, size);
        if (r < 0)
                return r;
        for (size_t i = 0; i < size; i += (size_t) r) {
                if (z->n >= room)
                        return size - i < ENTRY_SIZE
                                               ? 0
                                               : source_fail(z->source, "more members than a model has");
                r = source_count(z->source);
                if (r < 0)
                        return r;
                r = read_entry(z, z->directory + i, size - i, start - end->directory);
                if (r <= 0)
                        return r;
        }
        return 0;
}

int zip_open(Source *s, bool thorough, Zip *ret)
{
        _cleanup_zip_ Zip z = { .source = s, .inflate_left = ZIP_INFLATE_MAX };
        End end;
        int r;

        r = find_end(s, thorough, &end);
        if (r <= 0)
                return r;
        if (end.directory_size > end.start || end.directory > end.start - end.directory_size)
                return source_fail(s, "a zip directory that is not in the file");
        if (end.directory_size > ZIP_DIRECTORY_MAX)
                return source_fail(s, "a zip directory longer than the limit");
        r = read_directory(&z, &end);
        if (r < 0)
                return r;
        *ret = z;
        z = (Zip){};
        return 1;
}

bool zip_probe(Source *s)
{
        const unsigned char *p = NULL;
        unsigned char tail[END_SIZE];

        if (source_peek(s, 0, 4, &p) == 4 && memcmp(p, "PK\3\4", 4) == 0)
                return true;
        return s->size >= END_SIZE && source_read(s, s->size - END_SIZE, tail, END_SIZE) == 0 &&
               is_end(tail, END_SIZE);
}

const ZipMember *zip_find(const Zip *z, const char *name)
{
        for (size_t i = z->n; i-- > 0;)
                if (strcmp(z->members[i].name, name) == 0)
                        return &z->members[i];
        return NULL;
}

int zip_locate(Zip *z, const ZipMember *m, uint64_t *ret)
{
        unsigned char local[LOCAL_SIZE];
        uint64_t start = 0;
        int r;

        r = source_read(z->source, m->header, local, LOCAL_SIZE);
        if (r < 0)
                return r;
        if (memcmp(local, "PK\3\4", 4) != 0)
                return source_fail(z->source, "a member that is not where the directory says");
        start = m->header + LOCAL_SIZE + le16(local + 26) + le16(local + 28);
        if (start > z->source->size || m->stored > z->source->size - start)
                return source_fail(z->source, "a member longer than the file");
        *ret = start;
        return 0;
}

int zip_read(Zip *z, const ZipMember *m, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *data = NULL;
        uint64_t start = 0;
        size_t n = 0;
        bool complete;
        int r;

        r = zip_locate(z, m, &start);
        if (r < 0)
                return r;
        if (m->method == 8) {
                r = inflate_part(z->source, INFLATE_RAW, start, m->stored, MIN(max, z->inflate_left), &data,
                                 &n, &complete);
                if (r < 0)
                        return r;
                z->inflate_left -= n;
        } else if (m->method == 0) {
                n = (size_t) MIN((uint64_t) max, m->stored);
                data = malloc(n + 1);
                if (!data)
                        return source_fail(z->source, "out of memory");
                r = source_read(z->source, start, data, n);
                if (r < 0)
                        return r;
                data[n] = 0;
        } else {
                return source_fail(z->source, "a member that is compressed in a way nobody uses");
        }
        *ret = TAKE_PTR(data);
        *ret_size = n;
        return 0;
}
