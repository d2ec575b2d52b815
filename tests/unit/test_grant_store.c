/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the store: what was told is kept, whatever is told twice is
 * refused, and a kill between any two system calls leaves the old state or the
 * new one.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "grant-fixture.h"
#include "lib/grant-store.h"
#include "temporary.h"

#define NOW 1790000000000000ULL /* September 2026 */
#define HOUR 3600000000ULL

typedef struct World {
        char dir[64];
        char *path; /* of the store */
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        TrustKey key;
        GrantStore *store;
} World;

static void reopen(World *w)
{
        w->store = grant_store_free(w->store);
        cr_assert_eq(grant_store_open(w->path, true, &w->store, NULL), 0);
}

static void begin(World *w)
{
        unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };

        *w = (World){ .dir = "/tmp/aiguard-test-XXXXXX" };
        cr_assert_not_null(mkdtemp(w->dir));
        cr_assert_geq(sodium_init(), 0);
        crypto_sign_seed_keypair(w->key.public_key, w->secret, seed);
        trust_key_id(w->key.public_key, w->key.id);
        cr_assert_eq(string_printf(&w->path, "%s/store", w->dir), 0);
        reopen(w);
}

static void end(World *w)
{
        grant_store_free(w->store);
        free(w->path);
        remove_tree(w->dir);
}

/* Takes the payload. */
static int import(World *w, GrantKind kind, char *payload, uint64_t now, GrantError *e)
{
        _cleanup_(grant_freep) Grant *g = NULL;
        _cleanup_free_ char *text = NULL, *owned = payload;

        if (grant_parse(kind, owned, strlen(owned), &g, e) < 0 ||
            envelope_make(kind, owned, strlen(owned), w->secret, &text) < 0)
                abort();
        return grant_store_import(w->store, text, strlen(text), g, &w->key, now, 0, e);
}

static void expect(World *w, GrantKind kind, char *payload, uint64_t now, const char *wanted)
{
        size_t before = grant_store_size(w->store);
        char code[GRANT_CODE_MAX], hash[SHA256_HEX_SIZE];
        GrantError e = {};
        int r;

        strcpy(hash, grant_store_hash(w->store));
        r = import(w, kind, payload, now, &e);
        grant_error_code(&e, code);
        cr_assert_str_eq(r < 0 ? code : "ok", wanted, "%d %s, not %s", r, code, wanted);
        if (r < 0) {
                cr_assert_eq(grant_store_size(w->store), before);
                cr_assert_str_eq(grant_store_hash(w->store), hash, "something was written");
        }
}

#define GIVEN(id, time) "record_id", "'" id "'", "events.0.time", "'" time "'", NULL

Test(grant_store, what_is_imported_is_there_after_a_restart)
{
        _cleanup_free_ char *text = NULL;
        const StoreEntry *e;
        size_t n;
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
        expect(&w, GRANT_EXCEPTION, grant_changed(EXCEPTION, NULL), NOW, "ok");
        reopen(&w);
        cr_assert_eq(grant_store_size(w.store), 2);
        e = grant_store_find(w.store, ID_A);
        cr_assert_not_null(e);
        cr_assert_eq(e->kind, GRANT_CONSENT);
        cr_assert_eq(e->ended_usec, 0);
        cr_assert_eq(e->imported_usec, NOW);
        cr_assert_eq(grant_store_read(w.store, e, &text, &n), 0);
        cr_assert_not_null(strstr(text, "payloadType"));
        end(&w);
}

Test(grant_store, a_withdrawal_is_final)
{
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
        cr_assert_eq(grant_store_end(w.store, ID_B, GRANT_STATE_WITHDRAWN, NOW, 0), -ENOENT);
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_GIVEN, NOW, 0), -EINVAL);
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW + HOUR, 0), 0);
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW + HOUR, 0), -EALREADY);
        for (unsigned i = 0; i < 2; i++) {
                cr_assert_eq(grant_store_find(w.store, ID_A)->ended_usec, NOW + HOUR);
                cr_assert_eq(grant_store_find(w.store, ID_A)->state, GRANT_STATE_WITHDRAWN);
                /* the old version again, and a new one under the old id */
                expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW + 2 * HOUR, "replayed:" ID_A);
                expect(&w, GRANT_CONSENT, grant_changed(CONSENT, GIVEN(ID_A, "2026-03-01T00:00:00Z")),
                       NOW + 2 * HOUR, "withdrawn:" ID_A);
                reopen(&w);
        }
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, GIVEN(ID_B, "2026-03-01T00:00:00Z")),
               NOW + 2 * HOUR, "ok");
        end(&w);
}

