/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: org.aiguard1.Manager: decodes arguments, calls the manager and its
 * parts, encodes the reply. Looking is for whom the socket's mode or the bus
 * policy lets in; changing anything is root's, checked here once more, but for
 * grants, which polkit may hand to others (bus-authorize.c). Nothing
 * here waits for anybody. Called by sd-bus on the main thread.
 */
#include "bus-methods.h"

#include <inttypes.h>
#include <string.h>

#include "bus-grants.h"
#include "bus-models.h"
#include "bus-status.h"
#include "declarations.h"
#include "emergencies.h"
#include "lib/bus-names.h"
#include "lib/emergency.h"

#define REASON_MAX 500U

static void creds_unref(sd_bus_creds **c)
{
        sd_bus_creds_unref(*c);
}

int bus_sender_uid(BusPeer *peer, sd_bus_message *msg, uid_t *ret)
{
        __attribute__((__cleanup__(creds_unref))) sd_bus_creds *creds = NULL;
        int r;

        if (peer->is_private) {
                /* Whoever connected speaks for himself; a "sender" in the message is only a claim. */
                *ret = peer->uid;
                return 0;
        }
        r = sd_bus_query_sender_creds(msg, SD_BUS_CREDS_EUID, &creds);
        return r < 0 ? r : sd_bus_creds_get_euid(creds, ret);
}

int bus_require_root(BusPeer *peer, sd_bus_message *msg, uid_t *ret, sd_bus_error *reterr)
{
        if (bus_sender_uid(peer, msg, ret) < 0 || *ret != 0)
                return sd_bus_error_set(reterr, BUS_ERROR_REFUSED, "Only root may change something here");
        return 0;
}

/* Takes the document. */
static int reply_json(sd_bus_message *msg, json_t *o)
{
        _cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

        json_decref(o);
        if (!text)
                return -ENOMEM;
        return sd_bus_reply_method_return(msg, "s", text);
}

static int method_get_status(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;

        return reply_json(msg, bus_status(peer->m));
}

static int method_explain(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;
        json_t *o = NULL;
        int32_t pid;
        int r;

        r = sd_bus_message_read(msg, "i", &pid);
        if (r < 0)
                return r;
        r = bus_explain(peer->m, pid, &o);
        if (r == -ESRCH)
                return sd_bus_error_setf(reterr, BUS_ERROR_NOT_FOUND, "There is no process %" PRId32, pid);
        return r < 0 ? r : reply_json(msg, o);
}

static int method_explain_unit(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;
        const char *unit = NULL;
        json_t *o = NULL;
        int r;

        r = sd_bus_message_read(msg, "s", &unit);
        if (r < 0)
                return r;
        r = bus_explain_unit(peer->m, unit, &o);
        return r < 0 ? r : reply_json(msg, o);
}

static char *diag_text(const Diag *diag)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        diag_print(diag, f);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int method_reload(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        _cleanup_(diag_freep) Diag *diag = NULL;
        _cleanup_free_ char *text = NULL;
        BusPeer *peer = userdata;
        uid_t uid = (uid_t) -1;
        int r;

        r = bus_require_root(peer, msg, &uid, reterr);
        if (r < 0)
                return r;
        r = diag_new(&diag);
        if (r < 0)
                return r;
        r = manager_reload(peer->m, diag);
        text = diag_text(diag);
        if (r < 0)
                return sd_bus_error_setf(reterr, BUS_ERROR_BAD_POLICY, "The old policy stays.\n%s",
                                         text ? text : "");
        return sd_bus_reply_method_return(msg, "s", text ? text : "");
}

static int method_list_declarations(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;

        return reply_json(msg, declarations_to_json(manager_declarations(peer->m)));
}

/* Names of files anywhere on the host: not for everybody. */
static int method_list_models(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;
        uid_t uid = (uid_t) -1;

        if (bus_sender_uid(peer, msg, &uid) < 0 || uid != 0)
                return sd_bus_error_set(reterr, BUS_ERROR_REFUSED, "Only root may see all models");
        return reply_json(msg, bus_models(peer->m));
}

