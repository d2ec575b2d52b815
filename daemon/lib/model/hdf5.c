/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: finds its way through an HDF5 file.
 * Owns: the layout of superblocks, headers, trees and heaps.
 * Must not: follow an address beyond the file, or more blocks than the budget
 * of the source has items; trees may be knots. Must not read data.
 * Called by: keras-hdf5.c.
 */
#include "lib/model/hdf5-cursor.h"

#include <string.h>

#include "lib/macro.h"

#define SIGNATURE "\x89HDF\r\n\x1a\n"
#define USER_BLOCK_MAX (1U << 20)
#define BLOCKS_MAX 64 /* of one header */
#define TREE_DEPTH_MAX 8

enum {
        MESSAGE_SPACE = 0x01,
        MESSAGE_LINK_INFO = 0x02,
        MESSAGE_TYPE = 0x03,
        MESSAGE_LINK = 0x06,
        MESSAGE_LAYOUT = 0x08,
        MESSAGE_ATTRIBUTE = 0x0c,
        MESSAGE_CONTINUATION = 0x10,
        MESSAGE_SYMBOL_TABLE = 0x11,
        MESSAGE_ATTRIBUTE_INFO = 0x15,
};

/* --------------------------------------------------------------- superblock */

uint64_t hdf5_find(Source *s)
{
        const unsigned char *p = NULL;

        for (uint64_t at = 0; at + 8 <= s->size && at <= USER_BLOCK_MAX; at = at ? at * 2 : 512)
                if (source_peek(s, at, 8, &p) == 8 && memcmp(p, SIGNATURE, 8) == 0)
                        return at;
        return HDF5_NOWHERE;
}

int hdf5_open(Hdf5 *h, Source *s, uint64_t signature, uint64_t *ret_root)
{
        Cursor c;
        unsigned version;
        uint64_t root;

        *h = (Hdf5){ .s = s, .base = signature };
        c = cursor(h, signature + 8, MIN(s->size - signature - 8, (uint64_t) 128));
        version = (unsigned) number(&c, 1);
        if (version > 3)
                return source_fail(s, "a version of HDF5 that is not known");
        if (version < 2)
                skip(&c, 4);
        h->address_size = (unsigned) number(&c, 1);
        h->length_size = (unsigned) number(&c, 1);
        if (c.error < 0)
                return c.error;
        if ((h->address_size != 4 && h->address_size != 8) || (h->length_size != 4 && h->length_size != 8))
                return source_fail(s, "numbers of a size that cannot be");
        /* flags, and before them in the old ones: reserved, sizes of tree nodes */
        skip(&c, version >= 2 ? 1 : version == 1 ? 13 : 9);
        (void) number(&c, h->address_size); /* base address: as after the user block, where it is */
        skip(&c, 2ULL * h->address_size);   /* free space or extension; end of file */
        if (version < 2)
                skip(&c, 2ULL * h->address_size); /* driver; name of the root group */
        root = address(&c);
        if (c.error < 0)
                return c.error;
        if (root == HDF5_NOWHERE)
                return source_fail(s, "no root group");
        *ret_root = root;
        return 0;
}

/* ------------------------------------------------------------------ messages */

static void read_type(Cursor *c, Hdf5Type *ret)
{
        unsigned class = (unsigned) number(c, 1) & 15, bits = (unsigned) number(c, 3);

        *ret = (Hdf5Type){ .size = (uint32_t) number(c, 4) };
        ret->string = class == 3;
        ret->variable = class == 9 && (bits & 15) == 1;
}

static void read_space(Cursor *c, Hdf5Space *ret)
{
        unsigned version = (unsigned) number(c, 1), rank = (unsigned) number(c, 1);

        *ret = (Hdf5Space){};
        skip(c, version == 1 ? 6 : 2); /* flags, type or reserved */
        for (unsigned i = 0; i < rank && i < HDF5_DIMS_MAX; i++)
                ret->dims[ret->n++] = length(c);
}

uint64_t hdf5_count(const Hdf5Space *space)
{
        uint64_t n = 1;

        for (unsigned i = 0; i < space->n; i++) {
                if (space->dims[i] > UINT32_MAX)
                        return UINT32_MAX;
                n = MIN(n * space->dims[i], (uint64_t) UINT32_MAX);
        }
        return n;
}

static uint64_t padded(uint64_t n, bool pad)
{
        return pad ? (n + 7) & ~7ULL : n;
}

static void copy_name(Cursor *c, uint64_t n, char ret[HDF5_NAME_MAX])
{
        const unsigned char *p = view(c, (size_t) MIN(n, (uint64_t) HDF5_NAME_MAX - 1));

        memset(ret, 0, HDF5_NAME_MAX);
        if (p)
                memcpy(ret, p, (size_t) MIN(n, (uint64_t) HDF5_NAME_MAX - 1));
        skip(c, n > HDF5_NAME_MAX - 1 ? n - (HDF5_NAME_MAX - 1) : 0);
}

