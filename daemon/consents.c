/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: what of the store is in force: verified in slices, folded, written
 * to ag_consents, and looked at again when something begins or ends, when the
 * clock is set, when policy or devices change. Main thread. Numbers of models
 * and devices are consents-objects.c's, changes are consents-change.c's.
 */
#include "consents-internal.h"

#include <bpf/bpf.h>
#include <malloc.h>
#include <string.h>
#include <sys/timerfd.h>

#include "lib/date.h"
#include "lib/grant-index.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lib/util-string.h"
#include "lock.h"
#include "withdraw-freeze.h"
#include "withdraw.h"

/* Before others have a turn, and then between them. */
#define BEGIN_USEC 300000U
#define SLICE_USEC 5000U
#define VOID_SHOWN 10U
#define INDEX_FRESH_MIN 256U
#define LARGE_BYTES (1024 * 1024)
#define OPEN_TRIES 50U
#define OPEN_USEC 100000U

Consents *consents_free(Consents *c)
{
        if (!c)
                return NULL;
        sd_event_source_disable_unref(c->load);
        sd_event_source_disable_unref(c->timer);
        sd_event_source_disable_unref(c->clock);
        safe_close(c->clock_fd);
        grant_claims_done(&c->claims);
        grant_store_free(c->store);
        trust_free(c->trust);
        free(c->keys);
        free(c->models);
        free(c->wanted);
        strv_free(c->digests);
        pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
}

/* ------------------------------------------------------------------- the map */

/* Wall clock to the clock that the kernel checks. */
static uint64_t boot_time_of(uint64_t usec)
{
        uint64_t now = realtime_usec();

        return usec <= now ? 0 : boottime_ns() + (usec - now) * 1000;
}

int consents_map_put(const Consents *c, const GrantKey *key)
{
        struct ag_consent v = { .valid_until = boot_time_of(key->until_usec) };

        return bpf_map_update_elem(manager_maps(c->m)->consents, &key->key, &v, BPF_ANY) < 0 ? -errno : 0;
}

/* What an earlier run left: it was verified, and stays until this run knows better. */
static void adopt(Consents *c)
{
        int map = manager_maps(c->m)->consents;
        struct ag_consent_key key, next;
        bool more = bpf_map_get_next_key(map, NULL, &key) == 0;

        while (more) {
                GrantKey *grown = reallocarray(c->keys, c->n_keys + 1, sizeof(*grown));

                more = bpf_map_get_next_key(map, &key, &next) == 0;
                if (grown) {
                        c->keys = grown;
                        c->keys[c->n_keys++] = (GrantKey){ .key = key, .until_usec = UINT64_MAX };
                } else
                        (void) bpf_map_delete_elem(map, &key);
                key = next;
        }
}

static int compare_keys(const void *a, const void *b)
{
        return memcmp(&((const GrantKey *) a)->key, &((const GrantKey *) b)->key,
                      sizeof(struct ag_consent_key));
}

static bool is_open(const GrantKey *key, const GrantKey *keys, size_t n)
{
        return n > 0 && bsearch(key, keys, n, sizeof(*keys), compare_keys) != NULL;
}

/* First what closes, and what runs on it; then what opens, unless its end is unknown here. Takes `keys`. */
static void replace_keys(Consents *c, GrantKey *keys, size_t n)
{
        int map = manager_maps(c->m)->consents;
        GrantKey *closed = calloc(c->n_keys + 1, sizeof(*closed));
        size_t n_closed = 0;

        for (size_t i = 0; i < c->n_keys; i++) {
                if (is_open(&c->keys[i], keys, n))
                        continue;
                (void) bpf_map_delete_elem(map, &c->keys[i].key);
                if (closed)
                        closed[n_closed++] = c->keys[i];
        }
        c->closed_ns = boottime_ns();
        for (size_t i = 0; i < n; i++) {
                int r = keys[i].until_usec == UINT64_MAX ? 0 : consents_map_put(c, &keys[i]);

                if (r < 0)
                        log_error_errno(r, "consents: an entry cannot be written, it stays closed");
        }
        free(c->keys);
        c->keys = keys;
        c->n_keys = n;
        withdraw_sessions(c->m, closed, n_closed);
        free(closed);
}

