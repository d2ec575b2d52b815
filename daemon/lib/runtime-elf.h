/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RUNTIME_ELF_H
#define RUNTIME_ELF_H
/*
 * The dynamic section of an ELF file, found as the loader finds it: by the
 * program headers. Section headers can be cut off, and then nobody misses them;
 * where they are, they lead to the symbols of what was linked into one file.
 */
#include "lib/model/source.h"

#define ELF_NEEDED_MAX 128
#define ELF_NAME_MAX 256

typedef struct ElfImage {
        bool wide; /* 64 bits */
        bool big_endian;
        bool shared; /* ET_DYN */
        uint64_t phoff;
        unsigned phentsize, phnum;
        uint64_t strings, strings_size; /* file offsets */
        uint64_t symbols;
        uint64_t n_symbols;
        uint64_t soname; /* offset into the strings; UINT64_MAX: none */
        uint64_t needed[ELF_NEEDED_MAX];
        size_t n_needed;
} ElfImage;

bool elf_is_elf(Source *s);
int elf_read(Source *s, ElfImage *ret);

/* One string of the dynamic string table, cut at ELF_NAME_MAX - 1. */
int elf_string(Source *s, const ElfImage *e, uint64_t offset, char ret[ELF_NAME_MAX]);

typedef struct ElfSymbol {
        uint64_t name; /* offset into the strings */
        bool defined;
} ElfSymbol;

int elf_symbol(Source *s, const ElfImage *e, uint64_t i, ElfSymbol *ret);

/* The same image with the strings and symbols of its symbol table, which strip(1) removes. 0: there is none. */
int elf_symbol_table(Source *s, const ElfImage *e, ElfImage *ret);

#endif
