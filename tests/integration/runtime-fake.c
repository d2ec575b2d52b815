/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A library that looks like an inference runtime to whoever reads its dynamic
 * symbols and soname, and does nothing. Loading it is how a test becomes an AI
 * workload without the megabytes of a real one. Built by rules.mk.
 */
const void *OrtGetApiBase(void);

const void *OrtGetApiBase(void)
{
        return 0;
}
