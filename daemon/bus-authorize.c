/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: one question to polkit for one message, and the message again with
 * the answer. Bounded in number; a question that is not answered in time is a
 * no. Knows no method and no grant. Called by sd-bus on the main thread.
 */
#include "bus-authorize.h"

#include "lib/bus-names.h"
#include "lib/log.h"
#include "lib/macro.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define ALLOW_INTERACTION 1U
#define QUESTIONS_MAX 16U
/* Somebody may have to type a password. */
#define ANSWER_USEC (120ULL * 1000000)

struct BusQuestion {
        BusQuestion *next; /* of peer->questions */
        sd_bus_slot *slot; /* of the call to polkit */
        BusPeer *peer;
        sd_bus_message *msg;
        sd_bus_message_handler_t method;
        bool allowed;
};

static int refuse(sd_bus_error *reterr)
{
        return sd_bus_error_set(reterr, BUS_ERROR_REFUSED, "Only root may change something here");
}

static void question_free(BusQuestion *q)
{
        BusQuestion **i = &q->peer->questions;

        while (*i && *i != q)
                i = &(*i)->next;
        if (*i) {
                *i = q->next;
                q->peer->n_questions--;
        }
        sd_bus_slot_unref(q->slot);
        sd_bus_message_unref(q->msg);
        free(q);
}

void bus_authorize_forget(BusPeer *peer)
{
        while (peer->questions)
                question_free(peer->questions);
}

/* (is authorized, is a challenge, details); an error: there is no polkit, or not such an action. */
static bool says_yes(sd_bus_message *reply)
{
        int yes = 0;

        return !sd_bus_message_is_method_error(reply, NULL) &&
               sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "bba{ss}") > 0 &&
               sd_bus_message_read(reply, "b", &yes) > 0 && yes;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        BusQuestion *q = userdata;
        int r;

        q->allowed = says_yes(reply);
        r = sd_bus_message_rewind(q->msg, true);
        if (r >= 0) {
                q->peer->answered = q;
                r = q->method(q->msg, q->peer, &e);
                q->peer->answered = NULL;
        }
        if (sd_bus_error_is_set(&e))
                r = sd_bus_reply_method_error(q->msg, &e);
        else if (r < 0)
                r = sd_bus_reply_method_errno(q->msg, r, NULL);
        if (r < 0)
                log_debug("bus: an answer did not reach its caller");
        sd_bus_error_free(&e);
        question_free(q);
        return 0;
}

static int ask(BusQuestion *q, const char *action)
{
        sd_bus *bus = sd_bus_message_get_bus(q->msg);
        unsigned flags = sd_bus_message_get_allow_interactive_authorization(q->msg) > 0 ? ALLOW_INTERACTION
                                                                                        : 0;
        sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(call, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                          sd_bus_message_get_sender(q->msg), action, 0, flags, "");
        if (r >= 0)
                r = sd_bus_call_async(bus, &q->slot, call, on_answer, q, ANSWER_USEC);
        sd_bus_message_unref(call);
        return r;
}

int bus_authorize(BusPeer *peer, sd_bus_message *msg, uid_t uid, const char *action,
                  sd_bus_message_handler_t method, sd_bus_error *reterr)
{
        BusQuestion *q;

        if (uid == 0)
                return 1;
        if (peer->answered && peer->answered->msg == msg)
                return peer->answered->allowed ? 1 : refuse(reterr);
        /* Polkit knows callers by their name on the system bus. */
        if (peer->is_private || !sd_bus_message_get_sender(msg) || peer->n_questions >= QUESTIONS_MAX)
                return refuse(reterr);
        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        *q = (BusQuestion){ .peer = peer, .msg = sd_bus_message_ref(msg), .method = method };
        q->next = peer->questions;
        peer->questions = q;
        peer->n_questions++;
        if (ask(q, action) < 0) {
                question_free(q);
                return refuse(reterr);
        }
        return 0;
}
