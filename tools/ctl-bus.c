/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the client's end of org.aiguard1. The private socket first: it
 * needs no bus daemon and works early in the boot. $AIGUARD_BUS_SOCKET is for
 * tests. Knows no verb.
 */
#include "ctl-bus.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl-output.h"
#include "lib/bus-names.h"
#include "lib/macro.h"
#include "lib/util-string.h"

/* A reload compiles the policy first; everything else is answered at once. */
#define TIMEOUT_USEC (30U * 1000000U)
/* Somebody types a password. */
#define PERSON_USEC (150U * 1000000U)

static void bus_unref(sd_bus **b)
{
        sd_bus_close_unref(*b);
}

static void message_unref(sd_bus_message **m)
{
        sd_bus_message_unref(*m);
}

static int connect_private(sd_bus **ret)
{
        __attribute__((__cleanup__(bus_unref))) sd_bus *bus = NULL;
        const char *path = getenv("AIGUARD_BUS_SOCKET");
        _cleanup_free_ char *escaped = NULL;
        char address[512];
        int r;

        if (!path)
                path = BUS_PRIVATE_SOCKET;
        if (strpbrk(path, ",;%") ||
            (size_t) snprintf(address, sizeof(address), "unix:path=%s", path) >= sizeof(address))
                return -EINVAL;
        if ((r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_address(bus, address)) < 0 ||
            (r = sd_bus_set_method_call_timeout(bus, TIMEOUT_USEC)) < 0 || (r = sd_bus_start(bus)) < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static int connect_system(sd_bus **ret)
{
        __attribute__((__cleanup__(bus_unref))) sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        if (r < 0)
                return r;
        r = sd_bus_get_name_creds(bus, BUS_NAME, SD_BUS_CREDS_PID, NULL);
        if (r < 0)
                return r;
        (void) sd_bus_set_method_call_timeout(bus, TIMEOUT_USEC);
        *ret = TAKE_PTR(bus);
        return 0;
}

int ctl_bus_connect(sd_bus **ret)
{
        int r = connect_private(ret);

        if (r >= 0)
                return 0;
        if (!getenv("AIGUARD_BUS_SOCKET") && connect_system(ret) >= 0)
                return 0;
        return r == -EACCES || r == -EPERM                           ? -EACCES
               : r == -ECONNREFUSED || r == -ENOENT || r == -ENOTDIR ? -ENOENT
                                                                     : r;
}

int ctl_bus_connect_to_change(sd_bus **ret)
{
        if (geteuid() == 0 || getenv("AIGUARD_BUS_SOCKET") || connect_system(ret) < 0)
                return ctl_bus_connect(ret);
        (void) sd_bus_set_method_call_timeout(*ret, PERSON_USEC);
        (void) sd_bus_set_allow_interactive_authorization(*ret, true);
        return 0;
}

int ctl_bus_fail(int r, const sd_bus_error *e)
{
        if (e && e->name && (startswith(e->name, "org.aiguard1.") || e->message)) {
                out_error("%s", e->message ? e->message : e->name);
                if (streq(e->name, BUS_ERROR_REFUSED) || streq(e->name, SD_BUS_ERROR_ACCESS_DENIED))
                        return EXIT_NO_RIGHTS;
                return EXIT_FAILURE;
        }
        if (r == -ENOENT) {
                out_error("aiguardd does not run here; start it with: systemctl start aiguardd");
                return EXIT_NO_DAEMON;
        }
        if (r == -EACCES) {
                out_error("aiguardd may be asked by root and by the group aiguard only");
                return EXIT_NO_RIGHTS;
        }
        if (r == -ECONNRESET || r == -ETIMEDOUT || r == -EPIPE || r == -ENOTCONN) {
                out_error("aiguardd has not answered (%s); it serves a few callers at a time", strerror(-r));
                return EXIT_NO_DAEMON;
        }
        out_error("aiguardd cannot be asked: %s", strerror(-r));
        return EXIT_FAILURE;
}

static int call_v(sd_bus *bus, const char *method, char **ret_text, sd_bus_error *reterr, const char *types,
                  va_list ap)
{
        __attribute__((__cleanup__(message_unref))) sd_bus_message *call = NULL, *reply = NULL;
        const char *text = "";
        int r;

        r = sd_bus_message_new_method_call(bus, &call, sd_bus_is_bus_client(bus) > 0 ? BUS_NAME : NULL,
                                           BUS_PATH, BUS_INTERFACE, method);
        if (r >= 0 && types && *types)
                r = sd_bus_message_appendv(call, types, ap);
        if (r >= 0)
                r = sd_bus_call(bus, call, 0, reterr, &reply);
        if (r < 0)
                return r;
        if (!ret_text)
                return 0;
        if (sd_bus_message_has_signature(reply, "s") > 0)
                r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return r;
        *ret_text = strdup(text);
        return *ret_text ? 0 : -ENOMEM;
}

int ctl_call(sd_bus *bus, const char *method, char **ret_text, sd_bus_error *reterr, const char *types, ...)
{
        va_list ap;
        int r;

        va_start(ap, types);
        r = call_v(bus, method, ret_text, reterr, types, ap);
        va_end(ap);
        return r;
}

int ctl_call_json(const char *method, json_t **ret, const char *types, ...)
{
        __attribute__((__cleanup__(bus_unref))) sd_bus *bus = NULL;
        __attribute__((__cleanup__(sd_bus_error_free))) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *text = NULL;
        va_list ap;
        json_t *o;
        int r;

        r = ctl_bus_connect(&bus);
        if (r < 0)
                return ctl_bus_fail(r, NULL);
        va_start(ap, types);
        r = call_v(bus, method, &text, &e, types, ap);
        va_end(ap);
        if (r < 0)
                return ctl_bus_fail(r, &e);
        o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        if (!o) {
                out_error("aiguardd has answered something that cannot be read");
                return EXIT_FAILURE;
        }
        *ret = o;
        return 0;
}
