/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the methods of org.aiguard1.Manager that change grants. Who may is
 * asked before the argument is looked at; what is wrong with a grant goes back
 * as its reason code and a sentence. Looking needs no method: the store is
 * there to be read. Called by sd-bus on the main thread.
 */
#include "bus-grants.h"

#include <string.h>

#include "bus-authorize.h"
#include "consents.h"
#include "lib/bus-names.h"
#include "lib/util-string.h"

/* Takes the document. */
static int reply(sd_bus_message *msg, json_t *o)
{
        _cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

        json_decref(o);
        return text ? sd_bus_reply_method_return(msg, "s", text) : -ENOMEM;
}

static int may_change(BusPeer *peer, sd_bus_message *msg, sd_bus_message_handler_t method, uid_t *ret,
                      sd_bus_error *reterr)
{
        if (bus_sender_uid(peer, msg, ret) < 0)
                return sd_bus_error_set(reterr, BUS_ERROR_REFUSED, "Nobody knows who asks");
        return bus_authorize(peer, msg, *ret, BUS_ACTION_CHANGE_GRANTS, method, reterr);
}

int bus_grant_import(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;
        const char *text = NULL;
        uid_t uid = (uid_t) -1;
        GrantError e = {};
        json_t *o = NULL;
        char code[GRANT_CODE_MAX];
        int r;

        r = may_change(peer, msg, bus_grant_import, &uid, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(msg, "s", &text);
        if (r < 0)
                return r;
        r = consents_import(manager_consents(peer->m), text, uid, &o, &e);
        if (r == -EBADMSG) {
                grant_error_code(&e, code);
                return sd_bus_error_setf(reterr, BUS_ERROR_BAD_INPUT, "%s (%s)",
                                         grant_reason_sentence(e.reason), code);
        }
        return r < 0 ? r : reply(msg, o);
}

int bus_grant_withdraw(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        BusPeer *peer = userdata;
        const char *id = NULL, *by = NULL;
        uid_t uid = (uid_t) -1;
        json_t *o = NULL;
        int r;

        r = may_change(peer, msg, bus_grant_withdraw, &uid, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(msg, "ss", &id, &by);
        if (r < 0)
                return r;
        if (!streq(by, "principal") && !streq(by, "operator"))
                return sd_bus_error_set(reterr, BUS_ERROR_BAD_INPUT,
                                        "Withdrawn by whom: principal or operator");
        r = consents_withdraw(manager_consents(peer->m), id,
                              streq(by, "principal") ? GRANT_STATE_WITHDRAWN : GRANT_STATE_REVOKED, uid, &o);
        if (r == -ENOENT)
                return sd_bus_error_set(reterr, BUS_ERROR_NOT_FOUND, "There is no such grant");
        if (r == -EALREADY)
                return sd_bus_error_set(reterr, BUS_ERROR_BAD_INPUT, "It has ended before");
        return r < 0 ? r : reply(msg, o);
}
