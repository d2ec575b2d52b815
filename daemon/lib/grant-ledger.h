/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GRANT_LEDGER_H
#define GRANT_LEDGER_H
/*
 * Who did what to which grant, when: one JSON object a line, only ever
 * appended to. Each line holds the SHA-256 of the line before, so a line cannot
 * be changed or taken out unseen. Ids and digests only, never a person's name.
 * What stands here is what is: a change has happened when its line is on disk.
 */
#include <sys/types.h>

#include "lib/grant.h"
#include "lib/sha256.h"

#define LEDGER_FILE "ledger"
#define LEDGER_LINE_MAX 1024U
#define LEDGER_LINE_MIN 350U /* what cannot be left out of a line */

typedef enum LedgerAction {
        LEDGER_IMPORT,
        LEDGER_END, /* withdrawn or revoked */
        _LEDGER_ACTION_MAX,
} LedgerAction;

typedef struct LedgerEntry {
        uint64_t seq;       /* from 1 */
        uint64_t time_usec; /* wall clock */
        LedgerAction action;
        GrantKind kind;
        GrantState state;
        char id[GRANT_ID_MAX];
        char digest[SHA256_HEX_SIZE]; /* of the envelope, as it lies in the store */
        char key[SHA256_HEX_SIZE];    /* id of the key that signed it */
        uint64_t made_usec;           /* of the grant */
        uint64_t version;             /* of a set */
        uint32_t uid;                 /* who did it */
} LedgerEntry;

typedef struct Ledger {
        int fd;
        off_t size; /* of whole lines */
        uint64_t seq;
        char hash[SHA256_HEX_SIZE]; /* of the last line; zeros when there is none */
        bool broken;                /* an append may be half on disk: no more before it is opened again */
} Ledger;

typedef int (*LedgerVisit)(void *userdata, const LedgerEntry *e);

/*
 * Reads all of it; the visitor may be NULL and ends the reading by an error. A last line that a power cut left
 * unfinished is not there, and is cut off when `write`. -EBADMSG: the chain is broken, *ret_line (may be NULL) says
 * where. -ENOENT when it does not exist and is not to be written.
 */
int ledger_open(int dir_fd, bool write, LedgerVisit visit, void *userdata, Ledger *ret, uint64_t *ret_line);
void ledger_close(Ledger *l);

/* Fills e->seq and appends, synced. After an error nothing of it is there, or the ledger is `broken`. */
int ledger_append(Ledger *l, LedgerEntry *e);

const char *ledger_action_to_string(LedgerAction a); /* import, end */

#endif
