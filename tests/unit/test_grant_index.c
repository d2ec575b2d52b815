/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what was verified is remembered by the digest of its envelope and
 * by the keys of the moment; nothing else is believed of it.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "grant-world.h"
#include "lib/grant-index.h"

#define POLICY                                                                                          \
        "aiguard: 1\nworkloads:\n  clinic:\n    jurisdiction: kz\n    match: { unit: \"a.service\" }\n" \
        "    context: other\n"

static Trust *trust_of(const World *w)
{
        Trust *t = NULL;
        TrustKey *k;

        cr_assert_eq(trust_new(&t), 0);
        k = &t->keys[t->n++];
        memcpy(k->public_key, w->key.public_key, sizeof(k->public_key));
        strcpy(k->id, w->key.id);
        k->name = strdup("site");
        k->kinds = 1U << GRANT_CONSENT | 1U << GRANT_EXCEPTION | 1U << GRANT_SET;
        k->until_usec = UINT64_MAX;
        cr_assert_eq(strv_extend(&k->workloads, "*"), 0);
        cr_assert_eq(strv_extend(&k->capabilities, "*"), 0);
        return t;
}

/* Five of them, all verified: three consents for two things, an exception, a set. */
static Trust *begin_filled(World *w)
{
        begin(w, POLICY, KZ);
        add(w, GRANT_CONSENT, grant_changed(CONSENT, NULL), NOW);
        add(w, GRANT_CONSENT,
            grant_changed(CONSENT, "record_id", "'" ID_B "'", "binding.subject_scope", "'enrolled_set'",
                          "principal.id", "'sha256:" DIGEST_1 "'", NULL),
            NOW);
        add(w, GRANT_CONSENT,
            grant_changed(CONSENT, "record_id", "'" ID_C "'", "binding.devices", "['microphone', 'camera']",
                          "valid.until", "'2027-01-01T00:00:00Z'", "binding.model_digest",
                          "['sha256:" DIGEST_1 "']", NULL),
            NOW);
        add(w, GRANT_EXCEPTION, grant_changed(EXCEPTION, NULL), NOW);
        add(w, GRANT_SET, grant_changed(SET, "members", "['" ID_B "']", NULL), NOW);
        return trust_of(w);
}

static size_t read_again(World *w, const Trust *t)
{
        grant_claims_done(&w->claims);
        cr_assert_eq(grant_claims_reserve(&w->claims, grant_store_size(w->store) - 1), 0);
        return grant_index_read(w->store, t, &w->claims);
}

static void load_rest(World *w, const Trust *t)
{
        for (size_t i = 0; i < w->claims.n; i++)
                if (w->claims.claims[i].state == CLAIM_UNREAD)
                        cr_assert_eq(grant_claims_load(&w->claims, i, w->store, t, &(GrantError){}), 0);
}

Test(grant_index, what_is_remembered_is_what_was_verified)
{
        _cleanup_free_ GrantKey *keys = NULL;
        size_t n_keys;
        Trust *t;
        World w;

        t = begin_filled(&w);
        fold(&w, NOW);
        keys = TAKE_PTR(w.keys);
        n_keys = w.n_keys;
        cr_assert_gt(n_keys, 4);
        cr_assert_eq(grant_index_write(w.store, t, &w.claims), 0);
        cr_assert_eq(read_again(&w, t), 4, "all but the set");
        cr_assert_eq(w.claims.claims[4].state, CLAIM_UNREAD);
        load_rest(&w, t);
        fold(&w, NOW);
        cr_assert_eq(w.n_keys, n_keys);
        for (size_t i = 0; i < n_keys; i++)
                cr_assert(memcmp(&keys[i].key, &w.keys[i].key, sizeof(keys[i].key)) == 0 &&
                                          keys[i].until_usec == w.keys[i].until_usec,
                          "key %zu", i);
        trust_free(t);
        end(&w);
}

