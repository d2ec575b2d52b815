/* SPDX-License-Identifier: GPL-2.0-only */
/* Defines every map and the licence, once. What they are for is said in maps.bpf.h. */
#define AG_MAPS_DEFINE
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "GPL";