Test(grant_store, versions_go_forward_only)
{
        static const char renewed[] =
                        "[{'state': 'ConsentGiven', 'time': '2026-02-01T00:00:00Z', 'by': 'p'}, "
                        "{'state': 'RenewedConsentGiven', 'time': '2026-05-01T00:00:00Z', 'by': 'p'}]";
        static const char withdrawn[] =
                        "[{'state': 'ConsentGiven', 'time': '2026-02-01T00:00:00Z', 'by': 'p'}, "
                        "{'state': 'ConsentWithdrawn', 'time': '2026-06-01T00:00:00Z', 'by': 'p'}]";
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, "events", withdrawn, NULL), NOW,
               "state_invalid:ConsentWithdrawn");
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "replayed:" ID_A);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, "events", renewed, NULL), NOW, "ok");
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "replayed:" ID_A);
        expect(&w, GRANT_EXCEPTION, grant_changed(EXCEPTION, "record_id", "'" ID_A "'", NULL), NOW,
               "replayed:" ID_A);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, "events", withdrawn, NULL), NOW, "ok");
        cr_assert_neq(grant_store_find(w.store, ID_A)->ended_usec, 0);
        expect(&w, GRANT_SET, grant_changed(SET, NULL), NOW, "ok");
        expect(&w, GRANT_SET, grant_changed(SET, NULL), NOW, "replayed:" ID_SET);
        expect(&w, GRANT_SET, grant_changed(SET, "version", "3", NULL), NOW, "ok");
        expect(&w, GRANT_SET, grant_changed(SET, "version", "2", NULL), NOW, "replayed:" ID_SET);
        end(&w);
}

Test(grant_store, what_is_out_of_its_time_is_not_taken)
{
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, "valid.until", "'2026-03-01T00:00:00Z'", NULL), NOW,
               "expired");
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, "events.0.time", "'2027-03-01T00:00:00Z'", NULL),
               NOW, "from_the_future");
        /* not yet valid is no mistake */
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, "valid.from", "'2027-03-01T00:00:00Z'", NULL), NOW,
               "ok");
        end(&w);
}

Test(grant_store, two_do_not_write_at_once)
{
        GrantStore *second = NULL;
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
        cr_assert_eq(grant_store_open(w.path, true, &second, NULL), -EBUSY);
        cr_assert_eq(grant_store_open(w.path, false, &second, NULL), 0, "readers do not wait");
        cr_assert_eq(grant_store_size(second), 1);
        grant_store_free(second);
        end(&w);
}

static char *slurp(World *w, const char *name, size_t *n)
{
        _cleanup_free_ char *path = NULL;
        char *text = NULL;

        cr_assert_eq(string_printf(&path, "%s/%s", w->path, name), 0);
        cr_assert_eq(read_file_capped(AT_FDCWD, path, GRANT_BYTES_MAX, &text, n), 0);
        return text;
}

static void spit(World *w, const char *name, const char *text, size_t n)
{
        _cleanup_free_ char *path = NULL;
        int fd;

        cr_assert_eq(string_printf(&path, "%s/%s", w->path, name), 0);
        fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        cr_assert_geq(fd, 0);
        cr_assert_eq(write(fd, text, n), (ssize_t) n);
        close(fd);
}

Test(grant_store, a_changed_record_is_seen)
{
        char name[80] = "records/", hex[SHA256_HEX_SIZE];
        _cleanup_free_ char *text = NULL;
        char *again = NULL;
        const StoreEntry *e;
        size_t n, m;
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
        e = grant_store_find(w.store, ID_A);
        strcat(name, sodium_bin2hex(hex, sizeof(hex), e->digest, sizeof(e->digest)));
        text = slurp(&w, name, &n);
        text[n / 2] ^= 1;
        spit(&w, name, text, n);
        cr_assert_eq(grant_store_read(w.store, e, &again, &m), -EBADMSG);
        end(&w);
}

