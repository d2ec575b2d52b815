/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: reads the dynamic section of a hostile ELF file of either width
 * and byte order.
 * Owns: the translation of addresses to places in the file.
 * Must not: believe sizes or counts, or section headers where the loader does not; allocate; read code.
 * Called by: runtime.c.
 */
#include "lib/runtime-elf.h"

#include <elf.h>
#include <string.h>

#include "lib/macro.h"

#define PHNUM_MAX 128
#define SHNUM_MAX 256
#define DYNAMIC_MAX 1024
#define SYMBOLS_MAX 300000U

static uint64_t number(const ElfImage *e, const unsigned char *p, size_t n)
{
        uint64_t v = 0;

        for (size_t i = 0; i < n; i++)
                v = v << 8 | p[e->big_endian ? i : n - 1 - i];
        return v;
}

/* A field of a structure of which both widths are known. */
#define FIELD(e, p, type, member)                                                                          \
        ((e)->wide ? number(e, (p) + offsetof(Elf64_##type, member), sizeof(((Elf64_##type *) 0)->member)) \
                   : number(e, (p) + offsetof(Elf32_##type, member), sizeof(((Elf32_##type *) 0)->member)))
#define WIDTH(e, type) ((e)->wide ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

bool elf_is_elf(Source *s)
{
        const unsigned char *p = NULL;

        return source_peek(s, 0, EI_NIDENT, &p) == EI_NIDENT && memcmp(p, ELFMAG, SELFMAG) == 0;
}

static int read_phdr(Source *s, const ElfImage *e, unsigned i, const unsigned char **ret)
{
        return source_view(s, e->phoff + (uint64_t) i * e->phentsize, WIDTH(e, Phdr), ret);
}

/* File offset of an address, and how much is mapped from there on. */
static int translate(Source *s, const ElfImage *e, uint64_t address, uint64_t *ret, uint64_t *ret_left)
{
        for (unsigned i = 0; i < e->phnum; i++) {
                const unsigned char *p = NULL;
                uint64_t start, size, offset;
                int r = read_phdr(s, e, i, &p);

                if (r < 0)
                        return r;
                start = FIELD(e, p, Phdr, p_vaddr);
                size = FIELD(e, p, Phdr, p_filesz);
                offset = FIELD(e, p, Phdr, p_offset);
                if (FIELD(e, p, Phdr, p_type) != PT_LOAD || address < start || address - start >= size)
                        continue;
                if (offset > s->size || address - start > s->size - offset)
                        break;
                *ret = offset + (address - start);
                *ret_left = MIN(size - (address - start), s->size - *ret);
                return 0;
        }
        return source_fail(s, "an address outside the file");
}

/* The chains of DT_GNU_HASH end with the last symbol. */
static int count_gnu_hash(Source *s, ElfImage *e, uint64_t address)
{
        uint64_t at = 0, left = 0, n_buckets, first, bloom, last = 0, bucket;
        const unsigned char *p = NULL;
        int r = translate(s, e, address, &at, &left);

        if (r < 0)
                return r;
        r = source_view(s, at, 16, &p);
        if (r < 0)
                return r;
        n_buckets = number(e, p, 4);
        first = number(e, p + 4, 4);
        bloom = number(e, p + 8, 4);
        if (n_buckets > SYMBOLS_MAX || bloom > SYMBOLS_MAX)
                return source_fail(s, "more symbols than the limit");
        at += 16 + bloom * (e->wide ? 8 : 4);
        for (uint64_t i = 0; i < n_buckets; i++) {
                r = source_view(s, at + 4 * i, 4, &p);
                if (r < 0)
                        return r;
                bucket = number(e, p, 4);
                last = MAX(last, bucket);
        }
        if (last < first) {
                e->n_symbols = first;
                return 0;
        }
        at += 4 * n_buckets;
        for (;; last++) {
                r = source_count(s);
                if (r < 0)
                        return r;
                r = source_view(s, at + 4 * (last - first), 4, &p);
                if (r < 0)
                        return r;
                if (p[e->big_endian ? 3 : 0] & 1)
                        break;
        }
        e->n_symbols = last + 1;
        return 0;
}

static int count_hash(Source *s, ElfImage *e, uint64_t address)
{
        const unsigned char *p = NULL;
        uint64_t at = 0, left = 0;
        int r = translate(s, e, address, &at, &left);

        if (r >= 0)
                r = source_view(s, at + 4, 4, &p);
        if (r < 0)
                return r;
        e->n_symbols = number(e, p, 4);
        return 0;
}

typedef struct Dynamic {
        uint64_t strtab, strsz, symtab, hash, gnu_hash;
} Dynamic;

static int read_dynamic(Source *s, ElfImage *e, uint64_t at, uint64_t size, Dynamic *d)
{
        size_t width = WIDTH(e, Dyn);

        for (uint64_t i = 0; i < MIN(size / width, (uint64_t) DYNAMIC_MAX); i++) {
                const unsigned char *p = NULL;
                uint64_t tag, value;
                int r = source_view(s, at + i * width, width, &p);

                if (r < 0)
                        return r;
                tag = FIELD(e, p, Dyn, d_tag);
                value = FIELD(e, p, Dyn, d_un);
                if (tag == DT_NULL)
                        break;
                if (tag == DT_STRTAB)
                        d->strtab = value;
                else if (tag == DT_STRSZ)
                        d->strsz = value;
                else if (tag == DT_SYMTAB)
                        d->symtab = value;
                else if (tag == DT_HASH)
                        d->hash = value;
                else if (tag == DT_GNU_HASH)
                        d->gnu_hash = value;
                else if (tag == DT_SONAME)
                        e->soname = value;
                else if (tag == DT_NEEDED && e->n_needed < ELF_NEEDED_MAX)
                        e->needed[e->n_needed++] = value;
        }
        return 0;
}

static int read_tables(Source *s, ElfImage *e, const Dynamic *d)
{
        uint64_t left = 0;
        int r;

        if (!d->strtab)
                return 0;
        r = translate(s, e, d->strtab, &e->strings, &left);
        if (r < 0)
                return r;
        e->strings_size = MIN(d->strsz, left);
        if (!d->symtab)
                return 0;
        r = translate(s, e, d->symtab, &e->symbols, &left);
        if (r < 0)
                return r;
        r = d->gnu_hash ? count_gnu_hash(s, e, d->gnu_hash) : d->hash ? count_hash(s, e, d->hash) : 0;
        if (r < 0)
                return r;
        e->n_symbols = MIN(MIN(e->n_symbols, left / WIDTH(e, Sym)), (uint64_t) SYMBOLS_MAX);
        return 0;
}

int elf_read(Source *s, ElfImage *ret)
{
        ElfImage e = { .soname = UINT64_MAX };
        const unsigned char *p = NULL;
        Dynamic d = {};
        int r;

        r = source_view(s, 0, EI_NIDENT, &p);
        if (r < 0)
                return r;
        e.wide = p[EI_CLASS] == ELFCLASS64;
        e.big_endian = p[EI_DATA] == ELFDATA2MSB;
        r = source_view(s, 0, WIDTH(&e, Ehdr), &p);
        if (r < 0)
                return r;
        e.shared = FIELD(&e, p, Ehdr, e_type) == ET_DYN;
        e.phoff = FIELD(&e, p, Ehdr, e_phoff);
        e.phentsize = (unsigned) FIELD(&e, p, Ehdr, e_phentsize);
        e.phnum = (unsigned) MIN(FIELD(&e, p, Ehdr, e_phnum), (uint64_t) PHNUM_MAX);
        if (e.phentsize < WIDTH(&e, Phdr))
                e.phnum = 0;
        for (unsigned i = 0; i < e.phnum; i++) {
                uint64_t at, size;

                r = read_phdr(s, &e, i, &p);
                if (r < 0)
                        return r;
                if (FIELD(&e, p, Phdr, p_type) != PT_DYNAMIC)
                        continue;
                at = FIELD(&e, p, Phdr, p_offset);
                size = FIELD(&e, p, Phdr, p_filesz);
                r = read_dynamic(s, &e, at, size, &d);
                if (r < 0)
                        return r;
                break;
        }
        r = read_tables(s, &e, &d);
        if (r < 0)
                return r;
        *ret = e;
        return 0;
}

int elf_string(Source *s, const ElfImage *e, uint64_t offset, char ret[ELF_NAME_MAX])
{
        const unsigned char *p = NULL;
        int n;

        if (offset >= e->strings_size)
                return source_fail(s, "a string outside its table");
        n = source_peek(s, e->strings + offset,
                        (size_t) MIN(e->strings_size - offset, (uint64_t) ELF_NAME_MAX - 1), &p);
        if (n < 0)
                return n;
        if (n > 0)
                memcpy(ret, p, (size_t) n);
        ret[n] = 0;
        return 0;
}

int elf_symbol(Source *s, const ElfImage *e, uint64_t i, ElfSymbol *ret)
{
        const unsigned char *p = NULL;
        int r = source_view(s, e->symbols + i * WIDTH(e, Sym), WIDTH(e, Sym), &p);

        if (r < 0)
                return r;
        ret->name = FIELD(e, p, Sym, st_name);
        ret->defined = FIELD(e, p, Sym, st_shndx) != SHN_UNDEF;
        return 0;
}

typedef struct Section {
        uint64_t type, offset, size, link;
} Section;

static int read_section(Source *s, const ElfImage *e, uint64_t shoff, uint64_t width, uint64_t i,
                        Section *ret)
{
        const unsigned char *p = NULL;
        int r = source_view(s, shoff + i * width, WIDTH(e, Shdr), &p);

        if (r < 0)
                return r;
        ret->type = FIELD(e, p, Shdr, sh_type);
        ret->offset = FIELD(e, p, Shdr, sh_offset);
        ret->size = FIELD(e, p, Shdr, sh_size);
        ret->link = FIELD(e, p, Shdr, sh_link);
        if (ret->type != SHT_NOBITS && (ret->offset > s->size || ret->size > s->size - ret->offset))
                return source_fail(s, "a section outside the file");
        return 0;
}

int elf_symbol_table(Source *s, const ElfImage *e, ElfImage *ret)
{
        Section symbols = {}, strings = {};
        const unsigned char *p = NULL;
        uint64_t shoff, width, n;
        int r;

        r = source_view(s, 0, WIDTH(e, Ehdr), &p);
        if (r < 0)
                return r;
        shoff = FIELD(e, p, Ehdr, e_shoff);
        width = FIELD(e, p, Ehdr, e_shentsize);
        n = MIN(FIELD(e, p, Ehdr, e_shnum), (uint64_t) SHNUM_MAX);
        if (shoff == 0 || shoff > s->size || width < WIDTH(e, Shdr))
                return 0;
        for (uint64_t i = 0; i < n && symbols.type != SHT_SYMTAB; i++) {
                r = read_section(s, e, shoff, width, i, &symbols);
                if (r < 0)
                        return r;
        }
        if (symbols.type != SHT_SYMTAB || symbols.link >= n)
                return 0;
        r = read_section(s, e, shoff, width, symbols.link, &strings);
        if (r < 0)
                return r;
        *ret = *e;
        ret->strings = strings.offset;
        ret->strings_size = strings.size;
        ret->symbols = symbols.offset;
        ret->n_symbols = MIN(symbols.size / WIDTH(e, Sym), (uint64_t) SYMBOLS_MAX);
        return 1;
}
