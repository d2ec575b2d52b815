/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: who is not root is asked about at polkit, and the method runs again
 * with the answer. The other end of the connection plays the caller and polkit.
 */
#include <criterion/criterion.h>
#include <sys/socket.h>

#include "bus-authorize.c"
#include "lib/util-string.h"

#define ROOT 0
#define SOMEBODY 1000
#define CALLER ":1.7"

typedef enum Polkit {
        POLKIT_YES,
        POLKIT_NO,
        POLKIT_CHALLENGE, /* nobody there to be asked */
        POLKIT_UNKNOWN_ACTION,
        POLKIT_AWAY,
        POLKIT_SILENT,
} Polkit;

static struct {
        sd_bus *daemon, *other;
        BusPeer peer;
        uid_t uid;
        Polkit polkit;
        unsigned asked, begun, done;
        unsigned flags;
        char subject[64], action[64], result[64];
        bool answered;
} w;

/* The method that is protected. */
static int method_change(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        const char *text = NULL;
        int r;

        w.begun++;
        r = bus_authorize(userdata, msg, w.uid, BUS_ACTION_CHANGE_GRANTS, method_change, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        cr_assert_gt(sd_bus_message_read(msg, "s", &text), 0, "the argument is there the second time too");
        cr_assert_str_eq(text, "hello");
        w.done++;
        return sd_bus_reply_method_return(msg, NULL);
}

static int check_authorization(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        const char *kind = NULL, *key = NULL, *name = NULL, *action = NULL;

        w.asked++;
        cr_assert_gt(sd_bus_message_enter_container(msg, 'r', "sa{sv}"), 0);
        cr_assert_gt(sd_bus_message_read(msg, "s", &kind), 0);
        cr_assert_gt(sd_bus_message_read(msg, "a{sv}", 1, &key, "s", &name), 0);
        cr_assert_geq(sd_bus_message_exit_container(msg), 0);
        cr_assert_gt(sd_bus_message_read(msg, "s", &action), 0);
        cr_assert_geq(sd_bus_message_skip(msg, "a{ss}"), 0);
        cr_assert_gt(sd_bus_message_read(msg, "u", &w.flags), 0);
        snprintf(w.subject, sizeof(w.subject), "%s %s %s", kind, key, name);
        snprintf(w.action, sizeof(w.action), "%s", action);
        switch (w.polkit) {
        case POLKIT_UNKNOWN_ACTION:
                return sd_bus_reply_method_errorf(msg, "org.freedesktop.PolicyKit1.Error.Failed",
                                                  "no such action");
        case POLKIT_AWAY:
                return sd_bus_reply_method_errorf(msg, SD_BUS_ERROR_SERVICE_UNKNOWN, "not there");
        case POLKIT_SILENT:
                return 1;
        default:
                return sd_bus_reply_method_return(msg, "(bba{ss})", w.polkit == POLKIT_YES,
                                                  w.polkit == POLKIT_CHALLENGE, 0);
        }
}

static const sd_bus_vtable daemon_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Change", "s", NULL, method_change, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", check_authorization,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void begin(void)
{
        int fds[2];
        sd_id128_t id;

        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        cr_assert_geq(sd_id128_randomize(&id), 0);
        cr_assert_geq(sd_bus_new(&w.daemon), 0);
        cr_assert_geq(sd_bus_set_fd(w.daemon, fds[0], fds[0]), 0);
        cr_assert_geq(sd_bus_set_server(w.daemon, 1, id), 0);
        cr_assert_geq(sd_bus_add_object_vtable(w.daemon, NULL, BUS_PATH, BUS_INTERFACE, daemon_vtable,
                                               &w.peer),
                      0);
        cr_assert_geq(sd_bus_start(w.daemon), 0);
        cr_assert_geq(sd_bus_new(&w.other), 0);
        cr_assert_geq(sd_bus_set_fd(w.other, fds[1], fds[1]), 0);
        cr_assert_geq(sd_bus_add_object_vtable(w.other, NULL, POLKIT_PATH, POLKIT_INTERFACE, polkit_vtable,
                                               NULL),
                      0);
        cr_assert_geq(sd_bus_start(w.other), 0);
        w.uid = SOMEBODY;
}

static void end(void)
{
        bus_authorize_forget(&w.peer);
        cr_assert_eq(w.peer.n_questions, 0);
        sd_bus_close_unref(w.other);
        sd_bus_close_unref(w.daemon);
}

TestSuite(bus_authorize, .init = begin, .fini = end);

static int on_reply(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        const sd_bus_error *e = sd_bus_message_get_error(msg);

        w.answered = true;
        snprintf(w.result, sizeof(w.result), "%s", e ? e->name : "ok");
        return 0;
}

static void call(bool interactive)
{
        sd_bus_message *m = NULL;

        w.answered = false;
        cr_assert_geq(sd_bus_message_new_method_call(w.other, &m, NULL, BUS_PATH, BUS_INTERFACE, "Change"),
                      0);
        cr_assert_geq(sd_bus_message_append(m, "s", "hello"), 0);
        cr_assert_geq(sd_bus_message_set_sender(m, CALLER), 0);
        cr_assert_geq(sd_bus_message_set_allow_interactive_authorization(m, interactive), 0);
        cr_assert_geq(sd_bus_call_async(w.other, NULL, m, on_reply, NULL, 0), 0);
        sd_bus_message_unref(m);
}

/* Until nobody has anything to do. */
static void turn(void)
{
        for (unsigned idle = 0; idle < 3;) {
                int a = sd_bus_process(w.daemon, NULL), b = sd_bus_process(w.other, NULL);

                cr_assert(a >= 0 && b >= 0);
                idle = a == 0 && b == 0 ? idle + 1 : 0;
                if (idle)
                        usleep(2000);
        }
}

static void expect(Polkit polkit, const char *result)
{
        unsigned done = w.done;

        w.polkit = polkit;
        call(false);
        turn();
        cr_assert(w.answered);
        cr_assert_str_eq(w.result, result, "%d: %s", polkit, w.result);
        cr_assert_eq(w.done, done + streq(result, "ok"), "done without being allowed, or twice");
}

Test(bus_authorize, root_is_not_asked_about)
{
        w.uid = ROOT;
        expect(POLKIT_AWAY, "ok");
        cr_assert_eq(w.asked, 0);
        cr_assert_eq(w.begun, 1);
}

Test(bus_authorize, polkit_decides_about_others)
{
        expect(POLKIT_YES, "ok");
        cr_assert_eq(w.asked, 1);
        cr_assert_eq(w.begun, 2);
        cr_assert_str_eq(w.subject, "system-bus-name name " CALLER);
        cr_assert_str_eq(w.action, "org.aiguard1.change-grants");
        cr_assert_eq(w.flags, 0);
        expect(POLKIT_NO, BUS_ERROR_REFUSED);
        expect(POLKIT_CHALLENGE, BUS_ERROR_REFUSED);
        cr_assert_eq(w.asked, 3, "each call is asked about anew");
}

Test(bus_authorize, without_polkit_root_alone)
{
        expect(POLKIT_AWAY, BUS_ERROR_REFUSED);
        expect(POLKIT_UNKNOWN_ACTION, BUS_ERROR_REFUSED);
}

Test(bus_authorize, a_person_is_asked_when_the_caller_allows_it)
{
        w.polkit = POLKIT_YES;
        call(true);
        turn();
        cr_assert_eq(w.flags, ALLOW_INTERACTION);
}

Test(bus_authorize, on_the_private_socket_root_alone)
{
        w.peer.is_private = true;
        expect(POLKIT_YES, BUS_ERROR_REFUSED);
        cr_assert_eq(w.asked, 0);
}

/* One who answers late is one question; the answer of one is not the answer of another. */
Test(bus_authorize, questions_are_bounded)
{
        w.polkit = POLKIT_SILENT;
        for (unsigned i = 0; i < QUESTIONS_MAX; i++)
                call(false);
        turn();
        cr_assert_eq(w.asked, QUESTIONS_MAX);
        cr_assert_not(w.answered);
        expect(POLKIT_YES, BUS_ERROR_REFUSED);
        cr_assert_eq(w.asked, QUESTIONS_MAX);
        cr_assert_eq(w.done, 0);
}
