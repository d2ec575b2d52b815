/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: stands in for the daemon on its private socket, so that what
 * aiguardctl makes of an answer can be compared on any machine. The answer to
 * each method is a file of its name; a method without one gets "not found".
 * Knows nothing of the project but the names on the bus.
 *
 *   bus-stand-in SOCKET FOLDER     until it is killed; says "ready" when it listens
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include "lib/bus-names.h"
#include "lib/util-string.h"

#define ANSWER_MAX (1U << 20)

static int answer(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        const char *folder = userdata, *member = sd_bus_message_get_member(msg);
        _cleanup_free_ char *text = NULL;
        char path[512];
        size_t size;

        if (!sd_bus_message_is_method_call(msg, BUS_INTERFACE, NULL))
                return 0;
        (void) snprintf(path, sizeof(path), "%s/%s.json", folder, member);
        if (read_file_capped(AT_FDCWD, path, ANSWER_MAX, &text, &size) < 0)
                return sd_bus_reply_method_errorf(msg, BUS_ERROR_NOT_FOUND, "There is no %s here", member);
        return sd_bus_reply_method_return(msg, "s", text);
}

static int serve(int fd, char *folder)
{
        sd_bus *bus = NULL;
        sd_id128_t id;
        int r;

        if ((r = sd_id128_randomize(&id)) < 0 || (r = sd_bus_new(&bus)) < 0 ||
            (r = sd_bus_set_fd(bus, fd, fd)) < 0 || (r = sd_bus_set_server(bus, true, id)) < 0 ||
            (r = sd_bus_add_filter(bus, NULL, answer, folder)) < 0 || (r = sd_bus_start(bus)) < 0) {
                sd_bus_unref(bus);
                return r;
        }
        while ((r = sd_bus_process(bus, NULL)) >= 0)
                if (r == 0 && (r = sd_bus_wait(bus, UINT64_MAX)) < 0)
                        break;
        sd_bus_close_unref(bus);
        return 0; /* it went */
}

int main(int argc, char **argv)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd, one;

        if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
                return 2;
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, 4) < 0) {
                perror("bus-stand-in");
                return 1;
        }
        puts("ready");
        (void) fflush(stdout);
        while ((one = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
                if (serve(one, argv[2]) < 0)
                        return 1;
        return 1;
}
