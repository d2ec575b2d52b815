/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the store of grants: what the ledger says, in memory, and the two
 * changes there are. Verifies no signatures and knows no policy. Called by the
 * daemon, and by aiguardctl when the daemon does not run.
 */
#include "lib/grant-store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/util-string.h"

#define RECORDS "records"
/* Only the holder of the lock writes, so one name is enough; what a power cut left in it is overwritten. */
#define TEMPORARY ".new"
#define PATH_SIZE (sizeof(RECORDS) + SHA256_HEX_SIZE + 1)

struct GrantStore {
        int dir_fd;
        int lock_fd;
        Ledger ledger;
        StoreEntry *entries;
        size_t n;
        size_t room;
        uint32_t *slots; /* open addressing: index + 1 */
        size_t n_slots;
};

GrantStore *grant_store_free(GrantStore *s)
{
        if (!s)
                return NULL;
        ledger_close(&s->ledger);
        safe_close(s->lock_fd);
        safe_close(s->dir_fd);
        free(s->entries);
        free(s->slots);
        free(s);
        return NULL;
}

/* -------------------------------------------------------------- by their ids */

static size_t slot_of(const GrantStore *s, const char *id)
{
        uint64_t h = 14695981039346656037ULL; /* FNV-1a; ids are unique by the signers' will, not the callers' */
        size_t i;

        for (; *id; id++)
                h = (h ^ (unsigned char) *id) * 1099511628211ULL;
        i = h & (s->n_slots - 1);
        return i;
}

static StoreEntry *find(const GrantStore *s, const char *id)
{
        for (size_t i = s->n_slots ? slot_of(s, id) : 0; s->n_slots && s->slots[i];
             i = (i + 1) & (s->n_slots - 1))
                if (streq(s->entries[s->slots[i] - 1].id, id))
                        return &s->entries[s->slots[i] - 1];
        return NULL;
}

static void put_slot(GrantStore *s, size_t index)
{
        size_t i = slot_of(s, s->entries[index].id);

        while (s->slots[i])
                i = (i + 1) & (s->n_slots - 1);
        s->slots[i] = (uint32_t) index + 1;
}

static int make_room(GrantStore *s, size_t room)
{
        size_t n_slots = s->n_slots ? s->n_slots : 128;
        StoreEntry *entries = reallocarray(s->entries, room, sizeof(*entries));

        if (!entries)
                return -ENOMEM;
        s->entries = entries;
        s->room = room;
        while (n_slots < room * 3 / 2)
                n_slots *= 2;
        if (n_slots > s->n_slots) {
                uint32_t *slots = calloc(n_slots, sizeof(*slots));

                if (!slots)
                        return -ENOMEM;
                free(s->slots);
                s->slots = slots;
                s->n_slots = n_slots;
                for (size_t i = 0; i < s->n; i++)
                        put_slot(s, i);
        }
        return 0;
}

static int grow(GrantStore *s)
{
        return make_room(s, s->room ? s->room + s->room / 2 : 64);
}

/* One line of the ledger, read or just written. */
static int apply(void *userdata, const LedgerEntry *l)
{
        GrantStore *s = userdata;
        StoreEntry *e = find(s, l->id);
        size_t n;
        int r;

        if (!e) {
                if (l->action != LEDGER_IMPORT)
                        return -EBADMSG;
                r = s->n == s->room ? grow(s) : 0;
                if (r < 0)
                        return r;
                e = &s->entries[s->n];
                *e = (StoreEntry){};
                strcpy(e->id, l->id);
                put_slot(s, s->n++);
        }
        if (sodium_hex2bin(e->digest, sizeof(e->digest), l->digest, strlen(l->digest), NULL, &n, NULL) < 0)
                return -EBADMSG;
        e->kind = (uint8_t) l->kind;
        e->state = (uint8_t) l->state;
        e->ended_usec = grant_state_valid(l->state) ? 0 : l->time_usec;
        if (l->action == LEDGER_IMPORT) {
                e->imported_usec = l->time_usec;
                e->made_usec = l->made_usec;
                e->version = (uint32_t) l->version;
        }
        return 0;
}

/* ------------------------------------------------------------------- opening */

/* The mode by hand: the daemon's mask is tight, and whose group the directory is may read. */
static int make_dir(int at_fd, const char *path)
{
        if (mkdirat(at_fd, path, 0750) < 0)
                return errno == EEXIST ? 0 : -errno;
        return fchmodat(at_fd, path, 0750, 0) < 0 ? -errno : 0;
}

static int open_dir(const char *dir, bool write)
{
        int fd, r = write ? make_dir(AT_FDCWD, dir) : 0;

        if (r < 0)
                return r;
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = write ? make_dir(fd, RECORDS) : 0;
        if (r < 0) {
                safe_close(fd);
                return r;
        }
        return fd;
}

