/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CTL_DATA_H
#define CTL_DATA_H
/* Where the data of offline verbs lie. */

/* The installed model capabilities, or those of the tree this program was built in. To be freed; NULL: no memory. */
char *ctl_modelcaps_dir(void);

#endif