void consents_close_workload(Consents *c, uint16_t workload)
{
        GrantKey *keys = calloc(c->n_keys + 1, sizeof(*keys));
        size_t n = 0;

        for (size_t i = 0; keys && i < c->n_keys; i++)
                if (c->keys[i].key.workload != workload)
                        keys[n++] = c->keys[i];
        replace_keys(c, keys, n);
}

/* --------------------------------------------------------------- what is in force */

static void arm(Consents *c, uint64_t next)
{
        /* A moment late rather than early: at the end itself the kernel has closed it already. */
        if (next != UINT64_MAX)
                next += 1000;
        if (sd_event_source_set_time(c->timer, next) < 0 ||
            sd_event_source_set_enabled(c->timer, next == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT) < 0)
                log_warning("consents: the next beginning or end will be seen to later");
}

static const char *workload_of(const GrantClaim *claim)
{
        return claim->binding ? claim->binding->workload : "";
}

static void note_ends(Consents *c, uint64_t now)
{
        for (size_t i = 0; i < c->claims.n; i++) {
                const GrantClaim *claim = &c->claims.claims[i];
                const StoreEntry *e = grant_store_get(c->store, i);
                char id[96], workload[AG_NAME_MAX + 32];
                const char *fields[] = { id, workload, "AIGUARD_CONSENT_STATE=ConsentExpired",
                                         "AIGUARD_CONSENT_REASON=expired" };

                if (claim->state != CLAIM_GOOD || e->ended_usec || claim->until_usec <= c->checked_usec ||
                    claim->until_usec > now)
                        continue;
                snprintf(id, sizeof(id), "AIGUARD_CONSENT_ID=%s", e->id);
                snprintf(workload, sizeof(workload), "AIGUARD_SYSTEM_ID=%s", workload_of(claim));
                if (manager_journal(c->m))
                        journal_note(manager_journal(c->m), MESSAGE_ID_CONSENT_EXPIRED, LOG_NOTICE, fields,
                                     ARRAY_SIZE(fields), "The %s %s of %s has expired",
                                     grant_kind_to_string((GrantKind) e->kind), e->id, workload_of(claim));
        }
        c->checked_usec = now;
}

/* Whatever became of it: a sensor may be open that was opened with a grant. */
static bool names_sensors(const Consents *c)
{
        for (size_t i = 0; i < c->claims.n_bindings; i++)
                if (c->claims.bindings[i]->devices)
                        return true;
        for (size_t i = 0; i < c->n_keys; i++)
                if (c->keys[i].key.column == AG_COL_CAMERA || c->keys[i].key.column == AG_COL_MICROPHONE)
                        return true;
        return false;
}

void consents_apply(Consents *c)
{
        GrantFoldInput in = { .claims = &c->claims,
                              .store = c->store,
                              .tables = manager_tables(c->m),
                              .modelcaps = policy_store_modelcaps(manager_store(c->m)),
                              .now_usec = realtime_usec(),
                              .devices = consents_devices,
                              .models = consents_models,
                              .userdata = c };
        uint64_t next = UINT64_MAX;
        GrantKey *keys = NULL;
        size_t n = 0;

        if (names_sensors(c))
                manager_guard_sensors(c->m);
        /* What an earlier run verified stays until all is verified again: nothing opens, nothing stops for a restart. */
        if (!c->complete)
                return;
        note_ends(c, in.now_usec);
        if (c->store && grant_fold(&in, &keys, &n, &next) < 0) {
                log_error("consents: there is no memory to fold them; what is open stays so until it ends");
                return;
        }
        if (consents_resolve_models(c, &keys, &n) < 0)
                log_error("consents: there is no memory for the models that grants name; they stay closed");
        replace_keys(c, keys, n);
        arm(c, next);
}

void consents_retire(Consents *c, const PolicyTables *next)
{
        const LoaderMaps *maps = manager_maps(c->m);
        size_t kept = 0;

        if (!c->keys)
                adopt(c);
        for (size_t i = 0; c->keys && i < c->n_keys; i++) {
                uint32_t w = c->keys[i].key.workload;
                struct ag_workload_name name = {};

                if (w < next->n_workloads && bpf_map_lookup_elem(maps->workloads, &w, &name) == 0 &&
                    streq(name.name, next->workloads[w].name))
                        c->keys[kept++] = c->keys[i];
                else
                        (void) bpf_map_delete_elem(maps->consents, &c->keys[i].key);
        }
        c->n_keys = kept;
}