/* Each line holds the digest of the one before, so a change anywhere but in the last line breaks the next. */
Test(grant_store, a_changed_ledger_is_seen)
{
        _cleanup_free_ char *text = NULL;
        GrantStore *s = NULL;
        uint64_t line = 0;
        size_t n;
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, "record_id", "'" ID_B "'", NULL), NOW, "ok");
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW, 0), 0);
        w.store = grant_store_free(w.store);
        text = slurp(&w, LEDGER_FILE, &n);
        for (char *c = text; c < strrchr(text, '{'); c += 13) {
                *c ^= 1;
                spit(&w, LEDGER_FILE, text, n);
                *c ^= 1;
                cr_assert_eq(grant_store_open(w.path, true, &s, &line), -EBADMSG, "at %zu",
                             (size_t) (c - text));
                cr_assert(line >= 1 && line <= 3);
        }
        /* a line taken out: the withdrawal must not be undone by editing */
        spit(&w, LEDGER_FILE, strchr(text, '\n') + 1, n - (size_t) (strchr(text, '\n') + 1 - text));
        cr_assert_eq(grant_store_open(w.path, true, &s, &line), -EBADMSG);
        spit(&w, LEDGER_FILE, text, n);
        reopen(&w);
        end(&w);
}

/* What a power cut leaves of the last append: nothing, a part, or zeros. */
Test(grant_store, an_unfinished_append_never_happened)
{
        _cleanup_free_ char *before = NULL, *after = NULL;
        size_t n, m;
        World w;

        begin(&w);
        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
        before = slurp(&w, LEDGER_FILE, &n);
        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW, 0), 0);
        after = slurp(&w, LEDGER_FILE, &m);
        for (size_t i = n; i <= m; i += i < m - 8 ? 7 : 1)
                /* zeros in place of the rest, but not where the rest is the newline alone */
                for (unsigned zeros = 0; zeros < (i == m - 1 ? 1 : 2); zeros++) {
                        _cleanup_free_ char *cut = calloc(1, m);

                        memcpy(cut, after, i);
                        if (zeros && i < m)
                                cut[m - 1] = '\n';
                        w.store = grant_store_free(w.store);
                        spit(&w, LEDGER_FILE, cut, zeros ? m : i);
                        reopen(&w);
                        cr_assert_eq(grant_store_find(w.store, ID_A)->ended_usec, i == m ? NOW : 0,
                                     "%zu of %zu", i, m);
                        if (i == m)
                                continue;
                        /* and the store goes on from there */
                        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW, 0), 0);
                        reopen(&w);
                        cr_assert_neq(grant_store_find(w.store, ID_A)->ended_usec, 0);
                }
        end(&w);
}

/* ----------------------------------------------------------------- a kill anywhere */

typedef enum Change {
        CHANGE_FIRST, /* the first import of an empty store */
        CHANGE_IMPORT,
        CHANGE_END,
        _CHANGE_MAX,
} Change;

static void change(World *w, Change c)
{
        GrantError e = {};
        int r;

        if (grant_store_open(w->path, true, &w->store, NULL) < 0)
                _exit(2);
        if (c == CHANGE_END)
                r = grant_store_end(w->store, ID_A, GRANT_STATE_WITHDRAWN, NOW, 0);
        else
                r = import(w, GRANT_CONSENT,
                           grant_changed(CONSENT, "record_id",
                                         c == CHANGE_FIRST ? "'" ID_A "'" : "'" ID_B "'", NULL),
                           NOW, &e);
        _exit(r < 0);
}