Test(grant_index, other_keys_or_other_rights_verify_anew)
{
        Trust *t;
        World w;

        t = begin_filled(&w);
        cr_assert_eq(grant_index_write(w.store, t, &w.claims), 0);
        t->keys[0].revoked = true;
        cr_assert_eq(read_again(&w, t), 0, "revoked");
        t->keys[0].revoked = false;
        t->keys[0].until_usec = NOW;
        cr_assert_eq(read_again(&w, t), 0, "ends earlier");
        t->keys[0].until_usec = UINT64_MAX;
        t->keys[0].kinds = 1U << GRANT_SET;
        cr_assert_eq(read_again(&w, t), 0, "signs less");
        t->keys[0].kinds = 1U << GRANT_CONSENT | 1U << GRANT_EXCEPTION | 1U << GRANT_SET;
        t->keys[0].workloads[0][0] = 'c';
        cr_assert_eq(read_again(&w, t), 0, "for another workload");
        t->keys[0].workloads[0][0] = '*';
        t->keys[0].id[0] ^= 1;
        cr_assert_eq(read_again(&w, t), 0, "another key");
        t->keys[0].id[0] ^= 1;
        cr_assert_eq(read_again(&w, t), 4, "and the same again");
        trust_free(t);
        end(&w);
}

Test(grant_index, a_new_version_is_not_known)
{
        Trust *t;
        World w;

        t = begin_filled(&w);
        cr_assert_eq(grant_index_write(w.store, t, &w.claims), 0);
        add(&w, GRANT_CONSENT,
            grant_changed(CONSENT, "record_id", "'" ID_B "'", "events.0.time", "'2026-03-01T00:00:00Z'",
                          NULL),
            NOW);
        cr_assert_eq(read_again(&w, t), 3);
        cr_assert_eq(w.claims.claims[1].state, CLAIM_UNREAD);
        cr_assert_eq(w.claims.claims[2].state, CLAIM_GOOD, "those behind it are");
        trust_free(t);
        end(&w);
}

Test(grant_index, what_is_void_is_not_remembered)
{
        Trust *t;
        World w;

        t = begin_filled(&w);
        grant_claims_void(&w.claims, 0, GRANT_KEY_REVOKED);
        cr_assert_eq(grant_index_write(w.store, t, &w.claims), 0);
        cr_assert_eq(read_again(&w, t), 3);
        cr_assert_eq(w.claims.claims[0].state, CLAIM_UNREAD);
        trust_free(t);
        end(&w);
}

Test(grant_index, a_damaged_one_or_one_that_others_may_write_is_none)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t n = 0;
        Trust *t;
        World w;

        t = begin_filled(&w);
        cr_assert_eq(grant_index_write(w.store, t, &w.claims), 0);
        fd = openat(grant_store_dir_fd(w.store), "verified", O_RDWR | O_CLOEXEC);
        cr_assert_eq(read_file_capped(grant_store_dir_fd(w.store), "verified", 65536, &text, &n), 0);
        for (size_t i = 0; i < n; i++) {
                char c = (char) (text[i] ^ 1);

                cr_assert_eq(pwrite(fd, &c, 1, (off_t) i), 1);
                cr_assert_eq(read_again(&w, t), 0, "byte %zu of %zu", i, n);
                cr_assert_eq(pwrite(fd, &text[i], 1, (off_t) i), 1);
        }
        for (size_t i = 0; i < n; i += 13) {
                cr_assert_eq(ftruncate(fd, (off_t) i), 0);
                cr_assert_eq(read_again(&w, t), 0, "%zu of %zu bytes", i, n);
        }
        cr_assert_eq(pwrite(fd, text, n, 0), (ssize_t) n);
        cr_assert_eq(read_again(&w, t), 4);
        cr_assert_eq(fchmod(fd, 0640), 0);
        cr_assert_eq(read_again(&w, t), 0, "the group may read it");
        trust_free(t);
        end(&w);
}