/* ------------------------------------------------------------------ verifying */

static void load_one(Consents *c)
{
        GrantError e = {};
        char code[GRANT_CODE_MAX];
        int r = grant_claims_load(&c->claims, c->n_loaded, c->store, c->trust, &e);

        if (r < 0 && c->n_void++ < VOID_SHOWN) {
                grant_error_code(&e, code);
                log_warning("consents: %s does not hold: %s (%s)",
                            grant_store_get(c->store, c->n_loaded)->id,
                            r == -EBADMSG ? grant_reason_sentence(e.reason) : strerror(-r), code);
        }
        c->n_loaded++;
        c->n_fresh++;
}

static bool is_known(const Consents *c)
{
        return c->n_loaded < c->claims.n && c->claims.claims[c->n_loaded].state == CLAIM_GOOD;
}

/* True: all are done. */
static bool load_for(Consents *c, uint64_t usec)
{
        uint64_t end = boottime_ns() + usec * 1000;

        while (c->store && c->n_loaded < grant_store_size(c->store)) {
                if (is_known(c)) {
                        c->n_loaded++;
                        continue;
                }
                load_one(c);
                if (boottime_ns() > end)
                        return false;
        }
        return true;
}

/* For the next start. A handful is verified faster than remembered. */
static void remember(Consents *c)
{
        int r;

        if (!c->store || c->n_fresh < INDEX_FRESH_MIN)
                return;
        r = grant_index_write(c->store, c->trust, &c->claims);
        if (r < 0)
                log_warning_errno(r, "consents: the next start verifies everything again");
        else
                c->n_fresh = 0;
}

static int on_load(sd_event_source *s, void *userdata)
{
        Consents *c = userdata;

        if (!load_for(c, SLICE_USEC))
                return 0;
        c->complete = true;
        remember(c);
        (void) sd_event_source_set_enabled(s, SD_EVENT_OFF);
        consents_ask_models(c);
        consents_apply(c);
        return 0;
}

/* While the keys are the same, what was verified is verified: by this run, or by one before. */
static void forget_unless_trusted(Consents *c)
{
        size_t n = c->store ? grant_store_size(c->store) : 0;
        char trust[SHA256_HEX_SIZE];

        grant_trust_digest(c->trust, trust);
        if (streq(trust, c->verified_by) || n == 0)
                return;
        strcpy(c->verified_by, trust);
        for (size_t i = 0; i < c->claims.n; i++)
                if (c->claims.claims[i].state != CLAIM_UNREAD)
                        c->claims.claims[i].state = CLAIM_UNREAD;
        if (grant_claims_reserve(&c->claims, n - 1) >= 0)
                (void) grant_index_read(c->store, c->trust, &c->claims);
}

void consents_begin(Consents *c)
{
        forget_unless_trusted(c);
        c->n_loaded = c->n_void = 0;
        c->complete = load_for(c, BEGIN_USEC);
        if (c->complete)
                remember(c);
        else
                (void) sd_event_source_set_enabled(c->load, SD_EVENT_ON);
}

int consents_load_trust(const Consents *c, bool tell, Trust **ret)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        _cleanup_(trust_freep) Trust *t = NULL;
        int r = diag_new(&diag);

        if (r >= 0)
                r = trust_load(TRUST_DIR, diag, &t);
        if (r >= 0 && c->store)
                r = grant_host_trust(c->store, t);
        if (r < 0)
                return log_error_errno(r, "consents: " TRUST_DIR " or the key of this host cannot be read");
        if (tell)
                diag_print(diag, stderr);
        *ret = TAKE_PTR(t);
        return 0;
}

void consents_verify_again(Consents *c)
{
        Trust *t = NULL;

        /* When it cannot be read, what was trusted before stays so. At the start: nothing. */
        if (consents_load_trust(c, true, &t) >= 0) {
                trust_free(c->trust);
                c->trust = t;
        }
        consents_begin(c);
        if (c->complete)
                consents_ask_models(c);
        consents_apply(c);
}