/* Runs the change until its nth stop before or after a system call. True: it came to its end before. */
static bool run_and_kill(World *w, Change c, unsigned stops)
{
        pid_t pid = fork();
        int status;

        cr_assert_geq(pid, 0);
        if (pid == 0) {
                ptrace(PTRACE_TRACEME, 0, NULL, NULL);
                raise(SIGSTOP);
                change(w, c);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert(WIFSTOPPED(status));
        for (unsigned i = 0; i < stops; i++) {
                cr_assert_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
                cr_assert_eq(waitpid(pid, &status, 0), pid);
                if (WIFEXITED(status)) {
                        cr_assert_eq(WEXITSTATUS(status), 0);
                        return true;
                }
        }
        kill(pid, SIGKILL);
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        return false;
}

/* 1: the change is there; 0: it is not. Anything between is a failure. */
static int look(World *w, Change c)
{
        const char *id = c == CHANGE_IMPORT ? ID_B : ID_A;
        _cleanup_free_ char *text = NULL;
        const StoreEntry *e;
        size_t n;

        reopen(w);
        for (size_t i = 0; i < grant_store_size(w->store); i++) {
                _cleanup_free_ char *one = NULL;

                cr_assert_eq(grant_store_read(w->store, grant_store_get(w->store, i), &one, &n), 0,
                             "a record that the ledger names is not whole");
        }
        e = grant_store_find(w->store, id);
        if (c != CHANGE_FIRST)
                cr_assert_not_null(grant_store_find(w->store, ID_A), "the old record is lost");
        return c == CHANGE_END ? e->ended_usec != 0 : e != NULL;
}

static void kill_everywhere(Change c)
{
        bool done = false;
        unsigned stops = 1, old = 0, new = 0;

        for (; !done; stops++) {
                World w;
                int state;

                begin(&w);
                if (c != CHANGE_FIRST)
                        expect(&w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW, "ok");
                w.store = grant_store_free(w.store);
                done = run_and_kill(&w, c, stops);
                state = look(&w, c);
                cr_assert(!done || state == 1, "done and not there");
                old += state == 0;
                new += state == 1;
                /* the same once more, by the next run */
                if (state == 0 && c == CHANGE_END)
                        cr_assert_eq(grant_store_end(w.store, ID_A, GRANT_STATE_WITHDRAWN, NOW, 0), 0);
                else if (state == 0)
                        expect(&w, GRANT_CONSENT,
                               grant_changed(CONSENT, "record_id",
                                             c == CHANGE_FIRST ? "'" ID_A "'" : "'" ID_B "'", NULL),
                               NOW, "ok");
                end(&w);
        }
        cr_assert_geq(old, 10, "only %u stops before the change", old);
        cr_assert_geq(new, 2, "only %u stops after the change", new);
}

Test(grant_store_kill, first_import)
{
        kill_everywhere(CHANGE_FIRST);
}

Test(grant_store_kill, import)
{
        kill_everywhere(CHANGE_IMPORT);
}

Test(grant_store_kill, withdrawal)
{
        kill_everywhere(CHANGE_END);
}

/* ----------------------------------------------- a thousand changes, killed at random */

#define CHANGES 1000

static void id_of(unsigned i, char ret[GRANT_ID_MAX])
{
        snprintf(ret, GRANT_ID_MAX, "%08x-0000-4000-8000-000000000000", i / 2);
}

/* Even changes import, odd ones withdraw what was imported; each is told when the store says it is done. */
static void work(World *w, unsigned from, int told_fd)
{
        if (grant_store_open(w->path, true, &w->store, NULL) < 0)
                _exit(2);
        for (unsigned i = from; i < CHANGES; i++) {
                _cleanup_free_ char *quoted = NULL;
                char id[GRANT_ID_MAX];
                GrantError e = {};
                int r;

                id_of(i, id);
                if (string_printf(&quoted, "'%s'", id) < 0)
                        _exit(2);
                if (i % 2)
                        r = grant_store_end(w->store, id, GRANT_STATE_WITHDRAWN, NOW, 0);
                else
                        r = import(w, GRANT_CONSENT, grant_changed(CONSENT, "record_id", quoted, NULL), NOW,
                                   &e);
                /* done before the kill, but not told: the next run meets it */
                if (r < 0 && r != -EALREADY && e.reason != GRANT_REPLAYED)
                        _exit(1);
                if (write(told_fd, &i, sizeof(i)) != sizeof(i))
                        _exit(2);
        }
        _exit(0);
}

Test(grant_store_kill, a_thousand_changes, .timeout = 120)
{
        unsigned told = 0, kills = 0, seed = 1, next;
        World w;

        begin(&w);
        w.store = grant_store_free(w.store);
        while (told < CHANGES) {
                int fds[2], status;
                unsigned wanted;
                pid_t pid;

                cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
                pid = fork();
                if (pid == 0)
                        work(&w, told, fds[1]);
                close(fds[1]);
                seed = seed * 1103515245 + 12345;
                wanted = told + (seed >> 16) % 40;
                while (told <= wanted && read(fds[0], &next, sizeof(next)) == sizeof(next))
                        told = next + 1;
                usleep((seed >> 8) % 900);
                kill(pid, SIGKILL);
                cr_assert_eq(waitpid(pid, &status, 0), pid);
                cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "%x", (unsigned) status);
                while (read(fds[0], &next, sizeof(next)) == sizeof(next))
                        told = next + 1;
                close(fds[0]);
                kills += WIFSIGNALED(status);
                w.store = NULL;
                reopen(&w);
                for (unsigned i = 0; i < told; i++) {
                        const StoreEntry *e;
                        char id[GRANT_ID_MAX];

                        id_of(i, id);
                        e = grant_store_find(w.store, id);
                        cr_assert_not_null(e, "change %u of %u is lost", i, told);
                        cr_assert(i % 2 == 0 || e->ended_usec, "withdrawal %u of %u is lost", i, told);
                }
                cr_assert_leq(grant_store_size(w.store), told / 2 + 1);
                w.store = grant_store_free(w.store);
        }
        cr_assert_geq(kills, 20);
        end(&w);
}
