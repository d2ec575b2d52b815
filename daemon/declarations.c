/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the daemon's view of declarations: what is in force now, and what
 * has to be done when one begins or ends (a file judged again, the policy
 * compiled again, the sensors marked again). Their records are grants, kept by
 * consents-change.c; documents and their effects are lib/declaration*.c. Main
 * thread, but for declarations_model(), which the scan pool calls.
 */
#include "declarations.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "consents.h"
#include "devices.h"
#include "lib/date.h"
#include "lib/log.h"
#include "lib/message-ids.h"
#include "lib/util-string.h"
#include "lock.h"
#include "mountdev.h"

struct Declarations {
        Manager *m;
        sd_event_source *timer;
        pthread_mutex_t lock; /* the array; main writes it */
        Declaration **all;
        size_t n;
        uint64_t checked_usec; /* expiries up to here have been seen to */
};

Declarations *declarations_free(Declarations *d)
{
        if (!d)
                return NULL;
        sd_event_source_disable_unref(d->timer);
        declarations_free_many(d->all, d->n);
        pthread_mutex_destroy(&d->lock);
        free(d);
        return NULL;
}

static bool in_force(const Declaration *d)
{
        return realtime_usec() < d->until_usec;
}

/* ----------------------------------------------------------- what it changes */

/*
 * A copy of a matching size is not a match: the digest is. Made outside the lock, which the gate's threads share;
 * the declaration is looked up by it afterwards, wherever it is then.
 */
static bool some_model_of_size(Declarations *d, uint64_t size)
{
        LOCK_SCOPE(&d->lock);

        for (size_t i = 0; i < d->n; i++)
                if (d->all[i]->kind == DECLARATION_MODEL && d->all[i]->size == size && in_force(d->all[i]))
                        return true;
        return false;
}

int declarations_model(Declarations *d, int fd, const struct ag_inode_key *inode, uint8_t *columns,
                       uint8_t *n_columns)
{
        char digest[65];
        struct stat st;
        uint64_t size;
        int r;

        if (fstat(fd, &st) < 0 || st.st_size < 0 || !some_model_of_size(d, (uint64_t) st.st_size))
                return 0;
        r = digest_fd(fd, DECLARATION_MODEL_MAX, digest, &size);
        if (r < 0) {
                log_warning_errno(r, "declarations: a model cannot be digested; it counts as undeclared");
                return 0;
        }
        LOCK_SCOPE(&d->lock);
        for (size_t i = 0; i < d->n; i++) {
                const Declaration *one = d->all[i];

                if (one->kind != DECLARATION_MODEL || one->size != size || !streq(one->digest, digest) ||
                    !in_force(one))
                        continue;
                declaration_apply_columns(one, policy_store_modelcaps(manager_store(d->m)), columns,
                                          n_columns);
                return 1;
        }
        return 0;
}

int declarations_amend(Declarations *d, PolicyTables *t)
{
        for (size_t i = 0; i < d->n; i++) {
                int r;

                if (d->all[i]->kind != DECLARATION_WORKLOAD || !in_force(d->all[i]))
                        continue;
                r = declaration_amend_tables(d->all[i], t);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        /* The strict side: the workload stays what the policy says. */
                        log_warning_errno(r, "declarations: %s has no effect", d->all[i]->id);
        }
        return 0;
}

bool declarations_sensor_no_persons(Declarations *d, uint32_t dev)
{
        for (size_t i = 0; i < d->n; i++) {
                const Declaration *one = d->all[i];
                _cleanup_free_ char *hardware = NULL;

                if (one->kind == DECLARATION_SENSOR && one->dev == dev && in_force(one) &&
                    sensor_hardware(dev, &hardware) >= 0 && streq(hardware, one->hardware))
                        return true;
        }
        return false;
}

void model_forget(Manager *m, const char *path)
{
        _cleanup_close_ int fd = -EBADF;
        struct ag_inode_key key = {};
        long generation = 0;
        struct stat st;

        if (!manager_gate(m))
                return;
        fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return;
        key.ino = st.st_ino;
        if (mountdev_of_fd(fd, &key.dev) < 0)
                return;
        {
                _cleanup_close_ int data_fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

                if (data_fd >= 0 && ioctl(data_fd, FS_IOC_GETVERSION, &generation) >= 0)
                        key.generation = (uint32_t) generation;
        }
        (void) gate_forget(manager_gate(m), fd, &key);
}

/* One has begun or ended. */
static void take_effect(Declarations *d, const Declaration *one)
{
        if (one->kind == DECLARATION_MODEL)
                model_forget(d->m, one->path);
        else if (one->kind == DECLARATION_WORKLOAD)
                manager_compile_again(d->m, "declarations");
        else
                (void) devices_refresh(manager_devices(d->m));
}

static const char *about(const Declaration *one)
{
        return one->workload ? one->workload : one->exe ? one->exe : one->unit ? one->unit : one->path;
}