static int read_attribute(Cursor c, const Hdf5Visitor *v)
{
        Hdf5Attribute a = {};
        unsigned version = (unsigned) number(&c, 1), flags = (unsigned) number(&c, 1);
        uint64_t name = number(&c, 2), type = number(&c, 2), space = number(&c, 2), start;
        bool pad = version == 1;

        if (c.error >= 0 && (version < 1 || version > 3))
                return source_fail(c.h->s, "an attribute of a version that is not known");
        if (version == 3)
                skip(&c, 1);
        start = c.pos;
        copy_name(&c, name, a.name);
        c.pos = start;
        skip(&c, padded(name, pad));
        start = c.pos;
        if (!(version > 1 && (flags & 3))) /* else the type or the space is in another header */
                read_type(&c, &a.type);
        c.pos = start;
        skip(&c, padded(type, pad));
        start = c.pos;
        if (c.error >= 0 && space >= 2)
                read_space(&c, &a.space);
        c.pos = start;
        skip(&c, padded(space, pad));
        a.data = c.pos;
        if (c.error < 0)
                return c.error;
        return v->attribute ? v->attribute(v->userdata, &a) : 0;
}

static int read_link(Cursor c, const Hdf5Visitor *v)
{
        char name[HDF5_NAME_MAX];
        unsigned flags, type = 0;
        uint64_t n, target;

        skip(&c, 1); /* version */
        flags = (unsigned) number(&c, 1);
        if (flags & 8)
                type = (unsigned) number(&c, 1);
        skip(&c, (flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0)); /* order of creation, character set */
        n = number(&c, 1U << (flags & 3));
        copy_name(&c, n, name);
        if (c.error < 0 || type != 0)
                return c.error; /* links by name lead elsewhere */
        target = address(&c);
        if (c.error < 0)
                return c.error;
        return v->link && target != HDF5_NOWHERE ? v->link(v->userdata, name, target) : 0;
}

static void read_layout(Cursor *c, Hdf5Object *o)
{
        unsigned version = (unsigned) number(c, 1), class;

        o->dataset = true;
        if (version < 3) {
                skip(c, 1); /* rank */
                class = (unsigned) number(c, 1);
                skip(c, 5);
                if (class == 1)
                        o->data = address(c);
                return;
        }
        class = (unsigned) number(c, 1);
        if (class == 0) {
                o->length = number(c, 2);
                o->data = c->pos;
        } else if (class == 1) {
                o->data = address(c);
                o->length = length(c);
        }
}

/* Both kinds of "info" messages: flags, how many ever were, and the heap of what found no room in the header. */
static void read_info(Cursor *c, unsigned order_size, Hdf5Object *o)
{
        unsigned flags;

        skip(c, 1);
        flags = (unsigned) number(c, 1);
        skip(c, flags & 1 ? order_size : 0);
        o->dense |= address(c) != HDF5_NOWHERE;
}

static int read_message(Hdf5 *h, unsigned type, Cursor c, const Hdf5Visitor *v, Hdf5Object *o)
{
        switch (type) {
        case MESSAGE_SPACE:
                o->seen |= 1;
                read_space(&c, &o->space);
                break;
        case MESSAGE_TYPE:
                o->seen |= 2;
                read_type(&c, &o->type);
                break;
        case MESSAGE_LINK:
                return read_link(c, v);
        case MESSAGE_LAYOUT:
                o->seen |= 4;
                read_layout(&c, o);
                break;
        case MESSAGE_ATTRIBUTE:
                return read_attribute(c, v);
        case MESSAGE_SYMBOL_TABLE:
                o->tree = address(&c);
                o->heap = address(&c);
                break;
        case MESSAGE_LINK_INFO:
                read_info(&c, 8, o);
                break;
        case MESSAGE_ATTRIBUTE_INFO:
                read_info(&c, 2, o);
                break;
        }
        return c.error;
}

/* ------------------------------------------------------------ object headers */

typedef struct Blocks {
        size_t n;
        uint64_t start[BLOCKS_MAX], length[BLOCKS_MAX];
} Blocks;

static int add_block(Hdf5 *h, Blocks *b, Cursor c)
{
        uint64_t at = address(&c), n = length(&c);

        if (c.error < 0)
                return c.error;
        if (at == HDF5_NOWHERE || b->n >= BLOCKS_MAX)
                return source_fail(h->s, "a header in more pieces than there can be");
        b->start[b->n] = at;
        b->length[b->n++] = n;
        return 0;
}