static int method_declare(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        _cleanup_free_ char *id = NULL, *why = NULL;
        BusPeer *peer = userdata;
        const char *json = NULL;
        uid_t uid = (uid_t) -1;
        int r;

        r = bus_require_root(peer, msg, &uid, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(msg, "s", &json);
        if (r < 0)
                return r;
        r = declarations_add(manager_declarations(peer->m), json, uid, &id, &why);
        if (r == -EBADMSG || r == -EPERM)
                return sd_bus_error_setf(reterr, r == -EPERM ? BUS_ERROR_REFUSED : BUS_ERROR_BAD_INPUT, "%s",
                                         why ? why : "The declaration cannot be taken");
        return r < 0 ? r : sd_bus_reply_method_return(msg, "s", id);
}

static int method_revoke(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;
        const char *id = NULL;
        uid_t uid = (uid_t) -1;
        int r;

        r = bus_require_root(peer, msg, &uid, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(msg, "s", &id);
        if (r < 0)
                return r;
        r = declarations_revoke(manager_declarations(peer->m), id, uid);
        if (r == -ENOENT)
                return sd_bus_error_set(reterr, BUS_ERROR_NOT_FOUND, "There is no such declaration");
        return r < 0 ? r : sd_bus_reply_method_return(msg, NULL);
}

static int method_emergency(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        const char *workload = NULL, *reason = "";
        BusPeer *peer = userdata;
        uint64_t seconds = 0;
        uid_t uid = (uid_t) -1;
        int r;

        r = bus_require_root(peer, msg, &uid, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(msg, "sts", &workload, &seconds, &reason);
        if (r < 0)
                return r;
        if (strlen(reason) > REASON_MAX || (seconds > 0 && !*reason))
                return sd_bus_error_setf(reterr, BUS_ERROR_BAD_INPUT, "A reason of 1 to %u bytes is needed",
                                         REASON_MAX);
        r = emergencies_set(peer->m, workload, seconds, reason, uid);
        if (r == -ENOENT)
                return sd_bus_error_set(reterr, BUS_ERROR_NOT_FOUND,
                                        seconds > 0 ? "The policy has no such workload"
                                                    : "There is no emergency of such a workload");
        if (r == -ERANGE)
                return sd_bus_error_setf(reterr, BUS_ERROR_BAD_INPUT,
                                         "An emergency lasts at most %u seconds", EMERGENCY_SECONDS_MAX);
        return r < 0 ? r : sd_bus_reply_method_return(msg, NULL);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("GetStatus", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), method_get_status,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("i", pid), SD_BUS_RESULT("s", json), method_explain,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ExplainUnit", SD_BUS_ARGS("s", unit), SD_BUS_RESULT("s", json),
                                method_explain_unit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListDeclarations", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                                method_list_declarations, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListModels", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), method_list_models,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", warnings), method_reload,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Declare", SD_BUS_ARGS("s", json), SD_BUS_RESULT("s", id), method_declare,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Revoke", SD_BUS_ARGS("s", id), SD_BUS_NO_RESULT, method_revoke,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ImportGrant", SD_BUS_ARGS("s", envelope), SD_BUS_RESULT("s", json),
                                bus_grant_import, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("WithdrawGrant", SD_BUS_ARGS("s", id, "s", by), SD_BUS_RESULT("s", json),
                                bus_grant_withdraw, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Emergency", SD_BUS_ARGS("s", workload, "t", seconds, "s", reason),
                                SD_BUS_NO_RESULT, method_emergency, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int bus_methods_add(sd_bus *bus, BusPeer *peer)
{
        return sd_bus_add_object_vtable(bus, NULL, BUS_PATH, BUS_INTERFACE, vtable, peer);
}