static void note(Declarations *d, const Declaration *one, const char *message_id, const char *what,
                 uid_t uid)
{
        char id[96], by[48], until[DATE_TEXT_MAX];
        _cleanup_free_ char *reason = NULL;
        const char *fields[] = { id, by, NULL };

        snprintf(id, sizeof(id), "AIGUARD_DECLARATION=%s", one->id);
        snprintf(by, sizeof(by), "AIGUARD_DECLARED_BY_UID=%u", uid);
        if (asprintf(&reason, "AIGUARD_DECLARATION_REASON=%s", one->reason) < 0)
                return;
        fields[2] = reason;
        date_format(one->until_usec, until);
        journal_note(manager_journal(d->m), message_id, LOG_NOTICE, fields, ARRAY_SIZE(fields),
                     "Declaration of %s %s %s (%s, until %s): %s", declaration_kind_to_string(one->kind),
                     about(one), what,
                     one->kind == DECLARATION_MODEL      ? one->as
                     : one->kind == DECLARATION_WORKLOAD ? "no AI workload"
                                                         : "sees no persons",
                     until, one->reason);
}

/* ------------------------------------------------------------------ expiry */

static int arm(Declarations *d)
{
        uint64_t next = UINT64_MAX;
        int r;

        for (size_t i = 0; i < d->n; i++)
                if (d->all[i]->until_usec > d->checked_usec)
                        next = MIN(next, d->all[i]->until_usec);
        r = sd_event_source_set_time(d->timer, next);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(d->timer, next == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int on_expiry(sd_event_source *s, uint64_t usec, void *userdata)
{
        Declarations *d = userdata;
        uint64_t now = realtime_usec(), from = d->checked_usec;
        bool compile = false;

        d->checked_usec = now;
        for (size_t i = 0; i < d->n; i++) {
                if (d->all[i]->until_usec <= from || d->all[i]->until_usec > now)
                        continue;
                note(d, d->all[i], MESSAGE_ID_DECLARATION_ENDED, "has ended", d->all[i]->by_uid);
                if (d->all[i]->kind == DECLARATION_WORKLOAD)
                        compile = true;
                else
                        take_effect(d, d->all[i]);
        }
        if (compile)
                manager_compile_again(d->m, "declarations");
        if (arm(d) < 0)
                log_warning("declarations: the next end will be seen to at the next start");
        return 0;
}

/* ------------------------------------------------------------------- the store */

/* Signed now by root's key, since root's folder was where they lay. What does not stand any more goes. */
static void adopt_old(Declarations *d)
{
        Declaration **all = NULL;
        size_t n = 0, broken = 0;

        if (declarations_read(DECLARATIONS_OLD_DIR, &all, &n, &broken) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                GrantError e = {};
                int r = consents_declare(manager_consents(d->m), all[i], all[i]->by_uid, &e);

                if (r >= 0 || r == -EBADMSG)
                        r = declaration_remove(DECLARATIONS_OLD_DIR, all[i]->id);
                if (r < 0)
                        log_warning_errno(r, "declarations: %s stays in " DECLARATIONS_OLD_DIR, all[i]->id);
        }
        declarations_free_many(all, n);
        if (broken > 0)
                log_warning("declarations: %zu files in " DECLARATIONS_OLD_DIR " are none", broken);
}

int declarations_new(Manager *m, Declarations **ret)
{
        _cleanup_(declarations_freep) Declarations *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->m = m;
        lock_init(&d->lock);
        d->checked_usec = realtime_usec();
        r = sd_event_add_time(manager_event(m), &d->timer, CLOCK_REALTIME, UINT64_MAX, 1000000, on_expiry,
                              d);
        if (r < 0)
                return r;
        adopt_old(d);
        *ret = TAKE_PTR(d);
        return 0;
}

/* Emergencies are emergencies.c's. Returns how many are left, those in front. */
static size_t without_emergencies(Declaration **all, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++)
                if (all[i]->kind == DECLARATION_EMERGENCY)
                        declaration_free(all[i]);
                else
                        all[kept++] = all[i];
        return kept;
}

/* Of models that two had signed, and that are one person's word now. */
static void forget_weakened(Declarations *d, Declaration *const *before, size_t n)
{
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < d->n; k++)
                        if (before[i]->kind == DECLARATION_MODEL && before[i]->second &&
                            !d->all[k]->second && streq(before[i]->id, d->all[k]->id))
                                model_forget(d->m, before[i]->path);
}

int declarations_reload(Declarations *d)
{
        Declaration **all = NULL, **before;
        size_t n = 0, n_before, broken = 0;
        int r = consents_declarations(manager_consents(d->m), &all, &n, &broken);

        if (r < 0)
                /* The consents have said why. What was in force stays so; at the start: nothing is. */
                return r == -ENOMEM ? r : 0;
        if (broken > 0)
                log_warning("declarations: %zu cannot be verified and have no effect", broken);
        n = without_emergencies(all, n);
        pthread_mutex_lock(&d->lock);
        before = d->all;
        n_before = d->n;
        d->all = all;
        d->n = n;
        pthread_mutex_unlock(&d->lock);
        forget_weakened(d, before, n_before);
        declarations_free_many(before, n_before);
        return arm(d);
}

