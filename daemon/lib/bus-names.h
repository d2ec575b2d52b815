/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BUS_NAMES_H
#define BUS_NAMES_H
/* What daemon and tools call each other on the bus. */

#define BUS_NAME "org.aiguard1"
#define BUS_PATH "/org/aiguard1"
#define BUS_INTERFACE "org.aiguard1.Manager"
#define BUS_PRIVATE_SOCKET "/run/aiguard/bus"

#define BUS_ERROR_REFUSED "org.aiguard1.Error.Refused" /* needs root, or a second signature */
#define BUS_ERROR_BAD_INPUT "org.aiguard1.Error.BadInput"
#define BUS_ERROR_BAD_POLICY "org.aiguard1.Error.BadPolicy" /* the old policy stays */
#define BUS_ERROR_NOT_FOUND "org.aiguard1.Error.NotFound"

#endif
