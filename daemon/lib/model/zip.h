/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODEL_ZIP_H
#define MODEL_ZIP_H
/*
 * The directory of a zip file, and its members: as tolerant as those who load
 * models from it. Only the central directory counts; checksums, flags, and
 * what a local header says of name and sizes do not.
 */
#include <stdbool.h>

#include "lib/model/source.h"

#define ZIP_MEMBERS_MAX 65536U
#define ZIP_DIRECTORY_MAX (8U * 1024 * 1024)
#define ZIP_INFLATE_MAX (16U * 1024 * 1024) /* of all members of one file together */

typedef struct ZipMember {
        const char *name; /* bytes of the file, NUL-terminated */
        uint64_t header;  /* where the local header lies in the source */
        uint64_t stored;  /* bytes in the file */
        uint64_t size;    /* bytes when inflated, as the directory has it */
        uint16_t method;  /* 0: stored, 8: deflated */
} ZipMember;

typedef struct Zip {
        Source *source;
        char *directory;
        ZipMember *members;
        size_t n;
        size_t inflate_left;
} Zip;

void zip_done(Zip *z);
#define _cleanup_zip_ _cleanup_(zip_done)

/*
 * Looks for the end of a zip file: directly at the end of the source, behind a
 * comment of up to a kilobyte, and with `thorough` behind any comment. 1 and a
 * Zip to be ended with zip_done(), 0 when there is none, -EBADMSG with the
 * source's reason set when there is one that cannot be read.
 */
int zip_open(Source *s, bool thorough, Zip *ret);

/* Begins with a member, or has the end of a zip file at its very end: some thirty bytes are read. */
bool zip_probe(Source *s);

/* The last member of that name, as most readers have it; NULL when there is none. */
const ZipMember *zip_find(const Zip *z, const char *name);

/* Where the bytes of a member begin in the source; they are all there. */
int zip_locate(Zip *z, const ZipMember *m, uint64_t *ret);

/* The first `max` bytes of a member, inflated. The caller frees; a NUL stands behind them. */
int zip_read(Zip *z, const ZipMember *m, size_t max, char **ret, size_t *ret_size);

#endif
