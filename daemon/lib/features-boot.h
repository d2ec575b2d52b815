/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FEATURES_BOOT_H
#define FEATURES_BOOT_H
/*
 * How this host is told to boot with the BPF LSM: the parameter, made from the
 * list that the running kernel has, and where this boot loader wants it.
 */
#include <stdbool.h>
#include <stddef.h>

/*
 * "lsm=lockdown,yama,apparmor,bpf" from the kernel's list: all that is there, in
 * its order, and bpf. What the kernel always runs (capability) is left out, for
 * the parameter is not asked about it. -ENAMETOOLONG; -EEXIST: bpf is in the list already.
 */
int features_lsm_parameter(const char *list, char *ret, size_t size);

/* One sentence: what to write where, and which command makes it so. `root` is "" but in tests. */
void features_boot_fix(const char *root, const char *parameter, char *ret, size_t size);

/* Is there an lsm= on this kernel command line, which would have to be replaced? */
bool features_has_lsm_parameter(const char *cmdline);

#endif