int grant_store_open(const char *dir, bool write, GrantStore **ret, uint64_t *ret_line)
{
        _cleanup_(grant_store_freep) GrantStore *s = calloc(1, sizeof(*s));
        struct stat st;
        int r;

        if (!s)
                return -ENOMEM;
        s->dir_fd = s->lock_fd = s->ledger.fd = -EBADF;
        s->dir_fd = open_dir(dir, write);
        if (s->dir_fd < 0)
                return s->dir_fd;
        if (write) {
                s->lock_fd = openat(s->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
                if (s->lock_fd < 0)
                        return -errno;
                if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
                        return errno == EWOULDBLOCK ? -EBUSY : -errno;
        }
        /* At once as much as can be needed: what is not touched costs nothing, and growing leaves holes. */
        if (fstatat(s->dir_fd, LEDGER_FILE, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_size > 0) {
                r = make_room(s, (size_t) st.st_size / LEDGER_LINE_MIN + 64);
                if (r < 0)
                        return r;
        }
        r = ledger_open(s->dir_fd, write, apply, s, &s->ledger, ret_line);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

size_t grant_store_size(const GrantStore *s)
{
        return s->n;
}

const StoreEntry *grant_store_get(const GrantStore *s, size_t i)
{
        return i < s->n ? &s->entries[i] : NULL;
}

const StoreEntry *grant_store_find(const GrantStore *s, const char *id)
{
        return find(s, id);
}

int grant_store_dir_fd(const GrantStore *s)
{
        return s->dir_fd;
}

const char *grant_store_hash(const GrantStore *s)
{
        return s->ledger.hash;
}

/* ----------------------------------------------------------------- envelopes */

static void digest_of(const char *text, size_t size, char ret[SHA256_HEX_SIZE])
{
        Sha256 h;

        sha256_init(&h);
        sha256_update(&h, text, size);
        sha256_final_hex(&h, ret);
}

int grant_store_read(const GrantStore *s, const StoreEntry *e, char **ret, size_t *ret_size)
{
        char path[PATH_SIZE], digest[SHA256_HEX_SIZE], found[SHA256_HEX_SIZE];
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        int r;

        sodium_bin2hex(digest, sizeof(digest), e->digest, sizeof(e->digest));
        snprintf(path, sizeof(path), RECORDS "/%s", digest);
        r = read_file_capped(s->dir_fd, path, GRANT_BYTES_MAX, &text, &size);
        if (r == -ENOENT || r == -EFBIG)
                return -EBADMSG;
        if (r < 0)
                return r;
        digest_of(text, size, found);
        if (!streq(found, digest))
                return -EBADMSG;
        *ret = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

int grant_store_verify(const GrantStore *s, const StoreEntry *e, const Trust *t, Grant **ret)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *text = NULL;
        const TrustKey *key = NULL;
        size_t size = 0;
        int r;

        r = grant_store_read(s, e, &text, &size);
        if (r < 0)
                return r;
        r = grant_verify(text, size, t, e->imported_usec, &g, &key, NULL);
        if (r < 0)
                return r;
        if (!streq(g->id, e->id))
                return -EBADMSG;
        *ret = TAKE_PTR(g);
        return 0;
}

/* Whole and synced under its digest, or not there. */
static int write_record(GrantStore *s, const char *text, size_t size, const char *digest)
{
        _cleanup_close_ int records_fd = openat(s->dir_fd, RECORDS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return records_fd < 0 ? -errno : write_file_synced(records_fd, digest, TEMPORARY, text, size, 0640);
}

/* ------------------------------------------------------------------- changes */

int grant_store_check(const GrantStore *s, const Grant *g, uint64_t now_usec, GrantError *reterr)
{
        const StoreEntry *e = find(s, g->id);
        bool newer = !e || (e->kind == GRANT_SET ? g->version > e->version : g->made_usec > e->made_usec);

        if (g->made_usec > now_usec + GRANT_SKEW_USEC)
                return grant_fail(reterr, GRANT_FROM_FUTURE, NULL);
        if (e && (!newer || e->kind != g->kind))
                return grant_fail(reterr, GRANT_REPLAYED, g->id);
        /* A declaration is told again by the same id; what a person withdrew is not. */
        if (e && e->ended_usec && e->kind != GRANT_DECLARATION)
                return grant_fail(reterr, GRANT_ENDED, g->id);
        if (!grant_state_valid(g->state))
                return e && !e->ended_usec ? 0
                                           : grant_fail(reterr, GRANT_STATE_INVALID,
                                                        grant_state_to_string(g->state));
        if (now_usec >= g->until_usec)
                return grant_fail(reterr, GRANT_EXPIRED, NULL);
        return 0;
}

int grant_store_import(GrantStore *s, const char *text, size_t size, const Grant *g, const TrustKey *key,
                       uint64_t now_usec, uint32_t uid, GrantError *reterr)
{
        LedgerEntry l = { .time_usec = now_usec,
                          .action = LEDGER_IMPORT,
                          .kind = g->kind,
                          .state = g->state,
                          .made_usec = g->made_usec,
                          .version = g->version,
                          .uid = uid };
        int r = grant_store_check(s, g, now_usec, reterr);

        if (r < 0)
                return r;
        strcpy(l.id, g->id);
        strcpy(l.key, key->id);
        digest_of(text, size, l.digest);
        /* Room first: after the append nothing may fail any more. */
        r = s->n == s->room ? grow(s) : 0;
        if (r >= 0)
                r = write_record(s, text, size, l.digest);
        if (r >= 0)
                r = ledger_append(&s->ledger, &l);
        return r < 0 ? r : apply(s, &l);
}

int grant_store_end(GrantStore *s, const char *id, GrantState state, uint64_t now_usec, uint32_t uid)
{
        const StoreEntry *e = find(s, id);
        LedgerEntry l = { .time_usec = now_usec, .action = LEDGER_END, .state = state, .uid = uid };
        int r;

        if (!e)
                return -ENOENT;
        if (e->ended_usec)
                return -EALREADY;
        if (grant_state_valid(state))
                return -EINVAL;
        l.kind = (GrantKind) e->kind;
        l.made_usec = e->made_usec;
        l.version = e->version;
        strcpy(l.id, e->id);
        sodium_bin2hex(l.digest, sizeof(l.digest), e->digest, sizeof(e->digest));
        /* Whoever ends it needs no key: the host may always do less. */
        memset(l.key, '0', sizeof(l.key) - 1);
        r = ledger_append(&s->ledger, &l);
        return r < 0 ? r : apply(s, &l);
}
