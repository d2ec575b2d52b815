/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VERSION_H
#define VERSION_H

#define AIGUARD_VERSION "0.1.0"

#endif