int consents_open(Consents *c)
{
        uint64_t line = 0;
        int r = grant_store_open(GRANT_STORE_DIR, true, &c->store, &line);

        /* Somebody changes it by hand because we were dead; that takes a moment. */
        for (unsigned i = 0; r == -EBUSY && i < OPEN_TRIES; i++) {
                (void) usleep(OPEN_USEC);
                r = grant_store_open(GRANT_STORE_DIR, true, &c->store, &line);
        }
        if (r == -EBADMSG)
                return log_error_errno(r,
                                       "consents: the ledger in " GRANT_STORE_DIR
                                       " is broken at line %llu; no grant holds until that is looked into",
                                       (unsigned long long) line);
        return r < 0 ? log_error_errno(r, "consents: " GRANT_STORE_DIR " cannot be used; no grant holds")
                     : 0;
}

/* ------------------------------------------------------------------ the clock */

static int on_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        consents_apply(userdata);
        return 0;
}

/* Never due; cancelled by every step of the wall clock, which grants are written in. */
static int arm_clock(Consents *c)
{
        const struct itimerspec never = { .it_value = { .tv_sec = INT64_MAX / 1000000000 } };

        return timerfd_settime(c->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0
                               ? -errno
                               : 0;
}

static int on_clock_set(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        Consents *c = userdata;
        uint64_t n;

        if (read(fd, &n, sizeof(n)) < 0 && errno != ECANCELED)
                return 0;
        log_notice("consents: the clock was set; the ends are worked out anew");
        if (arm_clock(c) < 0)
                log_warning("consents: the next step of the clock will not be seen");
        consents_apply(c);
        return 0;
}

static int add_sources(Consents *c)
{
        sd_event *event = manager_event(c->m);
        int r;

        if ((r = sd_event_add_defer(event, &c->load, on_load, c)) < 0 ||
            (r = sd_event_source_set_enabled(c->load, SD_EVENT_OFF)) < 0 ||
            (r = sd_event_source_set_priority(c->load, SD_EVENT_PRIORITY_IDLE)) < 0 ||
            (r = sd_event_add_time(event, &c->timer, CLOCK_REALTIME, UINT64_MAX, 1000, on_time, c)) < 0 ||
            (r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF)) < 0)
                return r;
        c->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (c->clock_fd < 0)
                return -errno;
        r = arm_clock(c);
        return r < 0 ? r : sd_event_add_io(event, &c->clock, c->clock_fd, EPOLLIN, on_clock_set, c);
}

int consents_new(Manager *m, Consents **ret)
{
        _cleanup_(consents_freep) Consents *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        /*
         * Tables of a hundred thousand records, and what folding them takes for a moment, are mapped and unmapped: on the
         * heap they would stay, and be copied by each process that is forked.
         */
        (void) mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
        c->m = m;
        c->clock_fd = -EBADF;
        lock_init(&c->lock);
        c->checked_usec = realtime_usec();
        r = add_sources(c);
        if (r < 0)
                return r;
        /* Without keys or without a store nothing holds: the closed side. */
        freezer_recover();
        c->trust = calloc(1, sizeof(*c->trust));
        if (!c->trust)
                return -ENOMEM;
        (void) consents_open(c);
        *ret = TAKE_PTR(c);
        return 0;
}

json_t *consents_to_json(Consents *c)
{
        size_t size = c->store ? grant_store_size(c->store) : 0, holding = 0;
        uint64_t now = realtime_usec();

        for (size_t i = 0; i < size && i < c->claims.n; i++)
                holding += grant_claim_holds(&c->claims, c->store, i, now, NULL) == GRANT_OK;
        return json_pack("{s:b, s:I, s:I, s:I, s:I, s:b, s:I}", "usable", c->store != NULL, "stored",
                         (json_int_t) size, "verified", (json_int_t) c->n_loaded, "void",
                         (json_int_t) c->n_void, "holding", (json_int_t) holding, "complete", c->complete,
                         "open_keys", (json_int_t) c->n_keys);
}
