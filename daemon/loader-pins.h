/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOADER_PINS_H
#define LOADER_PINS_H
/* The directory of pins in the BPF file system. For loader.c only. */
#include <stdint.h>

#define LOADER_LINK_PREFIX "link_" /* link_<program>_<stamp> */

/* Makes the directory. Returns 1 when maps of our version are there, 0 when it is empty now. */
int loader_pins_prepare(const char *dir, uint32_t names_hash);
/* Pins a map with our version and the hash of the names of the model capabilities. */
int loader_pins_write_version(const char *dir, uint32_t names_hash);
/* Renames the directory: its links stay attached until loader_pins_remove_links(). */
int loader_pins_set_aside(const char *dir);
/* Removes links of other stamps, and what was set aside. */
int loader_pins_remove_links(const char *dir, unsigned long keep_stamp);
int loader_pins_remove_all(const char *dir);

#endif