/* ------------------------------------------------------- adding and ending */

static Declaration *find(const Declarations *d, const char *id, size_t *ret_index)
{
        for (size_t i = 0; i < d->n; i++)
                if (streq(d->all[i]->id, id)) {
                        *ret_index = i;
                        return d->all[i];
                }
        return NULL;
}

static int refuse(char **reterr, int r, const char *text)
{
        if (reterr && !*reterr)
                *reterr = strdup(text);
        return r;
}

int declarations_check(Declarations *d, const Declaration *one, char **reterr)
{
        const PolicyTables *t = manager_tables(d->m);
        int w;

        if (!in_force(one))
                return refuse(reterr, -EBADMSG, "its end is in the past");
        switch (one->kind) {
        case DECLARATION_MODEL:
                if (!streq(one->as, "none") &&
                    modelcap_set_find(policy_store_modelcaps(manager_store(d->m)), one->as) < 0)
                        return refuse(reterr, -EBADMSG, "no such model capability");
                return 0;
        case DECLARATION_WORKLOAD:
                if (!one->workload)
                        return 0;
                w = policy_tables_find(t, one->workload);
                if (w < AG_WORKLOAD_FIRST)
                        return refuse(reterr, -EBADMSG, "the policy has no workload of that name");
                if (t->workloads[w].state_equivalent && !one->second)
                        return refuse(reterr, -EPERM,
                                      "the workload is state-equivalent: this takes a second signature, by "
                                      "a key "
                                      "of trust.d (--out)");
                return 0;
        case DECLARATION_EMERGENCY:
                return refuse(reterr, -EBADMSG, "an emergency is declared by aiguardctl emergency, at once");
        default:
                return 0;
        }
}

/* Takes `one`; replaces what has its id. */
static int keep(Declarations *d, Declaration *one)
{
        Declaration *old, **grown;
        size_t i;
        LOCK_SCOPE(&d->lock);

        old = find(d, one->id, &i);
        if (old) {
                d->all[i] = one;
                declaration_free(old);
                return 0;
        }
        if (d->n >= DECLARATIONS_MAX)
                return -ENOSPC;
        grown = reallocarray(d->all, d->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        d->all = grown;
        d->all[d->n++] = one;
        return 0;
}

void declarations_take(Declarations *d, Declaration *one, uid_t uid)
{
        if (keep(d, one) < 0) {
                log_error("declarations: %s is stored, and in force after the next reload", one->id);
                declaration_free(one);
                return;
        }
        note(d, one, MESSAGE_ID_DECLARATION_ADDED, "is in force", uid);
        take_effect(d, one);
        (void) arm(d);
}

int declarations_add(Declarations *d, const char *json, uid_t uid, char **ret_id, char **reterr_message)
{
        _cleanup_(declaration_freep) Declaration *one = NULL;
        GrantError e = {};
        char *id;
        int r;

        r = declaration_parse(json, strlen(json), &one, reterr_message);
        if (r < 0)
                return r;
        one->by_uid = uid;
        one->by_root = true;
        one->made_usec = realtime_usec();
        r = declarations_check(d, one, reterr_message);
        if (r < 0)
                return r;
        id = strdup(one->id);
        if (!id)
                return -ENOMEM;
        r = consents_declare(manager_consents(d->m), one, uid, &e);
        if (r < 0) {
                free(id);
                if (r == -EBADMSG)
                        return refuse(reterr_message, r, grant_reason_sentence(e.reason));
                return log_error_errno(r, "declarations: %s cannot be kept", one->id);
        }
        declarations_take(d, TAKE_PTR(one), uid);
        *ret_id = id;
        return 0;
}

void declarations_drop(Declarations *d, const char *id, uid_t uid)
{
        _cleanup_(declaration_freep) Declaration *one = NULL;
        size_t i;

        if (!find(d, id, &i))
                return;
        pthread_mutex_lock(&d->lock);
        one = d->all[i];
        d->all[i] = d->all[--d->n];
        pthread_mutex_unlock(&d->lock);
        note(d, one, MESSAGE_ID_DECLARATION_ENDED, "was revoked", uid);
        take_effect(d, one);
        (void) arm(d);
}

int declarations_revoke(Declarations *d, const char *id, uid_t uid)
{
        int r = consents_end_declaration(manager_consents(d->m), id, GRANT_STATE_REVOKED, uid);

        if (r == -EALREADY)
                r = -ENOENT;
        if (r < 0)
                return r == -ENOENT ? r
                                    : log_error_errno(r, "declarations: the end of %s cannot be kept", id);
        declarations_drop(d, id, uid);
        return 0;
}

json_t *declarations_to_json(Declarations *d)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < d->n; i++) {
                json_t *o = declaration_to_json(d->all[i]);

                if (o) {
                        (void) json_object_set_new(o, "expired", json_boolean(!in_force(d->all[i])));
                        (void) json_object_set_new(o, "second_signature", json_boolean(d->all[i]->second));
                }
                if (json_array_append_new(list, o) < 0)
                        break;
        }
        return list;
}