static int read_messages(Hdf5 *h, Cursor *c, bool old, bool ordered, Blocks *blocks, const Hdf5Visitor *v,
                         Hdf5Object *o)
{
        /* Behind the last message of the new kind there may be a gap too small for one. */
        while (c->error >= 0 && o->seen != 7 && c->end - c->pos >= (old ? 8U : 4U)) {
                unsigned type = (unsigned) number(c, old ? 2 : 1), flags;
                uint64_t size = number(c, 2);
                Cursor inner;
                int r = source_count(h->s);

                flags = (unsigned) number(c, 1);
                skip(c, old ? 3 : ordered ? 2 : 0);
                inner = cursor(h, c->pos, size);
                skip(c, size);
                if (r < 0 || c->error < 0)
                        return r < 0 ? r : c->error;
                if (flags & 2)
                        continue; /* shared: lies in another header */
                if (type == MESSAGE_CONTINUATION)
                        r = add_block(h, blocks, inner);
                else
                        r = read_message(h, type, inner, v, o);
                if (r < 0)
                        return r;
        }
        return c->error;
}

/* The new kind of header: "OHDR", flags, times, then the first block. */
static int open_new(Cursor *c, Blocks *ret, bool *ret_ordered)
{
        unsigned flags;
        uint64_t size;

        skip(c, 5); /* signature, version */
        flags = (unsigned) number(c, 1);
        skip(c, (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
        size = number(c, 1U << (flags & 3));
        if (c->error < 0)
                return c->error;
        ret->n = 1;
        ret->start[0] = c->pos;
        ret->length[0] = size;
        *ret_ordered = flags & 4;
        return 0;
}

static int open_old(Cursor *c, Blocks *ret)
{
        uint64_t size;

        if (number(c, 1) != 1 && c->error >= 0)
                return source_fail(c->h->s, "a header of a version that is not known");
        skip(c, 7); /* number of messages, of references */
        size = number(c, 4);
        skip(c, 4);
        if (c->error < 0)
                return c->error;
        ret->n = 1;
        ret->start[0] = c->pos;
        ret->length[0] = size;
        return 0;
}

int hdf5_object(Hdf5 *h, uint64_t at, const Hdf5Visitor *v, Hdf5Object *ret)
{
        Cursor c = cursor(h, at, MIN(h->s->size - MIN(at, h->s->size), (uint64_t) 64));
        const unsigned char *p = NULL;
        Blocks blocks = {};
        bool old, ordered = false;
        int r;

        *ret = (Hdf5Object){ .tree = HDF5_NOWHERE, .heap = HDF5_NOWHERE };
        r = source_view(h->s, at, 16, &p);
        if (r < 0)
                return r;
        old = memcmp(p, "OHDR", 4) != 0;
        r = old ? open_old(&c, &blocks) : open_new(&c, &blocks, &ordered);
        if (r < 0)
                return r;
        for (size_t i = 0; i < blocks.n && ret->seen != 7; i++) {
                c = cursor(h, blocks.start[i], blocks.length[i]);
                if (!old && i > 0 && expect(&c, "OCHK"))
                        c.end -= MIN(c.end - c.pos, (uint64_t) 4); /* a check sum */
                r = c.error < 0 ? c.error : read_messages(h, &c, old, ordered, &blocks, v, ret);
                if (r < 0)
                        return r;
        }
        if (ret->data == HDF5_NOWHERE)
                ret->data = ret->length = 0;
        return 0;
}

/* -------------------------------------------------------------------- groups */

/* A name in the local heap whose data begin at `names`. */
static int read_name(Hdf5 *h, uint64_t names, uint64_t offset, char ret[HDF5_NAME_MAX])
{
        const unsigned char *p = NULL;
        int n;

        memset(ret, 0, HDF5_NAME_MAX);
        if (offset > h->s->size || names > h->s->size - offset)
                return source_fail(h->s, "a name beyond the end of the file");
        n = source_peek(h->s, names + offset, 32, &p);
        if (n == 32 && !memchr(p, 0, 32))
                n = source_peek(h->s, names + offset, HDF5_NAME_MAX - 1, &p);
        if (n <= 0)
                return source_fail(h->s, "a name beyond the end of the file");
        memcpy(ret, p, strnlen((const char *) p, (size_t) n));
        return 0;
}

static int read_symbols(Hdf5 *h, uint64_t at, uint64_t names, const Hdf5Visitor *v)
{
        unsigned entry = 2 * h->address_size + 24;
        Cursor c = cursor(h, at, 8);
        uint64_t n;
        int r = 0;

        if (!expect(&c, "SNOD"))
                return c.error;
        skip(&c, 2);
        n = number(&c, 2);
        c = cursor(h, c.pos, n * entry);
        for (uint64_t i = 0; i < n && c.error >= 0 && r >= 0; i++) {
                char name[HDF5_NAME_MAX];
                uint64_t offset = number(&c, h->address_size), target = address(&c);

                skip(&c, 24);
                r = source_count(h->s);
                if (r >= 0 && c.error >= 0)
                        r = read_name(h, names, offset, name);
                if (r >= 0 && c.error >= 0 && target != HDF5_NOWHERE && v->link)
                        r = v->link(v->userdata, name, target);
        }
        return c.error < 0 ? c.error : r;
}

static int read_tree(Hdf5 *h, uint64_t at, uint64_t names, const Hdf5Visitor *v, unsigned depth)
{
        Cursor c = cursor(h, at, 8 + 2 * h->address_size);
        unsigned level;
        uint64_t n;
        int r = 0;

        if (depth > TREE_DEPTH_MAX)
                return source_fail(h->s, "nested too deep");
        if (!expect(&c, "TREE"))
                return c.error;
        skip(&c, 1);
        level = (unsigned) number(&c, 1);
        n = number(&c, 2);
        skip(&c, 2 * h->address_size);
        c = cursor(h, c.pos, n * (h->length_size + h->address_size));
        for (uint64_t i = 0; i < n && c.error >= 0 && r >= 0; i++) {
                uint64_t child;

                skip(&c, h->length_size);
                child = address(&c);
                r = source_count(h->s);
                if (r < 0 || c.error < 0 || child == HDF5_NOWHERE)
                        break;
                r = level > 0 ? read_tree(h, child, names, v, depth + 1) : read_symbols(h, child, names, v);
        }
        return c.error < 0 ? c.error : r;
}

int hdf5_group(Hdf5 *h, const Hdf5Object *group, const Hdf5Visitor *v)
{
        Cursor c;
        uint64_t names;

        if (group->tree == HDF5_NOWHERE || group->heap == HDF5_NOWHERE)
                return 0;
        c = cursor(h, group->heap, 8 + 2 * h->length_size + h->address_size);
        if (!expect(&c, "HEAP"))
                return c.error;
        skip(&c, 4 + 2 * h->length_size);
        names = address(&c);
        if (c.error < 0 || names == HDF5_NOWHERE)
                return c.error;
        return read_tree(h, group->tree, names, v, 0);
}

/* ------------------------------------------------------------------- strings */

/* One object of a collection of the global heap. */
static int find_in_heap(Hdf5 *h, uint64_t at, uint64_t index, uint64_t *ret_pos, uint64_t *ret_length)
{
        Cursor c = cursor(h, at, 8 + h->length_size);
        uint64_t size;

        if (!expect(&c, "GCOL"))
                return c.error;
        skip(&c, 4);
        size = length(&c);
        if (c.error >= 0 && size < c.pos - at)
                return source_fail(h->s, "a heap smaller than its head");
        c = cursor(h, c.pos, size - (c.pos - at));
        while (c.error >= 0 && c.end - c.pos >= 8 + h->length_size) {
                uint64_t number_of = number(&c, 2), n;
                int r = source_count(h->s);

                skip(&c, 6);
                n = length(&c);
                if (r < 0 || c.error < 0)
                        return r < 0 ? r : c.error;
                if (number_of == 0)
                        break; /* what is left is free */
                if (number_of == index) {
                        *ret_pos = c.pos;
                        *ret_length = n;
                        return n > c.end - c.pos ? source_fail(h->s, "a string longer than its heap") : 0;
                }
                skip(&c, padded(n, true));
        }
        return c.error < 0 ? c.error : source_fail(h->s, "a string that is not in its heap");
}

int hdf5_string(Hdf5 *h, const Hdf5Type *type, uint64_t data, uint64_t i, uint64_t *ret_pos,
                uint64_t *ret_length)
{
        uint64_t each = type->variable ? 8 + h->address_size : type->size, n, at, index;
        Cursor c;
        int r;

        if (i > UINT32_MAX || data > h->s->size || i * each > h->s->size - data)
                return source_fail(h->s, "a string beyond the end of the file");
        c = cursor(h, data + i * each, each);
        if (c.error < 0 || !type->variable) {
                *ret_pos = c.pos;
                *ret_length = type->size;
                return c.error;
        }
        n = number(&c, 4);
        at = address(&c);
        index = number(&c, 4);
        if (c.error < 0)
                return c.error;
        *ret_pos = *ret_length = 0;
        if (at == HDF5_NOWHERE || n == 0)
                return 0;
        r = find_in_heap(h, at, index, ret_pos, ret_length);
        *ret_length = MIN(*ret_length, n);
        return r;
}
